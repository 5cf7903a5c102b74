"""Known calls with nothing but what every interpreter has inside. The protocol and the truth are those of known_counts.py;
CPython 3.8 and newer."""

import json
import os
import sys

STAT = ["newfstatat", "stat", "statx", "fstatat64", "stat64"]


def stats(times):
    for _ in range(times):
        os.stat("/")  # @stats


def parents(times):
    for _ in range(times):
        os.getppid()  # @parents


def main():
    print("ready", os.getpid(), flush=True)
    if sys.stdin.readline().strip() != "go":
        return
    stats(101)
    parents(103)
    lines = {}
    with open(os.path.abspath(__file__), encoding="utf-8") as source:
        for number, text in enumerate(source, 1):
            for name, calls, syscalls in (("stats", 101, STAT), ("parents", 103, ["getppid"])):
                if text.rstrip().endswith("# @" + name):
                    lines[number] = {"marker": name, "function": name, "process": "self", "syscalls": syscalls}
                    lines[number].update(calls=calls, errors=0, empty=0, bytes=0, seconds=0.0)
    print(json.dumps({"line": lines}), flush=True)
    sys.stdin.readline()
    os._exit(0)


main()
