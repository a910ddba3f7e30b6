#!/usr/bin/env python3
"""The examples of the documentation are true. In every file given, in order and in one scratch folder:

    ```nas            a program: `nasc check` must find no mistake in it, and if it has an action, it runs
    ```nas NAME       the same, kept as NAME for the commands that follow; shown again, it replaces the first
    ```nas NAME wrong a program with a mistake, kept for the commands that follow
    ```text NAME      a file, kept as NAME
    ```console        lines `$ command` are run, and what follows each is what it prints on both streams

In expected output `...` stands for any text within a line, and a line of nothing else for any lines; in the line of
times numbers match any. Scores are the same bits on every machine with fused multiply-add; on others every decimal
number matches any.

With --bless, output that does not match is replaced in the file by what was printed; look at the difference before
committing it.

    examples.py NASC ROOT [--bless] FILE ...
"""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

FENCE = re.compile(r"^```(\w+)?([^\n]*)\n(.*?)^```$", re.M | re.S)
NUMBER = re.compile(r"-?\d+\.\d+")
TIMING = re.compile(r"\d.* s of processor time")


def blocks(path):
    with open(path) as f:
        text = f.read()
    for m in FENCE.finditer(text):
        line = text.count("\n", 0, m.start()) + 1
        yield line, m.group(1) or "", m.group(2).split(), m.group(3), m.span(3)


def fused_multiply_add():
    with open("/proc/cpuinfo") as f:
        return " fma " in f.read()


def pattern(line, exact):
    if TIMING.match(line):
        line = re.sub(r"\d+(\.\d+)?", "...", line)
    elif not exact:
        line = NUMBER.sub("...", line)
    return re.compile(".*?".join(re.escape(part) for part in line.split("...")) + r"\Z")


def matches(expected, found, exact):
    """Lines against lines, with `...` as described above."""
    if not expected:
        return not found
    if expected[0].strip() == "...":
        return any(matches(expected[1:], found[i:], exact) for i in range(len(found) + 1))
    return bool(found) and bool(pattern(expected[0], exact).match(found[0])) and \
        matches(expected[1:], found[1:], exact)


def png(path, size, shift):
    rows = b"".join(b"\0" + bytes((x * 7 + y * 3 * k + shift * 31) % 256 for x in range(size) for k in (1, 2, 3))
                    for y in range(size))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Runner:
    def __init__(self, nasc, root, bless):
        self.nasc, self.root, self.bless, self.exact = nasc, root, bless, fused_multiply_add()
        self.failed = self.done = 0

    def folder(self):
        """A place like the root of the project, with some pictures in it."""
        folder = tempfile.mkdtemp(prefix="nasc-docs-")
        for name in ("examples", "lib", "docs"):
            shutil.copytree(os.path.join(self.root, name), os.path.join(folder, name))
        os.makedirs(os.path.join(folder, "build"))
        os.makedirs(os.path.join(folder, "my_photographs"))
        os.symlink(self.nasc, os.path.join(folder, "build", "nasc"))
        for i in range(20):
            png(os.path.join(folder, "my_photographs", f"{i}.png"), 40 + i, i)
        return folder

    def shell(self, command, folder):
        env = dict(os.environ, PATH=os.path.dirname(self.nasc) + ":" + os.environ["PATH"],
                   NASC_LIB=os.path.join(folder, "lib"))
        done = subprocess.run(["sh", "-c", command], cwd=folder, env=env, timeout=120, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def fail(self, where, what, text):
        self.failed += 1
        print(f"FAILED: {where}: {what}\n{text}")

    def program(self, where, name, text, folder):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)
        acts = re.search(r"^rank\b", text, re.M)
        status, out = self.shell(f"nasc check {name}" + (f" && nasc run {name} --quiet" if acts else ""), folder)
        if status != 0:
            self.fail(where, f"exit status {status} of this program", text + "---\n" + out)

    def console(self, where, text, folder):
        """Runs a block; returns it with what was really printed."""
        commands, expected, real = [], [], ""
        for line in text.rstrip("\n").split("\n"):
            if line.startswith("$ "):
                commands.append(line[2:])
                expected.append([])
            elif commands:
                expected[-1].append(line)
        for command, want in zip(commands, expected):
            status, out = self.shell(command, folder)
            found = [line.rstrip() for line in out.rstrip("\n").split("\n")] if out.strip() else []
            self.done += 1
            same = matches([line.rstrip() for line in want], found, self.exact)
            real += "".join(line + "\n" for line in ["$ " + command] + (want if same else found))
            if not same and not self.bless:
                self.fail(where, f"$ {command}", "--- documented\n" + "\n".join(want) + "\n--- printed\n" + out)
        return real

    def file(self, path):
        folder, changes = self.folder(), []
        for line, kind, words, text, span in blocks(path):
            where = f"{os.path.relpath(path, self.root)}:{line}"
            name = words[0] if words else "example.nas"
            if kind == "text" and words or kind == "nas" and words[1:] == ["wrong"]:
                with open(os.path.join(folder, name), "w") as f:
                    f.write(text)
            elif kind == "nas":
                self.done += 1
                self.program(where, name, text, folder)
            elif kind == "console":
                changes.append((span, self.console(where, text, folder)))
        shutil.rmtree(folder)
        if self.bless:
            with open(path) as f:
                text = f.read()
            for (start, end), real in reversed(changes):
                text = text[:start] + real + text[end:]
            with open(path, "w") as f:
                f.write(text)


def main():
    files = [a for a in sys.argv[3:] if a != "--bless"]
    runner = Runner(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), "--bless" in sys.argv)
    for path in files:
        runner.file(path)
    print(f"{runner.done} examples, {runner.failed} failed")
    return runner.failed != 0 or runner.done == 0


if __name__ == "__main__":
    sys.exit(main())
