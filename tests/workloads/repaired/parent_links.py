# expect: healthy bench
"""Parses documents into flat tables in which a node is a number: nothing for the collector to walk."""

import os
from array import array


def parse(count):
    names = array("b")
    parents = array("l")
    at = 0
    for n in range(count):
        names.append(n % 7)
        parents.append(at)
        at = n if n % 5 else 0
    return names, parents


def depth_sum(numbers):
    return sum(number % 13 for number in numbers)


kept = []
print("ready", os.getpid(), flush=True)
while True:
    kept.append(parse(3000))
    if len(kept) > 60:
        kept[:] = kept[-2:]
    depth_sum(range(500))
