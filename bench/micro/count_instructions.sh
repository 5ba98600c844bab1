#!/usr/bin/env bash
# Counts the instructions of one plain transfer, and of one instant payment with a fee, in the state machine and compares with the committed
# figures: a guard of the hot paths that does not depend on how busy the machine is. Takes some seconds; needs valgrind.
#
#   bench/micro/count_instructions.sh BUILD_DIR             fails if one is more than 5 % above instructions.txt
#   bench/micro/count_instructions.sh BUILD_DIR --update    writes instructions.txt
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=${1:?usage: count_instructions.sh BUILD_DIR [--update]}
figures=$here/instructions.txt

command -v valgrind > /dev/null || { echo "count_instructions: valgrind is not installed" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prints the instructions of an event, of which the program says how many it counted. Only what happens inside counted_requests() is counted, with
# all that it calls.
count() {
  local program=$build/bin/$1 events instructions
  [ -x "$program" ] || { echo "count_instructions: $program is not built (target $1)" >&2; exit 2; }
  events=$(valgrind --tool=callgrind --callgrind-out-file="$work/out" --toggle-collect='*counted_requests*' "$program" 2> "$work/log") ||
    { cat "$work/log" >&2; echo "count_instructions: $1 failed under valgrind" >&2; exit 2; }
  instructions=$(sed -n 's/^\(summary\|totals\): \([0-9]*\).*/\2/p' "$work/out" | head -1)
  [ -n "$instructions" ] && [ "$instructions" -gt 0 ] || { cat "$work/log" >&2; echo "count_instructions: nothing was counted" >&2; exit 2; }
  awk -v i="$instructions" -v e="$events" 'BEGIN { printf "%.1f", i / e }'
}

failed=0
: > "$work/figures"
for what in create_transfers:apply_instructions pay:pay_instructions; do
  name=${what%%:*}
  measured=$(count "${what##*:}")
  committed=$(sed -n "s/^$name //p" "$figures")
  echo "$name: $measured instructions per event, committed: ${committed:-none}"
  echo "$name $measured" >> "$work/figures"
  awk -v m="$measured" -v c="${committed:-0}" 'BEGIN { exit !(m <= c * 1.05) }' && continue
  failed=1
  [ "${2:-}" = --update ] || echo "count_instructions: $name is more than 5 % above the committed figure" >&2
done

if [ "${2:-}" = --update ]; then
  {
    echo "# Instructions per event: bench/micro/count_instructions.sh BUILD_DIR --update. Release preset."
    cat "$work/figures"
  } > "$figures"
  echo "written to ${figures#"$PWD"/}"
  exit 0
fi
exit "$failed"
