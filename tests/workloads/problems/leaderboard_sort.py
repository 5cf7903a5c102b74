# expect: pattern=hot-loop bench
"""A game keeps its leaderboard in order while scores come in."""

import os
import random

chance = random.Random(3)


def game(players):
    board = []
    for player in range(players):
        score = chance.random() * 1000
        board.append((score, player))
        board.sort()  # <- cost
    return board[-10:]


print("ready", os.getpid(), flush=True)
while True:
    game(4000)
