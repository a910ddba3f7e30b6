"""What the report says of the classic proxies: executors, and scores in the order that theory gives."""
import csv
import json
import sys

if sys.argv[1].endswith("kernels"):
    a, b = (json.load(open(f))["losses"] for f in sys.argv[1:3])
    assert len(a) == 1 and len(a[0]) == 5 and all(abs(x - y) < 1e-4 * x for x, y in zip(a[0], b[0])), (a, b)
    sys.exit()

actions = json.load(open(sys.argv[1]))["actions"]
executors = [(a["proxy"], a["executor"]) for a in actions]
assert executors[:6] == [(p, "reference") for p in ("synflow", "naswot", "grad_norm", "snip", "zico", "zen")], executors
assert executors[6:8] == [("naswot", "reference"), ("brightness", "kernels")], executors
scores = {}
for row in csv.DictReader(open(sys.argv[2]), delimiter="\t"):
    assert row["status"] == "ok", row
    scores[row["action"], row["arch"]] = float(row["score"])
flow = [scores["1", a] for a in ("conv3+skip,conv1", "skip+conv3,none")]
assert flow[0] > flow[1], flow
assert scores["7", "twin=two"] > scores["7", "twin=one"]
assert scores["8", "twin=two"] == scores["8", "twin=one"]
