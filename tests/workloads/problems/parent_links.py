# expect: pattern=gc-pressure bench
"""Parses documents into trees whose nodes know their parents, and keeps many of them: the collector walks them all."""

import os


class Node:
    def __init__(self, name, parent):
        self.name = name
        self.parent = parent
        self.children = []


def parse(count):
    root = Node("root", None)
    at = root
    for n in range(count):
        child = Node(f"n{n % 7}", at)  # <- cost
        at.children.append(child)  # <- cost
        at = child if n % 5 else root
    return root


def depth_sum(numbers):
    return sum(number % 13 for number in numbers)


kept = []
print("ready", os.getpid(), flush=True)
while True:
    kept.append(parse(3000))
    if len(kept) > 60:
        kept[:] = kept[-2:]
    depth_sum(range(500))
