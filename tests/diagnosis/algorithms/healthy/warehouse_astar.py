"""Path planning for the picking robots of a warehouse."""
from heapq import heappop, heappush

STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1))


class Floor:
    def __init__(self, rows):
        self.blocked = {
            (x, y) for y, row in enumerate(rows) for x, c in enumerate(row) if c == "#"
        }
        self.width = max(map(len, rows))
        self.height = len(rows)

    def free(self, cell):
        x, y = cell
        return 0 <= x < self.width and 0 <= y < self.height and cell not in self.blocked  # <- hot 24


def estimate(a, b):
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def route(floor, start, goal):
    open_list = [(estimate(start, goal), 0, start)]
    cost = {start: 0}
    came = {start: None}
    while open_list:
        _, spent, cell = heappop(open_list)  # <- hot 26
        if cell == goal:
            break
        if spent > cost[cell]:
            continue
        for dx, dy in STEPS:
            nxt = (cell[0] + dx, cell[1] + dy)
            if not floor.free(nxt):
                continue
            total = spent + 1
            if total < cost.get(nxt, 1 << 30):  # <- hot 14
                cost[nxt] = total
                came[nxt] = cell
                heappush(open_list, (total + estimate(nxt, goal), total, nxt))  # <- hot 21
    else:
        return None
    path = []
    while cell is not None:
        path.append(cell)
        cell = came[cell]
    return path[::-1]


def tour(floor, stops):
    whole = [stops[0]]
    for a, b in zip(stops, stops[1:]):
        leg = route(floor, a, b)
        if leg is None:
            raise ValueError(f"no way from {a} to {b}")
        whole.extend(leg[1:])
    return whole
