import math
import random
from collections import defaultdict
from dataclasses import dataclass

CELL = 6.0


@dataclass
class Rock:
    x: float
    y: float
    vx: float
    vy: float
    radius: float
    alive: bool = True

    def move(self, dt, width, height):
        self.x = (self.x + self.vx * dt) % width
        self.y = (self.y + self.vy * dt) % height


def overlap(a, b):
    dx, dy = a.x - b.x, a.y - b.y  # <- hot 14
    reach = a.radius + b.radius
    return dx * dx + dy * dy <= reach * reach  # <- hot 12


class Field:
    def __init__(self, count, width, height, seed=7):
        rng = random.Random(seed)
        self.width, self.height = width, height
        self.rocks = [
            Rock(rng.uniform(0, width), rng.uniform(0, height),
                 rng.gauss(0, 12), rng.gauss(0, 12), rng.uniform(1.0, 3.0))
            for _ in range(count)
        ]

    def contacts(self):
        cells = defaultdict(list)
        for index, rock in enumerate(self.rocks):
            cells[int(rock.x // CELL), int(rock.y // CELL)].append((index, rock))
        for (cx, cy), members in cells.items():
            for gx in (cx - 1, cx, cx + 1):
                for gy in (cy - 1, cy, cy + 1):
                    near = cells.get((gx, gy), ())  # <- hot 24
                    for i, a in members:
                        for j, b in near:
                            if i < j and overlap(a, b):  # <- hot 22
                                yield a, b

    def bounce(self, a, b):
        angle = math.atan2(b.y - a.y, b.x - a.x)
        push = 0.5 * math.hypot(a.vx - b.vx, a.vy - b.vy)
        a.vx -= math.cos(angle) * push
        a.vy -= math.sin(angle) * push
        b.vx += math.cos(angle) * push
        b.vy += math.sin(angle) * push

    def step(self, dt):
        for rock in self.rocks:
            rock.move(dt, self.width, self.height)
        for a, b in list(self.contacts()):
            self.bounce(a, b)
