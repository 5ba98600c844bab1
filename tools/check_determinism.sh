#!/usr/bin/env bash
# Refuses in engine/core whatever could make two runs of the same input differ: clocks, randomness, floating point, iteration over
# unordered containers, thread ids, the environment, and pointer values (but for address arithmetic in engine/core/memory).
# Comments and string literals do not count.
#
#   tools/check_determinism.sh              checks engine/core
#   tools/check_determinism.sh FOLDER       checks another folder
#   tools/check_determinism.sh --self-test  checks that every rule catches what it should and lets its look-alikes pass
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)

# name | extended regular expression | path that may do it all the same
rules=(
  'clock|std::chrono|<chrono>|\b(clock_gettime|gettimeofday|clock|time|localtime|gmtime|mktime|timespec_get)[[:space:]]*\(|\b_*rdtscp?\b|__builtin_ia32_rdtsc|'
  'random numbers|\brandom_device\b|\bmt19937|\bminstd_rand|\bdefault_random_engine\b|\branlux|\bknuth_b\b|\b(s?rand|d?rand48|random|getrandom|getentropy|arc4random)[[:space:]]*\(|<random>|_rd(rand|seed)|'
  'standard distribution|\b[a-z_]+_distribution\b|\bgenerate_canonical\b|'
  'shuffle|\b(random_)?shuffle[[:space:]]*[(<]|std::sample\b|ranges::(shuffle|sample)\b|'
  'floating point|\b(float|double)\b|\b[0-9]+\.[0-9]*([eE][+-]?[0-9]+)?[fFlL]?\b|\b[0-9]+[eE][+-]?[0-9]+\b|<cmath>|'
  'unordered container|\bunordered_(map|set|multimap|multiset|flat_map|flat_set)\b|<unordered_(map|set)>|\b(flat|node)_hash_(map|set)\b|'
  'thread id|\bget_id[[:space:]]*\(|\bpthread_self\b|\bgettid\b|\bgetpid\b|\bsched_getcpu\b|\bthread_local\b|\bhardware_concurrency\b|'
  'environment|\b(secure_)?getenv\b|\benviron\b|\bsetlocale\b|std::locale\b|'
  'pointer value|reinterpret_cast<[[:space:]]*(const[[:space:]]+)?(std::)?(u?intptr_t|u?int64_t|u?int32_t|size_t|(unsigned[[:space:]]+)?long)[[:space:]]*>|\b(u?intptr_t)\b|std::hash<[^>]*\*|bit_cast<[[:space:]]*(std::)?u?int(ptr|64)_t|engine/core/memory/'
)

# The source without comments and without what is inside string and character literals; lines keep their numbers.
strip() {
  awk '
    {
      out = ""; n = length($0); i = 1
      while (i <= n) {
        two = substr($0, i, 2); one = substr($0, i, 1)
        if (block) { if (two == "*/") { block = 0; i += 2 } else i++; continue }
        if (two == "/*") { block = 1; i += 2; continue }
        if (two == "//") break
        if (one == "\"" || (one == "'"'"'" && substr($0, i - 1, 1) !~ /[0-9A-Fa-f]/)) {
          q = one; out = out q; i++
          while (i <= n && substr($0, i, 1) != q) i += (substr($0, i, 1) == "\\") ? 2 : 1
          out = out q; i++
          continue
        }
        if (one != "'"'"'") out = out one
        i++
      }
      print out
    }' "$1"
}

# Prints every breach in a file; `$2` is the path that exceptions and messages go by.
check_file() {
  local source rule name pattern allowed found=0 hits
  source=$(strip "$1")
  for rule in "${rules[@]}"; do
    name=${rule%%|*}
    allowed=${rule##*|}
    pattern=${rule#*|}
    pattern=${pattern%|*}
    if [ -n "$allowed" ] && [[ $2 == "$allowed"* ]]; then continue; fi
    hits=$(grep -nE "$pattern" <<< "$source" || true)
    [ -z "$hits" ] && continue
    found=1
    while IFS= read -r hit; do echo "$2:${hit%%:*}: $name:${hit#*:}"; done <<< "$hits"
  done
  return "$found"
}

self_test() {
  local work failures=0 line
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  refused=(
    'auto t = std::chrono::steady_clock::now();' '#include <chrono>' 'clock_gettime(CLOCK_REALTIME, &t);' 'long t = time(nullptr);' '__rdtsc();'
    'std::random_device device;' 'std::mt19937_64 engine;' 'int r = rand();' 'getrandom(b, 1, 0);' '#include <random>'
    'std::uniform_int_distribution<int> d;' 'std::shuffle(a.begin(), a.end(), g);' 'std::ranges::shuffle(a, g);' 'std::sample(a, b, c, 1, g);'
    'double share = 0;' 'float f;' 'auto x = 1.5;' 'auto y = 1e9;' 'auto z = 2.f;' '#include <cmath>'
    'std::unordered_map<int, int> m;' '#include <unordered_set>' 'for (auto& [k, v] : std::unordered_multimap<int, int>{}) {}'
    'std::this_thread::get_id();' 'pthread_self();' 'thread_local int n;' 'getenv("HOME");'
    'auto p = reinterpret_cast<std::uintptr_t>(pointer);' 'auto p = reinterpret_cast<std::uint64_t>(pointer);' 'std::hash<Account*> h;'
    'int a = 1; /* fine */ double b;' 'f("text"); double c;' "auto n = 1'000'000; double d;"
  )
  accepted=(
    '// a clock, a double and std::random_device' '/* std::chrono */' 'f("double time(0) 1.5");' "auto n = 1'000'000'000;" 'auto h = 0x1E9;' 'auto t = event.timestamp;'
    'std::uint64_t timestamp(std::uint32_t index);' 'expires_at(t);' 'auto* p = reinterpret_cast<std::uint64_t*>(q);' 'reinterpret_cast<const Transfer*>(p)'
    'doubled(x);' 'next_time(x);' 'std::map<int, int> m;' 'std::sort(a, b);' 'auto c = a * 1'"'"'000;' 'x.oldest(tables, time_of);'
    'return a ? "\"double" : "b";' '0xBF58476D1CE4E5B9ULL' '#include "core/x.hpp"' 'clock_advance(x); strand(y); operand(z);'
  )
  for line in "${refused[@]}"; do
    printf '%s\n' "$line" > "$work/x.cpp"
    if check_file "$work/x.cpp" engine/core/x.cpp > /dev/null; then
      echo "check_determinism: lets pass: $line" >&2
      failures=1
    fi
  done
  for line in "${accepted[@]}"; do
    printf '%s\n' "$line" > "$work/x.cpp"
    if ! check_file "$work/x.cpp" engine/core/x.cpp; then
      echo "check_determinism: refuses: $line" >&2
      failures=1
    fi
  done
  printf 'std::uintptr_t p;\n' > "$work/x.cpp"
  check_file "$work/x.cpp" engine/core/memory/region.cpp || failures=1
  printf '/* one\n double\n*/ int a;\n\ndouble b;\n' > "$work/x.cpp"
  [ "$(check_file "$work/x.cpp" x.cpp | cut -d: -f1,2)" = x.cpp:5 ] || { echo "check_determinism: wrong line number" >&2; failures=1; }
  return "$failures"
}

if [ "${1:-}" = --self-test ]; then
  self_test
  echo "check_determinism: every rule works"
  exit 0
fi

folder=${1:-$root/engine/core}
[ -d "$folder" ] || { echo "check_determinism: no such folder: $folder" >&2; exit 2; }
failures=0
files=0
while IFS= read -r file; do
  files=$((files + 1))
  check_file "$file" "${file#"$root"/}" || failures=1
done < <(find "$folder" -type f \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' \) | sort)
[ "$files" -gt 0 ] || { echo "check_determinism: no source in $folder" >&2; exit 2; }
if [ "$failures" -ne 0 ]; then
  echo "check_determinism: the same input must give the same outcome; see above" >&2
  exit 1
fi
echo "check_determinism: $files files, nothing that could differ between runs"
