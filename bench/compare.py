"""Times nasc against PyTorch on the same work: the exported scripts, one thread each, alternating net by net.

Prints a line a net and the median of the per-net ratios; with --json FILE writes them too. Both sides report
processor seconds of one training run after a warm-up run; compiling kernels is not part of it and stands in
a column of its own.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile


def last_json(text):
    return json.loads(text.strip().splitlines()[-1])


def time_nasc(build, program, settings, arch):
    env = dict(os.environ, NASC_LIB=os.path.join(os.getcwd(), "lib"))
    out = subprocess.run([f"{build}/bench/score", program, *settings, "--", arch], env=env, check=True,
                         capture_output=True, text=True)
    return last_json(out.stdout)


def time_torch(python, build, program, settings, arch, folder):
    script = os.path.join(folder, "net.py")
    subprocess.run([f"{build}/nasc", "export", program, arch, *settings, "--to", "pytorch", "-o", script],
                   check=True, capture_output=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    out = subprocess.run([python, script, "--threads", "1", "--time", "1"], env=env, check=True,
                         capture_output=True, text=True)
    return json.loads(out.stdout.strip().splitlines()[-2])["seconds"]


def sample(build, program, settings, n):
    """So many drawn architectures; drawing is a matter of the space, which few settings touch."""
    out = subprocess.run([f"{build}/nasc", "sample", program, *settings, "-n", str(n)], check=True,
                         capture_output=True, text=True)
    return out.stdout.split("\n")[:-1]


def torch_version(python):
    """None: this interpreter has no torch."""
    found = subprocess.run([python, "-c", "import torch; print(torch.__version__)"], capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def compare(build, program, nets, python, label, rows):
    """Prints a line for each net, which is (settings, architecture), and appends to `rows` as they are done: dicts with
    arch, seconds, compile_seconds and, with torch, its seconds and the ratio."""
    torch = torch_version(python)
    print(f"{label}: {len(nets)} nets, one thread, processor seconds of one training run")
    print(f"  PyTorch {torch}" if torch else "  torch cannot be imported: nasc's side alone", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for settings, arch in nets:
            row = dict(time_nasc(build, program, settings, arch), settings=settings)
            text = f"  nasc {row['seconds']:7.3f}"
            if torch:
                row["torch_seconds"] = time_torch(python, build, program, settings, arch, folder)
                row["ratio"] = row["torch_seconds"] / row["seconds"]
                text += f"  torch {row['torch_seconds']:7.3f}  ratio {row['ratio']:5.2f}"
            print(f"{text}  compiling {row['compile_seconds']:6.3f}  {' '.join([arch, *settings])}", flush=True)
            rows.append(row)
    if torch:
        print(f"  median ratio {statistics.median(r['ratio'] for r in rows):.2f}  "
              f"(median nasc {statistics.median(r['seconds'] for r in rows):.3f} s, "
              f"torch {statistics.median(r['torch_seconds'] for r in rows):.3f} s)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("program")
    parser.add_argument("--python", default="python3", help="an interpreter with torch")
    parser.add_argument("-n", type=int, default=20)
    parser.add_argument("--arch", action="append", default=[])
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--json")
    options = parser.parse_args()
    archs = options.arch or sample(options.build, options.program, options.set, options.n)
    rows = []
    try:
        compare(options.build, options.program, [(options.set, arch) for arch in archs], options.python,
                options.program, rows)
    except KeyboardInterrupt:
        print("interrupted")
    if options.json:
        with open(options.json, "w") as f:
            json.dump(rows, f, indent=1)


if __name__ == "__main__":
    main()
