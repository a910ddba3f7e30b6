"""Peak memory of the process against what `nasc show` estimates, for networks whose training, and for one whose
proxy's own values, take most; and over a run of many networks against the largest of them."""
import json
import os
import subprocess
import sys

nasc, examples = sys.argv[1:]
CONV = "nor_conv_3x3"
CELL = f"|{CONV}~0|+|{CONV}~0|{CONV}~1|+|{CONV}~0|{CONV}~1|{CONV}~2|"
OTHER_CELL = f"|{CONV}~0|+|{CONV}~0|{CONV}~1|+|{CONV}~0|nor_conv_1x1~1|{CONV}~2|"


def peak(*command):
    run = subprocess.Popen([nasc, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(run.pid, 0)
    assert status == 0, command
    return usage.ru_maxrss * 1024


def near(what, measured, estimated):
    print(f"{what}: measured {measured / 2**20:.1f} MB, estimated {estimated / 2**20:.1f} MB")
    assert 0.8 * estimated <= measured <= 1.2 * estimated, what


def estimate(program, arch):
    shown = subprocess.run([nasc, "show", "--json", program, arch], check=True, capture_output=True, text=True)
    return json.loads(shown.stdout)


def named(space):
    return f"{examples}/{space}.nas"


for space, arch in ("nas_bench_201", CELL), ("smallest", "width=8,op=pool"), ("transnas_micro", "64-41414-1_00_000"):
    near(space, peak("score", named(space), arch, "--workers", "1"), estimate(named(space), arch)["process_bytes"])

# A second worker takes once more what one takes. Each has a network: the first is long at work when the other begins.
known = [estimate(named("nas_bench_201"), arch) for arch in (CELL, OTHER_CELL)]
two = peak("score", named("nas_bench_201"), CELL, OTHER_CELL, "--workers", "2")
near("two workers", two, known[0]["process_bytes"] + known[1]["worker_bytes"])
assert two < 300 * 2**20, two  # the bar for any two cells of this space, of which these take most

# A run of many networks takes what its largest takes.
archs = subprocess.run([nasc, "sample", named("hierarchical"), "-n", "12"], check=True, capture_output=True,
                       text=True).stdout.splitlines()
largest = max((estimate(named("hierarchical"), arch) for arch in archs), key=lambda k: k["worker_bytes"])
near("many networks", peak("run", named("hierarchical"), "n=12", "--workers", "1"), largest["process_bytes"])

shown = subprocess.run([nasc, "show", named("hierarchical"), archs[0]], check=True, capture_output=True, text=True)
assert f"{estimate(named('hierarchical'), archs[0])['worker_bytes'] / 2**20:.1f} MB" in shown.stdout
