"""Inside CPython's own allocator for small objects (obmalloc, up to 512 bytes), 3.8 to 3.14, 64 bit.

Arenas are carved into pools, and a pool into blocks of one size. A pool begins at a multiple of its size with a header
that says how many of its blocks are used, and whose fields have to agree so well that it is known by its looks
(Objects/obmalloc.c, Include/internal/pycore_obmalloc.h). Free-threaded builds use another allocator: they have none.
"""

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from perfdoctor.collectors.allocators.window import PAGE, Budget, Spent
from perfdoctor.collectors.backends.proc.smaps import Mapping
from perfdoctor.collectors.host.base import Memory

_HEADER = struct.Struct("<QQQQIIII")
"""used blocks, first free block, next pool, previous pool, arena, size class, next never used, last possible"""
_STEP = 16
_CLASSES = 32
_ASKED = 8 << 20
"""bytes of address space whose pages are asked about at once"""
UNREAD = "bytes not looked at"
_PYTHON = re.compile(r"python3\.(\d+)$")


@dataclass(slots=True)
class Pools:
    """``blocks`` and ``used`` (bytes) are of living objects; ``size`` is what the pools take; ``unread`` bytes of
    mappings were not looked at. ``mappings``: the low ends of those that hold pools."""

    pools: int = 0
    empty_pools: int = 0
    size: int = 0
    blocks: int = 0
    used: int = 0
    unread: int = 0
    arenas: set[int] = field(default_factory=set)


def pool_size(runtime: str) -> int | None:
    """Of a target's ``runtime``; None when it has no such pools."""
    found = _PYTHON.match(runtime)
    minor = int(found[1]) if found else 0
    return None if minor < 8 else 16 << 10 if minor >= 10 else 4 << 10


def read_pools(memory: Memory, mappings: Sequence[Mapping], size: int, budget: Budget) -> Pools:
    """All pools of ``size`` bytes in ``mappings`` (private memory without a file), as far as ``budget`` reaches."""
    found = Pools()
    for mapping in mappings:
        low, high = -(-mapping.low // size) * size, mapping.high - size + 1
        if mapping.rss == 0:
            continue
        for begin in range(low, high, _ASKED):
            places = range(begin, min(high, begin + _ASKED), size)
            try:
                for at in _present(memory, mapping, places):
                    budget.take(_HEADER.size)
                    _look(memory.read(at, _HEADER.size), size, found)
            except (Spent, OSError):
                found.unread += places.stop - begin
    return found


def _present(memory: Memory, mapping: Mapping, places: range) -> Iterable[int]:
    if mapping.rss >= mapping.size:
        return places
    there = memory.resident(places.start, places.stop - places.start)
    return [at for at in places if there[(at - places.start) // PAGE]]


def _look(header: bytes, size: int, found: Pools) -> None:
    used, _, _, _, arena, kind, fresh, last = _HEADER.unpack(header)
    block = (kind + 1) * _STEP
    if kind >= _CLASSES or last != size - block or not _HEADER.size + block <= fresh <= last + block:
        return
    if (fresh - _HEADER.size) % block or used > (fresh - _HEADER.size) // block:
        return
    found.pools += 1
    found.empty_pools += not used
    found.size += size
    found.blocks += used
    found.used += used * block
    found.arenas.add(arena)
