# expect: healthy bench
"""A pool of sixteen threads that has been busy once and now gets five jobs a second."""

import os
import time
from concurrent.futures import ThreadPoolExecutor


def job(number):
    return sum(range(number % 1000))


with ThreadPoolExecutor(16) as pool:
    list(pool.map(lambda _: time.sleep(0.01), range(64)))
    print("ready", os.getpid(), flush=True)
    number = 0
    while True:
        number += 1
        pool.submit(job, number).result()
        time.sleep(0.2)
