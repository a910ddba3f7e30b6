"""The whole benchmark: python3 bench/bench.py BUILD [--full] [--python PYTHON] [--json FILE].

Prints, and writes as JSON: the kernel table with the measured peak, the table of spaces against PyTorch (or nasc's
side alone where torch cannot be imported), each row with its two bars and which of them it meets, two workers against
two copies of one worker, what compiling costs cold and warm, how many kernels 200 networks need, what sizing and checking
cost, and memory. Times are processor time; only ratios within one run mean something on a machine that others use
too. Without --full each part does a little of its work, a few minutes in all.
Interrupted, it ends with what it has. Images are generated: no data is needed.
"""
import argparse
import glob
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import compare

CONV = "nor_conv_3x3"
ALL_CONV = f"|{CONV}~0|+|{CONV}~0|{CONV}~1|+|{CONV}~0|{CONV}~1|{CONV}~2|"

NB201, NB201_PROXIES = "examples/nas_bench_201.nas", "bench/proxies.nas"

# name, program, settings, architectures (None: drawn), nets in full and in short, must, aim
TABLE = [
    ("NB201, default Eproxy", NB201, [], None, 20, 6, 2.5, 3.5),
    ("NB201, all conv3x3", NB201, [], [ALL_CONV], 1, 1, 2.2, 2.8),
    ("NB101, stem 16", "examples/nas_bench_101.nas", ["stem=16"], None, 10, 3, 2.5, 4),
    ("NB101, stem 64", "examples/nas_bench_101.nas", ["stem=64"], None, 10, 1, 1.8, 2.5),
    ("NB101, stem 128", "examples/nas_bench_101.nas", ["stem=128"], None, 5, 1, 1.8, 2.5),
    ("TransNAS micro", "examples/transnas_micro.nas", [], None, 12, 4, 2.5, 4),
    ("NDS DARTS", "examples/nds_darts.nas", [], None, 10, 1, 4, 8),
    ("NB201, drawn proxies", NB201_PROXIES, [], None, 20, 4, 1.4, 2.2),  # the work of a search
]
COUNTED = ["nas_bench_201", "nas_bench_101", "transnas_micro", "nds_darts", "mobile", "macro", "unet"]


def environment(**more):
    return dict(os.environ, NASC_LIB=os.path.join(os.getcwd(), "lib"), **more)


def run_kernels(build, words):
    path = f"{build}/bench/kernels.json"
    subprocess.run([f"{build}/bench/kernels", "--json", path, *words], check=True)
    with open(path) as f:
        return json.load(f)


def drawn_nets(build, program, settings, archs, n):
    """(settings, architecture) of so many nets; under proxies of the program's own, another for each."""
    archs = archs or compare.sample(build, NB201 if program == NB201_PROXIES else program, settings, n)
    if program != NB201_PROXIES:
        return [(settings, arch) for arch in archs]
    points = subprocess.run([f"{build}/bench/points", str(n), program], check=True, env=environment(),
                            capture_output=True, text=True).stdout.splitlines()
    return [([*settings, f"point={point}"], arch) for point, arch in zip(points, archs)]


def verdict(ratio, must, aim):
    if ratio is None:
        return "not compared"
    return "aim met" if ratio >= aim else "must met" if ratio >= must else "short"


def summary(name, nets, must, aim):
    row = {"name": name, "nets": nets, "must": must, "aim": aim}
    row["nasc_seconds"] = statistics.median(x["seconds"] for x in nets)
    if "ratio" in nets[0]:
        row["torch_seconds"] = statistics.median(x["torch_seconds"] for x in nets)
        row["ratio"] = statistics.median(x["ratio"] for x in nets)
    row["verdict"] = verdict(row.get("ratio"), must, aim)
    return row


def print_table(rows):
    print(f"\n  {'medians':24s}{'nets':>6s}{'nasc s':>10s}{'torch s':>10s}{'ratio':>8s}{'must':>7s}{'aim':>6s}")
    for row in rows:
        torch = f"{row['torch_seconds']:10.3f}{row['ratio']:8.2f}" if "ratio" in row else f"{'-':>10s}{'-':>8s}"
        print(f"  {row['name']:24s}{len(row['nets']):6d}{row['nasc_seconds']:10.3f}{torch}"
              f"{row['must']:7.1f}{row['aim']:6.1f}  {row['verdict']}")


def run_table(build, python, full, n, rows):
    """Appends to `rows` as they are done; an interrupted one holds the nets that were."""
    try:
        for name, program, settings, archs, many, few, must, aim in TABLE:
            nets = []
            try:
                drawn = drawn_nets(build, program, settings, archs, n or (many if full else few))
                compare.compare(build, program, drawn, python, name, nets)
            finally:
                if nets:
                    rows.append(summary(name, nets, must, aim))
    finally:
        print_table(rows)
    return rows


def timed_runs(build, copies, workers, n):
    """Wall and processor seconds of so many processes side by side, each scoring n nets."""
    begin, before = time.monotonic(), os.times()
    command = [f"{build}/nasc", "run", NB201, f"n={n}", "--workers", str(workers), "--quiet"]
    runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(copies)]
    try:
        failed = any([run.wait() for run in runs])
    finally:
        for run in runs:
            run.kill()
            run.wait()
    if failed:
        sys.exit("bench: a run failed")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall_seconds": time.monotonic() - begin, "cpu_seconds": cpu}


def run_scaling(build, full):
    n = 40 if full else 10
    timed_runs(build, 1, 1, n)  # fills the cache of kernels
    two_copies = timed_runs(build, 2, 1, n)
    one_process = timed_runs(build, 1, 2, 2 * n)
    share = two_copies["cpu_seconds"] / one_process["cpu_seconds"]
    wall = two_copies["wall_seconds"] / one_process["wall_seconds"]
    print(f"  two copies of one worker, {n} nets each: {two_copies['cpu_seconds']:.1f} s of processor, "
          f"{two_copies['wall_seconds']:.1f} s\n  one copy of two workers, {2 * n} nets: "
          f"{one_process['cpu_seconds']:.1f} s of processor, {one_process['wall_seconds']:.1f} s\n"
          f"  speed reached: {100 * share:.0f} % by processor time, {100 * wall:.0f} % by the clock (must: 95 %)")
    return {"two_copies": two_copies, "one_process": one_process, "by_processor": share, "by_clock": wall}


def run_compile(build, full):
    """Cold, then warm: what compiling costs over 200 drawn nets."""
    n, rows = (200 if full else 20), {}
    programs = [(name, program, settings) for name, program, settings, archs, *_ in TABLE
                if archs is None and program != NB201_PROXIES] if full \
        else [(TABLE[0][0], TABLE[0][1], [])]
    for name, program, settings in programs:
        with tempfile.TemporaryDirectory() as folder:
            for state in ("cold", "warm"):
                subprocess.run([f"{build}/nasc", "run", program, f"n={n}", *settings, "--quiet", "--out",
                                f"{folder}/{state}"], check=True, env=environment(XDG_CACHE_HOME=folder),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                with open(f"{folder}/{state}/timing.json") as f:
                    timing = json.load(f)
                timing = timing["actions"][0] if "actions" in timing else timing
                rows[f"{name}, {state}"] = timing
                share = timing["compile_seconds"] / timing["cpu_seconds"]
                print(f"  {name}, {n} nets, {state}: {timing['kernels_compiled']} kernels, "
                      f"{timing['compile_seconds']:.2f} of {timing['cpu_seconds']:.1f} s ({100 * share:.1f} %)")
    return rows


def run_counts(build):
    rows = {}
    for space in COUNTED:
        out = subprocess.run([f"{build}/tools/count_kernels", "200", f"examples/{space}.nas"], check=True,
                             env=environment(), capture_output=True, text=True).stdout
        rows[space] = row = json.loads(out)
        print(f"  {space:16s}{row['kernels']:5d} kernels  {1e3 * row['planning_seconds']:6.1f} ms to build and plan a "
              f"net  largest arena {row['largest_arena_bytes'] / 2**20:7.1f} MB")
    return rows


def peak_memory(command, cache=None):
    env = environment(XDG_CACHE_HOME=cache) if cache else environment()
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    try:
        _, status, usage = os.wait4(run.pid, 0)
    except KeyboardInterrupt:
        run.kill()
        raise
    if status:
        sys.exit("bench: a run failed")
    return usage.ru_maxrss * 1024


def estimated_memory(build, n):
    """What a process takes at its peak, against what `nasc show` estimates, for so many nets of every example."""
    rows = []
    for program in sorted(glob.glob("examples/*.nas")):
        drawn = subprocess.run([f"{build}/nasc", "sample", program, "-n", str(n)], env=environment(),
                               capture_output=True, text=True)
        for arch in drawn.stdout.splitlines() if drawn.returncode == 0 else []:
            shown = subprocess.run([f"{build}/nasc", "show", "--json", program, arch], env=environment(),
                                   capture_output=True, text=True)
            # A program whose proxies are drawn shows none.
            estimate = json.loads(shown.stdout).get("process_bytes") if shown.returncode == 0 else None
            if estimate:
                measured = peak_memory([f"{build}/nasc", "score", program, arch, "--workers", "1"])
                rows.append({"program": program, "arch": arch, "estimated": estimate, "measured": measured})
    rows.sort(key=lambda row: row["estimated"] / row["measured"])
    for row in (rows[0], rows[-1]):
        print(f"  {row['program']}: {row['measured'] / 2**20:.0f} MB, estimated {row['estimated'] / 2**20:.0f} MB")
    ratios = [row["estimated"] / row["measured"] for row in rows]
    print(f"  estimate / measured of {len(rows)} nets of {len({row['program'] for row in rows})} programs, "
          f"{min(row['measured'] for row in rows) / 2**20:.0f} to "
          f"{max(row['measured'] for row in rows) / 2**20:.0f} MB: {min(ratios):.2f} to {max(ratios):.2f}")
    return rows


def run_memory(build, full):
    program, rows = NB201, {}
    two = ["score", program, ALL_CONV, ALL_CONV.replace(f"{CONV}~1|+", "nor_conv_1x1~1|+"), "--workers", "2"]
    with tempfile.TemporaryDirectory() as cache:
        for how in ("compiled anew", "from the cache"):
            rows[f"the two largest nets, two workers, kernels {how}"] = peak_memory([f"{build}/nasc", *two], cache)
    for n in (10, 60) if full else (10,):
        with tempfile.TemporaryDirectory() as cache:
            rows[f"{n} nets, two workers, kernels compiled anew"] = peak_memory(
                [f"{build}/nasc", "run", program, f"n={n}", "--workers", "2", "--quiet"], cache)
    rows["the largest net, one worker"] = peak_memory([f"{build}/nasc", "score", program, ALL_CONV, "--workers", "1"])
    rows["check alone"] = peak_memory([f"{build}/nasc", "check", program])
    for name, value in rows.items():
        print(f"  NB201, {name}: {value / 2**20:.0f} MB")
    return {"nas_bench_201": rows, "estimates": estimated_memory(build, 2 if full else 1)}


def processor_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_sizes(build):
    rows = {}
    for name, program, n, bar in (("NB201", NB201, 15625, 10), ("NDS DARTS", "examples/nds_darts.nas", 10000, 60)):
        seconds = processor_seconds([f"{build}/nasc", "run", program, f"n={n}", "--size-only", "--workers", "1",
                                     "--quiet"])
        rows[name] = {"nets": n, "seconds": seconds, "bar": bar}
        print(f"  {name}, {n:,} networks built, canonicalised and sized: {seconds:.1f} s on one core"
              f" (bar {bar} s)")
    return rows


def run_checks(build):
    """nasc check of every program of the project: the slowest ones, the best of ten of each, as other work only adds."""
    times = {}
    for program in sorted(glob.glob("examples/*.nas") + glob.glob("experiments/*.nas")):
        command = [f"{build}/nasc", "check", "--quiet", program]
        times[program] = min(processor_seconds(command) for _ in range(10))
    for program in sorted(times, key=times.get)[:-4:-1]:
        print(f"  {program}: {1e3 * times[program]:.0f} ms (bar 100 ms)")
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--python", default="python3", help="an interpreter with torch")
    parser.add_argument("-n", type=int, help="nets of each row of the table")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--only", action="append", default=[], help="a part: kernels, table, scaling, ...")
    options = parser.parse_args()
    build, full = options.build, options.full
    result, rows = {"full": full, "interrupted": False}, []
    parts = {
        "kernels": ("Kernels, one core", lambda: run_kernels(build, [])),
        "table": ("Against PyTorch, one thread each", lambda: run_table(build, options.python, full, options.n, rows)),
        "scaling": ("Two workers", lambda: run_scaling(build, full)),
        "compile": ("Compiling", lambda: run_compile(build, full)),
        "counts": ("Kernels of 200 nets", lambda: run_counts(build)),
        "sizes": ("Sizes alone", lambda: run_sizes(build)),
        "checks": ("nasc check of every program: the slowest", lambda: run_checks(build)),
        "memory": ("Peak memory", lambda: run_memory(build, full)),
    }
    try:
        for name, (title, work) in parts.items():
            if options.only and name not in options.only:
                continue
            print(f"== {title}", flush=True)
            result[name] = work()
            sys.stdout.flush()
    except KeyboardInterrupt:
        result["interrupted"] = True
        if rows:
            result["table"] = rows
        print("\ninterrupted: what was finished stands above")
    if options.json:
        with open(options.json, "w") as f:
            json.dump(result, f, indent=1)
        print(f"wrote {options.json}")
    sys.exit(130 if result["interrupted"] else 0)


if __name__ == "__main__":
    main()
