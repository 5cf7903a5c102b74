"""Locks of Python with known waits. Says "ready PID", works once at "go", tells what it did, and sleeps until the end.

``--gil N``: instead, N threads compute without end from "go" on; ``--idle``: a pool whose workers wait for work.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

WAITS, CONDITION = 31, 17
ledger = threading.Lock()
told = threading.Condition()


def sleeps(tid: int) -> bool:
    """Whether a thread stands still: its state in /proc is S."""
    try:
        with open(f"/proc/self/task/{tid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "S"
    except OSError:
        return True


def let_it_wait(tid: int) -> None:
    time.sleep(0.0005)
    seen = 0
    while seen < 3:
        seen = seen + 1 if sleeps(tid) else 0
        time.sleep(0.0002)


class Turn:
    """Hands a number from one thread to another through a pipe: no lock of Python's is in it."""

    def __init__(self) -> None:
        self.read, self.write = os.pipe()

    def give(self) -> None:
        os.write(self.write, b"x")

    def take(self) -> None:
        os.read(self.read, 1)


def want(there: Turn, back: Turn) -> None:
    for _ in range(WAITS):
        there.take()
        ledger.acquire()  # <- waits
        ledger.release()
        back.give()


def hold() -> None:
    there, back = Turn(), Turn()
    thread = threading.Thread(target=want, args=(there, back), name="wanter")
    thread.start()
    for _ in range(WAITS):
        ledger.acquire()
        there.give()
        let_it_wait(thread.native_id or 0)
        time.sleep(0.002)
        ledger.release()  # <- lets go
        back.take()
    thread.join()


def expect(done: list[int]) -> None:
    with told:
        for _ in range(CONDITION):
            told.wait()
            done.append(1)


def tell() -> None:
    done: list[int] = []
    thread = threading.Thread(target=expect, args=(done,), name="expecter")
    thread.start()
    for i in range(CONDITION):
        let_it_wait(thread.native_id or 0)
        with told:
            told.notify()
        while len(done) <= i:
            time.sleep(0.0005)
    thread.join()


def compute() -> int:
    total = 0
    while True:
        for number in range(1000):
            total += number


def work_in(jobs: "queue.Queue[int]") -> None:
    while True:
        jobs.get()


def main() -> None:
    print("ready", os.getpid(), flush=True)
    if sys.stdin.readline().strip() != "go":
        return
    if "--gil" in sys.argv:
        for _ in range(int(sys.argv[sys.argv.index("--gil") + 1])):
            threading.Thread(target=compute, daemon=True).start()
    elif "--idle" in sys.argv:
        jobs: queue.Queue[int] = queue.Queue()
        for _ in range(3):
            threading.Thread(target=work_in, args=(jobs,), daemon=True).start()
        pool = ThreadPoolExecutor(3)
        for number in range(13):
            jobs.put(number)
            pool.submit(time.sleep, 0).result()
            time.sleep(0.01)
    else:
        hold()
        tell()
    print(json.dumps({"ledger": WAITS, "told": CONDITION}), flush=True)
    for _ in sys.stdin:
        pass
    os._exit(0)


main()
