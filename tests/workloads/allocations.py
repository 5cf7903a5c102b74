"""A program whose every larger object is known. ``ready PID``, ``go``, one JSON line of truth, ``stop``.

A bytes object of n bytes takes n + 33 of the allocator; above 512 that is malloc, below it is Python's own.
"""

import json
import os
import sys
import threading

HEAD = 33
kept = []


def retains(times: int) -> None:
    for i in range(times):
        kept.append(bytes(1009))  # <- retained


def passes(times: int) -> None:
    for _ in range(times):
        bytes(2003)  # <- passing


def small(times: int) -> None:
    for _ in range(times):
        kept.append(bytes(101))  # <- small


def main() -> None:
    with open(__file__) as source:
        lines = {text.rstrip().rpartition("# <- ")[2]: i for i, text in enumerate(source, 1) if "# <- " in text}
    kept.extend([None] * 20_000)
    kept.clear()
    work = {"retained": (retains, 1511), "passing": (passes, 3001), "small": (small, 4001)}
    print("ready", os.getpid(), flush=True)
    sys.stdin.readline()
    for name, (function, times) in work.items():
        thread = threading.Thread(target=function, args=(times,), name=name)
        thread.start()
        thread.join()
    sizes = {"retained": 1009, "passing": 2003, "small": 101}
    truth = {
        name: {"line": lines[name], "calls": times, "bytes": times * (sizes[name] + HEAD)}
        for name, (_, times) in work.items()
    }
    print(json.dumps(truth), flush=True)
    sys.stdin.readline()
    os._exit(0)  # an orderly end would free what is kept


if __name__ == "__main__":
    main()
