#!/bin/sh
# Speed: bench/run.sh BUILD [--full ...]. PyTorch comes from NASC_TORCH_PYTHON, else from a virtual environment in
# BUILD-torch, which is made if it can be; without it nasc's side stands alone. Results also go to BUILD/bench/bench.json.
set -eu
build=$1
shift
python=${NASC_TORCH_PYTHON:-$(sh bench/torch_env.sh "$build-torch")}
exec python3 bench/bench.py "$build" --python "$python" --json "$build/bench/bench.json" "$@"
