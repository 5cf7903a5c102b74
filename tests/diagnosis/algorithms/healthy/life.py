"""Sparse Game of Life on an unbounded board, with pattern files."""
from collections import Counter

AROUND = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]


def parse_rle(text):
    cells = set()
    x = y = 0
    run = ""
    for ch in text:
        if ch.isdigit():
            run += ch
            continue
        n = int(run or 1)
        run = ""
        if ch == "b":
            x += n
        elif ch == "o":
            cells.update((x + i, y) for i in range(n))
            x += n
        elif ch == "$":
            x, y = 0, y + n
        elif ch == "!":
            break
    return cells


def neighbours(cells):
    for x, y in cells:
        for dx, dy in AROUND:  # <- hot 16
            yield x + dx, y + dy  # <- hot 33


def advance(cells):
    counts = Counter(neighbours(cells))  # <- hot 29
    return {c for c, n in counts.items() if n == 3 or (n == 2 and c in cells)}  # <- hot 18


def bounds(cells):
    xs = [x for x, _ in cells]
    ys = [y for _, y in cells]
    return min(xs), min(ys), max(xs), max(ys)


def run(cells, generations):
    population = []
    for _ in range(generations):
        cells = advance(cells)
        population.append(len(cells))
        if not cells:
            break
    return cells, population
