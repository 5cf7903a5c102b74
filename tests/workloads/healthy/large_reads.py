# expect: healthy bench
"""A batch job that goes through many files once, line by line, with the usual buffers."""

import os
import random

chance = random.Random(7)
os.makedirs("logs", exist_ok=True)
for number in range(40):
    with open(f"logs/{number}.log", "w") as file:
        for _ in range(20_000):
            file.write(f"{chance.randrange(1 << 30)} GET /page/{chance.randrange(500)} {chance.randrange(90)}\n")

    for day in range(50):  # a year of logs, many of them alike
        os.link(f"logs/{number}.log", f"logs/{number}-{day}.log")


def busiest(path):
    counts = {}
    with open(path, buffering=1 << 20) as file:
        for line in file:
            page = line.split()[2]
            counts[page] = counts.get(page, 0) + 1
    return max(counts, key=counts.get)


print("ready", os.getpid(), flush=True)
while True:
    for day in range(50):
        for number in range(40):
            busiest(f"logs/{number}-{day}.log")
