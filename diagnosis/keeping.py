"""Does a line keep what it allocates, and does that grow?"""

from enum import StrEnum

from perfdoctor.diagnosis.pattern import Threshold

PASSED = Threshold(
    0.05, "of the bytes allocated", "what is in use at any moment is some of it, also where all is freed"
)
EVEN = Threshold(0.4, "of an even third", "chance and a rate that wavers move as much between the thirds of a window")
FEW = Threshold(0.1, "of an even third", "a cache that has filled replaces a block now and then")


class Keeping(StrEnum):
    PASSES = "passes"
    """nearly all was freed again"""
    GROWS = "grows"
    """kept, as much in each third of the window: a leak, or a store that fills"""
    LEVELLED = "levelled off"
    """kept, but nothing new in the last third: a cache or a pool that has filled"""
    RECENT = "in use"
    """what is left is recent: work in progress, or garbage that waits for its collector"""
    UNCLEAR = "unclear"


def keeping(allocated: int, thirds: tuple[int, int, int]) -> Keeping:
    """Of a line that allocated so many bytes, and of them left these by the third of the window that they are from."""
    left = sum(thirds)
    if left <= PASSED.value * allocated:
        return Keeping.PASSES
    even = left / 3
    if min(thirds) >= EVEN.value * even:
        return Keeping.GROWS
    if thirds[2] <= FEW.value * even:
        return Keeping.LEVELLED
    if thirds[0] <= FEW.value * even:
        return Keeping.RECENT
    return Keeping.UNCLEAR
