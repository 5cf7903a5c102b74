"""Where code was mapped while the window was open, as the kernel tells profilers (PERF_RECORD_MMAP2).

User space looks at what is mapped now and then only, and a library may be gone by then whose place another has taken.
The kernel tells of every mapping that may be executed, of all processes: some microseconds each, when programs start.
"""

import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from perfdoctor.collectors.backends.bpf.libbpf import open_perf_event
from perfdoctor.collectors.runtimes.native import COMPILED_INTO

_SOFTWARE, _DUMMY, _SAMPLE_TIME = 1, 9, 1 << 2
_EXCLUDE_KERNEL, _MMAP, _COMM, _SAMPLE_ID_ALL, _MMAP2, _COMM_EXEC, _USE_CLOCK = (
    1 << bit for bit in (5, 8, 9, 18, 23, 24, 25)
)
_CLOCK_AT, _CLOCK_MONOTONIC = 92, 1
_RECORD_LOST, _RECORD_COMM, _RECORD_MMAP2 = 2, 3, 10
_IS_EXEC = 1 << 13
_PAGES = 16
"""of records, per CPU: some five hundred, which are read twenty times a second"""
_HEAD, _TAIL = 1024, 1032
_HEADER = struct.Struct("<IHH")
_MAPPED = struct.Struct("<II3QIIQQ")
_MORE = 8
"""bytes of protection and flags, before the name of the file"""
_COMPILED_INTO = tuple(map(str.encode, COMPILED_INTO))


class NewCode(NamedTuple):
    """Code was mapped: from ``offset`` on of the file with that ``inode`` (0: memory without one, and what runtimes
    compile into). ``at``: ns of the monotonic clock."""

    pid: int
    at: int
    low: int
    high: int
    offset: int
    inode: int


class CodeMaps:
    """Opened with the window; OSError where the kernel does not tell us. ``lost``: records that found no room."""

    def __init__(self, cpus: Sequence[int]) -> None:
        self.lost = 0
        self._executed: dict[int, int] = {}
        self._rings: list[tuple[int, mmap.mmap]] = []
        flags = _EXCLUDE_KERNEL | _MMAP | _COMM | _SAMPLE_ID_ALL | _MMAP2 | _COMM_EXEC | _USE_CLOCK
        attr = bytearray(128)
        struct.pack_into("<IIQQQQQ", attr, 0, _SOFTWARE, len(attr), _DUMMY, 0, _SAMPLE_TIME, 0, flags)
        struct.pack_into("<i", attr, _CLOCK_AT, _CLOCK_MONOTONIC)
        try:
            for cpu in cpus:
                fd = open_perf_event(bytes(attr), cpu)
                try:
                    self._rings.append((fd, mmap.mmap(fd, (1 + _PAGES) * mmap.PAGESIZE)))
                except OSError:
                    os.close(fd)
                    raise
        except OSError:
            self.close()
            raise

    def read(self) -> Iterator[tuple[NewCode, int]]:
        """What was mapped since the last call, and when the process last began to execute a program (0: not in the
        window): what was mapped later belongs to that one. Not in order of time."""
        found = [record for _, ring in self._rings for record in self._take(ring)]
        for kind, misc, data in found:
            if kind == _RECORD_COMM and misc & _IS_EXEC:
                pid, at = struct.unpack_from("<I", data)[0], struct.unpack("<Q", data[-8:])[0]
                self._executed[pid] = max(at, self._executed.get(pid, 0))
            elif kind == _RECORD_LOST:
                self.lost += int(struct.unpack_from("<Q", data, 8)[0])
        for kind, _, data in found:
            if kind == _RECORD_MMAP2:
                pid, _, low, size, offset, _, _, inode, _ = _MAPPED.unpack_from(data)
                at = struct.unpack("<Q", data[-8:])[0]
                if data.startswith(_COMPILED_INTO, _MAPPED.size + _MORE):
                    inode = 0
                yield NewCode(pid, at, low, low + size, offset, inode), self._executed.get(pid, 0)

    def _take(self, ring: mmap.mmap) -> Iterator[tuple[int, int, bytes]]:
        """The records of one CPU: kind, flags, content."""
        (head,) = struct.unpack_from("<Q", ring, _HEAD)
        (tail,) = struct.unpack_from("<Q", ring, _TAIL)
        size, records = _PAGES * mmap.PAGESIZE, ring[mmap.PAGESIZE :] if head != tail else b""
        while tail < head:
            at = tail % size
            kind, misc, length = _HEADER.unpack_from(records, at)
            if length < _HEADER.size:
                break
            content = (records[at : at + length] + records[: max(0, at + length - size)])[_HEADER.size :]
            yield kind, misc, content
            tail += length
        ring[_TAIL : _TAIL + 8] = struct.pack("<Q", head)

    def close(self) -> None:
        for fd, ring in self._rings:
            ring.close()
            os.close(fd)
        self._rings.clear()
