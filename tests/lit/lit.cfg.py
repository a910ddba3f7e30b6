"""lit configuration: tests of the program from outside, and of passes from IR text."""
import os
import pty
import subprocess

import lit.formats

config.name = "nasc"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".test", ".ir"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
build = os.environ["NASC_BUILD"]
config.test_exec_root = os.path.join(build, "lit")
root = os.path.abspath(os.path.join(config.test_source_root, "..", ".."))
data = os.path.abspath(os.environ.get("NASC_DATA", os.path.join(root, "..", "shared", "data")))

config.environment["PATH"] = "/usr/lib/llvm-19/bin:" + os.environ["PATH"]
config.environment["HOME"] = os.path.join(build, "lit")
config.environment["XDG_CACHE_HOME"] = os.path.join(build, "lit", "cache")
config.environment["LC_ALL"] = "C.UTF-8"
for name in ("OPENBLAS_CORETYPE", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
config.environment["ROOT"] = root
config.environment["DATA"] = data
config.substitutions += [
    ("%nasc", os.path.join(build, "nasc")),
    ("%build", build),
    ("%root", root),
    ("%data", data),
    ("%python", "python3"),
]
try:
    for end in pty.openpty():
        os.close(end)
    config.available_features.add("pty")
except OSError:
    pass
if os.path.isdir(data):
    config.available_features.add("data")
for python in ("python3", "/usr/bin/python3"):  # Debian's torch belongs to Debian's interpreter
    if subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0:
        config.available_features.add("torch")
        config.substitutions.append(("%torch", python))
        break
with open("/proc/cpuinfo") as f:
    flags = f.read()
if " avx512f " in flags:
    config.available_features.add("avx512")
if " avx2 " in flags:
    config.available_features.add("avx2")
with open(os.path.join(build, "nasc"), "rb") as f:
    if b"__asan_init" in f.read():
        config.available_features.add("asan")
