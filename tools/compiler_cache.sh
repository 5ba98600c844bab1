#!/usr/bin/env bash
# Compiles through ccache, as the presets do. With what precompiled headers need, which are not cached otherwise; and with paths that
# count from here, so that another clone of florin hits too.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
export CCACHE_BASEDIR=$here CCACHE_NOHASHDIR=1
exec ccache "$@"
