"""Memory that native code takes for a Java program, outside of the machine's heap: streams of zlib, direct buffers."""

from collections import defaultdict

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.growth import Growth
from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.schemas.memory import MemoryTrend
from perfdoctor.schemas.memory_map import MemoryKind

NATIVE = Threshold(
    4 << 20,
    "bytes in the window, of malloc's memory in a Java program",
    "the machine's own compilers and recordings take and return less",
)
OF_CLASSES = Threshold(
    0.5, "of that memory first touched for classes of Java", "the rest is the machine's own: it is not the program's"
)
RETURNED = Threshold(0.5, "of what is mapped is unmapped", "what comes and goes touches new pages all along")
_PAGE = 4096
_MALLOC = (MemoryKind.HEAP, MemoryKind.ARENA)


def of_native(account: Account, trend: MemoryTrend) -> Growth | None:
    """None where it does not grow, or for no class of Java."""
    memory = account.evidence.memory_map
    if account.evidence.target.runtime != "java" or memory is None or not trend.native:
        return None
    grown = sum(kind.grown for kind in memory.kinds if kind.kind in _MALLOC)
    if grown < NATIVE.value and not _gives_back(account):
        # (a heap of malloc for threads that lies beside other memory looks like a part of that)
        grown = sum(kind.grown for kind in memory.kinds if kind.kind is MemoryKind.ANONYMOUS)
    touched: dict[str, int] = defaultdict(int)
    for maker in trend.native:
        touched[maker.name] += maker.pages * _PAGE
    name = max(touched, key=lambda each: touched[each])
    if grown < NATIVE.value or touched[name] < OF_CLASSES.value * grown:
        return None
    maker = next(each for each in trend.native if each.name == name)
    place = Place(maker.file, maker.function, maker.line) if maker.file else None
    per_second = grown / account.seconds
    return Growth(
        per_second=per_second,
        bytes=grown,
        where=" outside of the Java heap",
        place=place,
        stack=(),
        sure=0.8 if maker.keeps else 0.6,
        facts=(
            account.fact("memory_map", "growth of the memory that it is in", per_second, "bytes/s"),
            account.fact("faults", f"new pages for {name}", touched[name] / _PAGE / account.seconds, "faults/s"),
        ),
        native=maker,
    )


def _gives_back(account: Account) -> bool:
    """Whether large pieces of memory come and go."""
    taken, given = (sum(row.calls for row in account.calls if row.syscall == name) for name in ("mmap", "munmap"))
    return given > 0 and given >= RETURNED.value * taken
