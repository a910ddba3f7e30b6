import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

nasc, slow, folder = sys.argv[1:]


class OnTerminal:
    """A run whose standard error is a terminal; `seen` is what it has shown."""

    def __init__(self, *args):
        self.terminal, other = pty.openpty()
        self.process = subprocess.Popen([nasc, *args], stdout=subprocess.DEVNULL, stderr=other)
        os.close(other)
        self.seen = ""

    def read_until(self, pattern):
        end = time.monotonic() + 240
        while not (pattern and re.search(pattern, self.seen)):
            if time.monotonic() > end:
                self.process.kill()
                sys.exit("not shown in time: " + str(pattern) + "\n" + self.seen[-2000:])
            if not select.select([self.terminal], [], [], 1)[0]:
                continue
            try:
                self.seen += os.read(self.terminal, 65536).decode()
            except OSError:  # the other end is closed
                assert not pattern, "ended before it showed " + pattern + "\n" + self.seen[-2000:]
                break

    def end(self):
        self.read_until(None)
        os.close(self.terminal)
        return self.process.wait(timeout=60)


out = os.path.join(folder, "once")
run = OnTerminal("run", slow, "n=1000", "--workers", "2", "--out", out)
run.read_until(r"\r\x1b\[Kscoring \d+/\d+ .*/s .* left .*best ")
run.process.send_signal(signal.SIGINT)
assert run.end() == 130, run.seen[-1000:]
assert "interrupted: the report holds what was finished" in run.seen
with open(os.path.join(out, "report.json")) as f:
    action, = json.load(f)["actions"]
assert action["interrupted"] and 0 < action["missing"] < action["n"], action
with open(os.path.join(out, "scores.tsv")) as f:
    rows = [line.split("\t") for line in f.read().splitlines()[1:]]
assert len([r for r in rows if r[2] == "ok"]) == action["n"] - action["missing"]

run = OnTerminal("run", slow, "n=1000", "--workers", "2", "--out", os.path.join(folder, "twice"))
run.read_until(r"\x1b\[Kscoring \d+/")
run.process.send_signal(signal.SIGINT)
run.read_until("again to stop at once")
run.process.send_signal(signal.SIGINT)
assert run.end() == 130, run.seen[-1000:]
