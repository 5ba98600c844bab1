#!/usr/bin/env bash
# The long rest of the proof, for a night: what the default test run does with a few seeds, here with many, and kill loops and
# replays under real load. Bounded by its arguments; stops at the first failure and prints how to repeat it.
#   tools/soak.sh [ROUNDS]     rounds of kill, restart, replay and comparison under load (default 20)
#   FLORIN_SOAK_SEEDS=2000     seeds of each random test
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-20}
seeds=${FLORIN_SOAK_SEEDS:-2000}
first=${FLORIN_FIRST_SEED:-$(date +%s)}
bin=build/release/bin
florin=$bin/florin

say() { printf '\n== %s\n' "$*"; }
field() { grep -oE "\"$2\": *(\"[^\"]*\"|[-+.0-9eE]+)" "$1" | head -1 | sed -E 's/^[^:]*: *//; s/"//g'; }

say "Building"
tools/install_dependencies.sh
[ -f build/release/build.ninja ] || cmake --preset release >/dev/null
cmake --build --preset release

say "Engine and model on $seeds random streams, from seed $first"
FLORIN_FIRST_SEED=$first FLORIN_SEEDS=$seeds $bin/florin_property_tests
say "Transfer windows on erratic schedules, $seeds seeds"
FLORIN_FIRST_SEED=$first FLORIN_SEEDS=$seeds $bin/florin_core_tables_tests --gtest_filter='WindowRandom.*'
say "The whole engine in simulation with faults, $seeds seeds"
FLORIN_FIRST_SEED=$first FLORIN_SIM_SEEDS=$seeds $bin/florin_sim_tests
say "Crash and power loss, five times"
for _ in 1 2 3 4 5; do
  $bin/journal_crash_test
  $bin/journal_power_loss_test
done

work=$(mktemp -d "${TMPDIR:-/tmp}/florin-soak-XXXXXX")
server=
trap '[ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

start_server() { # PARTITIONS
  : >"$work/server.out"
  "$florin" serve --data "$work/ledger" --listen 127.0.0.1:0 --partitions "$1" --snapshot-every 3000000 \
    >"$work/server.out" 2>>"$work/server.log" &
  server=$!
  for _ in $(seq 2400); do
    address=$(sed -n 's/^listening on //p' "$work/server.out")
    [ -z "$address" ] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
  done
  cat "$work/server.log" >&2
  return 1
}

# The number of partitions changes from life to life: it must not matter.
partitions=(1 2 3 8)
start_server 1
for round in $(seq "$rounds"); do
  say "Kill $round of $rounds"
  "$florin" bench --connect "$address" --accounts 100000 --duration 30 --pending-share 20 --post-share 8 --void-share 8 \
    --limits-share 20 --record-acknowledged "$work/acknowledged" --json "$work/killed.json" >/dev/null 2>&1 &
  load=$!
  sleep "$((RANDOM % 4 + 1)).$((RANDOM % 10))"
  kill -KILL "$server"
  wait "$server" 2>/dev/null || true
  wait "$load" || true
  rm -rf "$work/copy"
  cp -a "$work/ledger" "$work/copy"
  "$florin" replay --data "$work/copy" --partitions "${partitions[$(((round + 1) % 4))]}" --json >"$work/replay.json"
  start_server "${partitions[$((round % 4))]}"
  "$florin" status --connect "$address" --json >"$work/status.json"
  [ "$(field "$work/replay.json" state_hash)" = "$(field "$work/status.json" state_hash)" ] ||
    { echo "the state hashes of replay and server differ; seed of the streams $first"; exit 1; }
  "$florin" bench --connect "$address" --check-acknowledged "$work/acknowledged"
done
kill -TERM "$server"
wait "$server"
server=
say "Verifying the journal of all lives"
"$florin" verify --data "$work/ledger"
say "Nothing was lost in $rounds kills; seeds from $first"
