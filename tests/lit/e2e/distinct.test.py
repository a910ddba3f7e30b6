"""Cells of NAS-Bench-101 as drawn: distinct.test.py FILE."""
import itertools
import json
import math
import sys

CELLS, OF_SEVEN = 423624, 359082  # Ying et al., ICML 2019: of all cells, those of seven vertices


def reach(links, start):
    found, todo = {start}, [start]
    while todo:
        u = todo.pop()
        for v, linked in enumerate(links[u]):
            if linked and v not in found:
                found.add(v)
                todo.append(v)
    return found


def smallest(links, ops):
    """Of all orders of the vertices between input and output, the smallest description."""
    n = len(ops)
    orders = ((0, *order, n - 1) for order in itertools.permutations(range(1, n - 1)))
    return min(([ops[i] for i in order], [links[i][k] for i in order for k in order]) for order in orders)


cells = [json.loads(cell) for cell in json.load(open(sys.argv[1]))["architectures"]]
for links, ops in cells:
    n = len(ops)
    assert sum(map(sum, links)) <= 9 and n <= 7
    assert reach(links, 0) >= set(range(n)) and reach(list(zip(*links)), n - 1) >= set(range(n)), links
assert len({json.dumps(smallest(*cell)) for cell in cells}) == len(cells) == 400
share = OF_SEVEN / CELLS
deviation = math.sqrt(share * (1 - share) / len(cells))
seen = sum(len(ops) == 7 for _, ops in cells) / len(cells)
assert abs(seen - share) < 5 * deviation, (seen, share)
