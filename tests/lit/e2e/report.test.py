import csv
import hashlib
import json
import math
import os
import subprocess
import sys

nasc, program, folder = sys.argv[1:]


def run(*args):
    done = subprocess.run([nasc, *args], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (args, done.stderr)
    return done


def is_number(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)


def read(out, name):
    with open(os.path.join(folder, out, name), "rb") as f:
        return f.read()


SIZES = ["params", "macs", "live_macs", "counted_macs"]
COLUMNS = ["arch", "score", "status", *SIZES, "hash"]


def check_row(row, names):
    assert row["name"] in names, row
    for key in ("spearman", "kendall_tau_b"):
        assert row[key] is None or -1 <= row[key] <= 1, row
    assert row["spearman_ci"] is None or len(row["spearman_ci"]) == 2, row


def check_report(out, kind, n, repeats):
    report = json.loads(read(out, "report.json"))
    assert {"version", "llvm", "blas", "cpu", "target"} <= set(report["nasc"])
    with open(program, "rb") as f:
        assert report["program"]["sha256"] == hashlib.sha256(f.read()).hexdigest()
    assert report["program"]["path"] == program and report["program"]["parameters"]["n"] == str(n)
    action, = report["actions"]
    assert action["kind"] == kind and action["failed"] == 0 and action["networks"] <= action["n"], action
    names = [*SIZES, "random"] + (["eproxy"] if kind == "evaluate" else [])
    assert sorted(r["name"] for r in action["rows"]) == sorted(names), action["rows"]
    for row in action["rows"]:
        check_row(row, names)
    if repeats > 1 and kind == "evaluate":
        per_repeat = next(r for r in action["rows"] if r["name"] == "eproxy").get("per_repeat", action.get("per_repeat"))
        assert len(per_repeat) == repeats, action
    for source in action["inputs"]:
        with open(source["path"], "rb") as f:
            assert source["sha256"] == hashlib.sha256(f.read()).hexdigest()
    return action


def check_scores(out, n):
    rows = list(csv.DictReader(read(out, "scores.tsv").decode().splitlines(), delimiter="\t"))
    assert len(rows) == n and set(COLUMNS) <= set(rows[0]), rows[:1]
    scores = [float(r["score"]) for r in rows]
    assert scores == sorted(scores, reverse=True)
    for r in rows:
        assert r["status"] == "ok" and len(r["hash"]) == 32
        assert int(r["params"]) > 0 and int(r["live_macs"]) <= int(r["macs"]) <= int(r["counted_macs"]), r
    return rows


def check_timing(out, archs):
    action, = json.loads(read(out, "timing.json"))["actions"]
    keys = {"seconds", "cpu_seconds", "compile_seconds", "kernels_compiled", "peak_memory_bytes"}
    assert keys <= set(action) and all(is_number(action[k]) for k in keys)
    assert action["peak_memory_bytes"] > 1 << 20
    rows = list(csv.DictReader(read(out, "timing.tsv").decode().splitlines(), delimiter="\t"))
    assert {r["arch"] for r in rows} == archs and all(float(r["seconds"]) > 0 for r in rows)


def same_files(a, b):
    files = set(os.listdir(os.path.join(folder, a)))
    assert files == set(os.listdir(os.path.join(folder, b)))
    for name in files - {"timing.json", "timing.tsv"}:
        assert read(a, name) == read(b, name), name


run("run", program, "n=6", "repeats=2", "--workers", "1", "--out", f"{folder}/a", "--quiet")
run("run", program, "n=6", "repeats=2", "--workers", "3", "--out", f"{folder}/b", "--quiet")
same_files("a", "b")
check_report("a", "rank", 6, 2)
rows = check_scores("a", 6)
check_timing("a", {r["arch"] for r in rows})

with open(f"{folder}/table.tsv", "w") as f:
    f.write("arch\tmetric\n" + "".join(f"{r['arch']}\t{k * k}\n" for k, r in enumerate(rows)))
printed = run("run", program, f"table={folder}/table.tsv", "n=6", "repeats=2", "--json", "--out", f"{folder}/c").stdout
action = check_report("c", "evaluate", 6, 2)
assert [os.path.basename(i["path"]) for i in action["inputs"]] == ["table.tsv"], action["inputs"]
assert json.loads(printed) == json.loads(read("c", "report.json"))

line = json.loads(run("score", program, rows[0]["arch"], "repeats=2", "--json").stdout)
assert set(COLUMNS) | {"losses"} <= set(line) and [len(x) for x in line["losses"]] == [10, 10]
assert line["score"] == float(rows[0]["score"]) and line["hash"] == rows[0]["hash"]
assert math.isclose(line["score"], -sum(x[-1] for x in line["losses"]) / 2, rel_tol=1e-12)
shown = json.loads(run("show", program, rows[0]["arch"], "--json").stdout)
assert {*SIZES, "hash", "nodes"} <= set(shown) and str(shown["macs"]) == rows[0]["macs"]
drawn = run("sample", program, "-n", "3").stdout.splitlines()
assert len(drawn) == 3 and all(run("show", program, a, "--json") for a in drawn)

wrong = f"{folder}/wrong.nas"
with open(wrong, "w") as f:
    f.write("space s { input image[3, 8, 8]; network = cnv(3, 4) -> rleu; }\n")
done = subprocess.run([nasc, "check", wrong, "--json"], capture_output=True, text=True)
found = json.loads(done.stdout)
assert done.returncode == 1 and len(found) == 2, done
assert [(d["file"], d["line"], d["column"]) for d in found] == [(wrong, 1, 43), (wrong, 1, 56)], found
for d in found:
    assert d["severity"] == "error" and d["code"].startswith("unknown-") and "did you mean" in d["hint"], d
