"""Chooses the most valuable cuts of a steel bar for the saw planner."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Cut:
    name: str
    length: int
    value: int
    stock: int


def split_bounded(cuts):
    """Binary splitting, so that each bundle is taken once or not at all."""
    for cut in cuts:
        left, size = cut.stock, 1
        while left > 0:
            take = min(size, left)
            yield cut, take
            left -= take
            size *= 2


def plan(bar_length, cuts):
    best = [0] * (bar_length + 1)
    chosen = []
    for cut, count in split_bounded(cuts):
        length, value = cut.length * count, cut.value * count
        used = bytearray(bar_length + 1)
        for room in range(bar_length, length - 1, -1):  # <- hot 23
            with_cut = best[room - length] + value  # <- hot 34
            if with_cut > best[room]:  # <- hot 21
                best[room] = with_cut  # <- hot 12
                used[room] = 1
        chosen.append((cut, count, length, used))
    room, picks = bar_length, []
    for cut, count, length, used in reversed(chosen):
        if used[room]:
            picks.append((cut.name, count))
            room -= length
    return best[bar_length], picks
