#!/usr/bin/env python3
"""Walks CONTRIBUTING.md in a scratch copy of the sources: after a row in a table the program must fail to link and name
exactly the functions to write, and the code that CONTRIBUTING gives must satisfy the linker; a diagnostic without a golden case must
be complained about.

    walk.py ROOT BUILD
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^( *)```c (\S+)\n(.*?)^ *```$", re.M | re.S)


def fail(text):
    print("FAILED: " + text)
    sys.exit(1)


class Walk:
    def __init__(self, root, build):
        self.root, self.build = os.path.abspath(root), os.path.abspath(build)
        self.scratch = tempfile.mkdtemp(prefix="nasc-walk-")
        for folder in ("src", "grammar", "lib", "tests/diag"):
            shutil.copytree(os.path.join(self.root, folder), os.path.join(self.scratch, folder))
        self.objects = {}
        with open(os.path.join(self.root, "CONTRIBUTING.md")) as f:
            self.blocks = [(m.group(2), re.sub("^" + m.group(1), "", m.group(3), flags=re.M))
                           for m in BLOCK.finditer(f.read())]

    def make_command(self, target, source):
        """The command by which the Makefile makes a target from a changed source."""
        done = subprocess.run(["make", "-n", "-W", source, "BUILD=" + self.build, target], cwd=self.root,
                              capture_output=True, text=True)
        lines = [line for line in done.stdout.splitlines() if f"-o {target} " in line]
        if not lines:
            fail(f"make says nothing about {target}: {done.stdout}{done.stderr}")
        return shlex.split(lines[-1])

    def compile(self, source):
        target = f"{self.build}/obj/{source[4:-2]}.o"
        out = os.path.join(self.scratch, source.replace("/", "_") + ".o")
        command = [f"-I{self.scratch}/src" if word == "-Isrc" else out if word == target else
                   os.path.join(self.scratch, source) if word == source else word
                   for word in self.make_command(target, source) if word not in ("-MMD", "-MP", "-O2", "-g")]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"{source} does not compile:\n{done.stderr}")
        self.objects[source] = out

    def undefined(self):
        """What the linker finds missing when the objects made here stand before the archives."""
        target = f"{self.build}/nasc"
        command = self.make_command(target, "src/main.c")
        at = command.index(target)
        command[at:at + 1] = [os.path.join(self.scratch, "nasc")] + list(self.objects.values())
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        missing = set(re.findall(r"undefined reference to [`'](\w+)'", done.stderr))
        if done.returncode != 0 and not missing:
            fail("the program does not link, and not for want of a function:\n" + done.stderr)
        return missing

    def append(self, path, text):
        with open(os.path.join(self.scratch, path), "a") as f:
            f.write("\n" + text)

    def documented(self, path):
        """Adds what CONTRIBUTING.md gives for a file."""
        texts = [text for name, text in self.blocks if name == path]
        if not texts:
            fail(f"CONTRIBUTING.md gives nothing for {path}")
        for text in texts:
            self.append(path, text)

    def compile_users(self, table):
        """Compiles what expands a table."""
        for folder, _, names in sorted(os.walk(os.path.join(self.scratch, "src"))):
            for name in sorted(names):
                path = os.path.join(folder, name)
                with open(path) as f:
                    if name.endswith(".c") and f'#include "{table}"' in f.read():
                        self.compile(os.path.relpath(path, self.scratch))

    def expect(self, step, functions):
        missing = self.undefined()
        if missing != functions:
            fail(f"{step}: the linker should miss {sorted(functions)}, but misses {sorted(missing)}")
        print(f"{step}: the linker asks for {', '.join(sorted(missing)) or 'nothing'}")


def walk_op(w):
    w.documented("src/ir/ops.def")
    w.compile_users("ir/ops.def")
    w.expect("an op's row", {"ir_grad_softplus", "ref_softplus"})
    for source in ("src/ir/grad_ew.c", "src/runtime/ref_ew.c"):
        w.documented(source)
        w.compile(source)
    w.expect("its gradient and reference", set())
    w.documented("src/frontend/builtins.def")
    w.compile_users("frontend/builtins.def")
    w.expect("its row in the language", {"point_softplus"})
    w.documented("src/frontend/builtins.c")
    w.compile("src/frontend/builtins.c")
    w.expect("its function on numbers", set())
    w.append("src/ir/ops.def", "OP(whirl, POOL, 1, 1, 0)\n")
    w.compile_users("ir/ops.def")
    w.expect("the row of an op that is not elementwise", {"ir_shape_whirl", "ir_grad_whirl", "ref_whirl"})


def walk_kernel(w):
    w.append("src/codegen/kernels.def", "KERNEL(polish)\n")
    w.compile_users("codegen/kernels.def")
    w.expect("a kernel's row", {"emit_polish"})


def walk_diagnostic(w):
    w.append("src/frontend/diag.def", 'DIAG(lonely, DIAG_ERROR, "`%s` is lonely", "")\n')
    w.append("src/frontend/check.c", "static void check_company(Check *c, const Ast *n) {\n"
             "    diag_at(c->diags, n->place, DIAG_lonely, n->text);\n}\n")
    done = subprocess.run(["python3", "tests/diag/run.py", os.path.join(w.build, "nasc")], cwd=w.scratch,
                          capture_output=True, text=True)
    if done.returncode == 0 or "no program in tests/diag shows [lonely]" not in done.stdout:
        fail("nobody misses the golden case of a diagnostic:\n" + done.stdout)
    if " 1 failed" not in done.stdout:
        fail("other diagnostics fail:\n" + done.stdout)
    print("a diagnostic without a golden case: the test names it")


def main():
    w = Walk(sys.argv[1], sys.argv[2])
    walk_op(w)
    w.objects.clear()
    walk_kernel(w)
    walk_diagnostic(w)
    shutil.rmtree(w.scratch)


if __name__ == "__main__":
    main()
