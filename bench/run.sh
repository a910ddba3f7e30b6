#!/bin/sh
# Speed: bench/run.sh BUILD. Against PyTorch (a virtual environment in BUILD-torch is made if it can be), kernel by
# kernel, and cold against warm. CIFAR images are used where they are (NASC_DATA or ../shared/data).
set -eu
build=$1
data=${NASC_DATA:-../shared/data}
images=dead_leaves
[ -f "$data/cifar10/data_batch_1_first1000.bin" ] && images=cifar10:$data/cifar10/data_batch_1_first1000.bin
python=${NASC_TORCH_PYTHON:-$(sh bench/torch_env.sh "$build-torch")}

echo "== kernels"
"$build/bench/kernels"
echo "== NAS-Bench-201, default Eproxy"
python3 bench/compare.py "$build" examples/nas_bench_201.nas --python "$python" -n "${N:-20}" --set "images=$images" \
  --json "$build/bench/nas_bench_201.json"
echo "== NAS-Bench-201, all conv3x3"
c=nor_conv_3x3
python3 bench/compare.py "$build" examples/nas_bench_201.nas --python "$python" --set "images=$images" \
  --arch "|$c~0|+|$c~0|$c~1|+|$c~0|$c~1|$c~2|"
echo "== compiling and cache: 20 nets, cold then warm"
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
for state in cold warm; do
  XDG_CACHE_HOME=$cache "$build/nasc" run examples/nas_bench_201.nas n=20 --quiet --out "$cache/out" >/dev/null 2>&1
  echo "$state: $(tr -d '\n ' <"$cache/out/timing.json")"
done
