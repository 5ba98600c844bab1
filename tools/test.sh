#!/usr/bin/env bash
# Everything that must hold before a change lands: installs what is missing, builds, runs all tests in release, the fast ones under
# the sanitizers, compiles each public header alone, and runs the README's commands. Stops at the first failure.
#   tools/test.sh            all of it
#   tools/test.sh release    only the named parts: release headers asan tsan readme
set -euo pipefail
cd "$(dirname "$0")/.."

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(release headers readme asan tsan)
summary=()

say() { printf '\n== %s\n' "$*"; }
configure() { [ -f "build/$1/build.ninja" ] || cmake --preset "$1" >/dev/null; }

# skipped_of PRESET: tests that its last run skipped, a line each, and why as far as they said so.
skipped_of() {
  grep -oE 'Test +#[0-9]+: .*\*\*\*Skipped' "build/$1/ctest.log" | sed -E 's/^Test +#[0-9]+: ([^ ]+).*/  skipped: \1/'
  grep -hE '^skipped: ' "build/$1/Testing/Temporary/LastTest.log" | sed 's/^skipped:/   /'
}

# test_preset NAME TARGET: builds and runs; keeps ctest's closing lines for the summary.
test_preset() {
  configure "$1"
  cmake --build --preset "$1" --target "$2"
  local log="build/$1/ctest.log" result=0
  ctest --preset "$1" 2>&1 | tee "$log" | grep -vE '^ *Start ' || result=$?
  local closing
  closing=$(grep -E 'tests passed|tests failed out of' "$log" | tail -1)
  summary+=("$1: ${closing:-no test ran}")
  local skipped
  skipped=$(skipped_of "$1" || true)
  [ -z "$skipped" ] || summary+=("$skipped")
  [ "$result" -eq 0 ] || { printf '%s\n' "${summary[@]}"; exit 1; }
}

tools/install_dependencies.sh
for part in "${parts[@]}"; do
  say "$part"
  case "$part" in
    release) test_preset release all ;;
    asan | tsan) test_preset "$part" fast_tests ;;
    headers)
      configure release
      cmake --build --preset release --target all_verify_interface_header_sets
      summary+=("headers: each public header compiles alone") ;;
    readme)
      configure release
      cmake --build --preset release --target florin
      timeout 300 tools/check_readme.sh
      summary+=("readme: its commands ran") ;;
    *) echo "unknown part '$part': release, headers, readme, asan, tsan" >&2; exit 2 ;;
  esac
done

say "Summary"
printf '%s\n' "${summary[@]}"
