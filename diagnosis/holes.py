"""Is it holes that make memory grow: room in the heap that was freed, and into which nothing fits that comes later?"""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.memory_trend import held, steady
from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.schemas.memory_map import AllocatorUse

HOLES = Threshold(0.6, "of steady growth, in holes", "then what is kept is the smaller part of what memory is lost to")
GROWN = Threshold(4 << 20, "bytes in the window", "less may be the beginning of anything")
_COMPILING = ("java", "node")
"""runtimes whose compilers take much and free it, while they warm up"""


def growing_holes(account: Account) -> AllocatorUse | None:
    """The allocator whose holes take most of what memory grows by; None where there is none."""
    trend, found = account.evidence.memory, account.evidence.memory_map
    if account.evidence.target.runtime in _COMPILING:
        return None
    if trend is None or found is None or len(trend.samples) < 4 or not steady(trend):
        return None
    grown = held(trend.samples[-1]) - held(trend.samples[0])
    looked = (one for one in found.allocators if one.least_free is not None)
    return next((one for one in looked if grown >= GROWN.value and _more(one) >= HOLES.value * grown), None)


def _more(allocator: AllocatorUse) -> int:
    """Bytes in holes, more than there were when there were least."""
    return allocator.free - (allocator.least_free or 0)
