# What the scripts that run the tests of a client have in common; they set $client first. Exit code 77: skipped, because something is
# missing that only the machine can have.
set -euo pipefail

: "${TEST_SERVER_COMMAND:?names the florin program}"
release=0.17.9
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

skip() { echo "skipped: $client client: $1" >&2; exit 77; }
need() { command -v "$1" > /dev/null || skip "there is no $1"; }

# install FOLDER COMMAND...: runs the command with a new folder as its last argument, and then gives that the name FOLDER. Whole or not at
# all: a folder that is half full would be taken for an installed client.
install() {
  local folder=$1
  shift
  [ ! -d "$folder" ] || return 0
  rm -rf "$folder.new"
  mkdir -p "$folder.new"
  "$@" "$folder.new" || skip "release $release cannot be installed"
  mv "$folder.new" "$folder"
}

# Servers keep their data here; it goes away with the script.
TEST_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/florin_${client,,}_client.XXXXXX")
export TEST_FOLDER
trap 'rm -rf "$TEST_FOLDER"' EXIT
