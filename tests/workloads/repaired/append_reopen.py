# expect: healthy bench
"""Appends every event to the log of the day."""

import os
import time

log = open("events.log", "a")  # noqa: SIM115


def note(kind, number):
    line = f"{time.time():.3f} {kind} {number:06} from the north gate, lane {number % 7}\n"
    log.write(line)


def events():
    number = 0
    while True:
        number += 1
        yield ("enter" if number % 3 else "leave"), number


print("ready", os.getpid(), flush=True)
for kind, number in events():
    note(kind, number)
    if number % 100_000 == 0:
        os.truncate("events.log", 0)
