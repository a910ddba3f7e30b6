import csv
import json
import os
import subprocess
import sys

nasc, = sys.argv[1:]

SPACES = """
use eproxy;
space grid {
  input image[3, 8, 8];
  choice k in {1, 3};
  choice c in {4, 8, 16};
  network = conv(k, c, bias: false) -> relu;
  rate = 0.1;
  bonus = 0;
}
// params: grid has 3 c k^2; by_hand 3 * 9 * 8, which is k=3,c=8; between 3 * 9 * 6
space by_hand { input image[3, 8, 8]; network = conv(3, 8, bias: false) -> relu; rate = 0.1; bonus = 0; }
space better { input image[3, 8, 8]; network = conv(3, 8, bias: false) -> relu; rate = 0.1; bonus = 1; }
space faster { input image[3, 8, 8]; network = conv(3, 8, bias: false) -> relu; rate = 0.2; bonus = 0; }
space between(c = 6) { input image[3, 8, 8]; network = conv(3, c, bias: false) -> relu; rate = 0.1; bonus = 0; }
space larger(c = 8) { input image[3, 12, 12]; network = conv(3, c, bias: false) -> relu; rate = 0.1; bonus = 0; }

proxy size(net) {
  per run { x = batch("noise", 2, like: net.input); }
  measure unused = mean((x -> net).out);
  score = net.params;
}
proxy fit(net) {
  per run { x = batch("noise", 4, like: net.input); }
  per architecture { shared m = net; }
  train(loss: mean((x -> m).out - 1) ^ 2, steps: 3, by: sgd(net.space.rate));
  measure loss = mean((x -> m).out - 1) ^ 2;
  score = net.space.bonus - loss at 3;
}
"""


def run(ranks, *options, status=0):
    with open("p.nas", "w") as f:
        f.write(SPACES + ranks)
    done = subprocess.run([nasc, "run", "p.nas", "--quiet", "--out", "out", *options], capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done
    if status:
        return done.stderr, None, None
    with open("out/report.json") as f:
        actions = json.load(f)["actions"]
    with open("out/scores.tsv", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    return done.stdout, actions, rows


def names(rows):
    return [(r["space"], r["arch"]) for r in rows]


# Sizes are known by hand, and so is the order.
ORDER = [("grid", "k=3,c=16"), ("by_hand", ""), ("grid", "k=3,c=8"), ("between", ""), ("grid", "k=3,c=4"),
         ("grid", "k=1,c=16"), ("grid", "k=1,c=8"), ("grid", "k=1,c=4")]
text, (action,), rows = run("rank [draw(grid, 6), by_hand, between] by size;")
assert names(rows) == ORDER, rows
assert [float(r["score"]) for r in rows] == [432, 216, 216, 162, 108, 48, 24, 12], rows
assert action["n"] == 8 and action["networks"] == 7 and action["space"] == "grid, by_hand, between", action
assert [(s["space"], s["n"], "law" in s) for s in action["spaces"]] == [("grid", 6, True), ("by_hand", 1, False), ("between", 1, False)]
assert "Drawn from grid: uniform over satisfying points." in text and "  between\n" in text, text
text, (action,), rows = run("rank [draw(grid, 6), by_hand, between] by size;", "--size-only")
assert sorted(names(rows)) == sorted(ORDER) and action["networks"] == 7, rows

# A network is scored as it would be beside nothing else, and as its equal in another space.
GRID, HAND = "rank draw(grid, 6) by fit;", "rank by_hand by fit;"
_, _, alone = run(GRID + HAND + "rank larger by fit;")
alone = {(r["action"], r["arch"]): r["score"] for r in alone}
for workers in "1", "2":
    _, (action,), rows = run("rank [larger, by_hand, draw(grid, 6)] by fit;", "--workers", workers)
    score = {(r["space"], r["arch"]): r["score"] for r in rows}
    assert action["networks"] == 7, action
    assert score["by_hand", ""] == score["grid", "k=3,c=8"] == alone["2", ""], score
    assert score["larger", ""] == alone["3", ""], score
    assert all(score["grid", a] == s for (i, a), s in alone.items() if i == "1"), score

# Spaces that a proxy tells apart: by its score alone one training serves both, by its training they are two networks.
_, (action,), rows = run("rank [by_hand, better, faster] by fit;")
score = {r["space"]: float(r["score"]) for r in rows}
assert action["networks"] == 2, action
assert abs(score["better"] - score["by_hand"] - 1) < 1e-12, score
assert score["faster"] != score["by_hand"], score

# Networks without a metric are ranked and correlate with nothing: as if they were not there.
with open("table.tsv", "w") as f:
    f.write("arch\tacc\nk=1,c=4\t61\nk=3,c=4\t65\nk=3,c=16\t64\nk=1,c=16\t62\n")
_, (alone,), _ = run('rank rows("table.tsv", grid) by fit;')
text, (action,), rows = run('rank [by_hand, rows("table.tsv", grid), between(c: 5), between(c: 7)] by fit;')
assert action["n"] == 7 and action["without_metric"] == 3 and action["metric"] == "acc", action
assert "3 of 7 have no acc: ranked, and left out of the correlations." in text, text
assert sum(r["metric"] == "" for r in rows) == 3 and len(rows) == 7, rows
assert {r["space"] for r in rows} == {"by_hand", "grid", "between(c: 5)", "between(c: 7)"}, rows
for was, now in zip(alone["rows"], action["rows"], strict=True):
    if was["name"] != "random":
        assert was == now, (was, now)
assert alone["curve"] == action["curve"]
with open("out/curve.tsv") as f:
    assert f.readline().startswith("space\tarch\trepeat\t")

# What was run is run again; two results are compared by space and architecture.
done = subprocess.run([nasc, "rerun", "out/report.json", "--quiet"], capture_output=True, text=True, timeout=300)
assert done.returncode == 0 and "is what the same run gives again" in done.stdout, done
os.rename("out", "before")
run('rank [by_hand, rows("table.tsv", grid), between(c: 7)] by size;')
done = subprocess.run([nasc, "compare", "before", "out"], capture_output=True, text=True, timeout=300)
assert done.returncode == 0 and "6 architectures in both; 1 only in before, 0 only in out" in done.stdout, done
assert "2 have no metric and are left out below" in done.stdout and "n = 4." in done.stdout, done

# One metric: the names of the tables' columns are known when they are read.
with open("other.tsv", "w") as f:
    f.write("arch\ttop1\n\t70\n")
text, _, _ = run('rank [rows("table.tsv", grid), rows("other.tsv", by_hand)] by size;', status=1)
assert "that of 'other.tsv' is 'top1', that of the tables before 'acc'" in text, text
