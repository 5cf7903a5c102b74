"""Counts land masses of a generated world for the map selection screen."""

LAND = "#"
STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1))


class World:
    def __init__(self, text):
        self.rows = text.splitlines()
        self.height = len(self.rows)
        self.width = max((len(r) for r in self.rows), default=0)

    def is_land(self, x, y):
        return 0 <= y < self.height and 0 <= x < len(self.rows[y]) and self.rows[y][x] == LAND


def neighbours(world, cell):
    x, y = cell
    for dx, dy in STEPS:
        if world.is_land(x + dx, y + dy):
            yield x + dx, y + dy


def flood(world, start):
    frontier = [start]
    visited = [start]
    while frontier:
        cell = frontier.pop(0)
        for nxt in neighbours(world, cell):
            if nxt not in visited:  # <- cost hot 81
                visited.append(nxt)
                frontier.append(nxt)
    return visited


def islands(world):
    claimed = set()
    result = []
    for y in range(world.height):
        for x in range(world.width):
            if world.is_land(x, y) and (x, y) not in claimed:
                cells = flood(world, (x, y))
                claimed.update(cells)
                result.append(cells)
    return sorted(result, key=len, reverse=True)
