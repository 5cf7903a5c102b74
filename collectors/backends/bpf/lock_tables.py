"""The tables of locks.bpf.c, as its C source lays them out."""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

FUTEX, FILE_LOCK, RECORD_LOCK, SEMAPHORES = range(4)
PLAIN, MUTEX, PRIORITY, CONDITION, SEMAPHORE, RWLOCK, JOIN, PARKED = range(8)
ON_OWN_STACK = 1
DONE, ASLEEP, BETWEEN = range(3)

CALLS = struct.Struct("<5i")
KEY = struct.Struct("<QII")
WAITING = struct.Struct("<QII4Q7IHH16s")
USE = struct.Struct("<11Q4I8I32I")
EDGE_KEY = struct.Struct("<QIIQQII")
EDGE = struct.Struct("<4Q16s32I")
HOLD_KEY = struct.Struct("<QIIQ")
HOLD = struct.Struct("<4Q32I")
THREAD_KEY = struct.Struct("<QIIII")
THREAD = struct.Struct("<3Q")


class LockKey(NamedTuple):
    object: int
    pid: int
    kind: int


@dataclass(slots=True)
class Use:
    """``struct lock_use`` of locks.bpf.c; times in nanoseconds."""

    waits: int = 0
    ns: int = 0
    max: int = 0
    naps: int = 0
    missed: int = 0
    timeouts: int = 0
    wakes: int = 0
    confirmed: int = 0
    calls: int = 0
    stolen: int = 0
    last_owner: int = 0
    shapes: tuple[int, ...] = (0,) * 8
    histogram: tuple[int, ...] = (0,) * 32


class Waiting(NamedTuple):
    """``struct waiting``: a thread that has not got what it waits for."""

    lock: LockKey
    stack: int
    since: int
    ended: int
    pid: int
    tid: int
    state: int
    shape: int
    owner: int
    naps: int
    slept: int


class Edge(NamedTuple):
    waits: int
    timeouts: int
    ns: int
    max: int
    waker: str
    histogram: tuple[int, ...]


class Hold(NamedTuple):
    holds: int
    whole: int
    ns: int
    max: int
    histogram: tuple[int, ...]


@dataclass(slots=True)
class Tables:
    """What the kernel counted, still in its terms."""

    uses: dict[LockKey, Use] = field(default_factory=dict)
    edges: list[tuple[LockKey, int, int, int, Edge]] = field(default_factory=list)
    """lock, waiter's stack, holder's stack, the waker's process"""
    holds: list[tuple[LockKey, int, Hold]] = field(default_factory=list)
    threads: list[tuple[LockKey, int, int, int, int]] = field(default_factory=list)
    """lock, thread, waits, nanoseconds, threads woken"""
    waiting: list[Waiting] = field(default_factory=list)


def use_of(value: bytes) -> Use:
    numbers: tuple[int, ...] = USE.unpack(value)
    waits, ns, most, naps, missed, timeouts, wakes, confirmed, calls, stolen = numbers[:10]
    return Use(
        waits=waits,
        ns=ns,
        max=most,
        naps=naps,
        missed=missed,
        timeouts=timeouts,
        wakes=wakes,
        confirmed=confirmed,
        calls=calls,
        stolen=stolen,
        last_owner=numbers[13],
        shapes=numbers[15:23],
        histogram=numbers[23:],
    )


def waiting_of(value: bytes) -> Waiting:
    numbers = WAITING.unpack(value)
    thing, pid, kind, stack, since, ended, _, image, tid, state, shape, owner, naps, _, slept = numbers[:15]
    return Waiting(LockKey(thing, pid, kind), stack, since, ended, image, tid, state, shape, owner, naps, slept)
