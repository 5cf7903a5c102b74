"""Who waits for which lock of Java, from which line: every wait that Flight Recorder saw, each with its stack."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from anyio import to_thread

from perfdoctor.collectors.backends.jvm.backend import Heard, trace
from perfdoctor.collectors.backends.jvm.declared import at_declarations
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.locks import Lock, LockKind, LockProfile, LockWait
from perfdoctor.schemas.target import Target

_ENTER, _WAIT, _PARK = "jdk.JavaMonitorEnter", "jdk.JavaMonitorWait", "jdk.ThreadPark"
_EVERY = {"threshold": "0 ms", "stackTrace": "true"}
EVENTS = {_ENTER: _EVERY, _WAIT: _EVERY, _PARK: _EVERY}
LACKS = (
    "the line that held the lock: Java tells which thread held a monitor, not where",
    "waits that were under way when the window closed",
    "locks that were taken without a wait",
    "locks of native code",
    "the line of a synchronized method whose source cannot be read: its first statement is named",
)
_BUCKETS = 40
# java.util.concurrent.locks.ReentrantLock$NonfairSync   …AbstractQueuedSynchronizer$ConditionObject
_KINDS = (
    ("ReentrantReadWriteLock", LockKind.RWLOCK),
    ("StampedLock", LockKind.RWLOCK),
    ("ReentrantLock", LockKind.MUTEX),
    ("Semaphore", LockKind.SEMAPHORE),
)


@dataclass(frozen=True, slots=True)
class _Which:
    kind: LockKind
    address: int
    name: str


async def trace_locks(host: Host, target: Target, *, seconds: float, progress: Progress) -> Evidence:
    """``locks``: monitors and all that parks threads, every wait. OSError where the machine cannot record."""
    told = await trace(host, target, EVENTS, seconds=seconds, progress=progress)
    how = told.collection(lacks=LACKS, exact=True)
    profile = await to_thread.run_sync(lambda: at_declarations(host, target.pid, lock_profile(target, told.heard)))
    return Evidence(target=target, window=told.window, collections={"locks": how}, locks=profile)


def lock_profile(target: Target, heard: Sequence[Heard]) -> LockProfile:
    """The locks among all that Flight Recorder told."""
    groups: defaultdict[_Which, list[Heard]] = defaultdict(list)
    for one in heard:
        if one.name in EVENTS:
            groups[_which(one)].append(one)
    locks = (_lock(target, which, waits) for which, waits in groups.items())
    return LockProfile().of(sorted(locks, key=lambda lock: -lock.seconds))


def _which(one: Heard) -> _Which:
    address = int(one.values.get("address") or 0) & (1 << 64) - 1
    name = str(one.values.get("parkedClass" if one.name == _PARK else "monitorClass") or "").replace("/", ".")
    kind = LockKind.CONDITION  # what a thread that has nothing to do parks on
    if one.name == _ENTER:
        kind = LockKind.MUTEX
    elif one.name == _PARK and "ConditionObject" not in name:
        kind = next((kind for part, kind in _KINDS if part in name), LockKind.CONDITION)
    return _Which(kind, address, clean(f"{'monitor of ' if one.name != _PARK else ''}{name or 'park'}", 120))


def _lock(target: Target, which: _Which, heard: Sequence[Heard]) -> Lock:
    owners = Counter(one.values.get("previousOwner") or 0 for one in heard)
    by_stack: defaultdict[Stack, list[Heard]] = defaultdict(list)
    for one in heard:
        by_stack[one.stack].append(one)
    waiters = tuple(sorted((_wait(stack, waits) for stack, waits in by_stack.items()), key=lambda wait: -wait.seconds))
    threads = {one.own_tid for one in heard}
    taken = which.kind in (LockKind.MUTEX, LockKind.RWLOCK)
    owner = owners.most_common(1)[0][0]
    return Lock(
        pid=target.pid,
        kind=which.kind,
        name=which.name,
        address=which.address or None,
        waits=sum(one.weight for one in heard),
        timeouts=sum(one.weight for one in heard if one.values.get("timedOut")),
        seconds=sum(one.weight * one.seconds for one in heard),
        max_seconds=max(one.seconds for one in heard),
        histogram=_histogram(heard),
        threads=len(threads),
        both_ways=len(threads) if taken else None,
        owner=owner if isinstance(owner, int) else 0,
        owner_confirmed=owners[owner] if owner else 0,
        waiters=waiters,
    )


def _wait(stack: Stack, waits: Sequence[Heard]) -> LockWait:
    return LockWait(
        waiter=stack,
        waits=sum(one.weight for one in waits),
        timeouts=sum(one.weight for one in waits if one.values.get("timedOut")),
        seconds=sum(one.weight * one.seconds for one in waits),
        max_seconds=max(one.seconds for one in waits),
        histogram=_histogram(waits),
    )


def _histogram(waits: Sequence[Heard]) -> tuple[int, ...]:
    buckets = [0] * _BUCKETS
    for one in waits:
        buckets[min(max(int(one.seconds * 1e9).bit_length() - 1, 0), _BUCKETS - 1)] += one.weight
    return tuple(buckets)
