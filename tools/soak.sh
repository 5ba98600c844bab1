#!/usr/bin/env bash
# The long rest of the proof, for a night: what the default test run does with a few seeds, here with many, kill loops and
# replays under real load, and the fuzzers if clang is there. Bounded by its arguments; stops at the first failure, prints how
# to repeat it and keeps what a failed kill loop left behind.
#   tools/soak.sh [ROUNDS]     rounds of kill, restart, replay and comparison under load (default 20)
#   tools/soak.sh short        all of it in two or three minutes, once it is built: does the soak itself work?
#   FLORIN_SOAK_SEEDS=2000     seeds of each random test
#   FLORIN_SOAK_FUZZ=600       seconds for each fuzzer
#   FLORIN_SOAK_TRANSFERS=n    of each of two long histories: written, sealed, asked (default 100 M; 30 GB of disk)
#   FLORIN_FIRST_SEED=n        where the seeds begin (default: the time)
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-20} seeds=2000 crash_rounds=5 fuzz_seconds=600 load_seconds=4 snapshot_every=3000000 payment_rounds=20
generation=500000 transfers=100000000 flip_stride=1
[ "$rounds" != short ] || { rounds=3 seeds=20 crash_rounds=1 fuzz_seconds=5 load_seconds=1 snapshot_every=200000 payment_rounds=1
  generation=30000 transfers=3000000 flip_stride=2003; }
[[ $rounds =~ ^[1-9][0-9]*$ ]] || { echo "usage: tools/soak.sh [ROUNDS|short]" >&2; exit 2; }
seeds=${FLORIN_SOAK_SEEDS:-$seeds}
fuzz_seconds=${FLORIN_SOAK_FUZZ:-$fuzz_seconds}
transfers=${FLORIN_SOAK_TRANSFERS:-$transfers}
first=${FLORIN_FIRST_SEED:-$(date +%s)}
unset FLORIN_SOAK_SEEDS FLORIN_SOAK_FUZZ FLORIN_SOAK_TRANSFERS FLORIN_FIRST_SEED  # florin refuses settings it does not know
bin=build/release/bin
florin=$bin/florin

say() { printf '\n== %s\n' "$*"; }
field() { grep -oE "\"$2\": *(\"[^\"]*\"|[-+.0-9eE]+)" "$1" | head -1 | sed -E 's/^[^:]*: *//; s/"//g'; }
# A test program says only how it ended, or everything if it failed.
run_tests() {
  local log="$work/tests.log"
  "$@" >"$log" 2>&1 || { cat "$log"; echo "failed: $*; seeds from $first"; exit 1; }
  grep -E '^\[  PASSED' "$log"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/florin-soak-XXXXXX")
server= load=
leave() {
  local status=$?
  for process in $server $load; do kill -KILL "$process" 2>/dev/null || true; done
  if [ "$status" -eq 0 ]; then rm -rf "$work"; else echo "kept: $work" >&2; fi
}
trap leave EXIT

say "Building"
tools/install_dependencies.sh
[ -f build/release/build.ninja ] || cmake --preset release >/dev/null
cmake --build --preset release --target florin florin_property_tests florin_core_tables_tests florin_sim_tests journal_crash_test \
  journal_power_loss_test florin_museum_tests history_queries

say "Engine and model on $seeds random streams, from seed $first"
FLORIN_FIRST_SEED=$first FLORIN_SEEDS=$seeds FLORIN_FLIP_STRIDE=$flip_stride run_tests $bin/florin_property_tests
say "Transfer windows on erratic schedules, $seeds seeds"
FLORIN_FIRST_SEED=$first FLORIN_SEEDS=$seeds run_tests $bin/florin_core_tables_tests --gtest_filter='WindowRandom.*'
say "The whole engine in simulation with faults, $seeds seeds"
FLORIN_FIRST_SEED=$first FLORIN_SIM_SEEDS=$seeds run_tests $bin/florin_sim_tests
say "Crash and power loss, $crash_rounds times"
for _ in $(seq "$crash_rounds"); do
  run_tests $bin/journal_crash_test
  run_tests $bin/journal_power_loss_test
done
say "A server killed under payments, 25 times in each of $payment_rounds stores"
for round in $(seq "$payment_rounds"); do
  FLORIN_FIRST_SEED=$((first + round)) FLORIN_KILL_LIVES=25 run_tests $bin/florin_museum_tests --gtest_filter='FailureMuseumUnderKills.R25_*'
done
if command -v clang++ >/dev/null; then
  say "Fuzzers, $fuzz_seconds s each"
  tools/fuzz.sh "$fuzz_seconds"
fi

start_server() { # PARTITIONS
  : >"$work/server.out"
  "$florin" serve --data "$work/ledger" --listen 127.0.0.1:0 --partitions "$1" --snapshot-every "$snapshot_every" \
    --memory-budget 2GiB --generation "$generation" --archive "$work/archive" --archive-after 2 >"$work/server.out" 2>>"$work/server.log" &
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
  rm -f "$work/acknowledged"
  "$florin" bench --connect "$address" --accounts 100000 --duration 30 --pending-share 20 --post-share 8 --void-share 8 \
    --limits-share 20 --record-acknowledged "$work/acknowledged" --json "$work/killed.json" >"$work/bench.out" 2>&1 &
  load=$!
  # The log comes with the first transfer that counts: accounts and funds are made before.
  for _ in $(seq 1200); do
    [ ! -e "$work/acknowledged" ] || break
    kill -0 "$load" 2>/dev/null || break
    sleep 0.05
  done
  [ -e "$work/acknowledged" ] || { cat "$work/bench.out"; echo "the load did not begin"; exit 1; }
  sleep "$((RANDOM % load_seconds)).$((RANDOM % 9 + 1))"
  kill -KILL "$server"
  wait "$server" 2>/dev/null || true
  wait "$load" || true
  load=
  rm -rf "$work/copy"
  cp -a "$work/ledger" "$work/copy"
  "$florin" replay --data "$work/copy" --partitions "${partitions[$(((round + 1) % 4))]}" --json >"$work/replay.json"
  start_server "${partitions[$((round % 4))]}"
  "$florin" status --connect "$address" --json >"$work/status.json"
  replayed=$(field "$work/replay.json" state_hash)
  running=$(field "$work/status.json" state_hash)
  [ "$replayed" = "$running" ] || { echo "the state hashes of replay ($replayed) and server ($running) differ"; exit 1; }
  echo "state hash $running at sequence $(field "$work/status.json" sequence)"
  "$florin" bench --connect "$address" --check-acknowledged "$work/acknowledged"
done
kill -TERM "$server"
wait "$server"
server=
say "Verifying the journal of all lives"
"$florin" verify --data "$work/ledger"
say "Histories of $transfers transfers in 4 GiB: ids that count up, and in no order; sealed, asked, started again, the first ids sent again"
bench/run_history --print-only --kinds ordered,random-ids --transfers "$transfers" --more 10000000
say "Nothing was lost in $rounds kills; seeds from $first"
