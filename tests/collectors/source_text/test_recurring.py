"""Whether a function that is called with the same again and again gives the same each time, by its text."""

from typing import cast

import pytest

from perfdoctor.collectors.source_text.algorithms.recurring import gives_the_same, with_recurring
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.diagnosis.example import cpu, python, window
from perfdoctor.schemas.cpu import RecurringCalls

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


def told(function: str, *, of_object: bool) -> bool | None:
    """What is told of a function of the file above that is called with the same again and again."""

    class Files:
        def of(self, _file: str) -> Source:
            return Source("/srv/app.py", TRAILS.encode())

    class All:
        def of(self, _pid: int) -> Files:
            return Files()

    one = RecurringCalls(pid=1, file="/srv/app.py", function=function, calls=40, different=2, of_object=of_object)
    seen = window(samples=(cpu((python(3, "fare"),), 1.0),))
    assert seen.cpu
    seen = seen.model_copy(update={"cpu": seen.cpu.model_copy(update={"recurring": (one,)})})
    after = with_recurring(cast(SourcesOfAll, All()), seen)
    assert after.cpu
    return after.cpu.recurring[0].only_gives


def test_the_first_argument_of_a_plain_function_is_no_self() -> None:
    assert told("fare", of_object=False)
    assert not told("fare", of_object=True)
    assert told("Trails.far", of_object=True)
