class Rod:
    def __init__(self, n, alpha, left, right):
        self.t = [0.0] * n
        self.t[0], self.t[-1] = left, right
        self.alpha = alpha

    def step(self, dt, dx):
        t = self.t
        new = t[:]
        k = self.alpha * dt / (dx * dx)
        for i in range(1, len(t) - 1):
            new[i] = t[i] + k * (t[i - 1] - 2 * t[i] + t[i + 1])  # <- 0
        self.t = new


def settle(rod, limit, eps=1e-6):
    for n in range(limit):
        before = rod.t
        rod.step(0.01, 0.1)  # <- 1
        if max(abs(a - b) for a, b in zip(before, rod.t)) < eps:
            return n
    return limit
