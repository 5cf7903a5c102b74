# expect: pattern=memory-growth
"""Keeps pages that were built, so that they need not be built again."""

import os
import time

cache = {}


def build(address):
    return (f"<p>{address}</p>" * 600).encode()  # <- cost


def page(address):
    if address not in cache:
        cache[address] = build(address)  # <- cost
    return cache[address]


for number in range(1000):
    page(f"/article/{number}")
print("ready", os.getpid(), flush=True)
while True:
    number += 1
    page(f"/article/{number}?from=newsletter")
    if number % 20 == 0:
        time.sleep(0.05)
