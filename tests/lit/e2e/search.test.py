"""search.test.py NASC PROGRAM DIR"""
import json
import os
import re
import subprocess
import sys
import zlib

nasc, program, top = sys.argv[1:4]
os.chdir(top)
small = os.path.join(os.path.dirname(program), "small.nas")


def run(*args, timeout=300, env=None):
    p = subprocess.run([nasc, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def write(name, rows):
    with open(name, "w") as f:
        f.write("arch\tacc\n" + "".join(f"{a}\t{m}\n" for a, m in rows))


def text(folder, *names):
    return [open(os.path.join(folder, n), "rb").read() for n in names]


# networks, each under one of its names; the metric grows with the convolutions, and with what no size knows
archs = run("sample", small, "-n", "80")[1].split()
write("all.tsv", [(a, 1) for a in archs])
run("run", small, "table=all.tsv", "n=80", "--size-only", "--out", "sizes", "-q")
seen, unique, twins = {}, [], []
for line in open("sizes/scores.tsv").read().split("\n")[1:-1]:
    arch, live, digest = (line.split("\t")[i] for i in (0, 5, 7))
    (twins if digest in seen else unique).append((arch, int(live) / 1e4 * (1 + zlib.crc32(arch.encode()) % 7)))
    if digest in seen:
        twin = (seen[digest], arch)
    seen[digest] = arch
a, b = unique[0:24:2], unique[1:24:2]
write("a.tsv", a)
write("b.tsv", b)

FILES = ("report.json", "scores.tsv", "tuned.nas", "tuned.points.tsv")
status, out, err = run("run", program, "--workers", "1", "--out", "one")
assert status == 0, err
status, out2, err = run("run", program, "--workers", "2", "--out", "two", "-q")
assert status == 0 and out == out2, err
assert text("one", *FILES) == text("two", *FILES)
print("same bytes for 1 and 2 workers")

for delay in (0.4, 0.7, 1.0, 1.5):
    try:
        run("run", program, "--out", "killed", "-q", timeout=delay)
    except subprocess.TimeoutExpired:
        pass
assert run("run", program, "--out", "killed", "-q")[0] == 0
assert text("killed", *FILES) == text("one", *FILES)
print("same bytes after kills")

status, own, err = run("run", "one/tuned.nas", "--out", "own", "-q", "--profile")
assert status == 0, err
assert text("own", "scores.tsv") == text("one", "scores.tsv")
print("what was found runs on its own")

# the profile of a search is that of all its trainings, each of which updates once a step but the last
status, _, err = run("run", program, "--out", "profiled", "-q", "--profile")
assert status == 0, err
alone, whole = (json.load(open(f"{d}/timing.json"))["actions"][0]["profile"] for d in ("own", "profiled"))
calls = [{k["kind"]: k["calls"] for k in p["kernels"]} for p in (alone, whole)]
assert calls[1]["sgd"] > 3 * calls[0]["sgd"] > 0, calls

# points that differ in alpha alone share what was trained: another search in the same space, alpha pinned or not
pinned = open(program).read().replace("steps: 3, taps: 1, tap", "steps: 3, taps: 1, lr: 1, init_net: \"default\", "
                                      "init_barrier: \"default\", tap_bases: [[\"wave_h\"]], tap_level: [1], tap")
pinned = pinned.replace('"small.nas"', f'"{small}"')
open("alpha.nas", "w").write(pinned)
status, out, err = run("run", "alpha.nas", "--out", "alpha", "--keep-journal")
assert status == 0, err
points = [l.split("\t") for l in open("alpha/tuned.points.tsv").read().split("\n")[1:-1]]
assert len({p[-1] for p in points}) > 2 and len({p[3] for p in points}) == 1, points
status, out, err = run("run", "alpha.nas", "--out", "alpha", "--keep-journal")
known = int(re.search(r"journal: (\d+) trainings", err).group(1))
assert known == 3 * (len(a) + len(b)), known  # proxy (2 repeats) and fixed on both sets
print("alpha costs no training")

report = json.load(open("one/report.json"))["actions"][0]
search = report["search"]
assert search["best"]["optimistic"] is True and search["points"] == 8
assert [r["name"] for r in report["rows"]] == ["tuned", "params", "macs", "live_macs", "counted_macs", "random"]
assert report["sentence"].startswith("tuned (rho") and search["fixed"]["n"] == len(b) == report["n"]
assert search["out_of_bag"] is not None and len(search["selection"]["sha256"]) == 64
shown = run("run", program, "--out", "one", "-q")[1]
assert "optimistic" in shown and "out of bag" in shown and "eproxy" in shown
print("an honest report")

# the fixed proxy beside a size, by the same tables ranked alone and formulas written anew
open("fixed.nas", "w").write(re.sub(r"(?s)search tuned.*", """
fixed = eproxy(steps: 3, taps: 1, head_width: i => 16, barrier_width: i => 16);
rank rows(selection, small) by fixed;
rank rows(evaluation, small) by fixed;
""", open(program).read().replace('"small.nas"', f'"{small}"')))
assert run("run", "fixed.nas", "--out", "fixed", "-q")[0] == 0
sets = {"1": {}, "2": {}}
header, *lines = [l.rstrip("\n").split("\t") for l in open("fixed/scores.tsv")]
for line in lines:
    cells = dict(zip(header, line))
    for name in ("score", "metric", "params", "macs", "live_macs", "counted_macs"):
        sets[cells["action"]].setdefault(name, []).append(float(cells[name]))


def ranks(x):
    return [sum(u < v for u in x) + (sum(u == v for u in x) + 1) / 2 for v in x]


def rho(x, y):
    x, y = ranks(x), ranks(y)
    mx, my = sum(x) / len(x), sum(y) / len(y)
    xy = sum((u - mx) * (v - my) for u, v in zip(x, y))
    return xy / (sum((u - mx) ** 2 for u in x) * sum((v - my) ** 2 for v in y)) ** 0.5


chosen, judged = sets["1"], sets["2"]
size = max(("params", "macs", "live_macs", "counted_macs"), key=lambda s: abs(rho(chosen[s], chosen["metric"])))
xy, yz, xz = (rho(chosen[i], chosen[k]) for i, k in (("score", "metric"), (size, "metric"), ("score", size)))
weights = [own if own * alone > 0 else 0 for own, alone in ((xy - xz * yz, xy), (yz - xz * xy, yz))]
weights = [w / sum(map(abs, weights)) for w in weights]
both = [weights[0] * u + weights[1] * v for u, v in zip(ranks(judged["score"]), ranks(judged[size]))]
with_size = search["fixed"]["with_size"]
assert with_size["size"] == size and abs(with_size["spearman"] - rho([round(x, 9) for x in both], judged["metric"])) < 1e-9
assert max(abs(u - v) for u, v in zip(weights, (with_size["rank_weights"]["proxy"], with_size["rank_weights"]["size"]))) < 1e-9
xy, yz, xz = (rho(judged[i], judged[k]) for i, k in (("score", "metric"), (size, "metric"), ("score", size)))
partial = (xy - xz * yz) / ((1 - xz ** 2) * (1 - yz ** 2)) ** 0.5
assert abs(search["fixed"]["partial_spearman"][size] - partial) < 1e-9
for part in (search["tuned"], search["fixed"], search["at_alpha_0"]):
    assert part["with_size"]["sentence"] and part["with_size"]["spearman_ci"][0] <= part["with_size"]["spearman"]
assert "size factor" in search["size_factor"] and search["size_factor"] in shown
print("a size beside the proxy")


def refused(code, words, *args, source=program):
    status, out, err = run("run", source, *args, "-q")
    assert status == code and words in err, (status, err)


write("constant.tsv", [(x, 1) for x, _ in a])
write("few.tsv", a[:2])
write("over.tsv", b + [(twin[1], 5)])
write("twins.tsv", a[:6] + [(twin[0], 3), (twin[1], 4)])
refused(1, "nothing ranks them", "selection=constant.tsv")
refused(1, "too few to select by", "selection=few.tsv")
refused(1, "selection and evaluation overlap: 1 of", "selection=twins.tsv", "evaluation=over.tsv")
write("copy.tsv", a)
refused(1, "selection and evaluation overlap: 12 of", "evaluation=copy.tsv")
refused(1, "selection and evaluation share rows of a.tsv", "evaluation=a.tsv")
status, out, err = run("run", program, "selection=twins.tsv", "budget=2", "-q")
assert "are the same network; the first one counts" in err, err
source = open(program).read().replace('"small.nas"', f'"{small}"')
open("drop.nas", "w").write(source.replace("rows(evaluation, small)", "rows(evaluation, small, overlap: drop)"))
status, out, err = run("run", "drop.nas", "selection=twins.tsv", "evaluation=over.tsv", "budget=2", "-q")
assert status == 0 and "rows left out: networks of the selection" in out, err
open("fails.nas", "w").write(source.replace("steps: 3, taps: 1, tap", "steps: 3, taps: 1, lr: 1e30, tap"))
refused(4, "not one of 8 proxies ranks the selection", source="fails.nas")
open("none.nas", "w").write(source.replace("in few(", "in eproxy("))
refused(1, "leaves no choice open", source="none.nas")
open("random.nas", "w").write(re.sub(r"evolution\(.*\)", "random(budget: 2)", source))
assert run("run", "random.nas", "-q")[0] == 0
print("bad input told")
