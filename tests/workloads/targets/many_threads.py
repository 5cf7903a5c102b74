"""Hundreds of threads: ``many_threads.py THREADS CALLS``. At "go" each makes CALLS os.stat calls at one line."""

import json
import os
import sys
import threading

THREADS, CALLS = int(sys.argv[1]), int(sys.argv[2])


def work(gate: threading.Barrier) -> None:
    while True:
        gate.wait()
        for _ in range(CALLS):
            os.stat("/")  # LINE
        gate.wait()


def main() -> None:
    threading.stack_size(256 * 1024)
    gate = threading.Barrier(THREADS + 1)
    for _ in range(THREADS):
        threading.Thread(target=work, args=(gate,), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    for line in sys.stdin:
        if line.strip() != "go":
            break
        gate.wait()
        gate.wait()
        print(json.dumps({"calls": THREADS * CALLS}), flush=True)


main()
