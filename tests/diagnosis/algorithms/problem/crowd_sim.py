"""Pedestrian separation forces for the station evacuation model."""
import math
import random

PERSONAL_SPACE = 0.8
MAX_SPEED = 1.6


class Walker:
    __slots__ = ("x", "y", "vx", "vy", "fx", "fy")

    def __init__(self, x, y):
        self.x = x
        self.y = y
        self.vx = self.vy = 0.0
        self.fx = self.fy = 0.0


def push_apart(a, b):
    dx = a.x - b.x
    dy = a.y - b.y
    d2 = dx * dx + dy * dy  # <- hot 30
    if d2 >= PERSONAL_SPACE * PERSONAL_SPACE or d2 == 0.0:  # <- hot 22
        return
    d = math.sqrt(d2)
    strength = (PERSONAL_SPACE - d) / d
    a.fx += dx * strength
    a.fy += dy * strength
    b.fx -= dx * strength
    b.fy -= dy * strength


def accumulate(walkers):
    n = len(walkers)
    for i in range(n):
        for j in range(i + 1, n):  # <- cost hot 14
            push_apart(walkers[i], walkers[j])  # <- cost hot 20


def integrate(walkers, exit_x, exit_y, dt):
    for w in walkers:
        ex, ey = exit_x - w.x, exit_y - w.y
        dist = math.hypot(ex, ey) or 1.0
        w.vx += (ex / dist + w.fx) * dt
        w.vy += (ey / dist + w.fy) * dt
        speed = math.hypot(w.vx, w.vy)
        if speed > MAX_SPEED:
            w.vx *= MAX_SPEED / speed
            w.vy *= MAX_SPEED / speed
        w.x += w.vx * dt
        w.y += w.vy * dt
        w.fx = w.fy = 0.0


def run(count=5000, steps=200, seed=4):
    rng = random.Random(seed)
    walkers = [Walker(rng.uniform(0, 120), rng.uniform(0, 80)) for _ in range(count)]
    for _ in range(steps):
        accumulate(walkers)
        integrate(walkers, 120.0, 40.0, 0.05)
    return walkers
