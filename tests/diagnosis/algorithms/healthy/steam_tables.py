"""Enthalpy flow from plant historian samples by table interpolation."""
from bisect import bisect_right


class Curve:
    def __init__(self, xs, ys):
        if sorted(xs) != list(xs):
            raise ValueError("abscissae must ascend")
        self.xs = list(xs)
        self.ys = list(ys)
        self.slopes = [
            (y1 - y0) / (x1 - x0)
            for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:])
        ]

    def __call__(self, x):
        i = bisect_right(self.xs, x) - 1  # <- hot 32
        i = min(max(i, 0), len(self.slopes) - 1)  # <- hot 22
        return self.ys[i] + (x - self.xs[i]) * self.slopes[i]  # <- hot 20


class SteamLine:
    def __init__(self, saturation, enthalpy, density):
        self.saturation = saturation
        self.enthalpy = enthalpy
        self.density = density

    def power(self, pressure, temperature, flow):
        if temperature < self.saturation(pressure):
            return 0.0
        return flow * self.density(pressure) * self.enthalpy(temperature)  # <- hot 10


def integrate(line, samples):
    energy = 0.0
    previous = None
    for stamp, pressure, temperature, flow in samples:
        power = line.power(pressure, temperature, flow)
        if previous is not None:
            t0, p0 = previous
            energy += 0.5 * (p0 + power) * (stamp - t0)
        previous = stamp, power
    return energy


def read_curve(path):
    xs, ys = [], []
    with open(path) as fh:
        for row in fh:
            if row.strip() and not row.startswith("#"):
                x, y = row.split()
                xs.append(float(x))
                ys.append(float(y))
    return Curve(xs, ys)
