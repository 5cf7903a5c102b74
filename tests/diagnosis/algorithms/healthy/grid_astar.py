"""Route planning for warehouse robots."""
import heapq

import numpy as np

MOVES = ((1, 0, 1.0), (-1, 0, 1.0), (0, 1, 1.0), (0, -1, 1.0),
         (1, 1, 1.4142), (1, -1, 1.4142), (-1, 1, 1.4142), (-1, -1, 1.4142))


def octile(a, b):
    dx, dy = abs(a[0] - b[0]), abs(a[1] - b[1])
    return max(dx, dy) + 0.4142 * min(dx, dy)  # <- hot 12


class Planner:
    def __init__(self, floor):
        self.floor = np.asarray(floor, dtype=bool)
        self.rows, self.cols = self.floor.shape
        self.free = self.floor.tolist()

    def open_cell(self, r, c):
        return 0 <= r < self.rows and 0 <= c < self.cols and self.free[r][c]

    def route(self, start, goal):
        cost = {start: 0.0}
        parent = {start: None}
        queue = [(octile(start, goal), start)]
        closed = set()
        while queue:
            _, cell = heapq.heappop(queue)  # <- hot 22
            if cell == goal:
                return self._unwind(parent, goal)
            if cell in closed:
                continue
            closed.add(cell)
            for dr, dc, step in MOVES:
                nxt = (cell[0] + dr, cell[1] + dc)  # <- hot 16
                if nxt in closed or not self.open_cell(*nxt):  # <- hot 20
                    continue
                g = cost[cell] + step
                if g < cost.get(nxt, float("inf")):
                    cost[nxt] = g
                    parent[nxt] = cell
                    heapq.heappush(queue, (g + octile(nxt, goal), nxt))
        return None

    @staticmethod
    def _unwind(parent, cell):
        path = []
        while cell is not None:
            path.append(cell)
            cell = parent[cell]
        path.reverse()
        return path
