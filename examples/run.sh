#!/bin/sh
# From a bare Debian 12 to a ranking: installs what the build needs, builds, and ranks 100 cells of NAS-Bench-201.
# Arguments are passed on: `sh examples/run.sh n=20`.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install_packages.sh build
make -s -j"$(nproc)"
exec build/nasc run examples/nas_bench_201.nas "$@"
