#!/usr/bin/env bash
# Builds and runs the tests of the official Rust client. It comes from its registry; what is built stays in FOLDER.
#   run_rust.sh FOLDER
client=Rust
. "$(dirname "$0")/client_test.sh"
export CARGO_TARGET_DIR=${1:?usage: run_rust.sh FOLDER}/$release

need cargo
need cc
cargo fetch --quiet --locked --manifest-path "$here/rust/Cargo.toml" || skip "release $release cannot be installed"
cargo build --quiet --locked --offline --manifest-path "$here/rust/Cargo.toml"
"$CARGO_TARGET_DIR/debug/tigerbeetle_client_test" "$here/conversation.txt" "$here/queries.txt"
