"""nds.test.py FOLDER DATA: every row of the runs in FOLDER against the published JSON."""
import csv
import json
import sys

folder, data = sys.argv[1:]


def rows(name):
    with open(f"{folder}/{name}/scores.tsv") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def published(name):
    with open(f"{data}/nds/{name}_in.json") as f:
        return {json.dumps(r["net"], sort_keys=True): r for r in json.load(f)}


def conv_outputs(net):
    """Elements that the convolutions of the ImageNet network write: stem, then bottlenecks."""
    total, size, width = 32 * 112 ** 2 + 64 * 56 ** 2 + 64 * 28 ** 2, 28, 64
    for d, w, s, r in list(zip(net["ds"], net["ws"], net["ss"], net["bot_muls"]))[1:]:
        for block in range(d):
            stride = s if block == 0 else 1
            inner, out = round(w * r), -(-size // stride)
            total += inner * size ** 2 + (inner + w) * out ** 2
            total += w * out ** 2 if stride > 1 or width != w else 0
            size, width = out, w
    return total


for name, file, n in (("darts", "DARTS", 121), ("enas", "ENAS", 117), ("resnext", "ResNeXt-A", 130)):
    runs, known = rows(name), published(file)
    assert len(runs) == len(known) == n, (name, len(runs), len(known))
    for row in runs:
        run = known.pop(json.dumps(json.loads(row["arch"]), sort_keys=True))  # the table's own text comes out again
        assert int(row["params"]) == run["params"] == float(row["metric"]), (name, row, run["params"])
for row in rows("flops"):
    macs = int(row["macs"]) + 5 * conv_outputs(json.loads(row["arch"])) + 1000
    assert macs == float(row["metric"]), (row, macs)
