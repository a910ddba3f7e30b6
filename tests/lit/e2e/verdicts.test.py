import csv
import json
import random
import sys

if sys.argv[1] == "tables":
    rows = [r for r in csv.DictReader(open(sys.argv[2]), delimiter="\t") if r["status"] == "ok"]
    random.seed(5)
    for name, metric in (("size", lambda r: r["live_macs"]), ("noise", lambda r: random.random()),
                         ("score", lambda r: r["score"])):
        with open(f"{sys.argv[3]}/{name}.tsv", "w") as f:
            f.write("arch\tmetric\n")
            for r in rows:
                f.write(f"{r['arch']}\t{metric(r)}\n")
else:
    for name, verdict in (("size", "worse"), ("noise", "equal"), ("score", "better")):
        action = json.load(open(f"{sys.argv[2]}/{name}.json"))["actions"][0]
        comparison = action["size_comparison"]
        assert comparison["verdict"] == verdict, (name, comparison, action["rows"])
        rows = {r["name"]: r["spearman"] for r in action["rows"]}
        if name == "size":
            assert rows["live_macs"] > 0.999999
        if name == "score":
            assert rows["eproxy"] > 0.999999
