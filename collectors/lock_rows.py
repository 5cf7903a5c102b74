"""Locks from counted calls, for backends that see the calls and not the stacks: what each call meant, and its sum."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from perfdoctor.schemas.locks import Lock, LockKind, LockProfile, LockWait
from perfdoctor.schemas.syscalls import BUCKETS

WAIT, WAKE, LOCK_PI, UNLOCK_PI, WAIT_BITSET, WAKE_BITSET, WAIT_REQUEUE_PI, LOCK_PI2 = 0, 1, 6, 7, 9, 10, 11, 13
PRIVATE = 128
WAITS = frozenset({WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2})
"""Operations of futex(2) that put the caller to sleep (include/uapi/linux/futex.h)."""
SLEPT_FROM = 16
"""A call upon a file lock is counted as a wait from this bucket on: 65 µs. Whether it slept is not told."""


@dataclass(slots=True)
class WaitRow:
    """Waiting calls of one process upon one lock, alike in operation and expected value. ``kind`` and ``name`` are set
    for what is no futex. ``calls`` got it; ``timeouts`` and ``missed`` (EAGAIN: it was free again) did not."""

    pid: int
    address: int | None = None
    op: int = WAIT
    expected: int = 0
    kind: LockKind = LockKind.FUTEX
    name: str = ""
    calls: int = 0
    timeouts: int = 0
    missed: int = 0
    unfinished: int = 0
    seconds: float = 0.0
    max_seconds: float = 0.0
    histogram: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    threads: set[int] = field(default_factory=set)

    def add(self, ns: int) -> None:
        self.seconds += ns * 1e-9
        self.max_seconds = max(self.max_seconds, ns * 1e-9)
        self.histogram[min(max(ns.bit_length() - 1, 0), BUCKETS - 1)] += 1


def kind_of(row: WaitRow) -> LockKind:
    """What a futex is, by the calls alone: glibc's mutexes are waited for in their own way (it expects the value 2),
    the priority kinds have operations of their own; the rest may be a condition, a semaphore, an rwlock, a barrier."""
    operation = row.op & ~PRIVATE & 127
    if row.kind is not LockKind.FUTEX:
        return row.kind
    if operation in (LOCK_PI, LOCK_PI2):
        return LockKind.PRIORITY
    if operation == WAIT_REQUEUE_PI:
        return LockKind.CONDITION
    if operation == WAIT and row.expected == 2:
        return LockKind.MUTEX
    if operation == WAIT_BITSET and not row.op & PRIVATE and row.expected > 2:
        return LockKind.JOIN
    return LockKind.FUTEX


def profile_of(rows: Iterable[WaitRow]) -> LockProfile:
    """One Lock for each address (or name) and kind, longest first, without lines."""
    merged: dict[tuple[int, LockKind, int | None, str], WaitRow] = {}
    for row in rows:
        into = merged.setdefault((row.pid, kind_of(row), row.address, row.name), WaitRow(row.pid, row.address))
        into.name = row.name
        into.calls += row.calls
        into.timeouts += row.timeouts
        into.missed += row.missed
        into.unfinished += row.unfinished
        into.seconds += row.seconds
        into.max_seconds = max(into.max_seconds, row.max_seconds)
        into.threads |= row.threads
        into.histogram = [a + b for a, b in zip(into.histogram, row.histogram, strict=True)]
    locks = [_lock(kind, row) for (_, kind, _, _), row in merged.items()]
    locks.sort(key=lambda lock: (-lock.seconds, -lock.waits, lock.pid, lock.address or 0))
    return LockProfile().of(locks)


def _lock(kind: LockKind, row: WaitRow) -> Lock:
    histogram = row.histogram
    is_file = kind in (LockKind.FILE, LockKind.SYSV)
    waits = sum(histogram[SLEPT_FROM:]) if is_file else row.calls + row.timeouts
    if is_file:
        histogram = [0] * SLEPT_FROM + histogram[SLEPT_FROM:]
    wait = LockWait(
        waits=waits,
        timeouts=row.timeouts,
        unfinished=row.unfinished,
        seconds=row.seconds,
        max_seconds=row.max_seconds,
        histogram=tuple(histogram),
    )
    return Lock(
        pid=row.pid,
        kind=kind,
        name=row.name,
        address=row.address,
        waits=waits,
        timeouts=row.timeouts,
        missed=row.missed,
        unfinished=row.unfinished,
        seconds=row.seconds,
        max_seconds=row.max_seconds,
        histogram=tuple(histogram),
        threads=len(row.threads) or None,
        acquired=row.calls if is_file else None,
        waiters=(wait,) if waits or row.unfinished else (),
    )
