# expect: pattern=chatty-protocol
"""Prices baskets out of Redis, one key at a time. The exchange rates, which it also asks for, are few."""

import os
import random
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import redis
import services

store = redis.Redis(port=services.redis())
store.mset({f"price:{number}": number * 7 % 1000 for number in range(2000)})
store.mset({f"rate:{name}": rate for name, rate in (("EUR", 1), ("USD", 1.1), ("CHF", 0.95))})


def price(number):
    return int(store.get(f"price:{number}"))  # <- cost


def total(basket, currency):
    rate = float(store.get(f"rate:{currency}"))
    return rate * sum(price(number) for number in basket)


print("ready", os.getpid(), flush=True)
chosen = random.Random(7)
while True:
    total(chosen.sample(range(2000), 60), "USD")
