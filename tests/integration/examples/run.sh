#!/usr/bin/env bash
# Runs an example against a server on an empty ledger.
#   run.sh FLORIN EXAMPLE
set -euo pipefail
work=$(mktemp -d "${TMPDIR:-/tmp}/florin-example-XXXXXX")
"$1" serve --data "$work/ledger" --listen 127.0.0.1:0 --memory-budget 256MiB >"$work/out" 2>"$work/err" &
server=$!
trap 'kill -KILL $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$work"' EXIT
address=
for _ in $(seq 600); do
  address=$(grep -oE '127\.0\.0\.1:[0-9]+' "$work/out" | head -1 || true)
  [ -z "$address" ] || break
  kill -0 $server || { cat "$work/err" >&2; exit 1; }
  sleep 0.1
done
"$2" "$address"
