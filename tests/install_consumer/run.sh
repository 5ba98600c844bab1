#!/usr/bin/env bash
# run.sh BUILD_DIR SOURCE_DIR CXX_FLAGS: installs, builds the consumer against the installed package and runs it.
set -euo pipefail
build_dir=$1 source_dir=$2 cxx_flags=${3:-}
work_dir=$(mktemp -d)
server_pid=
finish() {
  if [[ -n $server_pid ]]; then
    kill "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
  fi
  rm -rf "$work_dir"
}
trap finish EXIT

cmake --install "$build_dir" --component client --prefix "$work_dir/prefix" >"$work_dir/install.log"
cmake -S "$source_dir" -B "$work_dir/build" -DCMAKE_PREFIX_PATH="$work_dir/prefix" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS="$cxx_flags" >"$work_dir/configure.log"
cmake --build "$work_dir/build" --parallel 2
consumer=$work_dir/build/florin_consumer
"$consumer"

florin=$build_dir/bin/florin
if [[ ! -x $florin ]]; then
  echo "the florin command was not built: no round trip"
  exit 0
fi
"$florin" serve --data "$work_dir/data" --listen 127.0.0.1:0 >"$work_dir/serve.log" 2>&1 &
server_pid=$!
for _ in $(seq 200); do
  address=$(sed -n 's/^listening on //p' "$work_dir/serve.log")
  [[ -n $address ]] && break
  sleep 0.05
done
if [[ -z $address ]]; then
  echo "the server did not start:"
  cat "$work_dir/serve.log"
  exit 1
fi
"$consumer" "$address"
