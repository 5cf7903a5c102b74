"""Granular flow in a rotating drum: contact forces over a cell grid."""
import math
from collections import defaultdict

STIFF = 4.0e4
DAMP = 18.0


class Grain:
    __slots__ = ("x", "y", "vx", "vy", "fx", "fy", "r")

    def __init__(self, x, y, r):
        self.x, self.y, self.r = x, y, r
        self.vx = self.vy = self.fx = self.fy = 0.0


def bin_grains(grains, size):
    cells = defaultdict(list)
    for g in grains:
        cells[int(g.x // size), int(g.y // size)].append(g)
    return cells


def collide(a, b):
    dx, dy = b.x - a.x, b.y - a.y
    reach = a.r + b.r
    d2 = dx * dx + dy * dy  # <- hot 19
    if d2 >= reach * reach or d2 == 0.0:  # <- hot 14
        return
    d = math.sqrt(d2)
    nx, ny = dx / d, dy / d
    approach = (b.vx - a.vx) * nx + (b.vy - a.vy) * ny  # <- hot 16
    f = STIFF * (reach - d) - DAMP * approach
    a.fx -= f * nx
    a.fy -= f * ny
    b.fx += f * nx
    b.fy += f * ny


def contacts(cells):
    for (cx, cy), here in cells.items():
        for i, a in enumerate(here):
            for b in here[i + 1:]:
                collide(a, b)
        for ox, oy in ((1, 0), (-1, 1), (0, 1), (1, 1)):
            there = cells.get((cx + ox, cy + oy), ())
            for a in here:
                for b in there:  # <- hot 21
                    collide(a, b)


def step(grains, size, dt):
    for g in grains:
        g.fx, g.fy = 0.0, -9.81
    contacts(bin_grains(grains, size))
    for g in grains:
        g.vx += g.fx * dt
        g.vy += g.fy * dt
        g.x += g.vx * dt
        g.y += g.vy * dt
