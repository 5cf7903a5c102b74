"""A program that mostly computes and makes about 20,000 system calls a second; counted in the file argv[1]."""

import mmap
import os
import sys
import time

PER_SECOND = 20_000
counter = memoryview(mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 8)).cast("Q")
fd = os.open(sys.executable, os.O_RDONLY)


def compute(steps: int) -> int:
    x = 1
    for _ in range(steps):
        x = x * 31 & 0xFFFFFF
    return x


def work(steps: int) -> None:
    for _ in range(20):
        compute(steps)
        os.pread(fd, 64, 0)


def calibrated() -> int:
    """Steps between two calls; the quickest of some tries, because others use the machine too."""
    quickest = float("inf")
    for _ in range(20):
        began = time.perf_counter()
        compute(10_000)
        quickest = min(quickest, time.perf_counter() - began)
    return int(10_000 / quickest / PER_SECOND)


steps = calibrated()
print("ready", os.getpid(), flush=True)
while True:
    work(steps)
    counter[0] += 20
