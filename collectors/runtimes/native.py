"""The native code of one process: what is mapped where and what lay there before, and which function, file and line
an address is (binary.py reads the files)."""

import contextlib
import os
import time
from bisect import bisect_right
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.binary import Binary
from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.maps import Mapping, open_path, read_mappings
from perfdoctor.collectors.runtimes.perf_map import PerfMap, is_there, read_perf_map
from perfdoctor.collectors.runtimes.vdso import VDSO, vdso_file
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.problem import ProblemError

CUT = Frame(kind=FrameKind.NATIVE, function="[callers that could not be found]")
"""behind the last frame of a stack that is known to go on: nothing says where, so nobody is named"""
REPLACED = Frame(kind=FrameKind.NATIVE, function="[code whose place other code has taken]")
COMPILED_INTO = ("/memfd:", "/dev/zero")
"""What some runtimes compile into: one memory, mapped once to be written and once to be executed (.NET: doublemapper,
Erlang: vmem), or shared with children (PHP). It is no file that could be opened."""
_SYSTEM_CALL = bytes.fromhex("0f05" if os.uname().machine == "x86_64" else "010000d4")
_LOOK_SECONDS = 0.2
_MOST_TOLD = 1024
_SIGNAL_RETURN = bytes.fromhex("48c7c00f0000000f05")
"""mov $15, %rax; syscall: a signal's handler returns to it, and nobody calls it"""
_PERF_MAP_SECONDS = 1.0
"""A runtime goes on compiling: an address that its perf map does not have is looked for again, so often at most."""


@dataclass(frozen=True, slots=True)
class CodeMapping:
    """``bias`` is what an address of the file is moved by; ``path`` leads us to the file."""

    low: int
    high: int
    bias: int
    path: str


def _low(mapping: Mapping) -> int:
    return mapping.low


def _is_same_file(a: Mapping, b: Mapping) -> bool:
    """Whether the same place of a file lies at an address, however the mapping was cut or has grown. What runtimes
    compile into anonymous memory is theirs to know."""
    return a.path == b.path and _origin(a) == _origin(b)


def _origin(mapping: Mapping) -> tuple[int, int]:
    """Which file, and where its beginning would lie; (0, 0) for what runtimes compile into."""
    if not mapping.inode or mapping.path.startswith(COMPILED_INTO):
        return 0, 0
    return mapping.inode, mapping.offset - mapping.low


class NativeNames:
    """Names for code addresses of one process."""

    def __init__(self, host: Host, pid: int) -> None:
        self._host, self._pid = host, pid
        self._map: tuple[list[int], list[Mapping]] = [], []
        """where mappings begin, and they: one value, for it is changed while another thread looks into it"""
        self._code: list[Mapping] = []
        self._looked = 0.0
        self._gone = False
        self._since: dict[Mapping, int] = {}
        """when each mapping of code was there for the first time (ns of the monotonic clock)"""
        self._told: dict[tuple[int, int, int, int], None] = {}
        """code that was mapped, as the kernel told: from, to, inode, and where the file would begin"""
        self.replaced: tuple[tuple[int, int], ...] = ()
        """ranges of addresses where other code lay before, or lies now: what ran there cannot be told apart"""
        self._binaries: dict[tuple[str, int], Binary] = {}
        self._calls: dict[int, bool] = {}
        self._perf_map: PerfMap | None = None
        self._perf_map_read = 0.0
        self._has_perf_map = False
        self._asked_for_map = 0.0

    def frames(self, address: int, *, returns: bool) -> tuple[Frame, ...]:
        """The frames at an address, innermost first (several where functions were inlined). ``returns``: it is a return
        address, so the call before it is meant."""
        mapping = self._mapping(address)
        if self.was_replaced(address):
            return (REPLACED,)
        if mapping is None:
            return ()
        if not self._is_file(mapping):
            if compiled := self._compiled(address, mapping):
                return (compiled,)
            name = mapping.path.strip("[]").removesuffix(" (deleted)") or "anonymous memory"
            return (Frame(kind=FrameKind.NATIVE, function=f"[{clean(name, 64)}]"),)
        binary = self._binary(mapping)
        if binary.elf is None:
            return (Frame(kind=FrameKind.NATIVE, function="[unknown]", module=binary.name),)
        offset = address - mapping.low + mapping.offset
        # Inside a system call the instruction pointer is behind the instruction that made it: maybe in another line.
        if returns or binary.elf.content(offset - len(_SYSTEM_CALL), len(_SYSTEM_CALL)) == _SYSTEM_CALL:
            offset -= 1
        at = binary.elf.address_of_code(offset) if mapping.executable else None
        if at is None:
            return (Frame(kind=FrameKind.NATIVE, function="[unknown]", module=binary.name),)
        return binary.frames(at)

    def has_perf_map(self) -> bool:
        """Whether its runtime writes down for perf what it compiles. (It may begin to, so a no is asked again.)"""
        now = time.monotonic()
        if not self._has_perf_map and now - self._asked_for_map >= _PERF_MAP_SECONDS:
            self._asked_for_map = now
            with contextlib.suppress(OSError):
                self._has_perf_map = is_there(self._host, self._pid)
        return self._has_perf_map

    def _compiled(self, address: int, mapping: Mapping) -> Frame | None:
        """Code that a runtime compiled in anonymous memory, where it writes down for perf what it did."""
        if not mapping.executable or (mapping.path and not mapping.path.startswith(COMPILED_INTO)):
            return None
        found = self._perf_map.find(address) if self._perf_map else None
        if found is None and time.monotonic() - self._perf_map_read > _PERF_MAP_SECONDS:
            with contextlib.suppress(ProblemError):
                self._perf_map = read_perf_map(self._host, self._pid)
                found = self._perf_map.find(address)
            self._perf_map_read = time.monotonic()
        if found is None:
            return None
        kind = FrameKind.JAVASCRIPT if found.tier else FrameKind.NATIVE
        return Frame(kind=kind, function=found.function, file=found.file, line=found.line)

    def follows_call(self, address: int) -> bool:
        """Whether a call instruction ends at ``address``: else the word found on the stack is no return address."""
        known = self._calls.get(address)
        if known is None:
            known = self._calls[address] = self._read_call(address)
        return known

    def never_returned_to(self, address: int) -> bool:
        """Whether ``address``, taken from a stack for a return address, cannot be one: then the way to it was wrong.
        (Go and signals put addresses there that no call did.)"""
        mapping = self._mapping(address)
        if mapping is None or not self._is_file(mapping) or self.follows_call(address):
            return False
        binary = self._binary(mapping)
        if binary.elf is None or binary.elf.section(".gopclntab") or binary.elf.section(".data.rel.ro.gopclntab"):
            return False
        return binary.elf.content(address - mapping.low + mapping.offset, len(_SIGNAL_RETURN)) != _SIGNAL_RETURN

    def _read_call(self, address: int) -> bool:
        mapping = self._mapping(address)
        elf = self._binary(mapping).elf if mapping and self._is_file(mapping) else None
        if mapping is None or elf is None:
            return False
        if os.uname().machine != "x86_64":
            return True
        at = address - mapping.low + mapping.offset
        before = elf.content(at - 7, 7)
        if len(before) < 7:
            return False
        if before[2] == 0xE8:  # call rel32
            return True
        # call r/m64: ff /2, two to seven bytes long
        return any(before[-n] == 0xFF and before[-n + 1] >> 3 & 7 == 2 for n in (2, 3, 4, 6, 7))

    def data(self, address: int) -> str:
        """What lies at a data address: ``queue_lock in /srv/app``, ``/lib/x.so+0x40``, ``heap``, ``stack``, a path that
        is mapped, ``anonymous memory``; empty when nothing is mapped there."""
        mapping = self._mapping(address)
        if mapping is None:
            return ""
        if mapping.path and not mapping.path.startswith("/"):
            return clean(mapping.path.strip("[]"), 64)
        # A program's zeroed variables lie behind its file, in memory that has no name.
        lows, mappings = self._map
        i = bisect_right(lows, mapping.low) - 1
        while i > 0 and not mappings[i].path and mappings[i - 1].high == mappings[i].low:
            i -= 1
        file = mappings[i]
        binary = self._binary(file) if file.path.startswith("/") else None
        while i > 0 and mappings[i].offset and mappings[i - 1].path == file.path:
            i -= 1
        start = binary.elf.address_of_offset(mappings[i].offset) if binary and binary.elf else None
        if binary is None or binary.elf is None or start is None:
            return clean(mapping.path) or "anonymous memory"
        at = address - mappings[i].low + start
        found = binary.elf.object_at(at)
        if found is None:
            return clean(f"{file.path}+{at:#x}") if mapping.path or at < binary.elf.end else "anonymous memory"
        name, inside = found
        return clean(f"{name}{f'+{inside:#x}' if inside else ''} in {file.path}")

    def program_text(self) -> tuple[int, int]:
        """The addresses between which the main program's own code lies; (0, 0) when that cannot be told."""
        try:
            program = self._host.read_link(f"/proc/{self._pid}/exe")
            self._read_mappings()
        except OSError:
            return 0, 0
        own = [m for m in self._map[1] if m.executable and m.path == program.removesuffix(" (deleted)")]
        return (min(m.low for m in own), max(m.high for m in own)) if own else (0, 0)

    def mappings(self) -> list[Mapping]:
        if not self._map[1]:
            self._read_mappings()
        return self._map[1]

    def code(self) -> list["CodeMapping"]:
        """What is mapped to be executed, in order of address."""
        found = []
        for mapping in self.mappings():
            elf = self._binary(mapping).elf if mapping.executable and self._is_file(mapping) else None
            address = elf.address_of_code(mapping.offset) if elf else None
            if elf and address is not None:
                found.append(CodeMapping(mapping.low, mapping.high, mapping.low - address, elf.path))
        return found

    def look_again(self) -> bool:
        """Whether other code is mapped than before: call it now and then, so that code is known before it is gone."""
        if not self._code or time.monotonic() - self._looked < _LOOK_SECONDS:
            return False
        before = self._code
        with contextlib.suppress(OSError):
            self._read_mappings()
        return self._code != before

    def code_was_mapped(self, at: int, low: int, high: int, offset: int, inode: int) -> None:
        """The kernel tells that code was mapped at a time (ns): what was known to lie there before may have run too.
        (The kernel's inode of a file in layers need not be the one in /proc/PID/maps: one is compared with the other
        only where it was there first, and taken for another file at worst.)"""
        if self._gone:
            return
        new = low, high, inode, offset - low if inode else 0
        before = [(m.low, m.high, *_origin(m)) for m in self._code if self._since[m] < at]
        taken = {
            (max(low, old[0]), min(high, old[1]))
            for old in [*before, *self._told]
            if old[0] < high and low < old[1] and old[2:] != new[2:]
        }
        if taken:
            self.replaced = tuple(sorted({*self.replaced, *taken}))
        if new not in self._told and new not in before:
            self._looked = 0.0
        self._told[new] = None
        while len(self._told) > _MOST_TOLD:
            del self._told[next(iter(self._told))]

    def was_replaced(self, address: int) -> bool:
        return any(low <= address < high for low, high in self.replaced)

    def is_gone(self) -> None:
        """Another program runs in the process now: what is known stays, and nothing is asked of the process again."""
        self._gone = True

    @staticmethod
    def _is_file(mapping: Mapping) -> bool:
        return mapping.path == VDSO or (mapping.path.startswith("/") and not mapping.path.startswith(COMPILED_INTO))

    def _read_mappings(self) -> None:
        if self._gone:
            raise ProcessLookupError(f"process {self._pid} is another program now")
        self._looked = time.monotonic()
        began = time.monotonic_ns()
        mappings = read_mappings(self._host, self._pid)
        code = [mapping for mapping in mappings if mapping.executable]
        if self._code and code != self._code:
            gone = self._unmapped(mappings, code)
            mappings, code = sorted([*mappings, *gone], key=_low), sorted([*code, *gone], key=_low)
        for mapping in code:
            self._since.setdefault(mapping, began)
        self._map, self._code = ([mapping.low for mapping in mappings], mappings), code
        # Opened now: when the process has ended, its files may not be reachable any more.
        for mapping in code:
            if self._is_file(mapping):
                self._binary(mapping)

    def _unmapped(self, mappings: list[Mapping], code: list[Mapping]) -> list[Mapping]:
        """The code that is no longer mapped, and whose place nothing has taken: it may have run in the window."""
        known, gone, replaced = set(code), list[Mapping](), set(self.replaced)
        lows = [mapping.low for mapping in mappings]
        for old in self._code:
            if old in known:
                continue
            taken = mappings[max(0, bisect_right(lows, old.low) - 1) : bisect_right(lows, old.high - 1)]
            taken = [new for new in taken if new.high > old.low]
            if not taken:
                gone.append(old)
            replaced |= {
                (max(old.low, new.low), min(old.high, new.high)) for new in taken if not _is_same_file(new, old)
            }
        self.replaced = tuple(sorted(replaced))
        return gone

    def _mapping(self, address: int) -> Mapping | None:
        for attempt in range(2):
            lows, mappings = self._map
            i = bisect_right(lows, address) - 1
            if i >= 0 and address < mappings[i].high:
                return mappings[i]
            if attempt == 0:  # a library loaded since
                try:
                    self._read_mappings()
                except OSError:
                    return None
        return None

    def _binary(self, mapping: Mapping) -> Binary:
        key = mapping.path, mapping.inode
        binary = self._binaries.get(key)
        if binary is None:
            binary = self._binaries[key] = Binary(clean(mapping.path), mapping.path, f"/proc/{self._pid}/root")
            with contextlib.suppress(OSError, ValueError):
                binary.elf = Elf(vdso_file() if mapping.path == VDSO else open_path(self._pid, mapping))
        return binary

    def close(self) -> None:
        for binary in self._binaries.values():
            binary.close()
        self._binaries.clear()
