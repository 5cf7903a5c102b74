"""Does memory grow steadily, and where is it first touched?"""

from collections import defaultdict
from collections.abc import Sequence

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import SECONDS, call, cpu, library, memory, native, python, window
from perfdoctor.diagnosis.growth import Growth, finding
from perfdoctor.diagnosis.heap_growth import (
    ALL,
    COLLECTIONS,
    EACH,
    EVEN,
    KEPT,
    LIFE,
    LONG,
    MANY,
    SAME,
    STEADY,
    ends,
    floors,
    heap_growth,
)
from perfdoctor.diagnosis.holes import growing_holes
from perfdoctor.diagnosis.java_native import NATIVE, OF_CLASSES, RETURNED, of_native
from perfdoctor.diagnosis.loading import is_loading
from perfdoctor.diagnosis.memory_trend import GROWN, NOTICED, held, slows_down, steady
from perfdoctor.diagnosis.pattern import Example, Focus, Hindrance, Pattern, Threshold
from perfdoctor.diagnosis.piled_up import piled_up
from perfdoctor.diagnosis.place import Place
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Fact, Finding, Severity
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.memory import HeapReading, KeptLine, LivingRow, MemorySample, MemoryTrend
from perfdoctor.schemas.waits import FaultRow

WARNING = Threshold(256 << 10, "bytes/s", "1 GiB an hour: a day ends most machines' memory")
CRITICAL = Threshold(16 << 20, "bytes/s", "1 GiB a minute: the machine is gone within the hour")
SURE = Threshold(
    4 << 20, "bytes in the window", "what garbage waits for its collector, and allocators for reuse, is less"
)
OUTSIDE = Threshold(
    32 << 20,
    "bytes in the window, beside the heap of V8 or Go",
    "V8 spreads its young objects over up to this much before it collects them; Go's heap doubles before it does",
)
OF_LIVING = Threshold(
    4, "samples of living objects at one line", "fewer can be what is in use at the moment, by chance"
)
LIVES = Threshold(0.6, "of V8's growth, in objects made in the window", "what grows without them is V8's own room")
ADDED = Threshold(
    0.15, "of the new pages", "from here on a line that adds to a collection is told, rather than one that only makes"
)
_DEVIATIONS = 2.0
"""within which a number of samples is, nearly always"""
_FILLS = 0.5
"""how sure a growth is that becomes ever slower"""
_ALLOCATES = "runtime.mallocgc"
"""how the names of what allocates in Go begin"""
_COLLECTED = ("java", "node", "go")
"""runtimes whose memory grows until they collect: resident memory says little of what they keep"""


def check(account: Account) -> list[Finding]:
    trend = account.evidence.memory
    if trend is None or len(trend.samples) < 4:
        return []
    growth = _of_goroutines(account, trend) or (_of_heap(account, trend) if trend.heap else None)
    if growth is None and steady(trend):
        growth = of_native(account, trend)
    if growth is None and _tells(account.evidence, trend) and growing_holes(account) is None:
        growth = _of_process(account, trend)
    if growth is None:
        return []
    fills = account.texts.is_limited(growth.place)
    return [finding(account, trend, growth, Severity.INFO if fills else _severity(growth))]


def cannot(account: Account) -> Hindrance | None:
    """It grows, and nothing tells garbage from what is kept."""
    evidence, trend = account.evidence, account.evidence.memory
    if trend is None or evidence.target.runtime not in _COLLECTED or len(trend.samples) < 4 or not steady(trend):
        return None
    known = floors(trend.heap, evidence.window.seconds) or ends(trend.heap)
    if known or _tells(evidence, trend) or check(account):
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
    runtime, used = evidence.target.runtime, [reading.used for reading in trend.heap]
    grown = held(trend.samples[-1]) - held(trend.samples[0])
    if runtime not in _COLLECTED:
        return True
    if runtime == "go":
        # (its heap grows to twice what lived at the last collection before the next one comes; what it frees it keeps
        # for a while, so beside a heap that is told only more than all of that is memory of another kind)
        return grown >= max(OUTSIDE.value, *used, 0)
    if not used or runtime == "java":
        return False
    return grown - (max(used) - used[0]) >= OUTSIDE.value


def _of_goroutines(account: Account, trend: MemoryTrend) -> Growth | None:
    """Growth by goroutines that never end, as their number tells: Go's heap grows and falls too much to tell itself."""
    piled = piled_up(account)
    grown = held(trend.samples[-1]) - held(trend.samples[0])
    per_second = trend.bytes_per_second
    if piled is None or per_second < NOTICED.value or grown < GROWN.value:
        return None
    return Growth(
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


def _of_process(account: Account, trend: MemoryTrend) -> Growth:
    place, stack, faults, most = _first_touched(account)
    facts = [
        account.fact("memory", "growth of anonymous memory and swap", trend.bytes_per_second, "bytes/s"),
        account.fact("memory", "pairs of readings that rise", trend.confidence, "share"),
    ]
    facts += faults
    found = account.evidence.memory_map
    if found and found.kinds and (kind := max(found.kinds, key=lambda kind: kind.grown)).grown > 0:
        facts.append(account.fact("memory_map", f"growth of {kind.kind.value} memory", kind.grown, "bytes"))
    return Growth(
        per_second=trend.bytes_per_second,
        bytes=held(trend.samples[-1]) - held(trend.samples[0]),
        where="",
        place=place,
        stack=stack,
        # The window shows that it grows, not that it never stops: a cache that fills looks the same.
        sure=_FILLS if slows_down(trend) else 0.8 if most else 0.6,
        facts=tuple(facts),
    )


def _of_heap(account: Account, trend: MemoryTrend) -> Growth | None:
    """Growth of what is left after collections; None when there is none, or too few collections to know."""
    grown = heap_growth(trend.heap, account.seconds, account.evidence.age)
    if grown is None or grown.bytes < GROWN.value or grown.per_second < NOTICED.value:
        return None
    if not _lives(account, grown.bytes):
        return None
    facts = [
        account.fact("memory", "growth of the heap after collections", grown.per_second, "bytes/s"),
        account.fact("memory", "in use after the last collections", grown.used, "bytes"),
    ]
    runtime = account.evidence.target.runtime
    if runtime == "go":
        # (nobody tells which objects live on)
        place, stack, faults, most = _first_touched(account)
        facts += faults
        sure = _FILLS if grown.slower else 0.8 if most else 0.6
    else:
        place, stack, samples, known = _kept_at(account)
        if place:
            facts.append(account.fact("memory", f"objects that live on and were made at {place}", samples, "samples"))
        # (V8 tells the function that optimised code belongs to: what was inlined into it has its name)
        sure = 0.8 if samples >= OF_LIVING.value and samples > known / 2 and runtime != "node" else 0.6
    if grown.share is not None:
        facts.append(account.fact("memory", "of what was made meanwhile, left", grown.share, "share"))
    return Growth(
        per_second=grown.per_second,
        bytes=grown.bytes,
        where=" in the garbage-collected heap",
        place=place,
        stack=stack,
        sure=sure,
        facts=tuple(facts),
    )


def _lives(account: Account, grown: int) -> bool:
    """Whether what grew is objects that were made in the window and live on, where V8 was asked for those. What else
    grows is V8's own: it gives its young objects ever more room, and keeps the code that it has made; and code that is
    loaded stays, once."""
    living = account.evidence.living
    if account.evidence.target.runtime != "node" or living is None:
        return True
    made = [row for row in living if not is_loading(row.stack, account.evidence.user_roots)]
    samples = sum(row.samples for row in made)
    # (a few dozen samples: what they stand for is as likely to be more as less)
    most = 1 + _DEVIATIONS / samples**0.5 if samples else 0.0
    return most * sum(row.bytes or 0 for row in made) >= LIVES.value * grown


def _kept_at(account: Account) -> tuple[Place | None, Stack, int, int]:
    """The line that made most of what lives on, with its stack, its samples, and those of all lines; rather one that
    lets promises race: what each of them gives is kept as long as one of the others is pending. (That is little beside
    what they give: a sample of it is enough where no line adds anything to a collection.)"""
    at: dict[Place, list[LivingRow]] = defaultdict(list)
    living = account.evidence.living or ()
    raced = [row for row in living if any(map(_races, row.stack[:3]))]
    enough = 1 if not any(account.texts.keeper_on(row.stack) for row in living) else OF_LIVING.value
    is_raced = sum(row.samples for row in raced) >= enough
    for row in raced if is_raced else living:
        place = (None if is_raced else account.texts.keeper(row.stack)) or account.place(row.stack)
        if place is not None:
            at[place].append(row)
    known = sum(row.samples for rows in at.values() for row in rows)
    best = max(at, key=lambda place: sum(row.samples for row in at[place]), default=None)
    if best is None:
        return None, (), 0, 0
    heaviest = max(at[best], key=lambda row: row.samples)
    return best, heaviest.stack, sum(row.samples for row in at[best]), known


def _races(frame: Frame) -> bool:
    """Whether it is V8's own Promise.race."""
    return frame.kind is FrameKind.NATIVE and frame.function == "race" and not frame.file


def _severity(growth: Growth) -> Severity:
    if growth.per_second < WARNING.value or growth.bytes < SURE.value or growth.sure <= _FILLS:
        return Severity.INFO
    return Severity.CRITICAL if growth.per_second >= CRITICAL.value else Severity.WARNING


def _first_touched(account: Account) -> tuple[Place | None, Stack, list[Fact], bool]:
    """The line that touches most new memory, with its stack, the fact that says so, and whether it is most of all."""
    faults = account.evidence.faults or ()
    # (Go's allocator touches about half of the pages itself: those tell who asked, not who wrote there first)
    asked = [fault for fault in faults if any(frame.function.startswith(_ALLOCATES) for frame in fault.stack)]
    rows, place = _blamed(account, asked or faults)
    if place is None:
        return None, (), [], False
    touched, every = (sum(row.faults for row in some) for some in (rows, faults))
    fact = account.fact("faults", f"pages first touched at {place}", touched / account.seconds, "faults/s")
    return place, max(rows, key=lambda row: row.faults).stack, [fact], touched > every / 2


def _blamed(account: Account, faults: Sequence[FaultRow]) -> tuple[list[FaultRow], Place | None]:
    """The line that touches most new memory: rather one that adds what it makes to a collection. One that gives as
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
    for fault in faults:
        place = account.place(fault.stack)
        if place is not None and not (taken[place] and returned[place] >= 0.8 * taken[place]):
            at[place].append(fault)
    best = max(at, key=lambda place: sum(row.faults for row in at[place]), default=None)
    kept: dict[Place, list[FaultRow]] = defaultdict(list)
    for fault in (row for rows in at.values() for row in rows):
        if keeper := account.texts.keeper(fault.stack):
            kept[keeper].append(fault)
    keeper = max(kept, key=lambda place: sum(row.faults for row in kept[place]), default=None)
    every = sum(row.faults for rows in at.values() for row in rows)
    if keeper and sum(row.faults for row in kept[keeper]) >= ADDED.value * every:
        return kept[keeper], keeper
    return at.get(best, []), best


def _examples() -> tuple[Example, ...]:
    line: Stack = (python(52, "remember"),)
    work = cpu(line, 1.0)
    leak = FaultRow(pid=1, stack=line, faults=12_000)
    parsed = FaultRow(pid=1, stack=(library("json/decoder.py", "raw_decode"), python(88, "main")), faults=40_000)
    buffer: Stack = (python(70, "render"),)
    transient = (call("mmap", buffer, 5000, seconds=0.1), call("munmap", buffer, 5000, seconds=0.1))
    keeps, writes = (native("main.(*Cache).Keep", "/srv/app", "/srv/app.go", line) for line in (52, 53))
    malloc = native("runtime.mallocgc", "/srv/app", "/usr/local/go/src/runtime/malloc.go", 1016)
    asked, written = FaultRow(pid=1, stack=(malloc, keeps), faults=5000), FaultRow(pid=1, stack=(writes,), faults=6000)
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
            "a Node.js program that keeps 1 MB a second, and collects nothing meanwhile",
            True,
            "V8 was asked to collect at the begin and at the end: what lives has grown by 9 MB",
            _asked_of_v8(20e6, 29e6, living=line),
        ),
        Example(
            "a Node.js program that is busier in the second half",
            False,
            "what its own collections leave rises, by what is in use for the moment; asked to collect, V8 has as much",
            _asked_of_v8(20e6, 20.5e6, living=line, left=[20e6 + 1e6 * i for i in range(10)]),
        ),
        Example(
            "a Node.js program whose garbage is as much",
            False,
            "what lives at the end is what lived at the begin",
            _asked_of_v8(20e6, 20.3e6, living=line),
        ),
        Example(
            "a map that is only added to, in Go",
            True,
            "two collections are 5 s apart, and most of what was made between them is left after the second",
            _of_go([(-1, 18e6), (4, 39e6)], 5e6, 5e6, faults=(asked, written)),
        ),
        Example(
            "a Go program that makes as much, and keeps a second of it",
            False,
            "resident memory grows as much until the next collection, which leaves no more than the one before",
            _of_go([(-1, 10e6), (1, 9e6), (3, 11e6), (5, 10e6), (7, 9e6)], 5e6, 1e6),
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


def _asked_of_v8(first: float, last: float, *, living: Stack, left: Sequence[float] = ()) -> Evidence:
    """A window of Node.js, with collections that were asked for before and after it. Of its own there are those that
    ``left`` tells, or none."""
    steps = [used for each in left for used in (each, each + 9e6)] or [first + 3e5 * i for i in range(20)]
    step = SECONDS / (len(steps) + 2)
    between = [HeapReading(at=(i + 1) * step, used=int(used)) for i, used in enumerate(steps)]
    asked = [HeapReading(at=at, used=int(used), collected=True) for at, used in ((0.0, first), (SECONDS, last))]
    found = _collected([], "node", living=living, kept=9_000_000, resident=2e6)
    assert found.memory
    return found.model_copy(update={"memory": found.memory.model_copy(update={"heap": (asked[0], *between, asked[1])})})


def _of_go(
    after: list[tuple[float, float]], pace: float, resident: float, faults: tuple[FaultRow, ...] = ()
) -> Evidence:
    """A window of Go, which makes ``pace`` bytes a second all the time: when its collections ended, and what they
    left."""
    heap = [HeapReading(at=at, used=int(used), made=int(1e9 + pace * at), collected=True) for at, used in after]
    for i in range(int(5 * SECONDS) + 1):
        ended, left = max((at, used) for at, used in after if at <= i / 5)
        heap.append(HeapReading(at=i / 5, used=int(left + pace * (i / 5 - ended)), made=int(1e9 + pace * i / 5)))
    trend = memory(resident).model_copy(update={"heap": tuple(sorted(heap, key=lambda reading: reading.at))})
    found = window(memory=trend, faults=faults)
    return found.model_copy(update={"target": found.target.model_copy(update={"runtime": "go"})})


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
    "new pages. In Java, Node.js and Go, what is left after garbage collections, in Java and Node.js with the lines "
    "whose objects live on. In Go also goroutines of which more and more stand at one line.",
    costs="Nothing at first; then swap, page-cache misses for everybody, and the out-of-memory killer.",
    fix="Bound the cache, drop what is finished with, hold by weak references.",
    fine="A start that loads its data, a cache that fills up to its bound (growth that slows down is a note): look "
    "again after some minutes.",
    thresholds=(
        STEADY,
        NOTICED,
        WARNING,
        CRITICAL,
        GROWN,
        SURE,
        COLLECTIONS,
        MANY,
        KEPT,
        EACH,
        EVEN,
        LONG,
        ALL,
        LIFE,
        SAME,
        OUTSIDE,
        OF_LIVING,
        LIVES,
        ADDED,
        NATIVE,
        OF_CLASSES,
        RETURNED,
    ),
    needs=("memory",),
    focus=frozenset({Focus.MEMORY}),
    check=check,
    examples=_examples,
    cannot=cannot,
    causes=("gc-pressure",),
)
