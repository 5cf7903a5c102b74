"""Whether a function that is called with the same again and again gives the same each time, by its text."""

import pytest

from perfdoctor.collectors.source_text.algorithms.recurring import gives_the_same
from perfdoctor.collectors.source_text.sources import Source

TRAILS = """import heapq
from math import hypot

RATES = {"salt": 1.0}
rates = {"salt": 1.0}


class Trails:
    def __init__(self, ways):
        self.ways = {}
        for start, end, hours in ways:
            self.ways.setdefault(start, []).append((end, hours))

    def hours_from(self, depot):
        reached = {}
        heap = [(0.0, depot)]
        while heap:
            hours, village = heapq.heappop(heap)
            if village in reached:
                continue
            reached[village] = hours
            for other, more in self.ways[village]:
                heapq.heappush(heap, (hours + more, other))
        return reached

    def far(self, depot):
        return max(self.hours_from(depot).values())


def fare(goods, kilos):
    return hypot(RATES[goods], kilos)
"""


@pytest.mark.parametrize("function", ["Trails.hours_from", "Trails.far", "fare"])
def test_what_only_gives(function: str) -> None:
    assert gives_the_same(Source("/srv/app.py", TRAILS.encode()), function)


@pytest.mark.parametrize(
    ("function", "old", "new"),
    [
        ("Trails.far", "    def far", "    def open(self, at, way):\n        self.ways[at].append(way)\n\n    def far"),
        ("Trails.far", "    def far", "    def close(self):\n        self.ways = {}\n\n    def far"),
        ("Trails.hours_from", "return reached", "self.last = reached\n        return reached"),
        ("Trails.hours_from", "return reached", "print(reached)\n        return reached"),
        ("Trails.hours_from", "        return reached\n", ""),
        ("Trails.hours_from", "heapq.heappush(heap,", "heapq.heappush(self.waiting,"),
        ("Trails.far", "self.hours_from(depot)", "self.feed.hours(depot)"),
        ("fare", "RATES[goods]", "rates[goods]"),
        ("fare", "hypot(RATES[goods], kilos)", "hypot(RATES[goods], random())"),
        ("fare", "return hypot", "yield hypot"),
        ("nobody", "", ""),
    ],
)  # fmt: skip
def test_near_misses(function: str, old: str, new: str) -> None:
    text = TRAILS.replace(old, new) if old else TRAILS
    assert text != TRAILS or not old
    assert not gives_the_same(Source("/srv/app.py", text.encode()), function)
