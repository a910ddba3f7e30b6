#!/usr/bin/env python3
"""Golden diagnostics: `nasc check X.nas` must write exactly X.err. Also checks that every code that the
parser or the checker can report has an example here.

    run.py NASC [--bless] [NAME ...]
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SOURCES = ["grammar/nas.y", "grammar/nas.l", "src/frontend/parse.c", "src/frontend/parse_build.c",
           "src/frontend/parse_scan.c", "src/frontend/check.c", "src/frontend/check_call.c",
           "src/frontend/check_expr.c", "src/frontend/check_format.c", "src/frontend/check_kind.c", "src/frontend/check_scope.c"]


def diagnose(nasc, name):
    command = [nasc, "check", name + ".nas", "--lib", "../../lib"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, timeout=60)
    return done.returncode, done.stderr.decode("utf-8", "backslashreplace")


def reportable_codes():
    codes = set()
    for path in SOURCES:
        with open(os.path.join(ROOT, path)) as f:
            codes.update(re.findall(r"\bDIAG_([a-z][a-z_0-9]*)", f.read()))
    return {code.replace("_", "-") for code in codes}


def main():
    nasc, bless = os.path.abspath(sys.argv[1]), "--bless" in sys.argv
    chosen = [a for a in sys.argv[2:] if a != "--bless"]
    names = sorted(f[:-4] for f in os.listdir(HERE) if f.endswith(".nas"))
    passed, failed, shown = 0, 0, set()
    for name in chosen or names:
        status, text = diagnose(nasc, name)
        path = os.path.join(HERE, name + ".err")
        if bless:
            with open(path, "w") as f:
                f.write(text)
        with open(path) as f:
            expected = f.read()
        shown.update(re.findall(r"\[([a-z0-9-]+)\]$", text, re.M))
        code = max((c for c in shown if name.startswith(c)), key=len, default=None)
        if status == 1 and text == expected and code and f"[{code}]" in text:
            passed += 1
            continue
        failed += 1
        print(f"FAILED: {name} (exit status {status})\n--- expected\n{expected}--- found\n{text}")
    if not chosen:
        for code in sorted(reportable_codes() - shown):
            failed += 1
            print(f"FAILED: no program in tests/diag shows [{code}]")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
