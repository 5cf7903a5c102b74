"""Does the heap hold much more than the program uses, in holes that it does not fill?"""

import re
from dataclasses import dataclass

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import cpu, memory, python, window
from perfdoctor.diagnosis.holes import GROWN, HOLES, growing_holes
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.diagnosis.weight import again, percent, size
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.memory_map import (
    AllocatorUse,
    ArenaUse,
    KindUse,
    MemoryKind,
    MemoryMap,
    RuntimeHeap,
    Space,
)
from perfdoctor.schemas.waits import FaultRow

SHARE = Threshold(
    0.5,
    "of the heap in holes, whenever it was looked at",
    "a heap in which blocks of many sizes come and go keeps a quarter to a third free, and needs it",
)
LARGE = Threshold(
    1 << 20, "bytes a hole on average", "so large a hole takes the next large block, and could be given back"
)
NOTICED = Threshold(32 << 20, "bytes in holes", "less would not be missed on any machine")
WARNING = Threshold(64 << 20, "bytes in holes", "as much as a small service needs in all")
ARENAS = Threshold(
    4, "heaps of threads for each core", "threads take a heap of their own until there are eight for each core"
)
OF_ARENAS = Threshold(0.6, "of the holes in heaps of threads", "then fewer of those heaps would leave fewer holes")
_OBJECTS = "obmalloc"
_ASKS = re.compile(r"_int_malloc|sysmalloc|_int_realloc|_int_memalign")
"""functions of glibc's malloc that take new memory"""
_WRAPS = re.compile(r"(?:alloc|allocate)(?:\(|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Waste:
    """``held`` bytes of one process's allocator, of which ``holes`` were free whenever it was looked at."""

    what: str
    pid: int
    held: int
    holes: int
    blocks: int
    largest: int
    fix: str
    growth: float = 0.0
    """bytes/s, where it is holes that memory grows by"""

    @property
    def share(self) -> float:
        return self.holes / self.held if self.held else 0.0


def check(account: Account) -> list[Finding]:
    found = account.evidence.memory_map
    if found is None:
        return []
    wastes = [_of_malloc(account, found, allocator) for allocator in found.allocators]
    wastes += [waste for heap in found.runtimes if heap.source == _OBJECTS for waste in _of_objects(heap)]
    return [_finding(account, waste) for waste in wastes if waste and (waste.growth or _is_much(waste))]


def _is_much(waste: _Waste) -> bool:
    return waste.holes >= NOTICED.value and waste.share >= SHARE.value and not _are_large(waste)


def _are_large(waste: _Waste) -> bool:
    """Whether the holes are a few large blocks, in which the next ones find room: what is used now and then."""
    return waste.largest > 0 and waste.holes >= LARGE.value * waste.blocks


def _of_malloc(account: Account, found: MemoryMap, allocator: AllocatorUse) -> _Waste | None:
    if allocator.least_free is None:
        return None
    mapped = sum(arena.used for arena in allocator.arenas if arena.kind == "mapped")
    used = allocator.used - mapped
    # What was trimmed is a hole in the addresses only: no memory lies there.
    resident = sum(kind.rss for kind in found.kinds if kind.kind in (MemoryKind.HEAP, MemoryKind.ARENA))
    alone = len(found.processes) <= 1
    trend = account.evidence.memory
    growth = trend.bytes_per_second if trend and growing_holes(account) == allocator else None
    least = allocator.least_free if growth is None else allocator.free
    free = min(allocator.free, least, max(0, resident - used) if alone else allocator.free)
    of_threads = [arena for arena in allocator.arenas if arena.kind == "thread"]
    many = len(of_threads) >= min(ARENAS.value * account.evidence.cores, len(allocator.arenas) - 2)
    if many and sum(arena.free for arena in of_threads) >= OF_ARENAS.value * allocator.free:
        fix = (
            f"The holes lie in {allocator.total_arenas} heaps, of one or more threads each: start it with "
            "MALLOC_ARENA_MAX=2 (or mallopt(M_ARENA_MAX, 2) first of all), or use an allocator that shares (jemalloc, "
            "mimalloc, by LD_PRELOAD)."
        )
    else:
        fix = (
            "Blocks that stay lie between those that were freed. Allocate what lives long before or apart from what is "
            "short-lived (a pool or arena for each batch, freed as a whole), or use an allocator that sorts by size "
            "(jemalloc, mimalloc, by LD_PRELOAD). After a peak, malloc_trim(0) gives whole free pages back."
        )
    return _Waste(
        what=f"malloc ({allocator.allocator})",
        pid=allocator.pid,
        held=used + free,
        holes=free,
        blocks=allocator.free_blocks,
        largest=allocator.largest_free,
        fix=fix,
        growth=growth or 0.0,
    )


def _of_objects(heap: RuntimeHeap) -> list[_Waste]:
    fix = (
        "A pool of 16 KiB is only given back when its last object has gone: a few objects that survived a peak hold "
        "all of it. Make what is kept after the others have been freed (or copy it then), keep it in few large "
        "values (array, bytes, a tuple, a table of SQLite or numpy), or do the peak's work in a process of its own "
        "(multiprocessing, concurrent.futures.ProcessPoolExecutor with max_tasks_per_child)."
    )
    return [
        _Waste(
            what=f"{heap.runtime}'s pools for {space.name}",
            pid=heap.pid,
            held=space.capacity,
            holes=min(space.capacity - space.used, space.least_free),
            blocks=int(heap.counters.get("pools", 0)),
            largest=0,
            fix=fix,
        )
        for space in heap.spaces
        if space.capacity and space.least_free is not None
    ]


def _finding(account: Account, waste: _Waste) -> Finding:
    place, stack = _touched(account, waste.pid)
    when = "" if waste.growth else " at every look"
    facts = [
        account.fact("memory_map", f"free inside of {waste.what}{when}", waste.holes, "bytes"),
        account.fact("memory_map", "in use inside of it", waste.held - waste.holes, "bytes"),
    ]
    if waste.largest:
        facts.append(account.fact("memory_map", "free blocks", waste.blocks, "blocks"))
        facts.append(account.fact("memory_map", "largest of them", waste.largest, "bytes"))
    else:
        facts.append(account.fact("memory_map", "pools", waste.blocks, "pools"))
    if waste.growth:
        facts.append(account.fact("memory", "growth of anonymous memory and swap", waste.growth, "bytes/s"))
    held = f"{size(waste.held)} that {waste.what} holds"
    grows = f"Memory grows by {size(waste.growth)}/s, most of it holes: of" if waste.growth else "Of"
    near = f" New memory is still asked for at {place}." if place else ""
    return Finding(
        pattern="fragmentation",
        title=f"{grows} {held}, {size(waste.holes)} ({percent(waste.share)}) are holes between what is in use"
        + (f", while {place} takes new memory" if place else ""),
        severity=Severity.WARNING if waste.growth or waste.holes >= WARNING.value else Severity.INFO,
        share=None,
        confidence=0.8,
        location=place.location if place else None,
        stack=stack,
        evidence=tuple(facts),
        fix=f"{waste.fix}{near}",
        verify=again(account, f"what is free inside of {waste.what}", size(waste.holes), "less than a half of it"),
    )


def _touched(account: Account, pid: int) -> tuple[Place | None, Stack]:
    """Where the process still takes new memory although it has so much."""
    rows = [row for row in account.evidence.faults or () if row.pid == pid and account.place(row.stack)]
    # (rather who asks malloc for room than who writes to it first)
    asking = [row for row in rows if any(_ASKS.match(frame.function) for frame in row.stack)]
    rows = asking if sum(row.faults for row in asking) >= 2 * account.seconds else rows
    most = max(rows, key=lambda row: row.faults, default=None)
    # (a handful of new pages comes from anything: a file that is read, a stack that grows)
    if most is None or most.faults < 2 * account.seconds:
        return None, ()
    own = [at for at, frame in enumerate(most.stack) if is_user_code(frame, account.evidence.user_roots)]
    # (a wrapper of malloc's, as many programs have one, is called for something)
    called = next((at for at in own if not _WRAPS.search(most.stack[at].function)), own[0])
    return account.place(most.stack[called:]), most.stack


def _examples() -> tuple[Example, ...]:
    return (
        Example(
            "every other block of a large heap freed",
            True,
            "180 of 240 MiB are free, at the beginning and at the end, and new memory is taken all the same",
            _glibc(used=60, free=180, least=175, resident=240),
        ),
        Example(
            "survivors of a peak in Python",
            True,
            "pools of small objects are used to a tenth, because each holds something",
            _pools(used=12, capacity=130, least=110),
        ),
        Example(
            "a batch that has just been freed",
            False,
            "at another look most of it was in use: it will be used again",
            _glibc(used=60, free=180, least=20, resident=240),
        ),
        Example(
            "a heap that was trimmed",
            False,
            "the holes have no memory: they are addresses only",
            _glibc(used=60, free=180, least=180, resident=66),
        ),
        Example(
            "an ordinary heap",
            False,
            "a quarter is free, as in any heap in which blocks come and go",
            _glibc(used=180, free=60, least=55, resident=240),
        ),
        Example(
            "a few large blocks that come and go",
            False,
            "43 holes of 4 MiB: the next buffer of that size finds room in any of them",
            _glibc(used=5, free=175, least=175, resident=180, blocks=43),
        ),
        Example(
            "a heap that grows by its holes",
            True,
            "20 of 25 MiB are free, 16 MiB more than at the beginning, as much as memory grew by",
            _glibc(used=5, free=20, least=4, resident=25, growth=1.6),
        ),
        Example(
            "a heap that grows by what is kept",
            False,
            "memory grew by 16 MiB, and its holes by 2",
            _glibc(used=20, free=5, least=3, resident=25, growth=1.6),
        ),
        Example(
            "a small heap",
            False,
            "nobody misses 20 MiB",
            _glibc(used=5, free=20, least=20, resident=25),
        ),
    )


def _with_faults(found: MemoryMap, growth: float = 0.0) -> Evidence:
    line: Stack = (python(61, "keep"),)
    faults = (FaultRow(pid=1, stack=line, faults=900),)
    return window(samples=(cpu(line, 1.0),), faults=faults, memory=memory(growth * (1 << 20)), memory_map=found)


def _glibc(*, used: int, free: int, least: int, resident: int, blocks: int = 0, growth: float = 0.0) -> Evidence:
    """In MiB (``growth`` a second); in many free ``blocks`` unless it is said in how many."""
    main = ArenaUse(kind="main", start=0, size=(used + free) << 20, used=used << 20, free=free << 20)
    allocator = AllocatorUse(
        pid=1,
        allocator="glibc 2.36",
        used=used << 20,
        free=free << 20,
        least_free=least << 20,
        free_blocks=blocks or free * 100,
        largest_free=64 << 10,
        arenas=(main,),
        total_arenas=1,
    )
    heap = KindUse(kind=MemoryKind.HEAP, mappings=1, rss=resident << 20)
    return _with_faults(MemoryMap(kinds=(heap,), allocators=(allocator,)), growth)


def _pools(*, used: int, capacity: int, least: int) -> Evidence:
    space = Space(name="objects up to 512 bytes", used=used << 20, capacity=capacity << 20, least_free=least << 20)
    heap = RuntimeHeap(pid=1, runtime="python3.11", source=_OBJECTS, spaces=(space,), counters={"pools": 8000.0})
    return _with_faults(MemoryMap(runtimes=(heap,)))


PATTERN = Pattern(
    id="fragmentation",
    title="most of the heap is holes",
    sees="The inside of glibc's malloc and of CPython's pools for small objects, at both ends of the window and "
    "between: memory that is free inside of the heap each time, and cannot be given back because something in use "
    "lies beside it.",
    costs="Resident memory that nobody uses, and that grows although the program's data does not: it is paid for, "
    "and taken from the page cache and from others.",
    fix="Keep long-lived and short-lived blocks apart, fewer arenas, an allocator that sorts by size, survivors made "
    "after the peak.",
    fine="When the next peak comes soon and fills the holes again.",
    thresholds=(SHARE, LARGE, NOTICED, WARNING, ARENAS, OF_ARENAS, HOLES, GROWN),
    needs=("memory_map",),
    focus=frozenset({Focus.MEMORY}),
    check=check,
    examples=_examples,
)
