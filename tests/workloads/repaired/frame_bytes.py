# expect: healthy bench
"""Mixes sound of many tracks in one array that is kept."""

import os
from array import array

FRAMES = 6_000_000
block = array("d", bytes(8 * FRAMES))


def mixed(level):
    block[0] = level
    block[-1] = -level
    return block


def peak(block):
    return max(abs(value) for value in block[:200])


print("ready", os.getpid(), flush=True)
number = 0
while True:
    number += 1
    peak(mixed(number % 7 / 7))
