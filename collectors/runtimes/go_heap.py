"""What does a Go program's heap hold? What its last garbage collection found alive, and what was made since, read from
its memory.

The way: ``runtime.gcTrigger.test`` looks whether a collection is due by time, so its code says where
``gcController.gcPercent`` is, the first field of that struct, and ``memstats.last_gc_nanotime``: also in a program
without symbols. Where the other fields lie was read from the debug information of Go 1.19 and 1.21 to 1.27
(linux/amd64); the code of ``resetLive``, which sets two of them when a collection ends, must say the same.
"""

import re
import struct
import time
from contextlib import closing
from typing import NamedTuple

from perfdoctor.collectors.host.base import Host, Memory
from perfdoctor.collectors.runtimes.go_program import GoProgram, NotReadableError, named
from perfdoctor.schemas.memory import HeapReading

_NEWEST = 27
# mov ecx,[rip+…] (gcPercent); test ecx,ecx; jl …; mov rcx,[rip+…] (last_gc_nanotime)
_DUE = re.compile(rb"\x8b\x0d(....)\x85\xc9(?:\x7c.|\x0f\x8c....)\x48\x8b\x0d(....)", re.DOTALL)
_CODE_READ = 192
_RESETS = 128
_LARGEST = 1 << 47
"""bytes: no process has more memory"""


class GoHeap(NamedTuple):
    """``ended``: when the last collection did, in nanoseconds of CLOCK_MONOTONIC; 0: there was none yet. Bytes:
    ``marked`` is what it found alive, ``live`` that and what was made since, ``made`` all that was ever made. The last
    two are counted a span (8 KiB and more) at a time."""

    ended: int
    marked: int
    live: int
    made: int


class _Fields(NamedTuple):
    """Offsets in runtime.gcControllerState: heapLive, heapMarked, totalAlloc."""

    live: int
    marked: int
    made: int


def _fields(minor: int) -> _Fields:
    if minor == 19:
        return _Fields(136, 184, 328)
    if 21 <= minor <= _NEWEST:
        return _Fields(104, 152, 296)
    raise NotReadableError(f"it was made by Go 1.{minor}: known are 1.19 and 1.21 to 1.{_NEWEST}")


def _sets(fields: _Fields, code: bytes) -> bool:
    """Whether ``resetLive`` sets both: mov [rax+…],rbx; then the same for the other one, or xchg [rax+…],rbx."""
    marked, live = b"\x48\x89\x98" + struct.pack("<i", fields.marked), struct.pack("<i", fields.live)
    return marked in code and (b"\x48\x89\x98" + live in code or b"\x48\x87\x58" + live[:1] in code)


class GoHeapReader:
    """Of one process; keeps nothing open. NotReadableError, OSError, ValueError or struct.error where it cannot be
    done."""

    def __init__(self, host: Host, pid: int) -> None:
        self._host, self._pid = host, pid
        with closing(host.memory(pid)) as memory, GoProgram(host, pid) as program:
            self._fields = _fields(program.minor)
            if not _sets(self._fields, program.code(memory, "runtime.(*gcControllerState).resetLive", _RESETS)[0]):
                raise NotReadableError("the code of its runtime is of no known form")
            code, at = program.code(memory, "runtime.gcTrigger.test", _CODE_READ)
            due = _DUE.search(code)
            if due is None:
                raise NotReadableError("the code of its runtime is of no known form")
            self._controller, self._ended = named(due, 1, at), named(due, 2, at)

    def read(self) -> GoHeap:
        """As it is now. OSError when the process has ended, or what lies there makes no sense."""
        with closing(self._host.memory(self._pid)) as memory:
            # (first: the collection that ends meanwhile is then told the next time)
            ended = _word(memory, self._ended)
            fields = memory.read(self._controller, max(self._fields) + 8)
        live, marked, made = (struct.unpack_from("<Q", fields, field)[0] for field in self._fields)
        if max(marked, live) >= _LARGEST or made >= 1 << 63 or not 0 <= ended <= time.monotonic_ns():
            raise OSError(14, "not what a heap holds")
        return GoHeap(ended, marked, live, made)


class GoHeapWatch:
    """Readings of one process's heap: at each look what it has in use, and before it what the last collection left,
    when that was not told yet."""

    def __init__(self, reader: GoHeapReader) -> None:
        self._reader = reader
        self._told = 0
        self._looked: float | None = None

    def look(self, at: float) -> list[HeapReading]:
        """``at``: seconds since the window began. OSError as in ``GoHeapReader.read``."""
        now = self._reader.read()
        since = (time.monotonic_ns() - now.ended) / 1e9
        found = []
        if now.ended != self._told:
            # (a collection that is new now has ended since the last look)
            ended = at - since if self._looked is None else min(at, max(self._looked, at - since))
            made = max(0, now.made - max(0, now.live - now.marked))
            found.append(HeapReading(at=ended, used=now.marked, collected=True, made=made))
        found.append(HeapReading(at=at, used=now.live, made=now.made))
        self._told, self._looked = now.ended, at
        return found


def _word(memory: Memory, at: int) -> int:
    return int(struct.unpack("<Q", memory.read(at, 8))[0])
