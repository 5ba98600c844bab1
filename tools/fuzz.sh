#!/usr/bin/env bash
# Runs every libFuzzer target for a while, one after the other, on the committed corpus and on what earlier runs found
# (build/fuzz/corpus). Installs clang if it is missing: a list of its own, because nothing else needs it. One line for each
# target; fails if one crashed, hung or ate memory, and keeps the input in build/fuzz/crashes.
#   tools/fuzz.sh [SECONDS]    for each target (default 60)
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "usage: tools/fuzz.sh [SECONDS]" >&2; exit 2; }
build=build/fuzz

packages=(clang libclang-rt-14-dev llvm)  # llvm: names in the stacks of reports
tools/install_dependencies.sh
tools/install_dependencies.sh "${packages[@]}"
[ -f $build/build.ninja ] || cmake --preset fuzz >/dev/null
cmake --build --preset fuzz

mkdir -p $build/crashes $build/corpus $build/logs
failed=0
for program in "$build"/bin/*_fuzz; do
  name=$(basename "$program" _fuzz)
  committed=tests/fuzz/${name%%_*}/corpus/${name#*_}
  found=$build/corpus/$name
  log=$build/logs/$name.log
  mkdir -p "$found"
  # Twice the longest committed input: some formats begin with tens of KiB that cannot be left out.
  longest=$(find "$committed" -type f -printf '%s\n' | sort -n | tail -1)
  status=0
  "$program" -max_total_time="$seconds" -max_len=$((longest < 4096 ? 8192 : 2 * longest)) -timeout=25 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$build/crashes/$name-" "$found" "$committed" >"$log" 2>&1 || status=$?
  runs=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  coverage=$(grep -oE 'cov: [0-9]+' "$log" | tail -1 | cut -d' ' -f2 || true)
  if [ "$status" -eq 0 ]; then
    printf '%-24s ok      %12s runs, %5s branches, %s s\n' "$name" "${runs:-?}" "${coverage:-?}" "$seconds"
  else
    failed=1
    input=$(sed -nE 's/.*Test unit written to //p' "$log" | tail -1)
    printf '%-24s FAILED  see %s; repeat with %s %s\n' "$name" "$log" "$program" "${input:-(no input was kept)}"
  fi
done
exit $failed
