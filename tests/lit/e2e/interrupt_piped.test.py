import json
import os
import signal
import subprocess
import sys
import time

nasc, slow, quick, folder = sys.argv[1:]
out = os.path.join(folder, "once")
journal = os.path.join(out, "journal")
run = subprocess.Popen([nasc, "run", slow, "n=1000", "--out", out], stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, text=True)
end = time.monotonic() + 240
while not (os.path.exists(journal) and os.path.getsize(journal) > 2000):  # some trainings are done
    assert time.monotonic() < end and run.poll() is None, "nothing was scored in time"
    time.sleep(0.05)
run.send_signal(signal.SIGINT)
message = run.communicate(timeout=120)[1]
assert run.returncode == 130, message
assert "interrupted: the report holds what was finished" in message
with open(os.path.join(out, "report.json")) as f:
    action, = json.load(f)["actions"]
assert action["interrupted"] and 0 < action["missing"] < action["n"], action

piped = subprocess.run([nasc, "run", quick, "n=6"], capture_output=True, text=True, timeout=240)
assert piped.returncode == 0 and "\x1b" not in piped.stdout + piped.stderr and "\r" not in piped.stderr
assert "6 architectures" in piped.stdout
