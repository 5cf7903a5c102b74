import math


class World:
    def __init__(self):
        self.units = []
        self.food = []

    def target_of(self, unit):
        best, best_d = None, math.inf
        for f in self.food:
            d = (f.x - unit.x) ** 2 + (f.y - unit.y) ** 2  # <- 0
            if d < best_d:
                best, best_d = f, d
        return best

    def tick(self, dt):
        for u in self.units:  # <- outer
            t = self.target_of(u)  # <- 1
            if t is None:
                continue
            a = math.atan2(t.y - u.y, t.x - u.x)
            u.x += math.cos(a) * u.speed * dt
            u.y += math.sin(a) * u.speed * dt
