"""What is memory made of, while another question has its window? A few milliseconds at both ends of it.

As proc-memory, with less time: no slopes by kind, and the inside of allocators only where there is much of it. When
much of that is free, it is looked at again during the window: what a program is about to use again is no waste.
"""

import contextlib
import struct
from collections import Counter

from perfdoctor.collectors.allocators import pools
from perfdoctor.collectors.backends.proc import status
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.mappings.inside import Inside, java_counters, look_inside
from perfdoctor.collectors.mappings.reading import Reading, read
from perfdoctor.collectors.memory_map import how_read, sum_up
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.runtimes import hsperf
from perfdoctor.collectors.runtimes.go_heap import GoHeapReader, GoHeapWatch
from perfdoctor.collectors.runtimes.go_program import NotReadableError
from perfdoctor.schemas.memory import HeapReading
from perfdoctor.schemas.memory_map import AllocatorUse, MemoryMap, RuntimeHeap
from perfdoctor.schemas.recording import Collection
from perfdoctor.schemas.target import Target

_INSIDE_SECONDS = 0.15
"""for each look into allocators, and into interpreters"""
_MUCH = 4 << 20
"""anonymous bytes from which it is worth to look inside: below, there is little to win"""
_FREE = 2 << 20
_TOO_LARGE = 8 << 30
"""resident bytes above which the mappings are read once, at the end: a reading takes some ten milliseconds each GiB,
and the target waits if it maps memory meanwhile"""
_LOOKS = 4
_MAPPINGS = 64
_UNREAD = 0.1
"""part of what was seen that a look may have missed and still count as a whole one"""
_Key = tuple[int, str]
"""a process, and one of its allocators or spaces"""


class MemoryGlance:
    """``begin`` before the window, ``look`` now and then in it, ``end`` after. All of them block."""

    def __init__(self, host: Host, target: Target, seconds: float) -> None:
        self._host, self._target = host, target
        self._every = seconds / (_LOOKS - 1)
        self._looked = 0.0
        self._first: Reading | None = None
        self._java: dict[int, dict[str, float]] = {}
        self._least: dict[_Key, int] = {}
        self._looks: Counter[_Key] = Counter()
        self._complete: set[_Key] = set()
        self._heap: list[HeapReading] = []
        self._go: GoHeapWatch | None = None

    def begin(self) -> None:
        if self._target.runtime == "go":
            # (of a Go that is not known, or who may not be read, nothing is told)
            with contextlib.suppress(NotReadableError, OSError, ValueError, struct.error):
                self._go = GoHeapWatch(GoHeapReader(self._host, self._target.pid))
        resident = 0
        for pid in tree(self._host, self._target):
            with contextlib.suppress(OSError, ValueError):
                resident += status.read(self._host, pid).rss
        if resident > _TOO_LARGE:
            return
        with contextlib.suppress(OSError):
            reading = read(self._host, self._target, 0.0)
            if reading.processes:
                self._first = reading
                self._java = java_counters(self._host, reading)
                self._note(self._inside(reading))

    def look(self, at: float) -> None:
        """What the runtime has in use, and while much is free in allocators: is it still?"""
        self._look_at_heap(at)
        if at - self._looked < self._every or not any(free >= _FREE for free in self._least.values()):
            return
        self._looked = at
        with contextlib.suppress(OSError):
            reading = read(self._host, self._target, at)
            self._note(self._inside(reading))

    def _look_at_heap(self, at: float) -> None:
        if self._go:
            with contextlib.suppress(OSError, struct.error):
                self._heap += self._go.look(at)
            return
        own = (
            next((p for p in self._first.processes.values() if p.pid == self._target.pid), None)
            if self._first
            else None
        )
        if self._target.runtime != "java" or own is None:
            return
        entries = hsperf.read(self._host, own.pid, own.mappings)
        if entries:
            spaces = hsperf.heap_of(entries, own.pid, "java").spaces
            used = sum(space.used for space in spaces if space.name not in hsperf.BESIDE_THE_HEAP)
            self._heap.append(HeapReading(at=at, used=used))

    def end(self, at: float) -> tuple[MemoryMap, Collection] | None:
        """None when the target has ended."""
        try:
            last = read(self._host, self._target, at)
        except OSError:
            return None
        if not last.processes:
            return None
        readings = [self._first or last, last]
        inside = self._inside(last)
        self._note(inside)
        found = sum_up(readings, inside)
        found = found.model_copy(
            update={
                "mappings": found.mappings[:_MAPPINGS],
                "omitted_mappings": found.rows - min(found.rows, _MAPPINGS),
                "allocators": tuple(map(self._with_least, found.allocators)),
                "runtimes": tuple(map(self._with_least_of_spaces, found.runtimes)),
            }
        )
        return found, how_read(readings, found, inside)

    @property
    def heap(self) -> tuple[HeapReading, ...]:
        return tuple(self._heap)

    def _inside(self, reading: Reading) -> Inside:
        held = sum(m.anonymous for process in reading.processes.values() for m in process.mappings)
        if held < _MUCH:
            return Inside()
        return look_inside(self._host, self._target, reading, self._java, seconds=_INSIDE_SECONDS)

    def _note(self, inside: Inside) -> None:
        """What a look could not finish says nothing about what is free."""
        self._complete.clear()
        for allocator in inside.allocators:
            seen = allocator.used + allocator.free + allocator.top
            if allocator.unread <= _UNREAD * seen:
                self._note_one((allocator.pid, allocator.allocator), allocator.free)
        for heap in inside.runtimes:
            for space in heap.spaces:
                if heap.counters.get(pools.UNREAD, 0.0) <= _UNREAD * space.used:
                    self._note_one((heap.pid, space.name), (space.capacity or space.used) - space.used)

    def _note_one(self, key: _Key, free: int) -> None:
        self._least[key] = min(free, self._least.get(key, free))
        self._looks[key] += 1
        self._complete.add(key)

    def _least_of(self, key: _Key) -> int | None:
        return self._least[key] if self._looks[key] > 1 and key in self._complete else None

    def _with_least(self, allocator: AllocatorUse) -> AllocatorUse:
        return allocator.model_copy(update={"least_free": self._least_of((allocator.pid, allocator.allocator))})

    def _with_least_of_spaces(self, heap: RuntimeHeap) -> RuntimeHeap:
        known = (s.model_copy(update={"least_free": self._least_of((heap.pid, s.name))}) for s in heap.spaces)
        return heap.model_copy(update={"spaces": tuple(known)})
