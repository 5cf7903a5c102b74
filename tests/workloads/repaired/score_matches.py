# expect: healthy bench
"""Scores candidates against profiles, in processes so that all cores are used. Results go to a journal."""

import os
from concurrent.futures import ProcessPoolExecutor
from random import Random

random = Random(7)
profiles = [[random.random() for _ in range(40)] for _ in range(60)]
candidates = [[random.random() for _ in range(40)] for _ in range(200)]
journal = open("journal", "a", buffering=65536)


def distance(a, b):
    total = 0.0
    for x, y in zip(a, b):
        total += (x - y) * (x - y) * (1.0 + x * y)
    return total


def score(profile):
    return [distance(profile, candidate) for candidate in candidates]


def main():
    print("ready", os.getpid(), flush=True)
    with ProcessPoolExecutor(2) as pool:
        while True:
            for number, row in enumerate(pool.map(score, profiles, chunksize=10)):
                journal.write(f"{number};{min(row):.3f}\n")


if __name__ == "__main__":
    main()
