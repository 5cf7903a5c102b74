# expect: healthy bench
"""Prices baskets out of Redis, all keys of a basket at once."""

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


def total(basket, currency):
    rate, *prices = store.mget(f"rate:{currency}", *(f"price:{number}" for number in basket))
    return float(rate) * sum(int(price) for price in prices)


print("ready", os.getpid(), flush=True)
chosen = random.Random(7)
while True:
    total(chosen.sample(range(2000), 60), "USD")
