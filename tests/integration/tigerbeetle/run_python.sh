#!/usr/bin/env bash
# Runs tests with the official Python client: these modules, or those of the client itself. It comes from its registry, into FOLDER, unless it is
# there already.
#   run_python.sh FOLDER [MODULE...]
client=Python
. "$(dirname "$0")/client_test.sh"
folder=${1:?usage: run_python.sh FOLDER [MODULE...]}/$release
shift
modules=("$@")
[ $# -gt 0 ] || modules=(python_test python_conversation_test)

install_client() { python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$1" "tigerbeetle==$release"; }

need python3
python3 -m pip --version > /dev/null 2>&1 || skip "python3 has no pip"
install "$folder" install_client
cd "$here"
PYTHONPATH=$folder python3 -B -m unittest "${modules[@]}"
