"""Smoothed-particle water for the level editor preview."""
import math
from collections import defaultdict

H = 0.1
H2 = H * H
MASS = 0.02
POLY6 = 315.0 / (64.0 * math.pi * H ** 9)
REACH = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]


class Drop:
    __slots__ = ("x", "y", "vx", "vy", "rho", "cell")

    def __init__(self, x, y):
        self.x, self.y = x, y
        self.vx = self.vy = 0.0
        self.rho = 0.0
        self.cell = None


def bin_drops(drops):
    cells = defaultdict(list)
    for d in drops:
        d.cell = (int(d.x / H), int(d.y / H))
        cells[d.cell].append(d)
    return cells


def density(drop, cells):
    total = 0.0
    cx, cy = drop.cell
    for ox, oy in REACH:
        for other in cells.get((cx + ox, cy + oy), ()):  # <- hot 22
            dx = other.x - drop.x
            dy = other.y - drop.y
            r2 = dx * dx + dy * dy  # <- hot 25
            if r2 < H2:
                total += (H2 - r2) ** 3  # <- hot 24
    return MASS * POLY6 * total


def step(drops, dt, gravity=-9.8, width=4.0):
    cells = bin_drops(drops)
    for d in drops:
        d.rho = density(d, cells)
    for d in drops:
        d.vy += gravity * dt * (1.0 if d.rho < 1100 else 0.4)
        d.x = min(max(d.x + d.vx * dt, 0.0), width)
        d.y = max(d.y + d.vy * dt, 0.0)


def settle(count=3000, frames=240):
    side = int(math.sqrt(count))
    drops = [Drop(0.05 * (i % side), 1.0 + 0.05 * (i // side)) for i in range(count)]
    for _ in range(frames):
        step(drops, 1 / 240)
    return drops
