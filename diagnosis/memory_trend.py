"""How resident memory moved over a window."""

from perfdoctor.schemas.memory import MemorySample, MemoryTrend

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
