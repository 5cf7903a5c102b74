"""A tiny entity component system used by the arena shooter."""
import math
import random
from collections import defaultdict


class Transform:
    __slots__ = ("x", "y", "angle")

    def __init__(self, x, y, angle=0.0):
        self.x, self.y, self.angle = x, y, angle


class Velocity:
    __slots__ = ("dx", "dy")

    def __init__(self, dx, dy):
        self.dx, self.dy = dx, dy


class Trail:
    def __init__(self, length):
        self.points = [(0.0, 0.0)] * length  # <- made 75
        self.head = 0

    def push(self, x, y):
        self.points[self.head] = (x, y)
        self.head = (self.head + 1) % len(self.points)


class World:
    def __init__(self):
        self._ids = 0
        self.transforms = {}
        self.velocities = {}
        self.trails = {}  # <- cost
        self.doomed = set()
        self.grid = defaultdict(list)

    def spawn_bullet(self, x, y, angle, speed=9.0):
        self._ids += 1
        e = self._ids
        self.transforms[e] = Transform(x, y, angle)
        self.velocities[e] = Velocity(math.cos(angle) * speed, math.sin(angle) * speed)
        trail = Trail(24)  # <- made 25
        trail.push(x, y)
        self.trails[e] = trail  # <- cost
        return e

    def spawn_enemy(self, width, height):
        self._ids += 1
        self.transforms[self._ids] = Transform(random.uniform(0, width), random.uniform(0, height))
        return self._ids

    def step(self, dt, width, height):
        self.grid.clear()
        for e, v in self.velocities.items():
            t = self.transforms[e]
            t.x += v.dx * dt
            t.y += v.dy * dt
            self.trails[e].push(t.x, t.y)
            if not (0 <= t.x <= width and 0 <= t.y <= height):
                self.doomed.add(e)
        for e, t in self.transforms.items():
            self.grid[(int(t.x) // 32, int(t.y) // 32)].append(e)
        self._collide()
        self._reap()

    def _collide(self):
        for cell in self.grid.values():
            bullets = [e for e in cell if e in self.velocities]
            enemies = [e for e in cell if e not in self.velocities]
            for b, m in zip(bullets, enemies):
                self.doomed.add(b)
                self.doomed.add(m)

    def _reap(self):
        for e in self.doomed:  # <- cost
            self.transforms.pop(e, None)
            self.velocities.pop(e, None)
        self.doomed.clear()
