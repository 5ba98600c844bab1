#!/usr/bin/env bash
# Counts the instructions of one plain transfer in the state machine and compares with the committed figure: a guard of the hot
# path that does not depend on how busy the machine is. Takes some seconds; needs valgrind.
#
#   bench/micro/count_instructions.sh BUILD_DIR             fails if it is more than 5 % above apply_instructions.txt
#   bench/micro/count_instructions.sh BUILD_DIR --update    writes apply_instructions.txt
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=${1:?usage: count_instructions.sh BUILD_DIR [--update]}
program=$build/bin/apply_instructions
figure=$here/apply_instructions.txt

[ -x "$program" ] || { echo "count_instructions: $program is not built (target apply_instructions)" >&2; exit 2; }
command -v valgrind > /dev/null || { echo "count_instructions: valgrind is not installed" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Only what happens inside counted_requests() is counted, with all that it calls.
transfers=$(valgrind --tool=callgrind --callgrind-out-file="$work/out" --toggle-collect='*counted_requests*' "$program" 2> "$work/log") ||
  { cat "$work/log" >&2; echo "count_instructions: the program failed under valgrind" >&2; exit 2; }
instructions=$(sed -n 's/^\(summary\|totals\): \([0-9]*\).*/\2/p' "$work/out" | head -1)
[ -n "$instructions" ] && [ "$instructions" -gt 0 ] || { cat "$work/log" >&2; echo "count_instructions: nothing was counted" >&2; exit 2; }

measured=$(awk -v i="$instructions" -v t="$transfers" 'BEGIN { printf "%.1f", i / t }')
echo "create_transfers: $measured instructions per plain transfer ($transfers transfers)"

if [ "${2:-}" = --update ]; then
  {
    echo "# Instructions per plain transfer: bench/micro/count_instructions.sh BUILD_DIR --update. Release preset."
    echo "create_transfers $measured"
  } > "$figure"
  echo "written to ${figure#"$PWD"/}"
  exit 0
fi

committed=$(sed -n 's/^create_transfers //p' "$figure")
awk -v m="$measured" -v c="$committed" 'BEGIN { exit !(m <= c * 1.05) }' ||
  { echo "count_instructions: more than 5 % above the committed $committed" >&2; exit 1; }
echo "committed: $committed"
