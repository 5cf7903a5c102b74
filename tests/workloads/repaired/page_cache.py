# expect: healthy bench
"""Keeps pages that were built, so that they need not be built again."""

import os
import time

cache = {}


def build(address):
    return (f"<p>{address}</p>" * 600).encode()


def page(address):
    if address not in cache:
        if len(cache) > 500:
            cache.pop(next(iter(cache)))
        cache[address] = build(address)
    return cache[address]


for number in range(1000):
    page(f"/article/{number}")
print("ready", os.getpid(), flush=True)
while True:
    number += 1
    page(f"/article/{number}?from=newsletter")
    if number % 20 == 0:
        time.sleep(0.05)
