"""A pool of 7 threads that wait for work, and one of 3 that compute all the time; each says its name to the kernel."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def call_it(name: str) -> None:
    Path("/proc/thread-self/comm").write_text(name)


def named(name: str, threads: int) -> ThreadPoolExecutor:
    number = iter(range(threads))
    return ThreadPoolExecutor(threads, initializer=lambda: call_it(f"{name}_{next(number)}"))


def compute() -> None:
    while True:
        sum(range(1000))  # line: compute


def main() -> None:
    idle, busy = named("idle", 7), named("busy", 3)
    met = threading.Barrier(7)
    for done in [idle.submit(met.wait) for _ in range(7)]:
        done.result()
    for _ in range(3):
        busy.submit(compute)
    print("ready", os.getpid(), flush=True)
    for line in sys.stdin:
        if line == "stop\n":
            os._exit(0)


main()
