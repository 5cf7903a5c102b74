"""Which rooms of a generated dungeon can a hero reach with the keys found?"""
import random


class Dungeon:
    def __init__(self, width, height, seed=0):
        rng = random.Random(seed)
        self.width, self.height = width, height
        self.doors = {}
        for y in range(height):
            for x in range(width):
                for dx, dy in ((1, 0), (0, 1)):
                    other = (x + dx, y + dy)
                    if other[0] < width and other[1] < height and rng.random() < 0.7:
                        self.doors.setdefault((x, y), []).append(other)
                        self.doors.setdefault(other, []).append((x, y))

    def neighbours(self, room):
        return self.doors.get(room, ())


def trails(dungeon, start):
    stack = [(start, [start])]
    seen = {start}
    while stack:
        room, trail = stack.pop()
        yield room, trail
        for nxt in dungeon.neighbours(room):
            if nxt not in seen:
                seen.add(nxt)
                stack.append((nxt, trail + [nxt]))  # <- cost hot 89


def longest_trail(dungeon, start):
    best = []
    for _, trail in trails(dungeon, start):
        if len(trail) > len(best):
            best = trail
    return best


def place_treasure(dungeon, start=(0, 0)):
    trail = longest_trail(dungeon, start)
    return {"chest": trail[-1], "steps": len(trail) - 1, "hint": trail[len(trail) // 2]}
