import json
import sys

kernels, single, double = (json.load(open(path)) for path in sys.argv[1:])
for key in ("arch", "status", "params", "macs", "live_macs", "counted_macs", "hash"):
    assert kernels[key] == single[key] == double[key], key
for a, b, c in zip(kernels["losses"], single["losses"], double["losses"]):
    assert len(a) == len(b) == len(c) == 10
    assert abs(a[0] - c[0]) < 1e-5 * c[0] and abs(b[0] - c[0]) < 1e-4 * c[0], (a, b, c)
    assert abs(a[-1] - c[-1]) < 1e-2 * c[-1] and abs(b[-1] - c[-1]) < 1e-2 * c[-1], (a, b, c)
assert kernels["losses"][0] != kernels["losses"][1]
assert any(x != y for x, y in zip(single["losses"][0], double["losses"][0]))
