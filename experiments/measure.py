#!/usr/bin/env python3
"""Measures what docs/results.md reports, and writes its tables.

    measure.py run NASC OUT [--full] [NAME...]   run what is not there yet (all, or those named); goes on where it stopped
    measure.py tables OUT DOC                    write the tables between the markers of DOC

Tables of benchmarks and CIFAR images lie in $NASC_DATA (default ../shared/data), in its folders nb101, nb201, transnas,
nds and cifar10. `--full` is what a paper would run: three seeds, 200 proxies, whole tables.
"""
import csv
import json
import os
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
DATA = pathlib.Path(os.environ.get("NASC_DATA", HERE.parent.parent / "shared" / "data"))
STEPS = [1, 2, 3, 5, 8, 10, 13, 16, 20, 30, 40]


def experiments(full):
    """name -> (program, arguments, options), in the order of running."""
    seeds = range(3)
    budget = ["budget=200"] if full else []
    nb101 = ["table=nb101/cifar10_eval2500.tsv"]
    nb201 = ["table=nb201/cifar10_valid.tsv"]
    runs = {}

    def add(name, program, *args, seed=0, options=()):
        runs[name] = (program, list(args), (["--seed", str(seed)] if seed else []) + list(options))

    for s in seeds:
        add(f"nb101_s{s}", "nb101.nas", *nb101, *(["n=2500"] if full else []), seed=s)
    add("dps_nb101", "dps_nb101.nas", "chosen_by=nb101/cifar10_dps20.tsv", "judged_by=nb101/cifar10_eval2500.tsv", *budget)
    add("nb201_1", "nb201.nas", *nb201)
    add("nb201_r", "nb201.nas", *nb201, "repeats=3")
    add("dps_nb201", "dps_nb201.nas", *nb201, *budget)
    for s in seeds if full else range(1):
        suffix = f"_s{s}" if s else ""
        add("nb101_bare" + suffix, "nb101.nas", *nb101, "barred=false", seed=s)
        add("nb201_40" + suffix, "nb201.nas", *nb201, "n=150", "steps=40", seed=s)
        add("nb201_bare" + suffix, "nb201.nas", *nb201, "n=150", "steps=40", "barred=false", seed=s)
    for task in TASKS:
        for size in (32, 64):
            add(f"{task}_{size}", "transnas.nas", f"table=transnas/micro_{task}.tsv", f"resolution={size}")
        add("dps_" + task, "dps_transnas.nas", f"table=transnas/micro_{task}.tsv", *budget)
    for space, (table, narrow) in NDS.items():
        add("dps_" + space, "dps_nds.nas", f"which={space}", f"table=nds/{table}.json", f"narrow={narrow}", *budget)
    for name, settings in SETTINGS.items():
        add("nb101_" + name, "nb101.nas", *nb101, "steps=20", *([] if full else ["n=150"]), *settings)
    for s in seeds:
        add(f"nb101_best_s{s}", "nb101.nas", *nb101, "steps=20", *(["n=2500"] if full else []), *BEST, seed=s)
    for s in ROUNDING_SEEDS:
        add(f"rounding_auto_s{s}", "rounding.nas", *nb201, seed=s)
        add(f"rounding_direct_s{s}", "rounding.nas", *nb201, seed=s, options=["--algorithm", "direct"])
    add("rounding_nudged", "rounding.nas", *nb201, "nudge=1e-7")
    if full:
        for s in (1, 2):
            for name, program, table in (("nb101", "dps_nb101.nas", None), ("nb201", "dps_nb201.nas", nb201)):
                tables = table or runs["dps_nb101"][1][:2]
                add(f"dps_{name}_s{s}", program, *tables, *budget, f"seed={s}", seed=s)
        add("nb101_stem64", "nb101.nas", *nb101, "stem=64", "steps=20")
        add("nb101_stem128", "nb101.nas", *nb101, "stem=128", "steps=20")
    return runs


TASKS = ["class_scene", "autoencoder", "class_object", "jigsaw"]
NDS = {"darts": ("DARTS_in", 4), "enas": ("ENAS_in", 4), "resnext": ("ResNeXt-A_in", 2)}
SETTINGS = {
    "net": ["bases=net"],
    "net_wave": ["bases=net+wave_h", "kernel=3"],
    "level2": ["level=2"],
    "level4": ["level=4"],
    "net_level2": ["bases=net", "level=2"],
    "level2_lr06": ["level=2", "lr=0.6"],
    "level2_stem32": ["level=2", "stem=32"],
    "lr06": ["lr=0.6"],
    "lr2": ["lr=2"],
    "xavier": ["init=xavier_uniform"],
    "kaiming": ["init=kaiming_normal"],
    "narrow": ["width=128"],
    "stem8": ["stem=8"],
    "stem32": ["stem=32"],
}
BEST = SETTINGS["level2_lr06"]
ROUNDING_SEEDS = range(5)


def located(arg):
    """An argument whose value is a file of the data folder, with that folder."""
    key, value = arg.split("=", 1)
    return f"{key}={DATA / value}" if "/" in value else arg


def run(nasc, out, full, names):
    images = f"images=cifar10:{DATA / 'cifar10' / 'data_batch_1_first1000.bin'}"
    for name, (program, args, options) in experiments(full).items():
        if names and name not in names:
            continue
        folder = out / name
        done = folder / "done.json"
        command = [program, *args, *options]
        if done.exists() and json.loads(done.read_text()) == command:
            continue
        print("measuring", name, *command, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "output.txt", "w") as text:
            code = subprocess.run([nasc, "run", HERE / program, *map(located, args), images, *options,
                                   "--out", folder, "--keep-journal", "--quiet"], stdout=text).returncode
        if code:
            sys.exit(f"{name}: nasc run ended with {code}; see {folder / 'output.txt'}")
        done.write_text(json.dumps(command))


def ranks(values):
    order = sorted(range(len(values)), key=values.__getitem__)
    out = [0.0] * len(values)
    i = 0
    while i < len(order):
        j = i
        while j + 1 < len(order) and values[order[j + 1]] == values[order[i]]:
            j += 1
        for k in order[i:j + 1]:
            out[k] = (i + j) / 2
        i = j + 1
    return out


def pearson(a, b):
    n = len(a)
    ma, mb = sum(a) / n, sum(b) / n
    ab = sum((x - ma) * (y - mb) for x, y in zip(a, b))
    aa, bb = sum((x - ma) ** 2 for x in a), sum((y - mb) ** 2 for y in b)
    return ab / (aa * bb) ** 0.5 if aa and bb else float("nan")


def spearman(a, b):
    return pearson(ranks(a), ranks(b))


class Result:
    """What a finished run left: report, metric and sizes by architecture, score by architecture, repeat and step."""

    def __init__(self, folder):
        self.action = json.loads((folder / "report.json").read_text())["actions"][0]
        timing = json.loads((folder / "timing.json").read_text())["actions"][0]
        self.cpu = timing["cpu_seconds"]
        with open(folder / "scores.tsv") as f:
            self.row = {r["arch"]: r for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)}
        self.curves = {}
        if (folder / "curve.tsv").exists():
            with open(folder / "curve.tsv") as f:
                for r in list(csv.reader(f, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]:
                    if "" in r:
                        continue    # a training that failed: such a network stands in no table of curves
                    self.curves.setdefault(r[0], []).append([float(v) for v in r[2:]])

    def metric(self, archs, name="metric"):
        return [float(self.row[a][name]) for a in archs]


def at_step(results, arch, step, repeats=None):
    values = [c[step - 1] for r in results for c in r.curves[arch][:repeats]]
    return sum(values) / len(values)


def common(results):
    """The architectures that all of the results have."""
    return sorted(set.intersection(*(set(r.curves) for r in results)))


def rho_at(results, step, repeats=None, with_size=None, archs=None):
    archs = archs or common(results)
    scores = [at_step(results, a, step, repeats) for a in archs]
    if with_size:
        sizes = ranks(results[0].metric(archs, with_size))
        scores = [a + b for a, b in zip(ranks(scores), sizes)]
    return spearman(scores, results[0].metric(archs))


def by_ratio(results, archs, step):
    """The mean over trainings of the loss at a step divided by the loss at the first, negated: larger is better."""
    trainings = [[c for r in results for c in r.curves[a]] for a in archs]
    return [-sum(c[step - 1] / c[0] for c in curves) / len(curves) for curves in trainings]


def line(cells):
    return "| " + " | ".join(cells) + " |\n"


def interval(low_high):
    return "" if low_high[0] is None else f"{low_high[0]:.2f} .. {low_high[1]:.2f}"


def number(x):
    return "-" if x is None or x != x else f"{x:.3f}"


def table(titles, text_columns, lines):
    """A table whose columns are numbers but for the first and those named; nothing where there are no lines."""
    if not lines:
        return ""
    rule = ["---" if i == 0 or t in text_columns else "---:" for i, t in enumerate(titles)]
    return "".join(map(line, [titles, rule, *lines]))


def curve_table(get, rows, same=False, without=None):
    """rows: (title, names whose mean counts, repeats). One row of Spearman's rho each, by step; with `same` all on the
    architectures that every row has, less those of the result named by `without`."""
    found = [(title, [get(n) for n in names], repeats) for title, names, repeats in rows if all(get(n) for n in names)]
    if not found or without and not get(without):
        return ""
    last = max(len(next(iter(rs[0].curves.values()))[0]) for _, rs, _ in found)
    steps = [s for s in STEPS if s <= last]
    archs = common([r for _, rs, _ in found for r in rs]) if same else None
    if without:
        archs = [a for a in archs if a not in get(without).curves]
    lines = []
    for title, rs, repeats in found:
        have = len(next(iter(rs[0].curves.values()))[0])
        lines.append([title] + [f"{rho_at(rs, s, repeats, archs=archs):.2f}" if s <= have else "" for s in steps])
    return table(["scores at step"] + [str(s) for s in steps], [], lines)



def finished(get, rows):
    """Of rows (title, name) those whose run is there, with its result."""
    return [(title, get(name)) for title, name in rows if get(name)]


def size_cells(action):
    """The strongest size of a report's evaluation, and what the report says of it."""
    by_name = {row["name"]: row for row in action["rows"]}
    c = action["size_comparison"]
    size = c["strongest_size"]
    return size, f"{size} {by_name[size]['spearman']:.3f}", c["verdict"]


def search_table(get, rows):
    lines, found = [], ""
    for title, r in finished(get, rows):
        s, a = r.action["search"], r.action
        size, strongest, verdict = size_cells(a)
        both = s["tuned"]["with_size"]
        lines.append([title, number(s["best"]["selection_rho"]), number(s["out_of_bag"]), number(s["tuned"]["spearman"]),
                      interval(s["tuned"]["spearman_ci"]), number(s["at_alpha_0"]["spearman"]), number(s["fixed"]["spearman"]),
                      strongest, number(s["tuned"]["partial_spearman"].get(size)),
                      number(both["spearman"] if both else None), verdict, str(a["n"]), f"{r.cpu / 60:.0f}"])
        found += f"- {title}: `{s['best']['choices']}`\n"
    text = table(["space, metric", "on the selection (optimistic)", "out of bag", "evaluation", "95 % interval", "best at alpha 0",
                  "fixed proxy", "strongest size", "partial", "tuned with size", "verdict", "n", "CPU min"], ["verdict"], lines)
    return text and text + "\nWhat was found:\n\n" + found


def evaluation_table(get, rows):
    lines = []
    for title, r in finished(get, rows):
        a = r.action
        _, strongest, verdict = size_cells(a)
        own = a["rows"][0]
        lines.append([title, number(own["spearman"]), interval(own["spearman_ci"]), number(own["kendall_tau_b"]), strongest,
                      number(a["size_comparison"]["partial_spearman"]), verdict, str(a["n"]), f"{r.cpu / 60:.0f}"])
    return table(["run", "Spearman", "95 % interval", "tau-b", "strongest size", "partial", "verdict", "n", "CPU min"],
                 ["verdict"], lines)


def sum_table(get, rows):
    """rows: (title, names, step, repeats, size): the mean of the names, alone and as a rank sum with the size."""
    lines = []
    for title, names, step, repeats, size in rows:
        rs = [get(n) for n in names]
        if all(rs):
            lines.append([title, f"{rho_at(rs, step, repeats):.3f}", size, f"{rho_at(rs, step, repeats, size):.3f}"])
    return table(["scores", "Spearman", "rank sum with", "Spearman"], ["rank sum with"], lines)


def readout_table(get, rows):
    """rows: (title, names whose mean counts, size). By step: the loss reached against the same as a share of the first one."""
    lines = []
    for title, names, size in rows:
        rs = [get(n) for n in names]
        if not all(rs):
            continue
        archs = common(rs)
        metric, sizes = rs[0].metric(archs), ranks(rs[0].metric(archs, size))
        last = min(len(c[0]) for r in rs for c in r.curves.values())
        reads = [("loss reached", lambda s: [at_step(rs, a, s) for a in archs]),
                 ("divided by the first", lambda s: by_ratio(rs, archs, s))]
        for read, scores in reads:
            at = [scores(s) if s <= last else None for s in READ_STEPS]
            alone = [f"{spearman(x, metric):.3f}" if x else "" for x in at]
            both = [f"{spearman([a + b for a, b in zip(ranks(x), sizes)], metric):.3f}" if x else "" for x in at]
            lines.append([title, read, *alone, f"{size} {spearman(sizes, metric):.3f}", *both])
    return table(["rows", "score"] + [f"step {s}" for s in READ_STEPS] + ["size"] + [f"step {s} and size" for s in READ_STEPS],
                 ["score", "size"], lines)


READ_STEPS = (5, 10, 20, 40)


def final_scores(r, archs):
    return [r.curves[a][0][-1] for a in archs]


def bootstrap(a, b, draws=1000):
    """95 % interval of Spearman's rho by the percentiles of resampled pairs."""
    draw = random.Random(0)
    n = len(a)
    rhos = []
    for _ in range(draws):
        take = [draw.randrange(n) for _ in range(n)]
        rhos.append(spearman([a[i] for i in take], [b[i] for i in take]))
    rhos.sort()
    return rhos[int(.025 * draws)], rhos[int(.975 * draws)]


def rounding_table(get):
    """Pairs of runs that differ in rounding alone, or in the seed, and how alike they rank."""
    lines = []
    auto = "rounding_auto_s0"
    for title, name in [("the same kernels, images scaled by 1 + 1e-7", "rounding_nudged"),
                        ("direct kernels", "rounding_direct_s0"), ("another seed", "rounding_auto_s1")]:
        a, b = get(auto), get(name)
        if a and b:
            archs = common([a, b])
            x, y = final_scores(a, archs), final_scores(b, archs)
            lines.append([title, f"{spearman(x, y):.3f}", interval(bootstrap(x, y))])
    return table(["Winograd, seed 0, against", "Spearman of the scores", "95 % interval"], [], lines)


def rounding_accuracy(get):
    lines = []
    for title, kind in [("Winograd", "auto"), ("direct", "direct")]:
        rs = [get(f"rounding_{kind}_s{s}") for s in ROUNDING_SEEDS]
        if all(rs):
            rhos = [rho_at([r], max(len(c[0]) for c in r.curves.values())) for r in rs]
            mean = sum(rhos) / len(rhos)
            sd = (sum((r - mean) ** 2 for r in rhos) / (len(rhos) - 1)) ** 0.5
            lines.append([title] + [f"{r:.3f}" for r in rhos] + [f"{mean:.3f}", f"{sd:.3f}"])
    return table(["kernels"] + [f"seed {s}" for s in ROUNDING_SEEDS] + ["mean", "standard deviation"], [], lines)


def time_table(get):
    """Processor time of what has been measured, by what it is for."""
    spent = {}
    for name in experiments(True):
        r = get(name)
        if r:
            part = next(p for p, begin in PARTS.items() if name.startswith(begin))
            spent.setdefault(part, []).append(r.cpu / 60)
    lines = [[part, str(len(of)), f"{sum(of):.0f}"] for part, of in spent.items()]
    every = [m for of in spent.values() for m in of]
    return table(["runs of", "how many", "CPU min"], [], lines + [["all", str(len(every)), f"{sum(every):.0f}"]] if lines else [])


PARTS = {
    "NDS-ImageNet, search": ("dps_darts", "dps_enas", "dps_resnext"),
    "NAS-Bench-101": ("nb101", "dps_nb101"),
    "NAS-Bench-201": ("nb201", "dps_nb201"),
    "rounding": ("rounding",),
    "TransNAS-Bench-101": ("dps_", *TASKS),
}


def tables(get):
    s101, best = [[f"nb101_{kind}s{i}" for i in range(3)] for kind in ("", "best_")]
    return {
        "nb101_curve": curve_table(get, [(f"seed {i}", [n], None) for i, n in enumerate(s101)]
                                   + [("mean of the three", s101, None)]),
        "nb101_sum": sum_table(get, [(f"seed {i}, step {t}", [n], t, None, "params") for t in (10, 20)
                                     for i, n in enumerate(s101)]
                               + [(f"mean of the three, step {t}", s101, t, None, "params") for t in (10, 20, 40)]),
        "nb101_settings": curve_table(get, [("wave_h, lr 1.2, head 1x1 to 512 (seed 0)", ["nb101_s0"], None)]
                                      + [(", ".join(v), ["nb101_" + k], None) for k, v in SETTINGS.items()]
                                      + [("stem=64", ["nb101_stem64"], None), ("stem=128", ["nb101_stem128"], None)], same=True),
        "nb101_best": curve_table(get, [("wave_h, lr 1.2", s101, None), (", ".join(BEST), best, None)]
                                  + [(f"{', '.join(BEST)}, seed {i} alone", [n], None) for i, n in enumerate(best)],
                                  same=True, without="nb101_level2_lr06"),
        "readout": readout_table(get, [("NAS-Bench-101, mean of three seeds", s101, "params"),
                                       ("NAS-Bench-201, mean of three repeats", ["nb201_r"], "live_macs")]
                                 + [(f"TransNAS {t}, {size} pixels", [f"{t}_{size}"], "counted_macs")
                                    for t in TASKS for size in (32, 64)]),
        "nb101_dps": search_table(get, [("NAS-Bench-101", "dps_nb101")]),
        "transnas_dps": search_table(get, [(t, "dps_" + t) for t in TASKS]),
        "nds_dps": search_table(get, [(t, "dps_" + n) for n, (t, _) in NDS.items()]),
        "nb201": evaluation_table(get, [("one training", "nb201_1"), ("mean of three repeats", "nb201_r")]),
        "nb201_repeats": sum_table(get, [("first repeat", ["nb201_r"], 10, 1, "live_macs"),
                                         ("mean of three repeats", ["nb201_r"], 10, None, "live_macs")]),
        "nb201_dps": search_table(get, [("NAS-Bench-201", "dps_nb201")]),
        "ablation": curve_table(get, [("NAS-Bench-101, barrier", ["nb101_s0"], None),
                                      ("NAS-Bench-101, none", ["nb101_bare"], None),
                                      ("NAS-Bench-201, barrier", ["nb201_40"], None),
                                      ("NAS-Bench-201, none", ["nb201_bare"], None)]),
        "rounding": rounding_table(get),
        "rounding_accuracy": rounding_accuracy(get),
        "time": time_table(get),
    }


def write_tables(out, doc):
    cache = {}

    def get(name):
        if name not in cache:
            folder = out / name
            cache[name] = Result(folder) if (folder / "done.json").exists() else None
        return cache[name]

    text = doc.read_text()
    for name, table in tables(get).items():
        begin, end = f"<!-- table {name} -->\n", "<!-- end -->"
        head, mark, rest = text.partition(begin)
        if not mark:
            sys.exit(f"{doc} has no place for the table {name}")
        text = head + mark + (table or "Not measured here.\n") + end + rest.partition(end)[2]
    doc.write_text(text)


def main(args):
    if len(args) == 3 and args[0] == "tables":
        write_tables(pathlib.Path(args[1]), pathlib.Path(args[2]))
    elif len(args) >= 3 and args[0] == "run":
        full = "--full" in args[3:]
        run(args[1], pathlib.Path(args[2]), full, [a for a in args[3:] if a != "--full"])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
