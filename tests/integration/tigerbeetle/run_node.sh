#!/usr/bin/env bash
# Runs the tests of the official Node client. It comes from its registry, into FOLDER, unless it is there already.
#   run_node.sh FOLDER [RELEASE]
client=Node
. "$(dirname "$0")/client_test.sh"
release=${2:-$release}
folder=${1:?usage: run_node.sh FOLDER [RELEASE]}/$release

install_client() { npm install --silent --no-audit --no-fund --no-save --prefix "$1" "tigerbeetle-node@$release"; }

need node
need npm
[ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" = true ] || skip "node is older than 20"
install "$folder" install_client
NODE_PATH=$folder/node_modules node --test "$here/node"
