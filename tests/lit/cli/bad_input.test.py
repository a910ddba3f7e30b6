import json
import os
import subprocess
import sys

nasc, root, folder = sys.argv[1:]
example = os.path.join(root, "examples", "nas_bench_201.nas")
small = os.path.join(root, "tests", "lit", "Inputs", "small.nas")
HEAD = "space s {\n  input image[3, 8, 8];\n  choice k in {1, 3};\n"


def run(*args):
    return subprocess.run([nasc, *args], capture_output=True, timeout=120)


def program(name, text):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


def fails(result, codes, *needles):
    out = result.stdout + result.stderr
    assert result.returncode in codes, (result.returncode, out[:2000])
    assert b"bug" not in out, out[:2000]
    for needle in needles:
        assert needle.encode() in out, (needle, out[:2000])


def check(name, text, *needles):
    fails(run("check", program(name, text)), (1,), *needles)


check("unterminated.nas", HEAD + '  network = tap("x; }\n', "string")
check("nul.nas", b"space s {\0}", "NUL")
check("utf8.nas", b"space s { \xff\xfe }", "UTF-8")
check("long_line.nas", "x = " + "1 + " * 2500000 + ";", "error")
check("deep_parentheses.nas", "x = " + "(" * 100000 + "1" + ")" * 100000 + ";", "error")
check("deep_unclosed.nas", "x = " + "(" * 100000, "error")
check("deep_blocks.nas", "x = " + "y => {return " * 20000 + "1" + ";}" * 20000 + ";", "error")
check("unknown.nas", HEAD + "  network = conv(k, 4) -> batchnorm;\n}\n", "batchnorm", "batch_norm")
check("arity.nas", HEAD + "  network = conv(k, 4, 5, 6, 7, 8, 9, 10);\n}\n", "conv")
check("cycle.nas", HEAD + "  a[i in 1..3] = a[4 - i];\n  network = conv(a[1], 4);\n}\n", "a[")
check("range.nas", HEAD + "  a[i in 1..3] = i;\n  network = conv(a[7], 4);\n}\n", "7")
check("shapes.nas", HEAD + "  network = x => (x -> conv(1, 4)) + (x -> conv(1, 5));\n}\n", "4", "5")
check("empty_domain.nas", "space s { input image[3, 8, 8]; choice k in 3..1; network = conv(k, 4); }", "error")
check("overflow.nas", HEAD + "  a = 9223372036854775807 + 1;\n  network = conv(k, a);\n}\n", "error")
check("huge_kernel.nas", HEAD + "  network = conv(1000001, 4);\n}\n", "error")
check("huge_width.nas", HEAD + "  network = conv(1, 4000000000000);\n}\n", "error")
check("huge_depth.nas", HEAD + "  network = 1000000000 * conv(1, 4);\n}\n", "error")
check("recursion.nas", HEAD + "  f(n) = f(n + 1);\n  network = conv(f(1), 4);\n}\n", "evaluation of `f` is nested")
check("recursion_block.nas", HEAD + "  block(n) = x => x -> relu -> block(n + 1);\n  network = conv(k, 4) -> block(1);\n}\n",
      "evaluation of `block` is nested")
check("recursion_layers.nas", HEAD + "  a = x => x -> b;\n  b = x => x -> relu -> a;\n  network = a;\n}\n", "is nested too deeply")
check("recursion_choice.nas", HEAD + "  choice c { a = c; }\n  network = conv(k, 4) -> c;\n}\n", "`c` needs itself")
check("big_power.nas", HEAD + "  network = conv(k, 4 ^ 40);\n}\n", "64 bits")
check("big_product.nas", HEAD + "  network = x => x -> conv(k, x.height * 9223372036854775807);\n}\n", "64 bits")
check("big_range.nas", "space s { input image[3, 8, 8]; choice k in 1..9223372036854775807; network = conv(1, k); }", "too long")
check("big_input.nas", "space s { input image[3, 9223372036854775807, 8]; choice k in {1, 3}; network = conv(k, 1); }", "at most")
check("big_map.nas", HEAD + "  network = conv(k, 8) -> resize(1048576, 1048576);\n}\n", "2^40 elements")
check("big_weight.nas", HEAD + "  network = conv(k, 16777216) -> conv(3, 16777216);\n}\n", "2^40 elements")
check("no_network.nas", "space s { input image[3, 8, 8]; choice k in {1, 3}; }", "network")
check("several.nas", HEAD + "  network = cnv(k, 4) -> rleu;\n  require kk > 1;\n}\n", "cnv", "rleu", "kk")

empty = program("empty.nas", HEAD + "  network = conv(k, 4);\n  require k > 5;\n}\n"
                "use eproxy;\nrank draw(s, 3) by eproxy();\n")
fails(run("run", empty), (1,), "k > 5")

fails(run("run", example, "n=2", "images=nonsense"), (1, 2), "nonsense")
fails(run("run", example, "n=2", "images=folder:" + folder), (1,), "picture")
program("broken.jpg", b"\xff\xd8\xff\xe0 no picture")
fails(run("run", example, "n=2", "images=folder:" + folder), (1,), "broken.jpg")
os.remove(os.path.join(folder, "broken.jpg"))

table = program("table.tsv", "arch\tacc\n"
                "conv3+conv3,conv3\t1\nconv3+conv3,conv3\t2\nnone+conv3,none\t\nskip+conv3,none\tx\nwhat\t3\n"
                "pool+conv3,skip\t4\nskip+skip,skip\nskip+pool,conv1\tnan\n")
result = run("run", small, "table=" + table, "--size-only")
out = result.stderr.decode()
assert result.returncode == 0, out
for line, what in ((3, "before"), (4, "blank"), (5, "not a number"), (6, "no architecture"),
                   (8, "columns"), (9, "finite")):
    assert f"table.tsv:{line}: " in out and what in out, (line, what, out)

for text, needle in (("", "no header line"), (" \t \n", "no header line"), ("arch\n", "one column"), ("arch\tacc\n", "no rows"),
                     ("arch\tacc\rconv3+conv3,conv3\t1\r", "no rows")):
    result = run("run", small, "table=" + program("bad.tsv", text), "--size-only")
    fails(result, (1,), needle)
headless = program("headless.tsv", "conv3+conv3,conv3\t1\npool+conv3,skip\t4\n")
result = run("run", small, "table=" + headless, "--size-only")
assert b"headless.tsv:1: 'conv3+conv3,conv3' is an architecture of" in result.stderr, result.stderr

fails(run("run", small, "n=2", "--out", table), (3,), "table.tsv")
fails(run("run", folder), (3,), "directory")

# JSON architectures in any layout, on the command line and in tables; strings are taken to the letter.
nb101 = os.path.join(root, "examples", "nas_bench_101.nas")
darts = os.path.join(root, "examples", "nds_darts.nas")
CELL = [[[0, 1, 1], [0, 0, 1], [0, 0, 0]], ["input", "maxpool3x3", "output"]]


def layouts(value):
    return (json.dumps(value, separators=(",", ":")), json.dumps(value), json.dumps(value, indent=2),
            "\n " + json.dumps(value, separators=(" , ", " :\t")) + " \n")


drawn = run("sample", darts, "-n", "1").stdout.decode().strip()
for file, value in ((nb101, CELL), (darts, json.loads(drawn))):
    shown = {run("show", file, text).stdout for text in layouts(value)}
    assert len(shown) == 1 and b"params" in list(shown)[0], (file, shown)
    rows = [json.dumps(value, separators=(",", ":")), json.dumps(value)]
    rows.append(rows[1].replace(": ", " :  ").replace(", ", "  ,"))
    table = program("layouts.tsv", "arch\tacc\n" + "".join(f"{text}\t{i}\n" for i, text in enumerate(rows)))
    if file == nb101:
        result = run("run", file, "table=" + table, "--size-only")
        assert result.returncode == 0 and b"3 architectures, 1 networks, 0 failed" in result.stdout, result
spaced = "edge[1, 0] = none, edge[2,0]=none,edge[2,1]= none ,edge[3,0]=none,edge[3,1]=none,edge[3,2]=none"
assert run("show", example, spaced).stdout == run("show", example, spaced.replace(" ", "")).stdout != b""
assert run("show", example, "|none~0| + |none~0|none~1| +\n|none~0|none~1|none~2|").returncode == 0

matrix = [[int(j == i + 1) for j in range(8)] for i in range(8)]
wrong = [
    ([[[0, 1, 1], [0, 0, 1], [1, 0, 0]], CELL[1]], "expected `0`, found `1"),                  # a cycle
    ([[[1, 1, 1], [0, 0, 1], [0, 0, 0]], CELL[1]], "expected `0,`, found `1"),                 # of one vertex
    ([matrix, ["input"] + ["maxpool3x3"] * 6 + ["output"]], "expected `],`, found `,0"),       # eight vertices
    ([CELL[0], ["input", "maxpool3x3"]], "expected `\",`, found `]"),
    ([CELL[0], ["input", 7, "output"]], "expected `\"`, found `7"),
    ([CELL[0], ["input", None, "output"]], "expected `\"`, found `null"),
    ([CELL[0], ["input", " maxpool3x3", "output"]], "expected a value of `op[1]`"),            # no layout: a string
    ([CELL[0], ["input", "max pool3x3", "output"]], "expected a value of `op[1]`"),
    ([[[0, 9 * 10 ** 30, 1], [0, 0, 1], [0, 0, 0]], CELL[1]], "expected a value of `link[0,1]` (0, 1)"),
    ([[[0, 0.5, 1], [0, 0, 1], [0, 0, 0]], CELL[1]], "found `.5"),
    ([[[0, 0, 0], [0, 0, 1], [0, 0, 0]], CELL[1]], "nas_bench_101.nas:28"),                    # breaks `require alive[0]`
    ({"matrix": CELL[0]}, "at character 1 expected `[["),
    ([[[0, 1] * 20000]], "is not an architecture"),
]
for value, needle in wrong:
    text = json.dumps(value, separators=(",", ":"))
    fails(run("show", nb101, text), (1,), needle)
    table = program("wrong.tsv", f"arch\tacc\n{text}\t1\n{json.dumps(CELL)}\t2\n")
    result = run("run", nb101, "table=" + table, "--size-only")
    said = result.stderr.decode()
    assert result.returncode == 0 and "wrong.tsv:2: " in said and needle.replace("is not an", "is no") in said, (value, said)
fails(run("show", nb101, "[" * 40000), (1,), "is not an architecture")
fails(run("show", nb101, json.dumps(CELL)[:-1]), (1,), "found the end")
fails(run("show", darts, drawn.replace('"width": ', '"width": 9223372036854775808')), (1,), "value of `width`")
fails(run("show", darts, drawn.replace('"depth"', '"deep"')), (1,), "expected `")

# A table of another space: every row says why, and nothing is left to rank.
table = program("other.tsv", "arch\tacc\n" + json.dumps(CELL) + "\t1\nconv3+conv3,conv3\t2\n")
fails(run("run", example, "table=" + table, "--size-only"), (4,), "other.tsv:2: ", "other.tsv:3: ", "expected `|`")
table = program("other.json", json.dumps([{"net": {"width": 32, "depth": 6, "genotype": {}}}, {"cell": 1}, [3], 4]))
fails(run("run", darts, "table=" + table, "--size-only"), (4,), "row 1: a record has no field `normal`",
      "row 2: a record has no field `net`", "row 3: ", "row 4: ", "4 rows left out")

# Nothing that a terminal would obey is sent to it, and of a row of megabytes the beginning, cut between characters.
cell = b"|nor_conv_3x3~0|+|skip_connect~0|skip_connect~1|+|none~0|none~1|none~2|"
table = program("shown.tsv", b"arch\tacc\n\x1b[31mred\x07\t1\n" + b"x" + b"\xc3\xa9" * 1000000 + b"\t2\n" + cell + b"\t3\n")
result = run("run", example, "table=" + table, "--size-only")
out = (result.stdout + result.stderr).decode()
assert result.returncode == 0 and "' [31mred '" in out and "xéé" in out, out[:2000]
assert len(out) < 20000 and all(c == "\n" or c.isprintable() for c in out), (len(out), out[:2000])
said = run("score", example, "\x1b[31mred").stderr.decode()
assert "` [31mred`" in said and all(c == "\n" or c.isprintable() for c in said), said
