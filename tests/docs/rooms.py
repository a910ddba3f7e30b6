#!/usr/bin/env python3
"""The README of each room has a line for every source file and for nothing else; sources hold no loose ends.

    rooms.py ROOT
"""
import os
import re
import sys

LOOSE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def room_files(room):
    return {name for name in os.listdir(room) if name.endswith((".c", ".h", ".def"))}


def main():
    src = os.path.join(sys.argv[1], "src")
    problems = []
    for name in sorted(os.listdir(src)):
        room = os.path.join(src, name)
        if not os.path.isdir(room):
            continue
        path = os.path.join(room, "README.md")
        if not os.path.exists(path):
            problems.append(f"src/{name} has no README.md")
            continue
        with open(path) as f:
            rows = [line.split("|")[1] for line in f if line.startswith("| `")]
        named = {word for row in rows for word in re.findall(r"`([\w.]+)`", row)}
        there = room_files(room)
        problems += [f"src/{name}/README.md has no line for {file}" for file in sorted(there - named)]
        problems += [f"src/{name}/README.md names {file}, which is not there" for file in sorted(named - there)]
        for file in sorted(there):
            with open(os.path.join(room, file)) as f:
                for number, line in enumerate(f, 1):
                    if LOOSE.search(line):
                        problems.append(f"src/{name}/{file}:{number}: {line.strip()}")
    for problem in problems:
        print(problem)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
