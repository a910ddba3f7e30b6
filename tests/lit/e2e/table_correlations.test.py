import json
import sys

action = json.load(open(sys.argv[1]))["actions"][0]
assert action["kind"] == "evaluate" and action["n"] == 15625 and action["failed"] == 0, action
assert action["networks"] == 5260, action["networks"]
rows = {r["name"]: r["spearman"] for r in action["rows"]}
for name, expected in (("counted_macs", 0.687), ("macs", 0.711), ("live_macs", 0.772)):
    assert abs(rows[name] - expected) < 0.0006, (name, rows[name], expected)
assert abs(rows["random"]) < 0.03
