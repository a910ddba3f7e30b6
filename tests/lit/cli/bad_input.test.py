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
check("recursion.nas", HEAD + "  f(n) = f(n + 1);\n  network = conv(f(1), 4);\n}\n", "f")
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

for text, needle in (("", "header"), ("arch\n", "column"), ("arch\tacc\n", "")):
    result = run("run", small, "table=" + program("bad.tsv", text), "--size-only")
    fails(result, (0, 1), needle)

fails(run("run", small, "n=2", "--out", table), (3,), "table.tsv")
fails(run("run", folder), (3,), "directory")
