#!/usr/bin/env bash
# Compiles and runs the tests of the official Java client. It comes from its registry, into FOLDER, unless it is there already.
#   run_java.sh FOLDER [RELEASE]
client=Java
. "$(dirname "$0")/client_test.sh"
release=${2:-$release}
folder=${1:?usage: run_java.sh FOLDER [RELEASE]}/$release

install_client() {
  mvn --batch-mode --quiet dependency:copy "-Dartifact=com.tigerbeetle:tigerbeetle-java:$release" "-DoutputDirectory=$1" > "$TEST_FOLDER/mvn.log" 2>&1 ||
    { grep -m 1 -o 'Unable to find artifact[^.]*\|Could not .*' "$TEST_FOLDER/mvn.log" >&2; return 1; }
}

need javac
need java
need mvn
install "$folder" install_client
classes=$TEST_FOLDER/classes
api=${release%.*}  # what its classes look like
javac -Xlint:all -Werror -cp "$folder/*" -d "$classes" "$here"/java/*.java "$here/java/release_${api/./_}/Results.java"
# One core is enough, and a second one would be taken from the server.
java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$classes:$folder/*" JavaClientTest "$here/conversation.txt" "$here/queries.txt"
