#!/usr/bin/env bash
# Installs the Debian 12 packages that florin is built with, or those named. Takes no time when they are there.
#   tools/install_dependencies.sh [PACKAGE...]
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache pkg-config      # build
  libboost-dev libtbb-dev liblmdb-dev libxxhash-dev libzstd-dev  # the engine
  libcli11-dev libfmt-dev libtomlplusplus-dev nlohmann-json3-dev libssl-dev  # the florin command
  libgtest-dev libgmock-dev libbenchmark-dev   # tests and benchmarks
  python3                                      # bench/run
  python3-xxhash                               # the tests' second client
  python3-pip                                  # brings TigerBeetle's Python client to the tests
)
[ $# -eq 0 ] || packages=("$@")

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "these packages are missing, and only root can install them: ${missing[*]}" >&2; exit 3; }
  as_root=(sudo)
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
