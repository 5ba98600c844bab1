#!/usr/bin/env bash
# florin from nothing to proof in a few minutes: installs what is missing, builds, loads a server, kills it under load, starts it
# again, and shows that nothing that was acknowledged is lost.
set -euo pipefail
cd "$(dirname "$0")/.."

transfers=${1:-4000000}
accounts=10000
florin=build/release/bin/florin

say() { printf '\n== %s\n' "$*"; }
# field FILE NAME: a top-level number or string of a JSON file
field() { grep -oE "\"$2\": *(\"[^\"]*\"|[-+.0-9eE]+)" "$1" | head -1 | sed -E 's/^[^:]*: *//; s/"//g'; }

say "Installing what is missing and building the release preset"
tools/install_dependencies.sh
[ -f build/release/build.ninja ] || cmake --preset release >/dev/null
cmake --build --preset release --target florin

work=$(mktemp -d "${TMPDIR:-/tmp}/florin-quickstart-XXXXXX")
server=
stop() {
  [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT

start_server() {
  : >"$work/server.out"
  "$florin" serve --data "$work/ledger" --listen 127.0.0.1:0 >"$work/server.out" 2>>"$work/server.log" &
  server=$!
  for _ in $(seq 600); do
    address=$(sed -n 's/^listening on //p' "$work/server.out")
    [ -z "$address" ] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
  done
  echo "the server did not start:" >&2
  cat "$work/server.log" >&2
  exit 1
}

say "Starting a server on an embedded LMDB journal in a temporary folder"
start_server
echo "listening on $address"

say "Driving it: $transfers transfers between $accounts accounts, every reply durable"
"$florin" bench --connect "$address" --accounts "$accounts" --transfers "$transfers" --progress --json "$work/bench.json"

say "Killing it with SIGKILL under load"
"$florin" bench --connect "$address" --accounts "$accounts" --duration 60 --progress \
  --record-acknowledged "$work/acknowledged" --json "$work/killed.json" >"$work/killed.txt" 2>"$work/killed.err" &
load=$!
sleep 2.5
kill -KILL "$server"
wait "$server" 2>/dev/null || true
server=
wait "$load" && { echo "the load did not notice the kill" >&2; exit 1; }
grep '^outcomes' "$work/killed.txt" | sed 's/^outcomes */acknowledged before the kill: /'

say "Replaying a copy of the killed server's journal"
cp -a "$work/ledger" "$work/copy"
"$florin" replay --data "$work/copy" --json >"$work/replay.json"
echo "sequence $(field "$work/replay.json" sequence), state hash $(field "$work/replay.json" state_hash)"

say "Starting the server again on what the kill left behind"
began=$(date +%s%N)
start_server
echo "ready after $((($(date +%s%N) - began) / 1000000)) ms; listening on $address"
"$florin" status --connect "$address" --json >"$work/status.json"
echo "sequence $(field "$work/status.json" sequence), state hash $(field "$work/status.json" state_hash)"

say "Looking up every transfer that was acknowledged before the kill"
"$florin" bench --connect "$address" --check-acknowledged "$work/acknowledged" --progress --json "$work/check.json"

recovered=$(field "$work/status.json" state_hash)
replayed=$(field "$work/replay.json" state_hash)
acknowledged_sequence=$(field "$work/killed.json" acknowledged_sequence)
recovered_sequence=$(field "$work/status.json" sequence)

kill -TERM "$server"
wait "$server"
server=

say "Report"
failed=0
[ -n "$recovered" ] && [ "$recovered" = "$replayed" ] || { echo "FAILED: the state hashes differ"; failed=1; }
[ "$recovered_sequence" -ge "$acknowledged_sequence" ] || { echo "FAILED: the recovered server is behind what it acknowledged"; failed=1; }
rate=$(field "$work/bench.json" transfers_per_second)
printf '%-34s %s\n' \
  "rate reached" "${rate%.*} transfers/s, every reply durable" \
  "acknowledged before the kill" "$(field "$work/check.json" acknowledged)" \
  "found after the restart" "$(field "$work/check.json" found)" \
  "missing or different" "$(($(field "$work/check.json" missing) + $(field "$work/check.json" different)))" \
  "state hash, recovered server" "$recovered" \
  "state hash, replay of a copy" "$replayed"
[ "$failed" -eq 0 ] && echo "Nothing that was acknowledged is lost, and the replay equals the recovered server."
exit "$failed"
