#!/usr/bin/env bash
# Runs the README's tour as written (the sh block after "<!-- tour -->") and checks that every file it links to exists.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

while read -r path; do
  [ -e "$path" ] || { echo "README.md links to $path, which does not exist" >&2; exit 1; }
done < <(grep -oE '\]\([^)#:]+' README.md | cut -c3-)

work=$(mktemp -d "${TMPDIR:-/tmp}/florin-readme-XXXXXX")
stop() {
  for process in $(jobs -p); do kill -KILL "$process" 2>/dev/null || true; done
  rm -rf "$work"
}
trap stop EXIT
# The tour's port may be taken here. Ports that outgoing connections are given (32768 and up) are avoided: one of them in TIME_WAIT
# keeps a server from listening.
port=
for _ in $(seq 100); do
  port=$((20000 + RANDOM % 12000))
  (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
done
awk '/<!-- tour -->/ {wanted = 1} wanted && /^```$/ {exit} inside {print} wanted && /^```sh$/ {inside = 1}' README.md |
  sed "s/127\.0\.0\.1:3000/127.0.0.1:$port/g" >"$work/tour.sh"
[ -s "$work/tour.sh" ] || { echo "README.md has no tour" >&2; exit 1; }
cd "$work"
export PATH="$root/build/release/bin:$PATH"
# shellcheck disable=SC1091
set -x
source ./tour.sh
{ set +x; } 2>/dev/null

# What the tour shows to the reader is checked here: both hashes it prints are one.
hash=$(florin status --connect "127.0.0.1:$port" --json | sed -nE 's/.*"state_hash": "([0-9a-f]+)".*/\1/p')
florin replay --data ./ledger --compare "$hash" >/dev/null
