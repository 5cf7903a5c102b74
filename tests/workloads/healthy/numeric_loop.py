# expect: healthy
"""A simulation: arithmetic on floats in plain Python, as efficient as plain Python is."""

import math
import os


def orbit(steps):
    x, y, speed_x, speed_y = 1.0, 0.0, 0.0, 1.0
    for _ in range(steps):
        distance = math.sqrt(x * x + y * y)
        pull = 0.001 / distance**3
        speed_x -= x * pull
        speed_y -= y * pull
        x += speed_x * 0.001
        y += speed_y * 0.001
    return x, y


print("ready", os.getpid(), flush=True)
while True:
    orbit(10_000)
