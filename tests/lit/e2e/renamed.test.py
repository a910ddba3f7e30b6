"""NAS-Bench-201 under Eproxy in one file, as it is and with other names for everything that it defines."""
import csv
import os
import re
import subprocess
import sys

nasc, root, folder = sys.argv[1:]
DEFINED = {
    "lib/nas_bench_201.nas": """nor_conv k halve c nas_bench_201 edge j i skip_connect nor_conv_1x1 nor_conv_3x3 avg_pool_3x3
        cell x node max_macs""",
    "lib/eproxy.nas": """pi eproxy net images count augment steps lr momentum decay alpha taps size mode bases level
        head_kernel head_width barrier_kernel barrier_width weight init_net init_barrier dead_last last x wave frequencies
        phase along t angle wave_h wave_m wave_l dot layer random_net features basis name target b m head barrier i
        feature y err loss dead""",
    "examples/nas_bench_201.nas": "nas_bench_201 eproxy table images how_many sample repeats dead_last",
}
# Names that are also axes, where they are not: parameters of functions.
ALSO_AXES = [(r"layer\(c\) = conv\(3, c\)", "layer(zz1) = conv(3, zz1)"), (r"p => if p\.rank", "zz2 => if zz2.rank")]
# Fields and named arguments that mean something defined here.
OWN_FIELDS = [(r"space\.max_macs", "space.{max_macs}"), (r"images: (\w+)", r"{images}: \1"),
              (r"dead_last: (\w+)", r"{dead_last}: \1")]


def new_name(name):
    return "q" + "".join(chr(ord("a") + (ord(c) * 7 + k) % 26) for k, c in enumerate(name)) + f"_{len(name)}"


def code_and_strings(text):
    """Pieces of the text; every second one is a string."""
    text = re.sub(r"//[^\n]*", "", text)
    return re.split(r'("[^"\n]*")', text)


def rename(text, names, also_fields):
    pieces = code_and_strings(text)
    for k in range(0, len(pieces), 2):
        code = pieces[k]
        for pattern, to in ALSO_AXES:
            code = re.sub(pattern, to, code)
        # no field, no argument's name, no number's end
        code = re.sub(r"(?<![\w.])(?<!\d)[A-Za-z_]\w*(?!\w)(?!\s*:)",
                      lambda m: new_name(m[0]) if m[0] in names else m[0], code)
        code = re.sub(r"(?<=\.\.)[A-Za-z_]\w*", lambda m: new_name(m[0]) if m[0] in names else m[0], code)
        for pattern, to in also_fields:
            code = re.sub(pattern, to, code)
        pieces[k] = code
    return "".join(pieces)


def inlined(change):
    out = []
    for path, names in DEFINED.items():
        with open(os.path.join(root, path)) as f:
            text = re.sub(r"(?m)^use .*;$", "", f.read())
        fields = [(a, re.sub(r"\{(\w+)\}", lambda m: new_name(m[1]), b)) for a, b in OWN_FIELDS]
        if path.startswith("lib"):
            fields = fields[:1]
        if path.startswith("examples"):  # in one file with Eproxy a parameter n would hide the axis n
            text = re.sub(r"\bn\b", "how_many", text)
        out.append(rename(text, set(names.split()), fields) if change else text)
    return "\n".join(out)


def scores(name, text, settings, old_arch):
    path, out = os.path.join(folder, name + ".nas"), os.path.join(folder, name)
    if text is None:
        path = os.path.join(root, "examples/nas_bench_201.nas")
    else:
        with open(path, "w") as f:
            f.write(text)
    done = subprocess.run([nasc, "run", path, *settings, "--quiet", "--out", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with open(os.path.join(out, "scores.tsv")) as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    for r in rows:
        r["arch"] = old_arch(r["arch"])
    return sorted(rows, key=lambda r: r["arch"])


def old_arch(arch):
    back = {new_name(n): n for n in DEFINED["lib/nas_bench_201.nas"].split()}
    return re.sub(r"[a-z_]\w*", lambda m: back.get(m[0], m[0]), arch)


used = scores("used", None, ["n=4"], str)
renamed_text = inlined(True)
code = "".join(code_and_strings(renamed_text)[::2])
for left in ("nor_conv", "halve", "edge", "cell", "eproxy", "wave_h", "barrier_width", "random_net", "table"):
    assert not re.search(rf"\b{left}\b", code), left
assert scores("inlined", inlined(False), ["how_many=4"], str) == used
assert scores("renamed", renamed_text, [f"{new_name('how_many')}=4"], old_arch) == used
assert len(used) == 4 and len({r["score"] for r in used}) > 1
