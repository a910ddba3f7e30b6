import csv
import importlib.util
import os
import sys

import torch

folder, = sys.argv[1:]
torch.manual_seed(0)
torch.set_num_threads(1)


def network(path):
    spec = importlib.util.spec_from_file_location("net", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Network(classes=3)


with open(os.path.join(folder, "table.tsv")) as f:
    rows = list(csv.DictReader(f, delimiter="\t"))
assert rows and all(r["metric"] == "" for r in rows)
for row in rows:
    path = os.path.join(folder, row["script"])
    assert row["arch"] in open(path).read()
    net = network(path)
    size = sum(p.numel() for name, p in net.named_parameters() if not name.startswith("classifier."))
    assert size == int(row["params"]), (row, size)
    side = 16 if "labels" in os.path.basename(folder) else 32
    images, classes = torch.randn(6, 3, side, side), torch.tensor([0, 1, 2, 0, 1, 2])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    losses = []
    for _ in range(12):
        loss = torch.nn.functional.cross_entropy(net(images), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < losses[0], (row, losses)
    net.eval()
    with torch.no_grad():
        whole, parts = net(images), torch.cat([net(images[:2]), net(images[2:])])
    assert torch.allclose(whole, parts, rtol=1e-4, atol=1e-4), "in evaluation an image's result is its own"
