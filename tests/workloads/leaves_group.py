"""Leaves its process group, its session and its parent: a child of a child, which writes its pid to the file that is
named, ignores SIGHUP, and waits. ``starts-another``: when it is asked to end, it starts yet another such process.
Then the program says "ready" and waits, or ends at once (``ends``)."""

import os
import signal
import sys
import time

file, *how = sys.argv[1:]


def leave() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            if "starts-another" in how:
                signal.signal(signal.SIGTERM, lambda *_: leave())
            with open(file, "a") as told:
                told.write(f"{os.getpid()}\n")
            while True:
                time.sleep(60)
        os._exit(0)
    os.wait()


leave()
while not os.path.exists(file) or not open(file).read().endswith("\n"):
    time.sleep(0.002)
print("ready", os.getpid(), flush=True)
if "ends" not in how:
    while True:
        time.sleep(60)
