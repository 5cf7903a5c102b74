# expect: pattern=small-io bench
"""Exports measurements as CSV, field by field."""

import os
import random

chance = random.Random(5)
measurements = [[chance.randrange(10_000) for _ in range(8)] for _ in range(20_000)]


def export(path):
    with open(path, "wb", buffering=0) as file:
        for row in measurements:
            for value in row:
                file.write(b"%d;" % value)  # <- cost
            file.write(b"\n")  # <- cost


print("ready", os.getpid(), flush=True)
while True:
    export("export.csv")
