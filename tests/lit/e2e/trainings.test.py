"""trainings.test.py NASC ROOT DIR"""
import json
import os
import subprocess
import sys

nasc, root, top = sys.argv[1:4]
program = os.path.join(root, "tests", "programs", "trainings.nas")
archs = ["width=8,k=1", "width=8,k=3", "width=16,k=5"]


def run(*args):
    p = subprocess.run([nasc, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    assert p.returncode == 0, (args, p.stderr.decode())
    return p.stdout.decode(), p.stderr.decode()


def score(*settings, space=archs):
    return [json.loads(line) for line in run("score", program, *space, *settings, "--json")[0].splitlines()]


whole = score("which=whole")
for other in ("halves", "uneven"):
    for a, b in zip(whole, score(f"which={other}")):
        assert a["score"] == b["score"] and a["losses"] == b["losses"] and len(a["losses"][0]) == 10, (a, b)
print("two trainings are one of both lengths")

for a, b in zip(score("which=whole", "momentum=0.9"), score("which=halves", "momentum=0.9")):
    # update 6 is the first that a fresh momentum changes, and pass 7 the first that sees it
    assert all(x[:6] == y[:6] and x[6] != y[6] for x, y in zip(a["losses"], b["losses"])), (a, b)
print("momenta begin anew")

for by in ("mixed", "uneven"):
    for a, b in zip(score(f"which={by}"), score(f"which={by}", "precision=double")):
        assert all(abs(x - y) < 1e-5 for u, v in zip(a["losses"], b["losses"]) for x, y in zip(u, v)), (a, b)
        assert abs(a["score"] - b["score"]) < 1e-5
print("kernels agree with the reference")

run("run", program, "which=mixed", "--out", os.path.join(top, "out"), "--keep-journal", "-q")
rows = [line.split("\t") for line in open(os.path.join(top, "out", "scores.tsv"))][1:]
found = {arch: float(value) for action, arch, value, *_ in rows if action == "2"}
for k in (2, 3):
    w, seen = float(k), []
    for steps, lr, at in ((3, 0.1, 0), (4, 0.2, 1)):
        v = 0
        for _ in range(steps):
            seen.append(w)
            v = 0.5 * v + 2 * (w - at)
            w -= lr * v
    want = w + 10 * seen[4] + 100 * seen[6] ** 3 + 1000 * (w ** 2 + (w - 1) ** 2) + sum(seen[1] ** i for i in (1, 2, 3))
    assert abs(found[f"k={k}"] / want - 1) < 1e-6, (found, want)
print("one weight as worked by hand")

scores = open(os.path.join(top, "out", "scores.tsv")).read()
_, messages = run("run", program, "which=mixed", "--out", os.path.join(top, "out"), "--keep-journal")
assert "journal: 8 trainings" in messages and open(os.path.join(top, "out", "scores.tsv")).read() == scores, messages
print("the journal knows them")

for form, mark in (("fused", "sgd of"), ("gradient", "d:"), ("llvm", "define")):
    text, _ = run("show", program, archs[0], "which=mixed", "--as", form)
    assert mark in text
    if form != "llvm":
        assert text.count("training: forward passes") == 3 and "training: forward passes 5 to 7" in text, text
        assert text.index("passes 1 to 4") < text.index(mark)
print("shown stage by stage")
