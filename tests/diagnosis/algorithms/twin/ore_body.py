"""Extract connected ore bodies out of a block model."""
from collections import deque

import numpy as np

STEPS = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))


def neighbours(block, shape):
    x, y, z = block
    for dx, dy, dz in STEPS:
        nx, ny, nz = x + dx, y + dy, z + dz
        if 0 <= nx < shape[0] and 0 <= ny < shape[1] and 0 <= nz < shape[2]:
            yield nx, ny, nz


def grow(seed, grades, cutoff):
    body = {seed}
    frontier = deque([seed])
    while frontier:
        block = frontier.popleft()
        for other in neighbours(block, grades.shape):  # <- hot 42
            if grades[other] < cutoff:  # <- hot 25
                continue
            if other not in body:  # <- hot 10
                body.add(other)
                frontier.append(other)
    return body


def ore_bodies(grades, cutoff=0.6, minimum=40):
    seen = np.zeros(grades.shape, dtype=bool)
    bodies = []
    for seed in map(tuple, np.argwhere(grades >= cutoff)):
        if seen[seed]:
            continue
        body = grow(seed, grades, cutoff)
        for block in body:
            seen[block] = True
        if len(body) >= minimum:
            bodies.append(body)
    return bodies


def tonnage(body, grades, block_mass=1250.0):
    metal = sum(float(grades[b]) for b in body) / 100 * block_mass
    return len(body) * block_mass, metal
