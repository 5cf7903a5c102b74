# expect: healthy
"""Turns a stream of readings into a compressed file, through buffers."""

import gzip
import os
import random

chance = random.Random(9)


def readings(count):
    for number in range(count):
        yield b"%d;%d;%d\n" % (number, chance.randrange(4096), chance.randrange(4096))


def write_hour(path):
    with gzip.open(path, "wb", compresslevel=3) as file:
        block = []
        for reading in readings(50_000):
            block.append(reading)
            if len(block) == 1000:
                file.write(b"".join(block))
                block.clear()


print("ready", os.getpid(), flush=True)
hour = 0
while True:
    hour += 1
    write_hour(f"hour-{hour % 5}.gz")
