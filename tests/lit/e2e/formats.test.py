"""Formats that nobody published, and what is said about rows that do not fit them: formats.test.py NASC FOLDER INPUTS"""
import csv
import json
import os
import subprocess
import sys

nasc, folder, inputs = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
program = os.path.join(inputs, "formats.nas")


def run(table, form, metric="metric"):
    done = subprocess.run([nasc, "run", program, f"table={table}", f"by_format={form}", f"metric={metric}",
                           "--size-only", "--quiet", "--out", folder], capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 4), (done.returncode, done.stdout, done.stderr)
    with open(os.path.join(folder, "scores.tsv")) as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {r["arch"]: float(r["metric"]) for r in rows}, done.stdout + done.stderr


def text(width, ops, wide, marks):
    names = ["head,0", "head,1", "tail,0", "tail,1"]
    return f"width={width}," + ",".join(f"op[{n}]={o}" for n, o in zip(names, ops)) + f",wide={wide},marks={marks}"


got, said = run(os.path.join(inputs, "cells.tsv"), "columns")
assert got == {text(12, ["conv", "none", "pool", "pool"], "true", "one+two"): 71.5,
               text(4, ["pool", "conv", "none", "none"], "false", "-"): 60,
               text(8, ["pool", "pool", "conv", "conv"], "false", "two"): 66.25}, got
nested = {text(8, ["conv", "none", "pool", "conv"], "true", "-"): (-40.5, 90),
          text(4, ["none", "none", "none", "pool"], "false", "-"): (-55, 95),
          text(12, ["none", "conv", "none", "pool"], "false", "-"): (-50, 50)}
for i, metric in enumerate(("metric", "first_error")):
    got, said = run(os.path.join(inputs, "cells.json"), "nested", metric)
    assert got == {a: v[i] for a, v in nested.items()}, got
keyed = {text(w, [a, b, "none", "none"], "false", "-"): acc
         for w, a, b, acc in ((4, "conv", "pool", 1), (8, "none", "conv", 3), (12, "pool", "pool", 2))}
got, said = run(os.path.join(inputs, "keyed.json"), "keyed")
assert got == keyed, got

# Rows one after the other.
path = os.path.join(folder, "table")
with open(os.path.join(inputs, "cells.json")) as f:
    good = json.load(f)
with open(path, "w") as f:
    f.write("\n".join(json.dumps(row) for row in good) + "\n")
assert len(run(path, "nested")[0]) == 3


def damaged(change):
    row = json.loads(json.dumps(good[0]))
    change(row)
    return json.dumps(row)


def deep(row):
    row["more"] = json.loads("[" * 100 + "]" * 100)


# What is wrong with row 2; rows 1 and 3 are read all the same.
wrong = [
    (damaged(lambda r: r["arch"].pop("wide")), "has no field `wide`"),
    (damaged(lambda r: r["arch"].update(wide="perhaps")), '"perhaps" is not a value of `wide`'),
    (damaged(lambda r: r["arch"].update(width="eight")), '"eight" is not a value of `width`'),
    (damaged(lambda r: r["arch"].update(width=9)), "9 is not a value of `width`"),
    (damaged(lambda r: r["arch"].update(width=[8])), "[8] is not a value of `width`"),
    (damaged(lambda r: r["arch"].update(width=None)), "is not a value of `width`"),
    (damaged(lambda r: r["arch"].update(convolutions=3)), "the row breaks a `require` (" + program + ":40)"),
    (damaged(lambda r: r["arch"]["cells"][1].pop()), "there is no element 1 of a list of 1"),
    (damaged(lambda r: r["arch"].update(cells=7)), "`"),
    (damaged(lambda r: r["arch"]["cells"][0][0].update(op="sep")), '"sep" is not a value of `op[head,0]`'),
    (damaged(lambda r: r.update(errors=[])), "`last` of nothing"),
    (damaged(lambda r: r.update(errors=["bad"])), "found a string"),
    (damaged(lambda r: r.update(errors={})), "found a record"),
    (damaged(deep), "nested more than 64 levels deep"),
    ("[" * 100000 + "]" * 100000, "no JSON"),
    ("17", "an integer has no field `arch`"),
    ("null", "absent"),
    ('{"arch": 1, "arch": 2}', "no JSON: duplicate object key"),
    ('{"arch": 99999999999999999999}', "no JSON: too big integer"),
    ('{"arch": 1e999}', "no JSON: real number overflow"),
    ('{"arch": [1 2]}', "no JSON"),
    (damaged(lambda r: r.update(errors=[0] * 200000 + [40.5])), "was given before, on row 1"),
]
for row, message in wrong:
    with open(path, "w") as f:
        f.write("[" + json.dumps(good[0]) + ", " + row + ", " + json.dumps(good[2]) + "]")
    got, said = run(path, "nested")
    assert len(got) == 2 and f"{path}: row 2: " in said and message in said, (row[:200], message, said, got)

# Files that end early or are no list of rows: whatever can be read is, and the rest is said.
for body, n, message in (("[", 0, "ends before its `]`"), ("{", 0, "ends before its `}`"), ("[}", 0, "row"), ("[,]", 0, "where a row should be"),
                         ("[" + json.dumps(good[0]), 1, "ends before its `]`"),
                         ("[" + json.dumps(good[0]) + "\n", 1, "ends before its `]`"),
                         ("[" + json.dumps(good[0]) + ",\n", 1, "ends before its `]`"),
                         ("\ufeff[" + json.dumps(good[0]) + "]\r\n", 1, "1 networks, 0 failed"),
                         ("[" + json.dumps(good[0]) + " 3]", 1, "without a comma"),
                         ("[" + json.dumps(good[0]) + "] 3", 1, "goes on after its `]`"),
                         ('{"a" 3}', 0, "no `:` after a key"), ('{"a": "', 0, "no JSON"), ('["\\', 0, "no JSON")):
    with open(path, "w") as f:
        f.write(body)
    got, said = run(path, "nested")
    assert len(got) == n and message in said, (body[:80], message, said, got)

# Lines of a table.
with open(os.path.join(inputs, "cells.tsv")) as f:
    lines = f.read().splitlines()
for line, message in (("4\tconv.none", "the line has 2 columns, the header 6"),
                      (lines[1].replace("12w", "12"), "the row breaks a `require`"),
                      (lines[1].replace("12w", "xw"), "`x` is not a number"),
                      (lines[1].replace("/pool.pool", ""), "there is no element 1 of a list of 1"),
                      (lines[1].replace('["one", "two"]', "[one"), "no JSON"),
                      (lines[1].replace("71.5", "high"), "expected"),
                      (lines[1].replace("conv.none", "conf.none"), '"conf" is not a value of `op[head,0]`')):
    with open(path, "w") as f:
        f.write("\n".join([lines[0], line, lines[2]]) + "\n")
    got, said = run(path, "columns")
    assert len(got) == 1 and f"{path}:2: " in said and message in said, (line, message, said, got)

# Nothing to read: no ranking of nothing.
for body, message in (("", "no header line"), (" \n", "no header line"), ("[]", "no rows"), ("{}", "no rows"), ("null", "no rows")):
    with open(path, "w") as f:
        f.write(body)
    done = subprocess.run([nasc, "run", program, f"table={path}", "by_format=nested", "--size-only"], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 1 and message in done.stderr, (body, done.stdout, done.stderr)

for form, metric, message in (("column", "metric", "did you mean `columns`?"), ("nested", "loss", "does not define `loss`")):
    done = subprocess.run([nasc, "run", program, f"by_format={form}", f"metric={metric}", "--size-only"], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 1 and message in done.stderr, (done.stdout, done.stderr)
