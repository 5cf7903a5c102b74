"""A pre-forking server without the network: a parent that only waits, and W workers that work when they are told.

``prefork.py WORKERS CALLS``: at "go" each worker makes CALLS os.stat calls at one line; the truth is WORKERS * CALLS.
"""

import json
import os
import sys

WORKERS, CALLS = int(sys.argv[1]), int(sys.argv[2])


def work() -> None:
    for _ in range(CALLS):
        os.stat("/")  # LINE


def worker(begin: int, done: int) -> None:
    while os.read(begin, 1):
        work()
        os.write(done, b".")


def main() -> None:
    begin, tell = os.pipe()
    finished, done = os.pipe()
    for _ in range(WORKERS):
        if os.fork() == 0:
            os.close(tell)
            worker(begin, done)
            os._exit(0)
    os.close(begin)
    print("ready", os.getpid(), flush=True)
    for line in sys.stdin:
        if line.strip() != "go":
            break
        # One byte for each worker; a quick one may take the byte of a slow one, the sum is the same.
        for _ in range(WORKERS):
            os.write(tell, b".")
            os.read(finished, 1)
        print(json.dumps({"calls": WORKERS * CALLS}), flush=True)


main()
