# expect: healthy bench
"""Computes prices for small JSON requests: the computing is the work, the JSON a small part of it."""

import json
import os

goods = {n: (100 + n * 7 % 90, n % 5) for n in range(2000)}


def price(basket):
    total = 0
    for number, count in basket:
        base, group = goods[number]
        for step in range(40):
            base = base + (base * group * step) % 7 - 3
        total += base * count
    return total


def answer(body):
    request = json.loads(body)
    return json.dumps({"total": price(request["basket"]), "currency": "EUR"})


bodies = [json.dumps({"basket": [[n * 17 % 2000, 1 + n % 3] for n in range(start, start + 30)]}) for start in range(50)]
print("ready", os.getpid(), flush=True)
number = 0
while True:
    answer(bodies[number % len(bodies)])
    number += 1
