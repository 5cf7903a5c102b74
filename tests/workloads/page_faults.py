"""Known page faults: 211 pages of fresh memory, touched at one line. The protocol is that of known_counts.py; CPython 3.8
and newer."""

import json
import mmap
import os
import sys


def touch(memory, pages):
    for page in range(pages):
        memory[page * mmap.PAGESIZE] = 1  # @touch


def main():
    print("ready", os.getpid(), flush=True)
    if sys.stdin.readline().strip() != "go":
        return
    memory = mmap.mmap(-1, 211 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE)
    memory.madvise(15)  # MADV_NOHUGEPAGE
    touch(memory, 211)
    print(json.dumps({"pages": 211}), flush=True)
    sys.stdin.readline()
    os._exit(0)


main()
