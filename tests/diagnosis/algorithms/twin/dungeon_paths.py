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


def explore(dungeon, start):
    came = {start: None}
    depth = {start: 1}
    stack = [start]
    while stack:
        room = stack.pop()
        for nxt in dungeon.neighbours(room):  # <- hot 34
            if nxt not in came:  # <- hot 23
                came[nxt] = room
                depth[nxt] = depth[room] + 1  # <- hot 13
                stack.append(nxt)
    return came, depth


def longest_trail(dungeon, start):
    came, depth = explore(dungeon, start)
    room = max(depth, key=depth.get)  # <- hot 12
    path = []
    while room is not None:
        path.append(room)
        room = came[room]
    return path[::-1]


def place_treasure(dungeon, start=(0, 0)):
    trail = longest_trail(dungeon, start)
    return {"chest": trail[-1], "steps": len(trail) - 1, "hint": trail[len(trail) // 2]}
