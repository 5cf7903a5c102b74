"""Does memory grow steadily, and where is it first touched?"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from perfdoctor.diagnosis.account import Account, Place
from perfdoctor.diagnosis.example import SECONDS, call, cpu, library, memory, python, window
from perfdoctor.diagnosis.memory_trend import held, slows_down
from perfdoctor.diagnosis.pattern import Example, Focus, Hindrance, Pattern, Threshold
from perfdoctor.diagnosis.piled_up import piled_up
from perfdoctor.diagnosis.weight import again, size
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Fact, Finding, Severity
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.memory import HeapReading, KeptLine, LivingRow, MemorySample, MemoryTrend
from perfdoctor.schemas.waits import FaultRow

STEADY = Threshold(
    0.8,
    "of pairs of readings that rise",
    "a sawtooth (garbage collection, a cache that turns over) falls as often as it rises",
)
NOTICED = Threshold(64 << 10, "bytes/s", "230 MiB an hour: less than a restart each week would cure")
WARNING = Threshold(256 << 10, "bytes/s", "1 GiB an hour: a day ends most machines' memory")
CRITICAL = Threshold(16 << 20, "bytes/s", "1 GiB a minute: the machine is gone within the hour")
GROWN = Threshold(
    1 << 20, "bytes in the window", "allocators take memory in pieces of this size: one of them is no trend"
)
SURE = Threshold(
    4 << 20, "bytes in the window", "what garbage waits for its collector, and allocators for reuse, is less"
)


COLLECTIONS = Threshold(
    3,
    "garbage collections in the window",
    "between two of them garbage and what is kept look the same: with fewer, nothing is known",
)
OUTSIDE = Threshold(
    32 << 20,
    "bytes in the window, beside V8's heap",
    "V8 spreads its young objects over up to this much before it collects them",
)
OF_LIVING = Threshold(
    4, "samples of living objects at one line", "fewer can be what is in use at the moment, by chance"
)
LIVES = Threshold(0.6, "of V8's growth, in objects made in the window", "what grows without them is V8's own room")
KEPT = Threshold(
    0.15, "of the new pages", "from here on a line that adds to a collection is told, rather than one that only makes"
)
_FILLS = 0.5
"""how sure a growth is that becomes ever slower"""
_COLLECTED = ("java", "node")
"""runtimes whose memory grows until they collect: resident memory says little of what they keep"""


class _Growth(NamedTuple):
    """``bytes`` in the window. ``where`` says which memory, ``place`` which line, as ``sure`` (0 to 1)."""

    per_second: float
    bytes: int
    where: str
    place: Place | None
    stack: Stack
    sure: float
    facts: tuple[Fact, ...]
    goroutines: bool = False


def check(account: Account) -> list[Finding]:
    trend = account.evidence.memory
    if trend is None or len(trend.samples) < 4:
        return []
    growth = _of_goroutines(account, trend) or (_of_heap(account, trend) if trend.heap else None)
    if growth is None and _tells(account.evidence, trend):
        growth = _of_process(account, trend)
    return [_finding(account, trend, growth)] if growth else []


def cannot(account: Account) -> Hindrance | None:
    """It grows, and nothing tells garbage from what is kept."""
    evidence, trend = account.evidence, account.evidence.memory
    if trend is None or evidence.target.runtime not in _COLLECTED or len(trend.samples) < 4 or not steady(trend):
        return None
    if _floors(trend.heap, evidence.window.seconds) is not None or _tells(evidence, trend):
        return None
    if not trend.heap:
        why = f"it grows, and its runtime ({evidence.target.runtime}) did not tell what its heap holds"
        return Hindrance(why, "proc-memory")
    return Hindrance(
        "it grows, and garbage was collected too seldom to tell what is kept", "diagnose with a longer window"
    )


def _tells(evidence: Evidence, trend: MemoryTrend) -> bool:
    """Whether resident memory, which grows steadily, is kept memory."""
    if not steady(trend):
        return False
    if evidence.target.runtime == "go":
        # (its heap grows to twice what lived at the last collection before the next one comes)
        return held(trend.samples[-1]) - held(trend.samples[0]) >= OUTSIDE.value
    if evidence.target.runtime not in _COLLECTED:
        return True
    if not trend.heap or evidence.target.runtime == "java":
        return False
    used = [reading.used for reading in trend.heap]
    grown = held(trend.samples[-1]) - held(trend.samples[0])
    return grown - (max(used) - used[0]) >= OUTSIDE.value


def _of_goroutines(account: Account, trend: MemoryTrend) -> _Growth | None:
    """Growth by goroutines that never end, as their number tells: Go's heap grows and falls too much to tell itself."""
    piled = piled_up(account)
    grown = held(trend.samples[-1]) - held(trend.samples[0])
    per_second = trend.bytes_per_second
    if piled is None or per_second < NOTICED.value or grown < GROWN.value:
        return None
    return _Growth(
        per_second=per_second,
        bytes=grown,
        where=f" in {piled.number:,} goroutines that do not end, {piled.per_second:.0f} more each second,",
        place=piled.place,
        stack=piled.stack,
        sure=0.85,
        facts=(
            account.fact(
                "goroutines", f"more that wait ({piled.waits}) at {piled.place}", piled.per_second, "goroutines/s"
            ),
            account.fact("memory", "growth of anonymous memory and swap", per_second, "bytes/s"),
        ),
        goroutines=True,
    )


def _of_process(account: Account, trend: MemoryTrend) -> _Growth:
    rows, place = _blamed(account)
    faults = sum(row.faults for row in rows)
    every = sum(row.faults for row in account.evidence.faults or ())
    facts = [
        account.fact("memory", "growth of anonymous memory and swap", trend.bytes_per_second, "bytes/s"),
        account.fact("memory", "pairs of readings that rise", trend.confidence, "share"),
    ]
    if place:
        facts.append(account.fact("faults", f"pages first touched at {place}", faults / account.seconds, "faults/s"))
    found = account.evidence.memory_map
    if found and found.kinds and (most := max(found.kinds, key=lambda kind: kind.grown)).grown > 0:
        facts.append(account.fact("memory_map", f"growth of {most.kind.value} memory", most.grown, "bytes"))
    return _Growth(
        per_second=trend.bytes_per_second,
        bytes=held(trend.samples[-1]) - held(trend.samples[0]),
        where="",
        place=place,
        stack=max(rows, key=lambda row: row.faults).stack if rows else (),
        # The window shows that it grows, not that it never stops: a cache that fills looks the same.
        sure=_FILLS if slows_down(trend) else 0.8 if place and faults > every / 2 else 0.6,
        facts=tuple(facts),
    )


def _of_heap(account: Account, trend: MemoryTrend) -> _Growth | None:
    """Growth of what is left after collections; None when there is none, or too few collections to know."""
    floors = _floors(trend.heap, account.seconds)
    if floors is None:
        return None
    first, second, third = floors
    grown = third.used - first.used
    per_second = grown / max(third.at - first.at, 1e-9)
    if grown < GROWN.value or per_second < NOTICED.value:
        return None
    if not all(later - earlier > 0.05 * grown for earlier, later in pairwise((first.used, second.used, third.used))):
        return None
    if not _lives(account, grown):
        return None
    place, stack, samples, known = _kept_at(account)
    v8 = account.evidence.target.runtime == "node"
    facts = [
        account.fact("memory", "growth of the heap after collections", per_second, "bytes/s"),
        account.fact("memory", "in use after the last collections", third.used, "bytes"),
    ]
    if place:
        facts.append(account.fact("memory", f"objects that live on and were made at {place}", samples, "samples"))
    return _Growth(
        per_second=per_second,
        bytes=grown,
        where=" in the garbage-collected heap",
        place=place,
        stack=stack,
        # (V8 tells the function that optimised code belongs to: what was inlined into it has its name)
        sure=0.8 if samples >= OF_LIVING.value and samples > known / 2 and not v8 else 0.6,
        facts=tuple(facts),
    )


def _lives(account: Account, grown: int) -> bool:
    """Whether what grew is objects that were made in the window and live on, where V8 was asked for those. What else
    grows is V8's own: it gives its young objects ever more room, and keeps the code that it has made."""
    living = account.evidence.living
    if account.evidence.target.runtime != "node" or living is None:
        return True
    return sum(row.bytes or 0 for row in living) >= LIVES.value * grown


def _floors(heap: Sequence[HeapReading], seconds: float) -> tuple[HeapReading, HeapReading, HeapReading] | None:
    """The least in use in each third of the window; None when there were too few collections to know."""
    after = [reading for reading in heap if reading.collected]
    collections = len(after) or sum(later.used < 0.95 * earlier.used for earlier, later in pairwise(heap))
    if collections < COLLECTIONS.value:
        return None
    thirds: list[list[HeapReading]] = [[], [], []]
    for reading in after or heap:
        thirds[min(2, int(3 * reading.at / max(seconds, 1e-9)))].append(reading)
    if not all(thirds):
        return None
    first, second, third = (min(third, key=lambda reading: reading.used) for third in thirds)
    return first, second, third


def _kept_at(account: Account) -> tuple[Place | None, Stack, int, int]:
    """The line that made most of what lives on, with its stack, its samples, and those of all lines."""
    at: dict[Place, list[LivingRow]] = defaultdict(list)
    for row in account.evidence.living or ():
        place = account.keeper(row.stack) or account.place(row.stack)
        if place is not None:
            at[place].append(row)
    known = sum(row.samples for rows in at.values() for row in rows)
    best = max(at, key=lambda place: sum(row.samples for row in at[place]), default=None)
    if best is None:
        return None, (), 0, 0
    heaviest = max(at[best], key=lambda row: row.samples)
    return best, heaviest.stack, sum(row.samples for row in at[best]), known


def _finding(account: Account, trend: MemoryTrend, growth: _Growth) -> Finding:
    per_second, place = growth.per_second, growth.place
    last = trend.samples[-1]
    severity = Severity.CRITICAL if per_second >= CRITICAL.value else Severity.WARNING
    if per_second < WARNING.value or growth.bytes < SURE.value or growth.sure <= _FILLS:
        severity = Severity.INFO
    if growth.goroutines:
        kept = f", which all wait at {place}" if place else ""
        meaning = "Each keeps its stack, and all that it refers to."
        holder = (
            "what would let them go on: a channel that nobody reads from or closes any more (give it room for one "
            "answer each, or select on the context's Done too), a lock or a WaitGroup that is never given back"
        )
    elif growth.where:
        kept = f", most of what lives on is made at {place}" if place else ""
        meaning = "The line is where the objects were made, which need not be where they are held."
        if account.evidence.target.runtime == "node":
            meaning += " V8 names where the function begins, and what it inlined there counts as that function's."
        holder = {
            "java": "a static map or list, a ThreadLocal of a pooled thread, a listener that is never removed, a cache "
            "without a bound (Caffeine with maximumSize)",
            "node": "a module-level Map or array, a closure that an event listener or timer keeps, a cache without a "
            "bound (lru-cache with max; WeakMap where the key may go)",
        }.get(account.evidence.target.runtime, "a static collection, a listener, a cache without a bound")
    else:
        kept = f", most new pages at {place}" if place else ""
        meaning = "The line is where memory was first touched, which need not be where it is held."
        holder = (
            "a list or dict that is only added to, a cache without a bound (functools.lru_cache(maxsize=…), an LRU or "
            "a time to live), a closed-over request, a global registry (weakref)"
            if account.evidence.target.runtime.startswith("python")
            else "a collection that is only added to, a cache without a bound, what is allocated on a path that "
            "returns without freeing it"
        )
    if place is not None and account.keeper(growth.stack) == place:
        kept = f", added to a collection at {place}"
        meaning = "The line adds to a collection that outlives its function: see where that is emptied."
    doubles = last.rss / per_second
    facts = (*growth.facts, account.fact("memory", "resident at the end", last.rss, "bytes"))
    return Finding(
        pattern="memory-growth",
        title=f"Memory{growth.where} grows by {size(per_second)}/s (doubled in {_duration(doubles)}){kept}",
        severity=severity,
        share=None,
        confidence=growth.sure,
        location=place.location if place else None,
        stack=growth.stack,
        evidence=facts,
        fix=f"Find {_what_to_find(growth)}: {holder}. {meaning}",
        verify=again(
            account, "the growth", f"{size(per_second)}/s", "0, over a window of several minutes", "proc-watch"
        ),
    )


def _what_to_find(growth: _Growth) -> str:
    if growth.goroutines:
        return f"why goroutines wait at {growth.place or 'one line'} for ever, and give them"
    return f"what keeps the objects that are made at {growth.place or 'the lines that allocate most'}"


def steady(trend: MemoryTrend) -> bool:
    """It rises by enough, over most pairs of readings, and in each third of the window."""
    samples = trend.samples
    grown = held(samples[-1]) - held(samples[0])
    if trend.bytes_per_second < NOTICED.value or trend.confidence < STEADY.value or grown < GROWN.value:
        return False
    third = max(1, len(samples) // 3)
    marks = [samples[0], samples[third], samples[-1 - third], samples[-1]]
    return all(held(b) - held(a) > 0.05 * grown for a, b in pairwise(marks))


def _blamed(account: Account) -> tuple[list[FaultRow], Place | None]:
    """The line that touches most new memory: rather one that puts what it makes into a collection. One that gives as
    much back (munmap at the same line) does not grow it."""
    returned: dict[Place | None, int] = defaultdict(int)
    for row in account.calls:
        if row.syscall in ("munmap", "madvise"):
            returned[account.place(row.stack)] += row.calls
    taken: dict[Place | None, int] = defaultdict(int)
    for row in account.calls:
        if row.syscall in ("mmap", "mremap"):
            taken[account.place(row.stack)] += row.calls
    at: dict[Place | None, list[FaultRow]] = defaultdict(list)
    for fault in account.evidence.faults or ():
        place = account.place(fault.stack)
        if place is not None and not (taken[place] and returned[place] >= 0.8 * taken[place]):
            at[place].append(fault)
    best = max(at, key=lambda place: sum(row.faults for row in at[place]), default=None)
    kept: dict[Place, list[FaultRow]] = defaultdict(list)
    for fault in (row for rows in at.values() for row in rows):
        if keeper := account.keeper(fault.stack):
            kept[keeper].append(fault)
    keeper = max(kept, key=lambda place: sum(row.faults for row in kept[place]), default=None)
    every = sum(row.faults for rows in at.values() for row in rows)
    if keeper and sum(row.faults for row in kept[keeper]) >= KEPT.value * every:
        return kept[keeper], keeper
    return at.get(best, []), best


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _examples() -> tuple[Example, ...]:
    line: Stack = (python(52, "remember"),)
    work = cpu(line, 1.0)
    leak = FaultRow(pid=1, stack=line, faults=12_000)
    parsed = FaultRow(pid=1, stack=(library("json/decoder.py", "raw_decode"), python(88, "main")), faults=40_000)
    buffer: Stack = (python(70, "render"),)
    transient = (call("mmap", buffer, 5000, seconds=0.1), call("munmap", buffer, 5000, seconds=0.1))
    both = (leak, FaultRow(pid=1, stack=buffer, faults=90_000))
    return (
        Example(
            "messages that are kept",
            True,
            "most pages are first touched where they are parsed, but a fifth where they are added to a list",
            _with_kept(window(samples=(work,), faults=(parsed, leak), memory=memory(5e6)), line),
        ),
        Example(
            "a cache without a bound",
            True,
            "5 MB/s, in each third of the window, first touched at one line",
            window(samples=(work,), faults=(leak,), memory=memory(5e6)),
        ),
        Example(
            "a leak beside a large buffer that is returned",
            True,
            "the buffer's line unmaps what it maps, so the other is blamed",
            window(calls=transient, samples=(work,), faults=both, memory=memory(5e6)),
        ),
        Example(
            "a map that is only added to, in Java",
            True,
            "what is left after collections rises by 2 MB/s, and the objects that live on come from one line",
            _collected([20e6 + 2e6 * i for i in range(10)], "java", living=line),
        ),
        Example(
            "a Java machine that spreads over its heap",
            False,
            "resident memory grows until the first collections, what they leave does not",
            _collected([20e6, 21e6, 20e6, 20.5e6, 20e6, 21e6, 20e6], "java", resident=3e6),
        ),
        Example(
            "a Node.js program before its first collections",
            False,
            "resident memory grows, and there is no telling what of it is garbage",
            _collected([], "node", resident=3e6),
        ),
        Example(
            "a map that is only added to, in Node.js",
            True,
            "what is left after collections rises, by as much as was made in the window and lives on",
            _collected([5e6 + 2e6 * i for i in range(10)], "node", living=line, kept=19_000_000),
        ),
        Example(
            "V8 that gives its young objects more room",
            False,
            "what is left rises as much, and next to nothing that was made in the window lives on",
            _collected([5e6 + 1e6 * i for i in range(10)], "node", living=line, kept=900_000),
        ),
        Example(
            "a sawtooth",
            False,
            "readings fall as often as they rise",
            window(samples=(work,), faults=(leak,), memory=memory(5e5, confidence=0.55)),
        ),
        Example("a start that loads its data", False, "one step, then level", _step()),
        Example(
            "a slow drift",
            False,
            "10 kB/s is less than anybody would notice",
            window(samples=(work,), memory=memory(1e4)),
        ),
    )


def _collected(
    after: list[float], runtime: str, *, living: Stack = (), kept: int | None = None, resident: float = 0.0
) -> Evidence:
    """A window of a runtime that told what its collections left, evenly spread."""
    step = SECONDS / max(1, len(after))
    heap = tuple(HeapReading(at=i * step, used=int(used), collected=True) for i, used in enumerate(after))
    trend = memory(resident).model_copy(update={"heap": heap})
    rows = (LivingRow(pid=1, stack=living, samples=12, bytes=kept),) if living else ()
    found = window(memory=trend)
    return found.model_copy(update={"target": found.target.model_copy(update={"runtime": runtime}), "living": rows})


def _step() -> Evidence:
    samples = tuple(
        MemorySample(at=i / 5, rss=r, anonymous=r) for i in range(51) for r in (int(50e6 + (4e8 if i > 5 else 0)),)
    )
    return window(memory=MemoryTrend(samples=samples, bytes_per_second=3e5, confidence=0.85))


def _with_kept(seen: Evidence, stack: Stack) -> Evidence:
    assert seen.memory and stack[0].file and stack[0].line
    kept = (KeptLine(file=stack[0].file, line=stack[0].line),)
    return seen.model_copy(update={"memory": seen.memory.model_copy(update={"kept": kept})})


PATTERN = Pattern(
    id="memory-growth",
    title="memory grows steadily",
    sees="Anonymous memory and swap that rise in each third of the window, with the lines whose page faults touched "
    "new pages. In Java and Node.js, what is left after garbage collections, with the lines whose objects live on. In "
    "Go, goroutines of which more and more stand at one line.",
    costs="Nothing at first; then swap, page-cache misses for everybody, and the out-of-memory killer.",
    fix="Bound the cache, drop what is finished with, hold by weak references.",
    fine="A start that loads its data, a cache that fills up to its bound (growth that slows down is a note): look "
    "again after some minutes.",
    thresholds=(STEADY, NOTICED, WARNING, CRITICAL, GROWN, SURE, COLLECTIONS, OUTSIDE, OF_LIVING, LIVES, KEPT),
    needs=("memory",),
    focus=frozenset({Focus.MEMORY}),
    check=check,
    examples=_examples,
    cannot=cannot,
    causes=("gc-pressure",),
)
