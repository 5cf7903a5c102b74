"""How to get from a place in native code to its caller where frame pointers are not kept: the call frame information
that compilers leave for exceptions (.eh_frame), as a table that the kernel can search.

Without any, the code is looked at: does it keep frame pointers? If not, nothing says where a caller is (perf would not
know either), and the stack ends there, marked, rather than with somebody who did not call.

A row holds for the addresses from its own up to the next row's. The caller's stack pointer (the canonical frame
address, CFA) is a register plus an offset; the return address lies in the word below it, the caller's frame pointer in
another word below, or where it is. Read by the ``symbolic`` library; x86-64 only: elsewhere code keeps frame pointers.
"""

import contextlib
import hashlib
import platform
import re
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.go_table import GoTable
from perfdoctor.collectors.runtimes.kept import keep, kept_file

BY_STACK, BY_FRAME, NO_RULE, OUTERMOST = range(4)
"""what the CFA counts from; nothing is known; there is no caller"""
_KEEPS_FRAMES = 0.95
"""share of a file's functions with a frame from which on frame pointers are trusted, which are quicker"""
_MOSTLY = 0.9
"""the same share where it is the code that was looked at, for want of any table"""
_EMPTY_NOTE = 16
_FORMAT = 4
"""of the tables that are kept: raised with every change of what they mean"""
_STUB, _MOST_STUBS = 16, 1 << 16
_ENDBR64 = b"\xf3\x0f\x1e\xfa"
_LARGEST = 64 << 20
"""bytes of call frame information, as text, that are read"""


@dataclass(frozen=True, slots=True)
class UnwindTable:
    """How to walk through one file: no rows and no frames kept means that nothing says where callers are.

    ``rows``: u32 address (before relocation) and u32 rule each, in order of address; see ``_rule``."""

    rows: bytes
    keeps_frames: bool

    @property
    def count(self) -> int:
        return len(self.rows) // 8


def unwind_table(path: str) -> UnwindTable | None:
    """The table of an ELF file, None when it cannot be read. Kept in memory by the file's identity."""
    if platform.machine() != "x86_64":
        return None
    with contextlib.suppress(OSError):
        about = Path(path).stat()
        return _table(path, about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size)
    return None


@lru_cache(64)
def _table(path: str, _device: int, _inode: int, _changed: int, _size: int) -> UnwindTable | None:
    from symbolic.cfi import CfiCache
    from symbolic.debuginfo import Archive
    from symbolic.exceptions import SymbolicError

    try:
        thing = next(iter(Archive.open(path).iter_objects()), None)
        if thing is None:
            return None
        kept = kept_file(thing.code_id or _go_build(path), f"unwind{_FORMAT}")
        if kept is not None:
            with contextlib.suppress(OSError):
                found = kept.read_bytes()
                return UnwindTable(found[8:], found[:1] == b"\1")
        go, base, keeps_frames = _look_into(path)
        told = CfiCache.from_object(thing).open_stream().read(_LARGEST) if "unwind" in thing.features else b""
        made = _parse(told, base, go, _linkage_rows(path)) if told or go else UnwindTable(b"", keeps_frames)
    except (SymbolicError, OSError, ValueError):
        return None
    # (the same build may have its table in another copy of the file, which was not stripped)
    if kept is not None and made.rows:
        keep(kept, lambda file: file.write(bytes([made.keeps_frames]).ljust(8, b"\0") + made.rows))
    return made


def _go_build(path: str) -> str:
    """What tells a build of Go from all others; empty for another program."""
    elf = Elf(path)
    try:
        note = elf.section_content(".note.go.buildid")
        return hashlib.sha256(note).hexdigest() if len(note) > _EMPTY_NOTE else ""
    finally:
        elf.close()


def _look_into(path: str) -> tuple[dict[int, int], int, bool]:
    """The rows of the functions of Go (none for other programs), where the file wants its first segment (from where
    symbolic counts), and whether the code looks as if it kept frame pointers."""
    elf = Elf(path)
    try:
        base = elf.segments[0].address & ~0xFFF if elf.segments else 0
        bare = not any(map(elf.section, (".eh_frame", ".debug_frame", ".zdebug_frame")))
        return _go_rows(elf), base, bare and _makes_frames(elf)
    finally:
        elf.close()


def _go_rows(elf: Elf) -> dict[int, int]:
    """Go has a table of its own. A function that has a frame saves the caller's frame pointer at its top."""
    try:
        found = GoTable(elf)
    except ValueError:
        return {}
    rows = {}
    for at, used in found.frame_sizes():
        if used is None:
            rows[at] = OUTERMOST
        elif used < 0 or used % 8:
            rows[at] = NO_RULE
        else:
            rows[at] = used + 8 | BY_STACK | (2 << 23 if used else 0)
    return rows


_LOOKED_AT = 2 << 20
_LARGEST_FUNCTION = 4096
_MAKES_FRAME = re.compile(rb"\x55.{0,8}?\x48\x89\xe5", re.DOTALL)
"""push %rbp; what the compiler put between; mov %rsp, %rbp"""


def _makes_frames(elf: Elf) -> bool:
    """Whether nearly all functions at the beginning of the code that call others make a frame. (Who calls nobody needs
    none in either case.)"""
    text = elf.section_content(".text")[:_LOOKED_AT]
    low, _ = elf.section(".text") or (0, 0)
    code = [(s.address - low, s.address + s.size - low) for s in elf.segments if s.executable]
    calls, called = list[int](), set[int]()
    for found in re.finditer(rb"\xe8(?=(....))", text, re.DOTALL):  # call rel32
        target = found.end() + 4 + int.from_bytes(found[1], "little", signed=True)
        if any(begins <= target < ends for begins, ends in code):
            calls.append(found.start())
            called.add(target)
    starts = sorted(target for target in called if 0 <= target < len(text))
    callers = framed = 0
    for start, following in pairwise([*starts, len(text)]):
        ends = min(following, start + _LARGEST_FUNCTION)
        first = bisect_left(calls, start)
        if first < len(calls) and calls[first] < ends:
            callers += 1
            framed += _MAKES_FRAME.search(text, start, ends) is not None
    return framed > 0 and framed >= _MOSTLY * callers


def _linkage_rows(path: str) -> dict[int, int]:
    """Those of the stubs through which functions of other files are called. Linkers describe all of them by one
    expression, which the library passes over."""
    elf = Elf(path)
    try:
        section, content = elf.section(".plt"), elf.section_content(".plt")
    finally:
        elf.close()
    if section is None or len(content) < 2 * _STUB:
        return {}
    start = section[0]
    rows = {start: 16 | BY_STACK, start + 6: 24 | BY_STACK}  # (the first finds the function, which was pushed)
    # jmp *function; push number; jmp first  |  endbr64; push number; bnd jmp first
    pushed = 9 if content[_STUB:].startswith(_ENDBR64) else 11
    for stub in range(start + _STUB, start + min(len(content), _MOST_STUBS * _STUB), _STUB):
        rows[stub] = 8 | BY_STACK
        rows[stub + pushed] = 16 | BY_STACK
    return rows


def _parse(text: bytes, base: int, rows: dict[int, int], linkage: dict[int, int] | None = None) -> UnwindTable:
    rules: dict[bytes, tuple[int | None, int | None, bool]] = {}
    functions = framed = 0
    # Debug information of Go says of functions that leave their stack where the caller would be if they did not.
    known_low, known_high = (min(rows), max(rows)) if rows else (0, 0)
    skipped = False
    cfa, frame, has_frame, changes = NO_RULE, 0, False, 0
    for line in text.split(b"\n"):
        # STACK CFI INIT 270e0 63 .cfa: $rsp 8 + .ra: .cfa -8 + ^
        # STACK CFI 270e1 .cfa: $rsp 16 + $rbp: .cfa -16 + ^
        begins = line.startswith(b"STACK CFI INIT ")
        if begins:
            if changes:
                functions, framed = functions + 1, framed + has_frame
            start, size, rule = line[15:].split(b" ", 2)
            at = int(start, 16) + base
            skipped = known_low <= at < known_high
            if skipped:
                continue
            rows.setdefault(at + int(size, 16), NO_RULE)
            if (stub := _PLT.match(rule)) and int(size, 16) <= _LARGEST_PLT:
                changes = 0
                for entry in range(at, at + int(size, 16), 16):
                    rows[entry], rows[entry + int(stub[1])] = BY_STACK | 8, BY_STACK | 16
                continue
            cfa, frame, has_frame, changes = NO_RULE, 0, False, 0
        elif line.startswith(b"STACK CFI ") and not skipped:
            start, rule = line[10:].split(b" ", 1)
            at = int(start, 16) + base
            changes += 1
        else:
            continue
        known = rules.get(rule)
        if known is None:
            known = rules[rule] = _rule(rule)
        cfa = cfa if known[0] is None else known[0]
        frame = frame if known[1] is None else known[1]
        if begins and not known[2]:
            cfa = OUTERMOST
        has_frame |= cfa & 7 == BY_FRAME
        rows[at] = cfa if cfa & 7 in (NO_RULE, OUTERMOST) else cfa | frame << 23
    rows |= linkage or {}
    packed = array("I")
    for at in sorted(rows):
        if 0 <= at < 1 << 32:
            packed.extend((at, rows[at]))
    return UnwindTable(packed.tobytes(), functions > 0 and framed / functions >= _KEEPS_FRAMES)


_PLT = re.compile(rb"\.cfa: \$rsp 8 \+ \$rip 15 & (\d{1,2}) >= 3 << \+ \.ra: \.cfa -8 \+ \^$")
"""of the stubs through which functions of other files are called, 16 bytes each: from some byte on, the stub has pushed
a number"""
_LARGEST_PLT = 4 << 20


def _rule(text: bytes) -> tuple[int | None, int | None, bool]:
    """(CFA: kind in three bits, offset in words above; words that the saved frame pointer lies below the CFA; whether
    there is a return address). None: as before."""
    cfa: int | None = None
    frame: int | None = None
    returns = False
    # .cfa: $rsp 16 + .ra: .cfa -8 + ^ $rbp: .cfa -16 + ^
    words = text.split()
    names = [i for i, word in enumerate(words) if word.endswith(b":")]
    for i, end in zip(names, [*names, len(words)][1:], strict=True):
        name, value = words[i], words[i + 1 : end]
        if name == b".cfa:":
            cfa = NO_RULE
            if len(value) == 3 and value[2] == b"+" and value[0] in (b"$rsp", b"$rbp"):
                offset = int(value[1])
                if 0 <= offset < 8 << 20 and offset % 8 == 0:
                    cfa = offset | (BY_FRAME if value[0] == b"$rbp" else BY_STACK)
        elif name == b".ra:":
            returns = value == [b".cfa", b"-8", b"+", b"^"]
        elif name == b"$rbp:" and len(value) == 4 and value[0] == b".cfa" and value[3] == b"^":
            offset = -int(value[1])
            frame = offset // 8 if 0 < offset < 512 * 8 and offset % 8 == 0 else 0
    return cfa, frame, returns
