"""Smoothed particle fluid for a water effect."""
from collections import defaultdict
from math import floor

H = 0.04
H2 = H * H
POLY6 = 4.0 / (3.14159265 * H ** 8)


class Particle:
    __slots__ = ("x", "y", "vx", "vy", "rho")

    def __init__(self, x, y):
        self.x, self.y = x, y
        self.vx = self.vy = 0.0
        self.rho = 0.0


def bucket(particles):
    grid = defaultdict(list)
    for p in particles:
        grid[floor(p.x / H), floor(p.y / H)].append(p)
    return grid


def nearby(grid, cx, cy):
    for gx in (cx - 1, cx, cx + 1):
        for gy in (cy - 1, cy, cy + 1):
            yield from grid.get((gx, gy), ())  # <- hot 19


def densities(particles):
    grid = bucket(particles)
    for (cx, cy), members in list(grid.items()):
        around = list(nearby(grid, cx, cy))
        for p in members:
            rho = 0.0
            for q in around:  # <- hot 12
                d2 = (p.x - q.x) ** 2 + (p.y - q.y) ** 2  # <- hot 41
                if d2 < H2:
                    rho += POLY6 * (H2 - d2) ** 3  # <- hot 18
            p.rho = rho


def integrate(particles, dt, g=-9.81):
    for p in particles:
        p.vy += g * dt
        p.x = min(max(p.x + p.vx * dt, 0.0), 1.0)
        p.y = min(max(p.y + p.vy * dt, 0.0), 1.0)
