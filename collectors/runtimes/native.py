"""Native code: which function, file and line an address is, from the symbol tables and DWARF of the mapped files.

Symbols are read by the ``symbolic`` library; tables that took time to make are kept on disk by build id.
"""

import contextlib
import os
import re
import time
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.demangle import demangled
from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.kept import keep, kept_file
from perfdoctor.collectors.runtimes.maps import Mapping, open_path, read_mappings
from perfdoctor.collectors.runtimes.perf_map import PerfMap, read_perf_map
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.problem import ProblemError

_LARGEST_WITH_LINES = 256 << 20
"""Bytes of a file whose DWARF we are ready to read: beyond, it takes many seconds."""

_PERF_MAP_SECONDS = 1.0
"""A runtime goes on compiling: an address that its perf map does not have is looked for again, so often at most."""


@dataclass(slots=True)
class _Binary:
    """One mapped file: how its offsets become addresses, and its symbols (None: it has none)."""

    name: str
    elf: Elf | None = None
    symbols: Any = None
    asked: bool = False
    answers: dict[int, tuple[Frame, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CodeMapping:
    """``bias`` is what an address of the file is moved by; ``path`` leads us to the file."""

    low: int
    high: int
    bias: int
    path: str


def _symbols(path: str) -> Any:
    """A table for look-ups by address; None when the file has no symbols at all."""
    from symbolic.debuginfo import Archive
    from symbolic.exceptions import SymbolicError
    from symbolic.symcache import SymCache

    try:
        thing = next(iter(Archive.open(path).iter_objects()), None)
        if thing is None:
            return None
        size = Path(path).stat().st_size
        if "debug" not in thing.features:
            return SymCache.from_object(thing)
        if size > _LARGEST_WITH_LINES:
            return None
        kept = kept_file(thing.code_id or "", "symcache")
        if kept is None:
            return SymCache.from_object(thing)
        with contextlib.suppress(OSError, SymbolicError):
            return SymCache.open(str(kept))
        made = SymCache.from_object(thing)
        with contextlib.suppress(SymbolicError):
            keep(kept, made.dump_into)
        return made
    except (SymbolicError, OSError):
        return None


def _named(binary: _Binary, at: int) -> tuple[Frame, ...]:
    """The frames at an address of a file, looked up once."""
    found = binary.answers.get(at)
    if found is None:
        found = binary.answers[at] = _look_up(binary, at)
    return found


def _look_up(binary: _Binary, at: int) -> tuple[Frame, ...]:
    # Addresses in symbol tables count from where the file wants its first segment.
    assert binary.elf is not None
    if not binary.asked:
        binary.asked = True
        binary.symbols = _symbols(binary.elf.path)
    base = binary.elf.segments[0].address & ~0xFFF if binary.elf.segments else 0
    places = binary.symbols.lookup(at - base) if binary.symbols is not None else []
    frames = tuple(
        Frame(
            kind=FrameKind.NATIVE,
            function=clean(_whole_name(place.symbol, binary.elf, at)),
            file=clean(place.full_path) if place.full_path else None,
            line=place.line or None,
            module=binary.name,
        )
        for place in places
    )
    return frames or (Frame(kind=FrameKind.NATIVE, function="[unknown]", module=binary.name),)


_COLD = ".cold"
_COPY = re.compile(r"(?:\.(?:constprop|isra|part|lto_priv|llvm|cold)(?:\.\d+)?)+$")
"""what compilers append to the name of a function of which they made a copy for a special case"""


def _whole_name(name: str | None, elf: Elf, at: int) -> str:
    """A compiler moves the unlikely half of a function away and calls it ``name.cold``. The debug information joins
    both halves, and the library may name the whole after whatever cold half begins at the same place: then the
    symbol table, which knows each half by its address, is asked."""
    if name and name.endswith(_COLD):
        name = elf.function_at(at) or name
    return demangled(_COPY.sub("", name)) if name else "[unknown]"


class FileNames:
    """Names for places in files, for samples that name the file and the position in it: the process need not live."""

    def __init__(self) -> None:
        self._binaries: dict[str, _Binary] = {}

    def frames(self, pid: int, path: str, offset: int, *, returns: bool) -> tuple[Frame, ...]:
        """The frames at an offset of a file that process ``pid`` has mapped, innermost first; () when the file is not
        to be had or has no such place. ``returns``: it is a return address, so the call before it is meant."""
        binary = self._binaries.get(path)
        if binary is None:
            binary = self._binaries[path] = _Binary(clean(path))
            for way in (f"/proc/{pid}/root{path}", path):
                with contextlib.suppress(OSError, ValueError):
                    binary.elf = Elf(way)
                    break
        at = binary.elf.address_of_offset(offset - (1 if returns else 0)) if binary.elf else None
        if at is None:
            return ()
        return _named(binary, at)

    def close(self) -> None:
        for binary in self._binaries.values():
            if binary.elf is not None:
                binary.elf.close()
        self._binaries.clear()


class NativeNames:
    """Names for code addresses of one process."""

    def __init__(self, host: Host, pid: int) -> None:
        self._host, self._pid = host, pid
        self._mappings: list[Mapping] = []
        self._lows: list[int] = []
        self._binaries: dict[tuple[str, int], _Binary] = {}
        self._calls: dict[int, bool] = {}
        self._perf_map: PerfMap | None = None
        self._perf_map_read = 0.0

    def frames(self, address: int, *, returns: bool) -> tuple[Frame, ...]:
        """The frames at an address, innermost first (several where functions were inlined). ``returns``: it is a return
        address, so the call before it is meant."""
        mapping = self._mapping(address)
        if mapping is None:
            return ()
        if not mapping.path.startswith("/"):
            if compiled := self._compiled(address, mapping):
                return (compiled,)
            name = mapping.path.strip("[]") or "anonymous memory"
            return (Frame(kind=FrameKind.NATIVE, function=f"[{clean(name, 64)}]"),)
        binary = self._binary(mapping)
        if binary.elf is None:
            return (Frame(kind=FrameKind.NATIVE, function="[unknown]", module=binary.name),)
        at = binary.elf.address_of_offset(address - (1 if returns else 0) - mapping.low + mapping.offset)
        if at is None:
            return (Frame(kind=FrameKind.NATIVE, function="[unknown]", module=binary.name),)
        return _named(binary, at)

    def _compiled(self, address: int, mapping: Mapping) -> Frame | None:
        """Code that a runtime compiled in anonymous memory, where it writes down for perf what it did."""
        if mapping.path or not mapping.executable:
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

    def _read_call(self, address: int) -> bool:
        mapping = self._mapping(address)
        elf = self._binary(mapping).elf if mapping and mapping.path.startswith("/") else None
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
        i = bisect_right(self._lows, mapping.low) - 1
        while i > 0 and not self._mappings[i].path and self._mappings[i - 1].high == self._mappings[i].low:
            i -= 1
        file = self._mappings[i]
        binary = self._binary(file) if file.path.startswith("/") else None
        while i > 0 and self._mappings[i].offset and self._mappings[i - 1].path == file.path:
            i -= 1
        start = binary.elf.address_of_offset(self._mappings[i].offset) if binary and binary.elf else None
        if binary is None or binary.elf is None or start is None:
            return clean(mapping.path) or "anonymous memory"
        at = address - self._mappings[i].low + start
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
        own = [m for m in self._mappings if m.executable and m.path == program.removesuffix(" (deleted)")]
        return (min(m.low for m in own), max(m.high for m in own)) if own else (0, 0)

    def mappings(self) -> list[Mapping]:
        if not self._mappings:
            self._read_mappings()
        return self._mappings

    def code(self) -> list["CodeMapping"]:
        """What is mapped to be executed, in order of address."""
        found = []
        for mapping in self.mappings():
            elf = self._binary(mapping).elf if mapping.executable and mapping.path.startswith("/") else None
            address = elf.address_of_offset(mapping.offset) if elf else None
            if elf and address is not None:
                found.append(CodeMapping(mapping.low, mapping.high, mapping.low - address, elf.path))
        return found

    def _read_mappings(self) -> None:
        self._mappings = read_mappings(self._host, self._pid)
        self._lows = [m.low for m in self._mappings]
        # Opened now: when the process has ended, its files may not be reachable any more.
        for mapping in self._mappings:
            if mapping.executable and mapping.path.startswith("/"):
                self._binary(mapping)

    def _mapping(self, address: int) -> Mapping | None:
        for attempt in range(2):
            i = bisect_right(self._lows, address) - 1
            if i >= 0 and address < self._mappings[i].high:
                return self._mappings[i]
            if attempt == 0:  # a library loaded since
                try:
                    self._read_mappings()
                except OSError:
                    return None
        return None

    def _binary(self, mapping: Mapping) -> _Binary:
        key = mapping.path, mapping.inode
        binary = self._binaries.get(key)
        if binary is None:
            binary = self._binaries[key] = _Binary(clean(mapping.path))
            with contextlib.suppress(OSError, ValueError):
                binary.elf = Elf(open_path(self._pid, mapping))
        return binary

    def close(self) -> None:
        for binary in self._binaries.values():
            if binary.elf is not None:
                binary.elf.close()
        self._binaries.clear()


class KernelNames:
    """Names for kernel addresses (/proc/kallsyms, readable with CAP_SYSLOG and kptr_restrict below 2)."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._starts: list[int] = []
        self._names: list[str] = []
        self._read = False

    def prepare(self) -> None:
        """Read the table now (about 0.1 s) rather than at the first look-up."""
        if not self._read:
            self._read = True
            with contextlib.suppress(OSError):
                self._load()

    def frame(self, address: int) -> Frame:
        self.prepare()
        i = bisect_right(self._starts, address) - 1
        name = self._names[i] if i >= 0 else "[kernel]"
        return Frame(kind=FrameKind.KERNEL, function=name)

    def _load(self) -> None:
        symbols = []
        for line in self._host.read_file("/proc/kallsyms", 64 << 20).split(b"\n"):
            # ffffffff81000000 T startup_64
            address, _, rest = line.partition(b" ")
            if rest[:1] in (b"t", b"T", b"w", b"W") and address.strip(b"0"):
                symbols.append((int(address, 16), rest[2:].partition(b"\t")[0].decode("ascii", "replace")))
        symbols.sort()
        self._starts = [address for address, _ in symbols]
        self._names = [clean(name, 128) for _, name in symbols]
