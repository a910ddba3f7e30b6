import json
import subprocess
import sys

nasc, = sys.argv[1:]

PROGRAM = """
use nds_darts;
use "blocks.nas" as blocks;

// (k - 1) k / 2 points
space few(k = 4, act = relu) {
  input image[3, 8, 8];
  choice a in 1..8;
  choice b in 1..8;
  require a + b <= k;
  network = conv(1, 8) -> a * act -> b * act;
}
noisy = x => { choice deep in 1..2; return x -> deep * relu; };
calm = x => { y = x -> relu; return y; };
far[0] = calm;
far[i in 1..1] = noisy;
far_off = far[1];
param act = relu "an activation";
param which = "plain";
space by_name { input image[3, 8, 8]; choice a in 1..2; network = conv(1, 8) -> noisy; }
space by_pieces { input image[3, 8, 8]; choice a in 1..2; network = conv(1, 8) -> far_off; }
space by_alias { input image[3, 8, 8]; choice a in 1..2; network = conv(1, 8) -> blocks.noisy; }
space by_default(f = noisy) { input image[3, 8, 8]; choice a in 1..2; network = conv(1, 8) -> f; }
space by_param { input image[3, 8, 8]; choice a in 1..2; network = conv(1, 8) -> act; }
space by_calm { input image[3, 8, 8]; choice a in 1..2; network = conv(1, 8) -> calm -> blocks.calm; }
of_record = record(plain: few, deep: by_name)[which];
proxy size(net) {
  per run { x = batch("noise", 2, like: net.input); }
  measure unused = mean((x -> net).out);
  score = net.params;
}
"""

with open("blocks.nas", "w") as f:
    f.write("noisy = x => { choice deep in 1..2; return x -> deep * relu; };\ncalm = x => x -> relu;\n")


def ask(command, candidates, *options):
    with open("p.nas", "w") as f:
        f.write(PROGRAM + f"rank {candidates} by size;\n")
    done = subprocess.run([nasc, command, "p.nas", "--json", *options], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def sample(space, *options):
    found = ask("sample", f"draw({space}, 50)", "-n", "50", *options)
    return found["law"].startswith("uniform"), sorted(found["architectures"])


def pairs(k):
    return sorted(f"a={a},b={b}" for a in range(1, 9) for b in range(1, 9) if a + b <= k)


assert sample("few") == (True, pairs(4))
assert sample("few(k: 3)") == (True, pairs(3))
assert sample("few(5, act: relu)") == (True, pairs(5))
assert sample("of_record") == (True, pairs(4))
assert sample("by_calm") == (True, ["a=1", "a=2"])
assert sample("by_param") == (True, ["a=1", "a=2"])
for space, options in [("by_name", []), ("by_pieces", []), ("by_alias", []), ("by_default", []), ("by_param", ["act=noisy"]),
                       ("few(3, act: noisy)", []), ("of_record", ["which=deep"])]:
    uniform, found = sample(space, *options)
    assert not uniform and len(found) >= 4 and all("deep=" in a for a in found), (space, found)

# The closed form of the cells: 8 operations on each of 16 edges, states to choose from 2 .. 5 for two inputs each, twice; 25 sizes.
points = 25 * (8 ** 8 * (2 * 3 * 4 * 5) ** 2) ** 2
count = ask("count", "draw(nds_darts(narrow: 4), 2)", "--only", "satisfying")["satisfying"]
assert count == {"n": str(points), "exact": True}, count

# In a ranking over several spaces each has its own law.
text = ask("run", "[draw(few(k: 3), 9), draw(by_name, 4)]", "--size-only")
few, deep = text["actions"][0]["spaces"]
assert few["law"].startswith("uniform") and few["n"] == 3 and deep["law"].startswith("not uniform") and deep["n"] == 4, (few, deep)
