"""Counts the distinct kernels of 200 drawn networks of several spaces."""
import json
import os
import subprocess
import sys

build, root = sys.argv[1:]
most = {"nas_bench_201": 350, "nas_bench_101": 150, "transnas_micro": 400, "mobile": 150, "macro": 150, "unet": 150}
for space, limit in most.items():
    out = subprocess.run([f"{build}/tools/count_kernels", "200", f"{root}/examples/{space}.nas"], check=True,
                         env=dict(os.environ, NASC_LIB=f"{root}/lib"), capture_output=True, text=True)
    counts = json.loads(out.stdout)
    print(space, counts)
    assert counts["architectures"] >= 190, space
    assert 10 <= counts["kernels"] <= limit, space
