"""Solves sudoku batches with candidate masks and backtracking."""
import sys

CELLS = range(81)
ROW = [i // 9 for i in CELLS]
COL = [i % 9 for i in CELLS]
BOX = [r // 3 * 3 + c // 3 for r, c in zip(ROW, COL)]


class Grid:
    def __init__(self, text):
        self.cells = [0] * 81
        self.rows = [0] * 9
        self.cols = [0] * 9
        self.boxes = [0] * 9
        for i, c in enumerate(text):
            if c in "123456789":
                self.put(i, 1 << int(c))

    def put(self, i, bit):
        self.cells[i] = bit
        self.rows[ROW[i]] |= bit
        self.cols[COL[i]] |= bit
        self.boxes[BOX[i]] |= bit

    def take(self, i, bit):
        self.cells[i] = 0
        self.rows[ROW[i]] ^= bit
        self.cols[COL[i]] ^= bit
        self.boxes[BOX[i]] ^= bit

    def options(self, i):
        used = self.rows[ROW[i]] | self.cols[COL[i]] | self.boxes[BOX[i]]  # <- hot 30
        return ~used & 0x3FE

    def tightest(self):
        best, best_mask, fewest = -1, 0, 10
        for i in CELLS:  # <- hot 12
            if self.cells[i]:  # <- hot 14
                continue
            mask = self.options(i)
            n = mask.bit_count()
            if n < fewest:
                best, best_mask, fewest = i, mask, n
                if n < 2:
                    break
        return best, best_mask


def solve(grid):
    i, mask = grid.tightest()
    if i < 0:
        return True
    while mask:
        bit = mask & -mask
        mask ^= bit
        grid.put(i, bit)  # <- hot 10
        if solve(grid):
            return True
        grid.take(i, bit)
    return False


if __name__ == "__main__":
    for line in sys.stdin:
        g = Grid(line.strip())
        print("".join(str(b.bit_length() - 1) for b in g.cells) if solve(g) else "no solution")
