"""Maps files whose names are made to mislead: 17 pages each. Says on request how they are called."""

import json
import mmap
import os

NAMES = [
    "line\nbreak",
    "[heap]",
    "tab\tescape\x1b[31m",
    "gone (deleted)",
    "55d0c8a00000-55d0c8a21000 r-xp x",
    "\udcff\udcfe",
]
DEEP = 15
kept = []


def map_file(name, *, delete=False):
    with open(name, "w+b") as file:
        file.truncate(17 * mmap.PAGESIZE)
        memory = mmap.mmap(file.fileno(), 0)
        for page in range(17):
            memory[page * mmap.PAGESIZE] = 1
        kept.append(memory)
    if delete:
        os.unlink(name)


for number, name in enumerate(NAMES):
    map_file(name, delete=number == 3)
here = os.getcwd()
for level in range(DEEP):
    os.mkdir("d" * 250)
    os.chdir("d" * 250)
map_file("deep")
os.chdir(here)
print("ready", os.getpid(), flush=True)
for _ in iter(input, "stop"):
    print(json.dumps(NAMES), flush=True)
