"""What kind of lock each is, and which rows of the kernel's tables are one lock."""

import struct
from collections.abc import Iterable
from contextlib import suppress

from perfdoctor.collectors.backends.bpf.gil import GilWatch
from perfdoctor.collectors.backends.bpf.lock_tables import (
    CONDITION,
    FUTEX,
    ON_OWN_STACK,
    RWLOCK,
    SEMAPHORE,
    LockKey,
    Tables,
    Use,
)
from perfdoctor.collectors.host.base import Host, Memory

_SLEPT_ON = {CONDITION: (40, 44, 32, 36), RWLOCK: (8, 12)}
"""where in the structure lie the words that its waiters sleep on"""


def look_again(host: Host, tables: Tables) -> None:
    """What it is that threads sleep on since before the window: the kernel's side could not read their memory."""
    memories: dict[int, Memory] = {}
    try:
        for key, use in list(tables.uses.items()):
            if key.kind != FUTEX or key.object == ON_OWN_STACK or any(use.shapes):
                continue
            with suppress(OSError):
                if key.pid not in memories:
                    memories[key.pid] = host.memory(key.pid)
                shape, offset = _shape_in(memories[key.pid].read(key.object - 44, 64), key.object)
                seen = tuple(int(i == shape) for i in range(len(use.shapes)))
                if shape and offset and (whole := key._replace(object=key.object - offset)) not in tables.uses:
                    tables.uses[whole] = Use(shapes=seen)
                elif shape and not offset:
                    use.shapes = seen
    finally:
        for memory in memories.values():
            memory.close()


_MOST_WAITERS = 1024
_FAR = 1 << 17
_PRIVATE = 128


def _shape_in(memory: bytes, address: int) -> tuple[int, int]:
    """As shape_of() of locks.bpf.c: the kind, and how far into it the word lies, by the 64 bytes from 44 before on."""
    words = struct.unpack("<16I", memory)
    second = address & 4 != 0
    waiters, references = (words[9] if second else words[10]) >> 3, words[5] >> 1
    if 0 < references <= waiters <= _MOST_WAITERS:
        return CONDITION, 44 if second else 40
    last, first = struct.unpack_from("<2Q", memory, 8 if second else 12)
    nothing = words[12:14] if second else words[13:15]
    if 0 < waiters <= _MOST_WAITERS and not any(nothing) and 0 < last - first < _FAR:
        return CONDITION, 36 if second else 32
    if words[11] == 0 and 0 < words[12] <= _MOST_WAITERS and words[13] in (0, _PRIVATE):
        return SEMAPHORE, 0
    return 0, 0


def join_parts(tables: Tables, gil: GilWatch) -> None:
    """A condition is known by its address; who slept on it already when the window began is known by the word in it
    that he slept on. Both are made one, and so is what belongs to one part of an interpreter lock."""
    moved: dict[LockKey, LockKey] = {}
    for key in list(tables.uses):
        watched = gil.seen.get(key.pid)
        start = watched.gil.start(key.object) if watched and key.kind == FUTEX else None
        if start not in (None, key.object):
            moved[key] = key._replace(object=start)
            tables.uses.setdefault(moved[key], Use())
    # A young condition of a newer glibc may pass for one of an older, eight bytes before it; conditions do not overlap.
    for key, use in tables.uses.items():
        above = key._replace(object=key.object + 8)
        other = tables.uses.get(above)
        if other and shape_of(use) == shape_of(other) == CONDITION and not {key, above} & moved.keys():
            moved.update({key: above} if use.waits <= other.waits else {above: key})
    for key, use in tables.uses.items():
        for offset in _SLEPT_ON.get(shape_of(use), ()):
            part = key._replace(object=key.object + offset)
            if part in tables.uses and part not in moved and shape_of(tables.uses[part]) == 0:
                moved[part] = moved.get(key, key)
    for part, whole in moved.items():
        tables.uses[whole] = _sum(tables.uses[whole], tables.uses.pop(part))
    tables.edges = [(moved.get(row[0], row[0]), *row[1:]) for row in tables.edges]
    tables.holds = [(moved.get(row[0], row[0]), *row[1:]) for row in tables.holds]
    tables.threads = [(moved.get(row[0], row[0]), *row[1:]) for row in tables.threads]
    tables.waiting = [row._replace(lock=moved.get(row.lock, row.lock)) for row in tables.waiting]


def _sum(a: Use, b: Use) -> Use:
    return Use(
        waits=a.waits + b.waits,
        ns=a.ns + b.ns,
        max=max(a.max, b.max),
        naps=a.naps + b.naps,
        missed=a.missed + b.missed,
        timeouts=a.timeouts + b.timeouts,
        wakes=a.wakes + b.wakes,
        confirmed=a.confirmed + b.confirmed,
        calls=a.calls + b.calls,
        stolen=a.stolen + b.stolen,
        last_owner=a.last_owner or b.last_owner,
        shapes=a.shapes,
        histogram=added(a.histogram, b.histogram),
    )


def added(a: Iterable[int], b: Iterable[int]) -> tuple[int, ...]:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def shape_of(use: Use) -> int:
    """What the lock looked like most often; 0 when nobody knows."""
    return max(range(len(use.shapes)), key=lambda shape: (use.shapes[shape], -shape)) if any(use.shapes) else 0
