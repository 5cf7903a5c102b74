# expect: healthy bench
"""A game keeps its leaderboard in order while scores come in."""

import os
import random
from bisect import insort

chance = random.Random(3)


def game(players):
    board = []
    for player in range(players):
        score = chance.random() * 1000
        insort(board, (score, player))
    return board[-10:]


print("ready", os.getpid(), flush=True)
while True:
    game(4000)
