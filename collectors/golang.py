"""Who of a Go program's goroutines waits for a lock, or sleeps? The engine's window, and beside it looks at them.

A goroutine that waits holds no thread, so the kernel sees nothing of it: the program seems to have little to do. Its
memory tells. Looks are samples: how long is estimated, how often is only a lower bound.
"""

import struct
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from anyio import to_thread

from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.looking import while_looking, with_sampled
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.runtimes.go_program import NotReadableError
from perfdoctor.collectors.runtimes.goroutines import (
    SLEEP,
    Goroutine,
    GoroutineReader,
    stack_of,
)
from perfdoctor.collectors.runtimes.native import NativeNames
from perfdoctor.collectors.source_text.pausing.nap_loops import napping
from perfdoctor.collectors.source_text.sources import Sources
from perfdoctor.collectors.text import clean
from perfdoctor.collectors.window import by_engine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, Stack
from perfdoctor.schemas.goroutines import GoroutineCount, GoroutineGroup, GoroutineNap, GoroutineWait, NapLoop
from perfdoctor.schemas.locks import WORKERS, Lock, LockKind, LockProfile, LockWait, Waiting
from perfdoctor.schemas.recording import Collection
from perfdoctor.schemas.target import Target

NAME = "goroutines"
_EVERY = 0.02
_SHARE = 0.02
"""of the time may go into looks: of a program with many goroutines they are rarer"""
_GOLDEN = 0.618
_COUNTED_EVERY = 0.2
_GROWN = 5
"""groups that grew which are told, and lines that ask for collections"""
_NAPS = 20
"""places of sleeps which are told"""
_ENOUGH = 10
"""sleeps looked at, from which on they tell how long one is"""
_LOCKS = frozenset({"sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock", "semacquire"})
"""reasons to wait; before Go 1.20 semacquire is what all locks, and wait groups, say"""
_LENDERS = {
    "database/sql.(*DB).conn": "connections of database/sql",
    "net/http.(*Transport).getConn": "connections of net/http",
    "github.com/jackc/puddle/v2.(*Pool[...]).acquire": "connections of pgx",
    "github.com/redis/go-redis/v9/internal/pool.(*ConnPool).waitTurn": "connections of go-redis",
}
"""functions in which one waits until a pool has something to lend"""
_SENDS = "chan send"
_SENDING = frozenset({"runtime.chansend", "runtime.chansend1"})
_SELECTS = frozenset({"select"})
_COLLECTION = "wait for GC cycle"
_COLLECTS = ("runtime.GC", "runtime/debug.freeOSMemory")
_OF_SYNC = ("sync.", "internal/sync.", "runtime.", "[inlined into ")
LACKS = (
    "which goroutine holds a lock of Go",
    "two locks of Go that one type, or one function, takes: they count as one",
)


class _Asked(NamedTuple):
    kind: LockKind
    name: str


@dataclass(slots=True)
class _Seen:
    seconds: float = 0.0
    goroutines: set[int] = field(default_factory=set)
    waits: int = 0
    longest: float = 0.0


@dataclass(slots=True)
class _Naps:
    """Sleeps at one place. Of ``looks`` of them it is known how long they were to be, all together ``asked``, and how
    long they had lasted when they were looked at: ``ages``. ``in_time`` were not late, from which ``naps`` follows."""

    seconds: float = 0.0
    goroutines: set[int] = field(default_factory=set)
    looks: int = 0
    asked: float = 0.0
    ages: float = 0.0
    in_time: int = 0
    naps: float = 0.0

    def see(self, one: Goroutine, seconds: float) -> None:
        self.seconds += seconds
        self.goroutines.add(one.ident)
        if one.sleep is None:
            return
        self.looks += 1
        self.asked += one.sleep.asked
        self.ages += one.sleep.age
        if one.sleep.age < one.sleep.asked:
            # A sleep is met before it is late as often as it is long, however late it ends then.
            self.in_time += 1
            self.naps += seconds / one.sleep.asked

    def add(self, other: "_Naps") -> None:
        self.seconds += other.seconds
        self.goroutines |= other.goroutines
        self.looks += other.looks
        self.asked += other.asked
        self.ages += other.ages
        self.in_time += other.in_time
        self.naps += other.naps

    def told(self, stack: Stack, part: float, loop: NapLoop | None) -> GoroutineNap:
        seconds, nap, naps = self.seconds * part, 0.0, 0.0
        if self.looks >= _ENOUGH:
            nap, naps = self.asked / self.looks, self.naps * part
            if self.in_time < _ENOUGH:
                # Half of a sleep is over at a look, on average, and longer ones are met more often: at least so many.
                naps = seconds / max(nap, 2 * self.ages / self.looks)
        return GoroutineNap(
            stack=stack,
            goroutines=len(self.goroutines),
            seconds=seconds,
            nap_seconds=nap,
            naps=naps,
            loop=loop,
        )


class GoroutineWatch:
    """Looks at the goroutines of one process that wait for locks or sleep. ``begin`` before the first look."""

    def __init__(self, host: Host, target: Target) -> None:
        self._host, self._target = host, target
        self._reader: GoroutineReader | None = None
        self._seen: defaultdict[tuple[int, ...], _Seen] = defaultdict(_Seen)
        self._naps: defaultdict[tuple[int, ...], _Naps] = defaultdict(_Naps)
        self._waiting: dict[int, tuple[tuple[int, ...], float]] = {}
        """by goroutine: where it waits, and since which look"""
        self._reasons = _LOCKS | {SLEEP, _COLLECTION, _SENDS}
        self._began = self._before = self._cost = 0.0
        self._counted: list[tuple[float, int]] = []
        self._standing: Counter[tuple[str, tuple[int, ...]]] = Counter()
        self.looks = self.torn = 0
        self.why_not = ""

    def begin(self) -> None:
        try:
            self._reader = GoroutineReader(self._host, self._target.pid, _LENDERS)
            self._reasons |= _SELECTS if self._reader.present else frozenset()
            self._standing = self._where_all_stand()
        except NotReadableError as error:
            self.why_not = str(error)
        except (OSError, struct.error):
            self.why_not = "it has ended"

    @property
    def pause(self) -> float:
        """Seconds until the next look: not always as many, or it would keep step with what the program does."""
        return max(_EVERY, self._cost / _SHARE) * (0.5 + self.looks * _GOLDEN % 1.0)

    def look(self) -> None:
        began = time.monotonic()
        self._began = self._began or began
        since, self._before = began - (self._before or began), began
        if self._reader is None:
            return
        with suppress(OSError, struct.error):
            found = self._reader.read(self._reasons)
            self.looks += 1
            self.torn += found.torn
            weight = found.total / max(1, found.looked_at)
            if not self._counted or began - self._counted[-1][0] >= _COUNTED_EVERY:
                self._counted.append((began, round(weight * (found.looked_at - found.ended))))
            waiting = {}
            for one in found.found:
                if one.reason == SLEEP:
                    self._naps[one.places].see(one, since * weight)
                    continue
                seen = self._seen[one.places]
                seen.seconds += since * weight
                seen.goroutines.add(one.ident)
                where, first = self._waiting.get(one.ident, ((), began))
                if where != one.places:
                    first = began
                    seen.waits += 1
                seen.longest = max(seen.longest, began - first)
                waiting[one.ident] = one.places, first
            self._waiting = waiting
        self._cost = time.monotonic() - began

    def _where_all_stand(self) -> Counter[tuple[str, tuple[int, ...]]]:
        if self._reader is None:
            return Counter()
        return Counter((one.reason, one.places) for one in self._reader.read().found if one.reason)

    def end(self, seconds: float) -> tuple[LockProfile, GoroutineCount]:
        """The locks, most waited for first, as of ``seconds``, for the looks began before the window, and ended after
        it; and how many goroutines there were all along, and where more stand than at first. With names for all places.
        Closes what was open."""
        names = NativeNames(self._host, self._target.pid)
        try:
            count = self._count(names, seconds)  # first: the program goes on
            seen = [(stack_of(places, names), seen) for places, seen in self._seen.items()]
            collects = self._collections(seen, seconds)
            return self._locks(seen, seconds), count.model_copy(update={"collects": collects})
        finally:
            names.close()
            self.close()

    def _count(self, names: NativeNames, seconds: float) -> GoroutineCount:
        grown = list[GoroutineGroup]()
        with suppress(OSError, struct.error):
            after = self._where_all_stand()
            for (reason, places), number in (after - self._standing).most_common(_GROWN):
                now = after[reason, places]
                stack = stack_of(places, names)
                grown.append(GoroutineGroup(stack=stack, waits=reason, before=now - number, after=now))
        readings = tuple((at - self._began, number) for at, number in self._counted)
        return GoroutineCount(readings=readings, grown=tuple(grown), naps=self._told_naps(names, seconds))

    def _collections(self, waits: Iterable[tuple[Stack, _Seen]], seconds: float) -> tuple[GoroutineWait, ...]:
        """Who waits for the end of a collection that it asked for."""
        by_stack: defaultdict[Stack, float] = defaultdict(float)
        for stack, seen in waits:
            if any(frame.function in _COLLECTS for frame in stack):
                by_stack[stack] += seen.seconds * self._part(seconds)
        longest = sorted(by_stack.items(), key=lambda item: -item[1])
        return tuple(GoroutineWait(stack=stack, seconds=waited) for stack, waited in longest[:_GROWN])

    def _told_naps(self, names: NativeNames, seconds: float) -> tuple[GoroutineNap, ...]:
        by_stack: defaultdict[Stack, _Naps] = defaultdict(_Naps)
        for places, seen in self._naps.items():
            by_stack[stack_of(places, names)].add(seen)
        longest = sorted(by_stack.items(), key=lambda item: -item[1].seconds)[:_NAPS]
        part, sources = self._part(seconds), Sources(self._host, self._target.pid)
        told = ((napping(sources, stack), naps) for stack, naps in longest)
        return tuple(naps.told(at.stack, part, at.loop) for at, naps in told)

    def _part(self, seconds: float) -> float:
        """Of what was seen: the window's, whose looks begin before it and end after it."""
        return min(1.0, seconds / max(seconds, self._before - self._began))

    def _locks(self, waits: Iterable[tuple[Stack, _Seen]], seconds: float) -> LockProfile:
        part = self._part(seconds)
        by_lock: defaultdict[_Asked, dict[Stack, _Seen]] = defaultdict(dict)
        for stack, seen in waits:
            if asked := _asked(stack):
                kept = by_lock[asked].setdefault(stack, _Seen())
                kept.seconds += seen.seconds * part
                kept.waits += seen.waits
                kept.goroutines |= seen.goroutines
                kept.longest = max(kept.longest, min(seen.longest, seconds))
        locks = [self._lock(asked, waits) for asked, waits in by_lock.items()]
        return LockProfile().of(sorted(locks, key=lambda lock: -lock.seconds))

    def _lock(self, asked: _Asked, waits: dict[Stack, _Seen]) -> Lock:
        rows = [
            LockWait(waiter=stack, waits=seen.waits, seconds=seen.seconds, max_seconds=seen.longest)
            for stack, seen in sorted(waits.items(), key=lambda item: -item[1].seconds)
        ]
        return Lock(
            pid=self._target.pid,
            kind=asked.kind,
            name=asked.name,
            waits=sum(row.waits for row in rows),
            seconds=sum(row.seconds for row in rows),
            max_seconds=max(row.max_seconds for row in rows),
            threads=len(set[int]().union(*(seen.goroutines for seen in waits.values()))),
            who=Waiting.GOROUTINES,
            waiters=tuple(rows),
        )

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _asked(stack: Stack) -> _Asked | None:
    """Which lock a goroutine with this stack waits for. None: it waits for something else."""
    for frame in stack:
        if lent := _LENDERS.get(frame.function):
            return _Asked(LockKind.POOL, lent)
    own = next((frame for frame in stack if not frame.function.startswith(_OF_SYNC)), None)
    if any(frame.function in _SENDING for frame in stack):
        return _Asked(LockKind.POOL, clean(f"{WORKERS}{own.function}", 120)) if own else None
    functions = {frame.function.removeprefix("internal/").partition(").")[0] for frame in stack}
    kind = LockKind.RWLOCK if "sync.(*RWMutex" in functions else LockKind.MUTEX
    if kind is LockKind.MUTEX and "sync.(*Mutex" not in functions:
        return None
    what = "sync.RWMutex" if kind is LockKind.RWLOCK else "sync.Mutex"
    return _Asked(kind, clean(f"{what} of {_owner(own)}", 120) if own else what)


def _owner(frame: Frame) -> str:
    """Whose lock it is in all likelihood: a method's receiver has it, ``main.(*Cart)`` of ``main.(*Cart).Add``; else
    the function uses one of its own or of its package."""
    receiver, method, _ = frame.function.partition(").")
    return f"{receiver})" if method else frame.function


async def by_engine_and_goroutines(
    host: Host, target: Target, *, seconds: float, wanted: Wanted, memory: bool, progress: Progress
) -> Evidence:
    """The engine's window, with ``locks`` of Go; where its goroutines cannot be read, the window without them: its
    collections say why."""
    return await beside(
        host,
        target,
        lambda: by_engine(host, target, seconds=seconds, wanted=wanted, memory=memory, progress=progress),
    )


async def beside(host: Host, target: Target, window: Callable[[], Awaitable[Evidence]]) -> Evidence:
    """What ``window`` sees, and the locks of Go before those that it saw."""
    watch = GoroutineWatch(host, target)
    try:
        evidence = await while_looking(watch, window)
        return await to_thread.run_sync(_joined, evidence, watch)
    finally:
        watch.close()


def _joined(evidence: Evidence, watch: GoroutineWatch) -> Evidence:
    if watch.why_not:
        return _lacking(evidence, f"locks of Go: {watch.why_not}")
    profile, count = watch.end(evidence.window.seconds)
    warnings = (f"{watch.torn:,} times a goroutine changed while it was read",) if watch.torn else ()
    seen = f"{watch.looks:,} looks at its goroutines"
    how = Collection(backend=NAME, exact=False, reason=seen, lacks=LACKS, warnings=warnings)
    profile, how = with_sampled(evidence, profile, how, of="locks of Go")
    told = {"locks": how, "goroutines": Collection(backend=NAME, exact=False, reason=seen)}
    return evidence.model_copy(
        update={"locks": profile, "goroutines": count, "collections": evidence.collections | told}
    )


def _lacking(evidence: Evidence, what: str) -> Evidence:
    told = {
        name: how.model_copy(update={"lacks": (*how.lacks, what)}) if name == "syscalls" else how
        for name, how in evidence.collections.items()
    }
    return evidence.model_copy(update={"collections": told})
