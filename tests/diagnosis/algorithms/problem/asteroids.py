import itertools
import math
import random
from dataclasses import dataclass


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
    dx, dy = a.x - b.x, a.y - b.y  # <- hot 33
    reach = a.radius + b.radius  # <- hot 15
    return dx * dx + dy * dy <= reach * reach  # <- hot 24


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
        for a, b in itertools.combinations(self.rocks, 2):  # <- cost hot 22
            if overlap(a, b):  # <- cost
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
