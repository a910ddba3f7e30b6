"""Ranks cells of NAS-Bench-101 by nasc and by PyTorch, each from two seeds of its own:

    torch_ranking.py NASC ROOT TABLE [CELLS]

nasc scores 30 rows of the table at stem 16, twenty steps. The same training runs are exported, with images and targets of
other seeds, and run with weights that torch draws. The rankings of the two have to agree as well as those of two seeds
of either; the correlations are those of thirty cells, so a twentieth is noise.
"""
import csv
import json
import os
import random
import sys
import tempfile

sys.dont_write_bytecode = True
import torch
import torch_agree

NOISE = 0.05
PROGRAM = """use nas_bench_101;
use eproxy;
rank draw(nas_bench_101(stem: 16), 2)
  by eproxy(steps: 20, taps: 1, bases: i => ["net"], head_width: i => 512, barrier_width: i => 64);
"""


def ranks(values):
    order = sorted(range(len(values)), key=values.__getitem__)
    out = [0.0] * len(values)
    for at, i in enumerate(order):
        out[i] = float(at)
    return out


def spearman(a, b):
    """No ties: losses of different networks."""
    n = len(a)
    return 1 - 6 * sum((x - y) ** 2 for x, y in zip(ranks(a), ranks(b))) / (n * (n * n - 1))


def by_nasc(nasc, program, cells, seed):
    said = torch_agree.output(nasc, "score", program, *cells, "--seed", str(seed), "--json", "--quiet")
    return [json.loads(line)["losses"][0][-1] for line in said.splitlines()]


def by_torch(nasc, program, cells, seed, folder):
    losses = []
    for cell in cells:
        path = os.path.join(folder, "net.py")
        torch_agree.output(nasc, "export", program, cell, "--seed", str(seed), "-o", path)
        script = torch_agree.load(path)
        script.DTYPE = torch.float32
        with open(os.path.join(folder, script.DATA), "rb") as f:
            tensors = torch.frombuffer(bytearray(f.read()), dtype=torch.float32)
        generator = torch.Generator().manual_seed(seed)
        weights = script.load(script.WEIGHTS[0], tensors, script.DTYPE, generator)
        losses.append(script.train(script.load(script.INPUTS, tensors, script.DTYPE), weights, script.STEPS)[-1])
    return losses


def main():
    nasc, root, table = sys.argv[1:4]
    if not os.path.exists(table):
        print(f"skipped: there is no {table}")
        return
    os.environ["NASC_LIB"] = os.path.join(root, "lib")
    torch.set_num_threads(1)
    with open(table) as f:
        rows = [row[0] for row in csv.reader(f, delimiter="\t", quoting=csv.QUOTE_NONE)][1:]
    cells = random.Random(0).sample(rows, int(sys.argv[4]) if len(sys.argv) > 4 else 30)
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "ranking.nas")
        with open(program, "w") as f:
            f.write(PROGRAM)
        nascs = [by_nasc(nasc, program, cells, seed) for seed in (0, 1)]
        torches = [by_torch(nasc, program, cells, seed, folder) for seed in (2, 3)]
    of_nasc, of_torch = spearman(*nascs), spearman(*torches)
    between = [spearman(a, b) for a in nascs for b in torches]
    mean = sum(between) / len(between)
    print(f"Spearman on {len(cells)} cells: two seeds of nasc {of_nasc:.3f}, two seeds of PyTorch {of_torch:.3f}, "
          f"nasc and PyTorch {mean:.3f} ({', '.join(f'{r:.3f}' for r in between)})")
    assert mean >= min(of_nasc, of_torch) - NOISE


if __name__ == "__main__":
    main()
