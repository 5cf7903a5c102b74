"""Growth that slows down is told from growth that goes on."""

import pytest

from perfdoctor.diagnosis.memory_trend import held, slows_down
from perfdoctor.schemas.memory import MemorySample, MemoryTrend


def trend(kilobytes: list[float]) -> MemoryTrend:
    samples = tuple(
        MemorySample(at=0.2 * i, rss=int(kb) << 10, anonymous=int(kb) << 10, swap=0) for i, kb in enumerate(kilobytes)
    )
    return MemoryTrend(samples=samples, bytes_per_second=1e6, confidence=1.0)


@pytest.mark.parametrize(
    ("readings", "slower"),
    [
        ([44_000 * (1 - 0.93**i) for i in range(25)], True),  # a cache that fills
        ([1000.0 * i for i in range(25)], False),  # a leak
        ([1000.0 * i**1.3 for i in range(25)], False),
        ([1000.0 * i - 8 * i**2 for i in range(25)], False),  # hardly slower
        ([0, 9000, 9000, 9000, 18_000, 18_000, 18_000, 27_000, 27_000], False),  # in steps
        ([0, 5000, 6000], False),  # too few to tell
    ],
)
def test_growth_that_slows_down(readings: list[float], slower: bool) -> None:
    assert slows_down(trend(readings)) is slower


def test_what_is_held_is_what_is_swapped_out_too() -> None:
    assert held(MemorySample(at=0.0, rss=5, anonymous=3, swap=4)) == 7
