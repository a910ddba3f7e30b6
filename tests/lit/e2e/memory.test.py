"""Peak memory of the process against what `nasc show` estimates, for networks whose training, and for one whose
proxy's own values, take most; and over a run of many networks against the largest of them."""
import json
import os
import subprocess
import sys

nasc, examples = sys.argv[1:]
CONV = "nor_conv_3x3"
CELL = f"|{CONV}~0|+|{CONV}~0|{CONV}~1|+|{CONV}~0|{CONV}~1|{CONV}~2|"


def peak(*command):
    run = subprocess.Popen([nasc, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(run.pid, 0)
    assert status == 0, command
    return usage.ru_maxrss * 1024


def near(what, measured, estimated):
    print(f"{what}: measured {measured / 2**20:.1f} MB, estimated {estimated / 2**20:.1f} MB")
    assert 0.8 * estimated <= measured <= 1.2 * estimated, what


def sampled(program, n):
    out = subprocess.run([nasc, "sample", program, "-n", str(n)], check=True, capture_output=True, text=True)
    return out.stdout.splitlines()


def estimate(program, arch):
    shown = subprocess.run([nasc, "show", "--json", program, arch], check=True, capture_output=True, text=True)
    return json.loads(shown.stdout)


for space, arch in [("nas_bench_201", CELL), ("smallest", "width=8,op=pool"), ("transnas_micro", "64-41414-1_00_000"),
                    ("unet", None), ("mobile", None)]:
    program = f"{examples}/{space}.nas"
    arch = arch or sampled(program, 1)[0]
    near(space, peak("score", program, arch, "--workers", "1"), estimate(program, arch)["process_bytes"])

# A second worker takes once more what one takes; a run of many networks what its largest takes.
program = f"{examples}/hierarchical.nas"
known = [estimate(program, arch) for arch in sampled(program, 40)]
few, many = (max(known[:n], key=lambda k: k["worker_bytes"]) for n in (15, 40))
for k, n, workers in (few, 15, 1), (many, 40, 1), (many, 40, 2):
    near(f"{n} networks, {workers} workers", peak("run", program, f"n={n}", "--workers", str(workers)),
         k["process_bytes"] + (workers - 1) * k["worker_bytes"])
assert f"{estimate(program, sampled(program, 1)[0])['worker_bytes'] / 2**20:.1f} MB" in \
    subprocess.run([nasc, "show", program, sampled(program, 1)[0]], check=True, capture_output=True, text=True).stdout
