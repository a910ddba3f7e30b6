import json
import sys

action = json.load(open(sys.argv[1]))["actions"][0]
assert action["kind"] == "evaluate" and action["n"] == 15625 and action["failed"] == 0, action
assert action["networks"] == 5260, action["networks"]
rows = {r["name"]: r["spearman"] for r in action["rows"]}
# The published .772 gives cells without any path the size of their fixed parts; by the definition nothing of them
# lies on a path from input to output.
for name, expected, within in (("counted_macs", 0.687, 0.0006), ("macs", 0.711, 0.0006), ("live_macs", 0.772, 0.001)):
    assert abs(rows[name] - expected) < within, (name, rows[name], expected)
assert abs(rows["random"]) < 0.03
