"""The profile of one network for four workers: what is printed and what is in timing.json, and bounds that hold on any
machine. Three workers have nothing to do as long as the fourth trains; kernels run within processor time."""
import json
import sys

printed, folder = sys.argv[1:]
with open(printed) as f:
    (action,) = json.load(f)["timing"]
with open(f"{folder}/timing.json") as f:
    assert json.load(f)["actions"] == [action]
with open(f"{folder}/report.json") as f:
    assert "timing" not in json.load(f)
with open(f"{folder}/timing.tsv") as f:
    trained = float(f.read().split("\n")[1].split("\t")[1])
profile = action["profile"]
assert action["workers"] == 4 and trained > 0
assert 3 * trained <= profile["waiting_seconds"] <= 4 * action["seconds"], (trained, action)
kernels = {k["kind"]: k for k in profile["kernels"]}
assert {"conv", "conv_dw", "map", "sgd"} <= set(kernels), set(kernels)
assert all(k["calls"] > 0 and k["seconds"] > 0 and k["bytes"] > 0 for k in kernels.values()), kernels
assert 0 < sum(k["seconds"] for k in kernels.values()) <= action["cpu_seconds"] + 1e-3
assert kernels["conv"]["flops"] > 0
