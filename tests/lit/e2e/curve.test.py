import csv
import json
import math
import os
import subprocess
import sys
import xml.etree.ElementTree as tree

nasc, folder = sys.argv[1:]
os.chdir(folder)
SVG = "{http://www.w3.org/2000/svg}"
STEPS, REPEATS = 5, 2

with open("table.tsv", "w") as f:
    f.write("arch\tacc\n")
    for i, k in enumerate((1, 3, 5)):
        for j, c in enumerate((2, 4, 8, 16)):
            f.write(f"k={k},c={c}\t{10 * j - 7 * i + (3 * i * j) % 5}\n")
with open("p.nas", "w") as f:
    f.write("""
param steps = 5 "forward passes";
param repeats = 2 "initialisations";
proxy regress(net, steps = 5, limit = 0) {
  per run {
    x = batch("noise", 4, like: net.input);
    target = signs(n: 4, c: 8, h: 4, w: 4);
  }
  per architecture { shared m = net; shared head = conv(1, 8); }
  err = mean((((x -> m).out -> resize(4, 4) -> head) - target) ^ 2);
  train(loss: err, steps: steps, by: sgd(0.5, momentum: 0.9));
  measure other = mean(abs((x -> m).out));
  measure loss = err;
  score = -(loss at steps) - net.params / 100000 + (if (loss at steps) > limit then 0 else 1000);
}
proxy untrained(net) {
  per run { x = batch("noise", 4, like: net.input); }
  per architecture { shared m = net; }
  measure size = mean(abs((x -> m).out));
  score = size;
}
space s {
  input image[3, 8, 8];
  choice k in {1, 3, 5};
  choice c in {2, 4, 8, 16};
  network = conv(k, c) -> relu -> tap("end");
}
""")
with open("curve.nas", "w") as f:
    f.write("use \"p.nas\";\nrank rows(\"table.tsv\", s) by regress(steps: steps, repeats: repeats);\n")
with open("several.nas", "w") as f:
    f.write("use \"p.nas\";\nrank rows(\"table.tsv\", s) by untrained();\nrank rows(\"table.tsv\", s) by regress();\n"
            "rank draw(s, 3) by regress();\n")


def run(program, out, *args):
    done = subprocess.run([nasc, "run", program, "--out", out, *args], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    with open(os.path.join(out, "report.json")) as f:
        return done.stdout, json.load(f)["actions"]


def row(action):
    return action["rows"][0]


def near(a, b):
    assert math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12), (a, b)


text, (whole,) = run("curve.nas", "whole", "--keep-journal")
curve = whole["curve"]
assert curve["steps"] == [1, 2, 3, 4, 5], curve
assert len(set(curve["spearman"])) > 1, curve  # else the comparison below would show nothing
for s in curve["steps"]:
    _, (shorter,) = run("curve.nas", f"only{s}", f"steps={s}")
    near(curve["spearman"][s - 1], row(shorter)["spearman"])
    near(curve["kendall_tau_b"][s - 1], row(shorter)["kendall_tau_b"])
    for r in range(REPEATS):
        near(curve["per_repeat_spearman"][r][s - 1], shorter["per_repeat"][r]["spearman"])
line, = [l for l in text.splitlines() if l.startswith("Spearman by step: ")]
for s, rho in zip(curve["steps"], curve["spearman"]):
    assert f"{s} {rho:.3f}" in line, line

with open("whole/curve.tsv") as f:
    rows = list(csv.DictReader(f, delimiter="\t"))
with open("whole/scores.tsv") as f:
    scores = {r["arch"]: r for r in csv.DictReader(f, delimiter="\t")}
assert len(rows) == 12 * REPEATS
for r in rows:
    assert r["step_5"] == scores[r["arch"]]["repeat_" + r["repeat"]], r

plot = tree.parse("whole/curve.svg").getroot()
lines = plot.findall(SVG + "polyline")
assert len(lines) == REPEATS + 2 and all(len(l.get("points").split()) == STEPS for l in lines)
heights = [[float(p.split(",")[1]) for p in l.get("points").split()] for l in lines]
order = sorted(range(STEPS), key=lambda k: curve["spearman"][k])
assert sorted(range(STEPS), key=lambda k: -heights[-1][k]) == order, "the last line is Spearman, upwards"
words = [t.text for t in plot.iter(SVG + "text")]
for size in ("live_macs", "counted_macs"):
    rho = next(r["spearman"] for r in whole["rows"] if r["name"] == size)
    assert f"{size} {rho:.3f}" in words, words

# the same when read off a journal
again = run("curve.nas", "whole")[1][0]
assert again["curve"] == curve

# Nothing to draw without steps or without a table; several actions number their curves.
_, (untrained, trained, drawn) = run("several.nas", "several")
assert "curve" not in untrained and "curve" in trained and "curve" not in drawn
found = sorted(n for n in os.listdir("several") if n.startswith("curve"))
assert found == ["curve-2.svg", "curve-2.tsv"], found

# Long trainings are shown at 128 of their steps, the first and the last among them.
_, (long,) = run("curve.nas", "long", "steps=300", "repeats=1")
steps = long["curve"]["steps"]
assert len(steps) == 128 and steps[0] == 1 and steps[-1] == 300 and steps == sorted(set(steps))
near(long["curve"]["spearman"][-1], row(long)["spearman"])
