"""search_sets.test.py NASC DIR"""
import fcntl
import json
import os
import resource
import subprocess
import sys

nasc, top = sys.argv[1:3]
os.chdir(top)

PROGRAM = """
use eproxy;
use eproxy_space;

space two(narrow = 1) {
  input image[3, 16, 16];
  choice k in {1, 3, 5};
  choice c in {8, 16, 32};
  network = conv(k, c div narrow, stride: 2) -> batch_norm -> relu -> tap("end");
  max_macs = 2M;
}

proxy wide(net) {
  use eproxy_space;
  choice steps in {2, 3};
  choice count in {4, 8};
  choice images in {"dead_leaves", "noise"};
  choice size in {4, 8};
  choice averaged : bool;
  choice repeats in 1..2;
  score = (if averaged then -mean(loss at (1 .. steps)) else -(loss at steps))
        * (if alpha == 0 then 1 else 1 - alpha * net.counted_macs / net.space.max_macs);
}

search tuned in wide(taps: 1, tap_head_width: [16], tap_barrier_width: [16])
  by kendall per second on rows("a.tsv", two(narrow: 2))
  evaluate rows("b.tsv", two)
  using random(budget: 6);
"""


def write(name, text):
    with open(name, "w") as f:
        f.write(text)


def table(name, rows):
    write(name, "arch\tacc\n" + "".join(f"{a}\t{m}\n" for a, m in rows))


def run(*args, **more):
    p = subprocess.run([nasc, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=200, **more)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


write("wide.nas", PROGRAM)
table("a.tsv", [("k=1,c=8", 1), ("k=3,c=8", 2), ("k=3,c=16", 4), ("k=5,c=16", 5), ("k=5,c=8", 3)])
table("b.tsv", [("k=1,c=16", 1), ("k=1,c=32", 2), ("k=3,c=32", 4), ("k=5,c=32", 5)])

status, out, err = run("run", "wide.nas", "-q", "--out", "one")
assert status == 0, err
points = [line.split("\t")[-1] for line in open("one/tuned.points.tsv").read().split("\n")[1:-1]]
for name in ("steps", "count", "images", "size", "averaged", "repeats"):
    values = {part for p in points for part in p.split(",") if part.startswith(name + "=")}
    assert len(values) == 2, values
found = next(part for part in points[json.load(open("one/report.json"))["actions"][0]["search"]["best"]["point"] - 1]
             .split(",") if part.startswith("repeats="))
assert found == "repeats=%d" % json.load(open("one/report.json"))["actions"][0]["repeats"], found
assert "nothing in the proxy reads" not in err, err
print("dimensions of the user's own")

# k=5,c=16 at half the width is no network of the evaluation, but the same decisions are one
table("c.tsv", [("k=1,c=32", 1), ("k=3,c=32", 4), ("k=5,c=16", 5)])
write("over.nas", PROGRAM.replace('"b.tsv"', '"c.tsv"'))
status, out, err = run("run", "over.nas", "-q")
assert status == 1 and "selection and evaluation overlap: 1 of" in err and "'k=5,c=16' for one" in err, err
write("drop.nas", PROGRAM.replace('"b.tsv", two', '"c.tsv", two, overlap: drop'))
status, out, err = run("run", "drop.nas", "-q", "--json")
assert status == 0, err
report = json.loads(out)["actions"][0]
assert report["n"] == 2 and report["search"]["left_out"] == 1, report
# and one that is the same network at half the width: k=1,c=16 of the selection is k=1,c=8 of the evaluation
table("d.tsv", [("k=1,c=8", 1), ("k=3,c=32", 4), ("k=5,c=32", 5)])
table("e.tsv", [("k=1,c=16", 1), ("k=3,c=8", 2), ("k=3,c=16", 4), ("k=5,c=16", 5)])
write("half.nas", PROGRAM.replace('"b.tsv"', '"d.tsv"').replace('"a.tsv"', '"e.tsv"'))
status, out, err = run("run", "half.nas", "-q")
assert status == 1 and "'k=1,c=8' for one" in err and "'k=1,c=16'" in err, err
print("narrowed and full apart")

status, out, err = run("rerun", "one/report.json")
assert status == 0 and "is what the same run gives again" in out, (status, out, err)
table("b.tsv", [("k=1,c=16", 1), ("k=1,c=32", 2), ("k=3,c=32", 5), ("k=5,c=32", 4)])
status, out, err = run("rerun", "one/report.json", "-q")
assert status == 1 and "actions[0].inputs[0].sha256: was" in out and "rows[0].spearman: was 1.0, is 0.8" in out, out
table("b.tsv", [("k=1,c=16", 1), ("k=1,c=32", 2), ("k=3,c=32", 4), ("k=5,c=32", 5)])
write("fixed.nas", PROGRAM[:PROGRAM.index("search")] + 'rank rows("b.tsv", two) by eproxy(taps: 1, steps: 2, count: 4);\n')
assert run("run", "fixed.nas", "-q", "--out", "fixed")[0] == 0
status, out, err = run("compare", "one", "fixed")
assert status == 0 and out.startswith("4 architectures in both; 0 only in one, 0 only in fixed"), out
assert "95 % interval" in out and "n = 4." in out, out
print("rerun gives the same, compare pairs")

FILES = ("report.json", "scores.tsv", "tuned.nas", "tuned.points.tsv")
arguments = ("run", "wide.nas", "-q", "--out", "full")


def limit():
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


# SIGXFSZ stays ignored, as Python has it: a write beyond the limit fails as on a full disk
status, out, err = run(*arguments, preexec_fn=limit, restore_signals=False)
assert status == 3 and "cannot write the journal" in err, (status, err)
kept = os.path.getsize("full/journal")
assert 500 < kept <= 2000, kept
assert run(*arguments)[0] == 0
assert [open(f"full/{n}", "rb").read() for n in FILES] == [open(f"one/{n}", "rb").read() for n in FILES]
print("a full disk loses nothing")

assert run(*arguments, "--keep-journal")[0] == 0
with open("full/journal", "rb") as f:
    fcntl.flock(f, fcntl.LOCK_EX)
    status, out, err = run(*arguments)
assert status == 3 and "another process" in err, err
write("wide.nas", PROGRAM.replace("budget: 6", "budget: 7"))
before = open("full/journal", "rb").read()
status, out, err = run(*arguments)
assert status == 1 and "is of another program" in err, err
assert open("full/journal", "rb").read() == before
write("wide.nas", PROGRAM)
os.truncate("full/journal", len(before) - 7)  # within the last record
status, out, err = run(*arguments)
assert status == 0, err
assert [open(f"full/{n}", "rb").read() for n in FILES] == [open(f"one/{n}", "rb").read() for n in FILES]
print("journals refused")
