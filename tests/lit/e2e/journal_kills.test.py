"""journal_kills.test.py NASC PROGRAM DIR: kills runs at random moments, damages what they leave, and compares the
result with that of an uninterrupted run."""
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

nasc, program, top = sys.argv[1:4]
settings = ["n=30", "repeats=2"]
rng = random.Random(1)


def command(folder):
    return [nasc, "run", program, *settings, "--workers", "2", "--quiet", "--out", folder]


def run(folder, **more):
    return subprocess.run(command(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **more)


def content(folder):
    return [open(os.path.join(folder, name), "rb").read() for name in ("report.json", "scores.tsv")]


def damage(journal):
    """What a crash of the machine may leave: an unfinished entry, garbage, a flipped bit near the end."""
    size = os.path.getsize(journal)
    way = rng.randrange(4)
    if way == 0 and size:
        os.truncate(journal, size - rng.randrange(1, min(size, 60) + 1))
    elif way == 1:
        with open(journal, "ab") as f:
            f.write(rng.randbytes(rng.randrange(1, 200)))
    elif way == 2 and size > 600:
        with open(journal, "r+b") as f:
            at = size - rng.randrange(1, 60)
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ 1 << rng.randrange(8)]))


reference = os.path.join(top, "reference")
assert run(reference).returncode == 0
start = time.time()
cold = os.path.join(top, "cold")
assert run(cold).returncode == 0
whole = time.time() - start
expected = content(reference)
assert content(cold) == expected

kills = rounds = 0
while kills < 50:
    folder = os.path.join(top, f"round{rounds}")
    rounds += 1
    for attempt in range(200):
        p = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            message = p.communicate(timeout=0.01 + rng.random() * (0.5 * whole if kills < 50 else 60))[1]
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGKILL)
            p.communicate()
            kills += 1
            journal = os.path.join(folder, "journal")
            if os.path.exists(journal) and attempt % 2:
                damage(journal)
            continue
        assert p.returncode == 0, message
        break
    else:
        assert run(folder).returncode == 0
    assert content(folder) == expected, f"round {rounds} differs"
    shutil.rmtree(folder)
print(f"{kills} kills in {rounds} rounds, each with the same bytes at its end")

folder = os.path.join(top, "full")


def limit():
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))


# SIGXFSZ stays ignored, as Python has it: a write beyond the limit fails as on a full disk
full = run(folder, preexec_fn=limit, restore_signals=False)
assert full.returncode == 3, full
assert b"cannot write the journal" in full.stderr, full.stderr
assert 1000 < os.path.getsize(os.path.join(folder, "journal")) <= 4000
print("full disk: stopped with a message")

import fcntl
with open(os.path.join(folder, "journal"), "rb") as f:
    fcntl.flock(f, fcntl.LOCK_EX)
    second = run(folder)
assert second.returncode == 3 and b"another process" in second.stderr, second
print("another process: refused")

other = os.path.join(top, "other.nas")
text = open(program).read()
open(other, "w").write(text + "// another\n")
mine, program = program, other
third = run(folder)
assert third.returncode == 1 and b"is of another program" in third.stderr, third
assert b"remove the journal" in third.stderr
print("another program: refused")

program = mine
assert run(folder).returncode == 0
assert content(folder) == expected
assert not os.path.exists(os.path.join(folder, "journal"))
print("then the same bytes, and no journal is left")
