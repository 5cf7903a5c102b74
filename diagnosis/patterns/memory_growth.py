"""Does memory grow steadily, and where is it first touched?"""

from collections import defaultdict
from itertools import pairwise

from perfdoctor.diagnosis.account import Account, Place
from perfdoctor.diagnosis.example import call, cpu, memory, python, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.weight import again, size
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.memory import MemorySample, MemoryTrend
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


def check(account: Account) -> list[Finding]:
    trend = account.evidence.memory
    if trend is None or len(trend.samples) < 4 or not steady(trend):
        return []
    per_second = trend.bytes_per_second
    rows, place = _blamed(account)
    last = trend.samples[-1]
    where = f", most new pages at {place}" if place else ""
    faults = sum(row.faults for row in rows)
    every = sum(row.faults for row in account.evidence.faults or ())
    facts = [
        account.fact("memory", "growth of anonymous memory and swap", per_second, "bytes/s"),
        account.fact("memory", "resident at the end", last.rss, "bytes"),
        account.fact("memory", "pairs of readings that rise", trend.confidence, "share"),
    ]
    if place:
        facts.append(account.fact("faults", f"pages first touched at {place}", faults / account.seconds, "faults/s"))
    grown = _held(last) - _held(trend.samples[0])
    severity = Severity.CRITICAL if per_second >= CRITICAL.value else Severity.WARNING
    if per_second < WARNING.value or grown < SURE.value:
        severity = Severity.INFO
    doubles = last.rss / per_second
    finding = Finding(
        pattern="memory-growth",
        title=f"Memory grows by {size(per_second)}/s (it will have doubled in {_duration(doubles)}){where}",
        severity=severity,
        share=None,
        # The window shows that it grows, not that it never stops: a cache that fills looks the same.
        confidence=0.8 if place and faults > every / 2 else 0.6,
        location=place.location if place else None,
        stack=max(rows, key=lambda row: row.faults).stack if rows else (),
        evidence=tuple(facts),
        fix=f"Find what keeps the objects that are made at {place or 'the lines with most page faults'}: a list or "
        "dict that is only added to, a cache without a bound (functools.lru_cache(maxsize=…), an LRU or a time to "
        "live), a closed-over request, a global registry (weakref). The line is where memory was first touched, "
        "which need not be where it is held.",
        verify=again(
            account, "the growth", f"{size(per_second)}/s", "0, over a window of several minutes", "proc-watch"
        ),
    )
    return [finding]


def steady(trend: MemoryTrend) -> bool:
    """It rises by enough, over most pairs of readings, and in each third of the window."""
    samples = trend.samples
    grown = _held(samples[-1]) - _held(samples[0])
    if trend.bytes_per_second < NOTICED.value or trend.confidence < STEADY.value or grown < GROWN.value:
        return False
    third = max(1, len(samples) // 3)
    marks = [samples[0], samples[third], samples[-1 - third], samples[-1]]
    return all(_held(b) - _held(a) > 0.05 * grown for a, b in pairwise(marks))


def _held(sample: MemorySample) -> int:
    return sample.anonymous + sample.swap


def _blamed(account: Account) -> tuple[list[FaultRow], Place | None]:
    """The line that touches most new memory. One that gives as much back (munmap at the same line) does not grow it."""
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
    return at.get(best, []), best


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _examples() -> tuple[Example, ...]:
    line: Stack = (python(52, "remember"),)
    work = cpu(line, 1.0)
    leak = FaultRow(pid=1, stack=line, faults=12_000)
    buffer: Stack = (python(70, "render"),)
    transient = (call("mmap", buffer, 5000, seconds=0.1), call("munmap", buffer, 5000, seconds=0.1))
    both = (leak, FaultRow(pid=1, stack=buffer, faults=90_000))
    return (
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


def _step() -> Evidence:
    samples = tuple(
        MemorySample(at=i / 5, rss=r, anonymous=r) for i in range(51) for r in (int(50e6 + (4e8 if i > 5 else 0)),)
    )
    return window(memory=MemoryTrend(samples=samples, bytes_per_second=3e5, confidence=0.85))


PATTERN = Pattern(
    id="memory-growth",
    title="memory grows steadily",
    sees="Anonymous memory and swap that rise in each third of the window, with the lines whose page faults touched "
    "new pages.",
    costs="Nothing at first; then swap, page-cache misses for everybody, and the out-of-memory killer.",
    fix="Bound the cache, drop what is finished with, hold by weak references.",
    fine="A start that loads its data, a cache that fills up to its bound: look again after some minutes.",
    thresholds=(STEADY, NOTICED, WARNING, CRITICAL, GROWN, SURE),
    needs=("memory",),
    focus=frozenset({Focus.MEMORY}),
    check=check,
    examples=_examples,
)
