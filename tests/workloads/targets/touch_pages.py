"""Touches new memory: ``touch_pages.py PAGES``. At "go" it writes once into each of PAGES new pages, and gives them back."""

import json
import mmap
import os
import sys

PAGES = int(sys.argv[1])
print("ready", os.getpid(), flush=True)
for line in sys.stdin:
    if line.strip() != "go":
        break
    with mmap.mmap(-1, PAGES * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        for page in range(PAGES):
            memory[page * mmap.PAGESIZE] = 1
    print(json.dumps({"pages": PAGES}), flush=True)
