# expect: healthy bench
"""Takes jobs from a list in Redis as they come, does some work on each and stores the result: one round trip for each."""

import os
import sys
import time
import zlib
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import redis
import services

PORT = services.redis()


def bring():
    queue = redis.Redis(port=PORT)
    number = 0
    while True:
        number += 1
        if number % 20 == 0:
            queue.ltrim("jobs", 0, 500)
        queue.lpush("jobs", f"job {number}")
        time.sleep(0.004)


def work(job):
    return zlib.compress(job * 2000, 9).hex()


services.outside(bring)
store = redis.Redis(port=PORT)
print("ready", os.getpid(), flush=True)
while True:
    _, job = store.brpop("jobs")
    store.set("result", work(job))
