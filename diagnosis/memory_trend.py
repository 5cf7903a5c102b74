"""How resident memory moved over a window."""

from itertools import pairwise

from perfdoctor.diagnosis.heap_growth import STEADY
from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.schemas.memory import MemorySample, MemoryTrend

NOTICED = Threshold(64 << 10, "bytes/s", "230 MiB an hour: less than a restart each week would cure")
GROWN = Threshold(
    1 << 20, "bytes in the window", "allocators take memory in pieces of this size: one of them is no trend"
)
_SLOWER = 0.65
"""of the growth in the first third is left in the last: what leaks goes on as it was"""


def held(sample: MemorySample) -> int:
    """Bytes of its own, in memory or swapped out."""
    return sample.anonymous + sample.swap


def slows_down(trend: MemoryTrend) -> bool:
    """Whether each third of the window grows less than the one before, and the last much less than the first: so do
    caches that fill, and programs that warm up."""
    samples = trend.samples
    if len(samples) < 7:
        return False
    third = (len(samples) - 1) // 3
    first, second, last = (
        (held(samples[(part + 1) * third]) - held(samples[part * third]))
        / max(1e-9, samples[(part + 1) * third].at - samples[part * third].at)
        for part in range(3)
    )
    return first > second > last and last < _SLOWER * first


def steady(trend: MemoryTrend) -> bool:
    """It rises by enough, over most pairs of readings, and in each third of the window."""
    samples = trend.samples
    grown = held(samples[-1]) - held(samples[0])
    if trend.bytes_per_second < NOTICED.value or trend.confidence < STEADY.value or grown < GROWN.value:
        return False
    third = max(1, len(samples) // 3)
    marks = [samples[0], samples[third], samples[-1 - third], samples[-1]]
    return all(held(b) - held(a) > 0.05 * grown for a, b in pairwise(marks))
