# expect: healthy bench
"""Exports measurements as CSV, field by field."""

import os
import random

chance = random.Random(5)
measurements = [[chance.randrange(10_000) for _ in range(8)] for _ in range(20_000)]


def export(path):
    with open(path, "wb") as file:
        for row in measurements:
            for value in row:
                file.write(b"%d;" % value)
            file.write(b"\n")


print("ready", os.getpid(), flush=True)
while True:
    export("export.csv")
