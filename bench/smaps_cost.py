"""What does proc-memory cost its target? How long one reading of /proc/PID/smaps takes, and what the target waits.

    python bench/smaps_cost.py [--repeats 3]

The target maps and unmaps a page in a loop: what a reader of its mappings can hold up. It is measured alone, while one
reading follows the other without a pause (the worst that can be), and beside proc-memory as it is. Needs root.
"""

import argparse
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import anyio

from perfdoctor.collectors.backends.proc import smaps
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.memory_map import measure
from perfdoctor.collectors.target import find_target

TARGET = Path(__file__).parent / "targets" / "maps_memory.py"
SIZES = ((64, 16), (1024, 64), (4096, 64), (256, 10_007))
HOST = LocalHost()


def reads(pid: int, until: threading.Event, took: list[float]) -> None:
    while not until.is_set():
        began = time.perf_counter()
        smaps.read(HOST, pid)
        took.append(time.perf_counter() - began)


def asks(pid: int, until: threading.Event, took: list[float]) -> None:
    while not until.is_set():
        evidence = anyio.run(lambda: measure(HOST, find_target(HOST, pid), seconds=2))
        assert evidence.memory_map is not None
        took.append(evidence.memory_map.read_seconds)


def seconds_of(target: subprocess.Popen[str], repeats: int) -> tuple[float, float]:
    """(turns a second, longest turn in microseconds), medians."""
    assert target.stdout is not None
    target.stdout.readline()  # the second that was under way
    turns, longest = zip(
        *([int(word) for word in target.stdout.readline().split()] for _ in range(repeats)), strict=True
    )
    return statistics.median(turns), statistics.median(longest)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--repeats", type=int, default=3, help="seconds of each measurement")
    repeats = options.parse_args().repeats
    print(
        "| target | one reading, ms | turns/s alone | beside proc-memory | beside endless readings | longest turn, us |"
    )
    print("|---|---|---|---|---|---|")
    for size, pieces in SIZES:
        target = subprocess.Popen([sys.executable, TARGET, str(size), str(pieces)], stdout=subprocess.PIPE, text=True)
        try:
            assert target.stdout is not None
            target.stdout.readline()
            alone, calm = seconds_of(target, repeats)
            row = {}
            for how in (asks, reads):
                until, took = threading.Event(), list[float]()
                thread = threading.Thread(target=how, args=(target.pid, until, took))
                thread.start()
                row[how] = (*seconds_of(target, repeats), took)
                until.set()
                thread.join()
            share = [f"{row[how][0] / alone:.0%}" for how in (asks, reads)]
            reading = statistics.median(row[reads][2]) * 1000
            longest = " / ".join(f"{us:.0f}" for us in (calm, row[asks][1], row[reads][1]))
            print(
                f"| {size} MiB, {pieces:,} mappings | {reading:.1f} | {alone:,.0f} | {' | '.join(share)} | {longest} |"
            )
        finally:
            target.kill()
            target.communicate()


if __name__ == "__main__":
    main()
