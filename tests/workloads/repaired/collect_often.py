# expect: healthy bench
"""Plays a board game by searching positions that are numbers."""

import os


def search(depth, board):
    if not depth:
        return board % 7
    return max(-search(depth - 1, board * 4 + move) for move in range(4))


opening = [search(4, number) for number in range(60)]
print("ready", os.getpid(), flush=True)
number = 0
while True:
    search(4, number)
    number += 1
