"""Peak memory of scoring a large and a small network against the planner's estimates."""
import json
import os
import subprocess
import sys

nasc, program = sys.argv[1:]


def cell(op):
    return f"|{op}~0|+|{op}~0|{op}~1|+|{op}~0|{op}~1|{op}~2|"


def estimate(arch):
    shown = subprocess.run([nasc, "show", "--json", program, arch], check=True, capture_output=True, text=True)
    return json.loads(shown.stdout)["arena_bytes"]


def peak(arch, workers=1):
    run = subprocess.Popen([nasc, "score", program, arch, "--workers", str(workers)],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(run.pid, 0)
    assert status == 0
    return usage.ru_maxrss * 1024


large, small = cell("nor_conv_3x3"), cell("skip_connect")
peak(large)  # compiles what is missing in the cache
difference, expected = peak(large) - peak(small), estimate(large) - estimate(small)
print(f"measured {difference / 2**20:.1f} MB, estimated {expected / 2**20:.1f} MB")
assert 0.8 * expected <= difference <= 1.2 * expected
text = subprocess.run([nasc, "show", program, large], check=True, capture_output=True, text=True).stdout
assert f"{estimate(large) / 2**20:.1f} MB" in text
