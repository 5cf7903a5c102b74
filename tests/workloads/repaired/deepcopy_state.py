# expect: healthy bench
"""Plays a board game: looks at what each move would lead to."""

import copy
import os


class Board:
    def __init__(self):
        self.cells = [[(row * column) % 3 for column in range(12)] for row in range(12)]
        self.score = 0


def try_move(board, row, column):
    old = board.cells[row][column]
    board.cells[row][column] = 1 - old
    value = board.score + sum(board.cells[row]) - sum(line[column] for line in board.cells)
    board.cells[row][column] = old
    return value


def best(board):
    return max((try_move(board, row, column), row, column) for row in range(12) for column in range(12))


print("ready", os.getpid(), flush=True)
board = Board()
while True:
    _, row, column = best(board)
    board.cells[row][column] = (board.cells[row][column] + 1) % 3
