import json
import os
import resource
import signal
import subprocess
import sys

nasc, program, folder = sys.argv[1:]
cache = os.path.join(folder, "cache")
ARCH = "conv3+skip,conv1"


def run(*args, **kw):
    env = dict(os.environ, XDG_CACHE_HOME=cache)
    return subprocess.run([nasc, *args], capture_output=True, text=True, timeout=300, env=env, **kw)


def score():
    done = run("score", program, ARCH, "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    return done.stdout


def kernels_compiled(out):
    with open(os.path.join(out, "timing.json")) as f:
        return json.load(f)["actions"][0]["kernels_compiled"]


def entries():
    return sorted(os.path.join(d, f) for d, _, files in os.walk(cache) for f in files)


def damage(change):
    for path in entries():
        with open(path, "rb") as f:
            data = bytearray(f.read())
        with open(path, "wb") as f:
            f.write(change(data))


def flipped(data):
    for k in range(len(data) // 2, min(len(data), len(data) // 2 + 4)):
        data[k] ^= 0xFF
    return data


clean = score()
assert entries(), "nothing is cached"
warm = os.path.join(folder, "warm")
assert run("run", program, "n=3", "--quiet", "--out", warm).returncode == 0
for number, change in enumerate((flipped, lambda d: d[:len(d) // 2], lambda d: b"", lambda d: b"x" * len(d))):
    damage(change)
    assert score() == clean, number
    damage(change)
    out = os.path.join(folder, f"damaged{number}")
    assert run("run", program, "n=3", "--quiet", "--out", out).returncode == 0
    assert kernels_compiled(out) > 0, number
    with open(os.path.join(out, "scores.tsv")) as a, open(os.path.join(warm, "scores.tsv")) as b:
        assert a.read() == b.read(), number
again = os.path.join(folder, "again")
assert run("run", program, "n=3", "--quiet", "--out", again).returncode == 0 and kernels_compiled(again) == 0


def fails(done, out):
    assert done.returncode == 3 and "nasc: error: " in done.stderr, (done.returncode, done.stderr)
    for name in ("report.json", "scores.tsv"):
        path = os.path.join(out, name)
        if os.path.exists(path):  # whole or not at all
            with open(path) as f, open(os.path.join(warm, name)) as w:
                assert f.read() == w.read(), path


def tiny_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, 150))


limited = os.path.join(folder, "limited")
fails(run("run", program, "n=3", "--quiet", "--out", limited, preexec_fn=tiny_files), limited)

small_disk = os.path.join(folder, "disk")
os.mkdir(small_disk)
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", small_disk], capture_output=True).returncode == 0:
    try:
        fails(run("run", program, "n=3", "--quiet", "--out", small_disk), small_disk)
    finally:
        subprocess.run(["umount", small_disk], check=True)
else:
    print("a full disk is not tested: no right to mount one")

with open(os.path.join(folder, "file"), "w") as f:
    f.write("a file where a folder is asked for\n")
fails(run("run", program, "n=3", "--quiet", "--out", os.path.join(folder, "file")), folder + "/none")
# A cache that cannot be written costs time, never the result.
os.rename(cache, cache + ".gone")
with open(cache, "w") as f:
    f.write("")
assert score() == clean

# What the machine lacks the memory for is refused before it is taken: the system would grant it and then kill.
greedy = os.path.join(folder, "greedy.nas")
with open(greedy, "w") as f:
    f.write("""use eproxy;
space s { input image[3, 16, 16]; choice k in {1, 3}; network = conv(k, 4) -> tap("a"); }
param images_of = 16;
param head = 128;
rank draw(s, 2) by eproxy(count: images_of, taps: 1, head_width: i => head);
""")
for setting in ("images_of=1000000", "head=16000000"):
    done = run("run", greedy, setting)
    assert done.returncode == 3 and " GB of memory, of which " in done.stderr, (setting, done.returncode, done.stderr)
