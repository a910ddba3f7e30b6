"""correlations.py REPORT N NAME=RHO ...: a report of one table has N architectures and these Spearman rows."""
import json
import sys

action = json.load(open(sys.argv[1]))["actions"][0]
assert action["kind"] == "evaluate" and action["n"] == int(sys.argv[2]) and action["failed"] == 0, action
rows = {r["name"]: r["spearman"] for r in action["rows"]}
for expected in sys.argv[3:]:
    name, rho = expected.split("=")
    assert abs(rows[name] - float(rho)) < 0.0011, (name, rows[name], rho)
