# expect: pattern=gc-pressure bench
"""Plays a board game by searching a graph of positions that refer to each other."""

import os


class Position:
    def __init__(self, board, before):
        self.board = board
        self.before = before
        self.after = []  # <- cost
        self.scores = {"own": board % 7, "other": board % 5}


def search(depth, board, before):
    position = Position(board, before)  # <- cost
    if depth:
        for move in range(4):
            position.after.append(search(depth - 1, board * 4 + move, position))  # <- cost
    return position


def best(position):
    return max(position.after, key=lambda after: after.scores["own"]).board


opening = [search(5, number, None) for number in range(60)]
print("ready", os.getpid(), flush=True)
number = 0
while True:
    best(search(4, number, None))
    number += 1
