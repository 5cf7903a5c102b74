# expect: healthy bench
"""A cache that fills up to its bound in the first two seconds, and turns over from then on."""

import functools
import os
import time


@functools.lru_cache(maxsize=4000)
def thumbnail(number):
    return bytes((number * 31 + at) % 256 for at in range(2500))


print("ready", os.getpid(), flush=True)
number = 0
while True:
    number += 1
    thumbnail(number % 9000)
    if number % 20 == 0:
        time.sleep(0.003)
