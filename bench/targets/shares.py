"""Functions whose shares of the CPU time are known: ``shares.py MODE THREADS FILE``; see bench/shares.py for FILE.

``mixed``: functions of about a millisecond in a shuffled order, each timed by the thread's own CPU clock; some of them
work in C, one in the kernel. ``short``: functions of microseconds in turn, twenty calls deep.
"""

import hashlib
import math
import mmap
import os
import random
import sys
import threading
import time
import zlib

TIMES, GAPS, LEAST_NS, MOST_GAPS = 8, 64, 100_000, 63
mode, threads, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
slots = memoryview(mmap.mmap(os.open(file, os.O_RDWR), 1024)).cast("Q")
with open(f"{file}.data", "wb") as data:
    data.write(bytes(1 << 20))
# (of a file, and not of /dev/urandom: there a signal, which profilers send, ends the read early)
cached = os.open(f"{file}.data", os.O_RDONLY)
block = bytes(range(256)) * 2048
text = " ".join(str(i * i) for i in range(5000)).encode()


def computes():
    x = 1
    for _ in range(20_000):
        x = x * 31 & 0xFFFFFF
    return x


def digests():
    return hashlib.sha256(block).digest()


def squeezes():
    return zlib.compress(text, 5)


def tiny(x):
    return x + 1


def calls():
    x = 0
    for _ in range(15_000):
        x = tiny(x)
    return x


def reads():
    for _ in range(4):
        os.pread(cached, 1 << 20, 0)


DECK = [0] * 9 + [1] * 4 + [2] * 3 + [3] * 2 + [4] * 2
FUNCTIONS = (computes, digests, squeezes, calls, reads)


def mixed(thread):
    deck, at = list(DECK), TIMES + 8 * thread
    while True:
        random.shuffle(deck)  # in any fixed order a regular look could meet always the same function
        for one in deck:
            began = time.thread_time_ns()
            FUNCTIONS[one]()
            slots[at + one] += time.thread_time_ns() - began


def first():
    x = 1
    for _ in range(250):
        x = x * 31 & 0xFFFFFF


def second():
    x = 1
    for _ in range(125):
        x = x * 31 & 0xFFFFFF


def third():
    x = 1
    for _ in range(75):
        x = x * 31 & 0xFFFFFF


def fourth():
    x = 1
    for _ in range(50):
        x = x * 31 & 0xFFFFFF


SHORT = (first, second, third, fourth)


def cost(function):
    """Nanoseconds of one call: the least of some tries, for others use the machine too."""
    least = math.inf
    for _ in range(30):
        began = time.thread_time_ns()
        for _ in range(50):
            function()
        least = min(least, (time.thread_time_ns() - began) / 50)
    return round(least)


def kept_back():
    """Nanoseconds that this thread was ready to run, and did not."""
    return int(os.pread(scheduled, 64, 0).split()[1])


def turns(costs):
    turn, last, waited = 0, time.perf_counter_ns(), kept_back()
    while True:
        first()
        second()
        third()
        fourth()
        turn += 1
        now = time.perf_counter_ns()
        gap, last = now - last, now
        if gap > LEAST_NS or turn & 63 == 0:
            was, waited = waited, kept_back()
            gap -= waited - was
            if gap > LEAST_NS:
                slots[GAPS + min(MOST_GAPS, int(4 * math.log2(gap / LEAST_NS)))] += 1
        for one, each in enumerate(costs):
            slots[TIMES + one] = turn * each
        slots[0] = turn


def deep(calls_left, costs):
    if calls_left:
        deep(calls_left - 1, costs)
    else:
        turns(costs)


if mode == "mixed":
    for number in range(1, threads):
        threading.Thread(target=mixed, args=(number,), daemon=True).start()
    print("ready", os.getpid(), threading.get_native_id(), flush=True)
    mixed(0)
else:
    scheduled = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    measured = [cost(function) for function in SHORT]
    print("ready", os.getpid(), threading.get_native_id(), flush=True)
    deep(20, measured)
