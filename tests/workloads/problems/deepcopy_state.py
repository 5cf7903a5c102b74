# expect: pattern=serialization-overhead bench
"""Plays a board game: looks at what each move would lead to."""

import copy
import os


class Board:
    def __init__(self):
        self.cells = [[(row * column) % 3 for column in range(12)] for row in range(12)]
        self.score = 0


def try_move(board, row, column):
    after = copy.deepcopy(board)  # <- cost
    after.cells[row][column] = 1 - after.cells[row][column]
    return after.score + sum(after.cells[row]) - sum(line[column] for line in after.cells)


def best(board):
    return max((try_move(board, row, column), row, column) for row in range(12) for column in range(12))


print("ready", os.getpid(), flush=True)
board = Board()
while True:
    _, row, column = best(board)
    board.cells[row][column] = (board.cells[row][column] + 1) % 3
