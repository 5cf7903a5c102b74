# expect: healthy bench
"""Counts files in the process that is there already."""

import os
from pathlib import Path

Path("tool.txt").write_text("some text\n" * 100)


def count(path):
    with open(path) as file:
        return len(file.read().split())


print("ready", os.getpid(), flush=True)
total = 0
while True:
    total += count("tool.txt")
    total += sum(number % 7 for number in range(20_000))
