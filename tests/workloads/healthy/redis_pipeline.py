# expect: healthy bench
"""Loads measurements into Redis, three hundred commands at a time."""

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import redis
import services

store = redis.Redis(port=services.redis())


def load(first):
    with store.pipeline(transaction=False) as pipeline:
        for number in range(first, first + 300):
            pipeline.set(f"measurement:{number % 5000}", number * 7 % 1000)
        pipeline.execute()


print("ready", os.getpid(), flush=True)
number = 0
while True:
    load(number)
    number += 300
