# expect: healthy bench
"""Quotes prices with discounts; quotes that were made are remembered."""

import functools
import os
import time


@functools.lru_cache(maxsize=2000)
def quote(article, moment):
    lines = [f"{article}: {count} at {count * 0.97:.2f}" for count in range(1, 40)]
    return "\n".join(lines)


def describe(article):
    return " ".join(f"part-{number}" for number in range(article % 50 + 50))


print("ready", os.getpid(), flush=True)
number = 0
while True:
    number += 1
    describe(number)
    quote(number % 200, number)
    if number % 16 == 0:
        time.sleep(0.01)
