#!/usr/bin/env bash
# Runs the tests of the official Python client. It comes from its registry, into FOLDER, unless it is there already.
#   run_python.sh FOLDER        exit code 77: skipped, because something is missing that only the machine can have
set -euo pipefail

release=0.17.9
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: run_python.sh FOLDER}/$release

skip() { echo "skipped: Python client: $1" >&2; exit 77; }

command -v python3 > /dev/null || skip "there is no python3"
if [ ! -d "$folder" ]; then
  python3 -m pip --version > /dev/null 2>&1 || skip "python3 has no pip"
  # Whole or not at all: a folder that is half full would be taken for an installed client.
  rm -rf "$folder.new"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$folder.new" "tigerbeetle==$release" || skip "it cannot be installed"
  mv "$folder.new" "$folder"
fi
cd "$here"
PYTHONPATH=$folder exec python3 -B -m unittest python_test
