"""Holds argv[1] MiB in argv[2] mappings; maps and unmaps a page all the time. Each second it prints how often it did,
and the longest time that it took once, in microseconds."""

import mmap
import sys
import time

PAGE = mmap.PAGESIZE
size, pieces = int(sys.argv[1]) << 20, int(sys.argv[2])
kept = []
for number in range(pieces):
    # Rights that alternate keep the kernel from joining neighbours.
    rights = mmap.PROT_READ | mmap.PROT_WRITE | (mmap.PROT_EXEC if number % 2 else 0)
    piece = mmap.mmap(-1, max(PAGE, size // pieces), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, rights)
    for at in range(0, len(piece), PAGE):
        piece[at] = 1
    kept.append(piece)
print("ready", flush=True)
while True:
    ends = time.perf_counter() + 1
    turns, longest = 0, 0.0
    while (began := time.perf_counter()) < ends:
        mmap.mmap(-1, PAGE).close()
        longest = max(longest, time.perf_counter() - began)
        turns += 1
    print(turns, round(longest * 1e6), flush=True)
