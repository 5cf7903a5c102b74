"""CPython 3.8 to 3.15: the threads and frames of a process, and what a code address is called.

Read from the target's memory and nothing else; the target runs on meanwhile. So every value may be torn or stale:
sizes are bounded, reads may fail, and what cannot be read is said to be unknown.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Memory
from perfdoctor.collectors.runtimes.python_layout import NONE, Layout
from perfdoctor.collectors.runtimes.python_lines import line_at
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame, FrameKind

_MAX_TEXT = 4096  # bytes of a name we are ready to read
_MAX_LINETABLE = 1 << 20
_MAX_THREADS = 4096
_MOST_LOOKED_AT = 10_000
_MOST_FRAMES = 1 << 16
_THREAD_IDS = {"x86_64": (0x2D0, 0x30), "aarch64": (0xD0, 0x20)}
"""Where ``struct pthread`` of glibc and of musl (pthread_self() points to it) has the kernel's number of the thread."""
_MOST_THREAD_IDS = 1 << 22


@dataclass(frozen=True, slots=True)
class _Code:
    file: str
    name: str
    first_line: int
    line_table: bytes
    identity: bytes
    """the raw fields that a code object put in the same place would not share"""
    walked: int
    """the same as the kernel's walker makes it"""


UNNAMED = Frame(kind=FrameKind.PYTHON, function="[code that was gone before it could be named]")
UNREAD = Frame(kind=FrameKind.PYTHON, function="[callers that could not be read]")


def _mix(value: int, word: int) -> int:
    """``mix`` of threads.h."""
    value = (value ^ word) * 0x9E3779B97F4A7C15 & (1 << 64) - 1
    return value ^ value >> 31


class PythonNames:
    """Names and lines for code addresses of one process. Remembers code objects, for they die before we ask twice."""

    def __init__(self, memory: Memory, layout: Layout) -> None:
        self._memory, self._layout = memory, layout
        self._codes: dict[int, _Code] = {}
        self._frames: dict[tuple[int, int, int], Frame] = {}
        self._types: dict[int, bool] = {}
        self._to_look_at: list[int] = []
        self.freed: set[int] = set()
        """places of code objects that are no more"""
        self.moved: set[int] = set()
        """and those that other code has taken: what ran there cannot be told apart"""

    def frame(self, code: int, instruction: int, *, identity: int = 0) -> Frame | None:
        """The frame of an instruction in a code object; None when the memory no longer tells. ``identity`` is what the
        kernel's walker saw there (tables.h): another object may have taken the place since. 0: not known."""
        known = self._codes.get(code)
        told = self._frames.get((code, instruction, identity))
        if told is not None and known is not None and known.walked == identity:
            return told
        if known is None or not identity or known.walked != identity:
            try:
                known = self._read(code, known)
            except (OSError, struct.error, ValueError):
                known = self._codes.get(code)
            if known is None:
                return None
            self._codes[code] = known
            if identity and known.walked != identity:
                return None
        offset = self._offset(code, instruction)
        line = line_at(self._layout.minor, known.line_table, known.first_line, offset)
        frame = Frame(kind=FrameKind.PYTHON, function=known.name, file=known.file, line=line)
        if len(self._frames) < _MOST_FRAMES:
            self._frames[code, instruction, identity] = frame
        return frame

    def _offset(self, code: int, instruction: int) -> int:
        """In bytes from the beginning of the bytecode."""
        if not self._layout.by_pointer:
            return max(0, instruction - (code + self._layout.code_adaptive))
        # f_lasti: -1 before the first instruction; in 3.10 it counts instructions
        (index,) = struct.unpack("<i", struct.pack("<I", instruction & 0xFFFFFFFF))
        return max(0, int(index)) * (2 if self._layout.minor == 10 else 1)

    def look_again(self, limit: int = 200) -> None:
        """Are the code objects that were named still there? Looks at ``limit`` of them, in turn; some 5 us each."""
        self._to_look_at = self._to_look_at or list(self._codes)
        unmapped, readable = set[int](), False
        for _ in range(min(limit, len(self._to_look_at))):
            code = self._to_look_at.pop()
            known = self._codes.get(code)
            try:
                # (the allocators keep a pointer, or nothing, where an object counts its references)
                if self._layout.minor < 14 and not 0 < self._pointer(code) < 1 << 40:
                    self.freed.add(code)
                readable = True
                if known and self._identity(code)[0] != known.identity:
                    self.moved.add(code)
            except ValueError:
                self.freed.add(code)
            except OSError:
                unmapped.add(code)
        if readable:  # (else the process has ended)
            self.freed |= unmapped

    def look_at_all(self) -> None:
        """Once more, at the end of a window: what was freed since its turn came would go unseen."""
        self._to_look_at = []
        self.look_again(_MOST_LOOKED_AT)

    def _identity(self, code: int) -> tuple[bytes, int, tuple[int, int, int], int]:
        """What tells a code object from others (twice: see _Code), its file name, name and line table, and its first
        line."""
        layout = self._layout
        fields = (layout.code_filename, layout.code_qualname, layout.code_linetable)
        end = max(*fields, layout.code_firstlineno, layout.code_filename + 24) + 8
        begin = layout.object_type
        raw = self._memory.read(code + begin, end - begin)
        kind, *names = (int(struct.unpack_from("<Q", raw, field - begin)[0]) for field in (begin, *fields))
        if kind not in self._types:
            try:
                self._types[kind] = self._memory.read(self._pointer(kind + layout.type_name), 5) == b"code\0"
            except OSError as error:  # (what lies there now has no type)
                raise ValueError("not a code object") from error
        if not self._types[kind]:
            raise ValueError("not a code object")
        (first_line,) = struct.unpack_from("<i", raw, layout.code_firstlineno - begin)
        words = struct.unpack_from("<4Q", raw, layout.code_filename - begin)
        walked = 1
        for word in words[:3] if layout.by_pointer else words:
            walked = _mix(walked, word)
        return struct.pack("<3Qi", *names, first_line), walked, (names[0], names[1], names[2]), first_line

    def _read(self, code: int, known: _Code | None) -> _Code:
        layout, read = self._layout, self._memory.read
        try:
            identity, walked, names, first_line = self._identity(code)
        except ValueError:
            self._forget(code)
            raise
        if known is not None:
            if known.identity == identity:
                return known
            self._forget(code)
        (size,) = struct.unpack("<q", read(names[2] + layout.bytes_size, 8))
        if not 0 <= size <= _MAX_LINETABLE:
            raise ValueError("not a line table")
        table = read(names[2] + layout.bytes_data, size)
        return _Code(self._text(names[0]), self._text(names[1]), first_line, table, identity, walked)

    def _forget(self, code: int) -> None:
        if self._codes.pop(code, None):
            self.moved.add(code)

    def text(self, at: int) -> str:
        """A string of the target's. OSError, ValueError or struct.error where there is none."""
        return self._text(at)

    def _text(self, at: int) -> str:
        layout, read = self._layout, self._memory.read
        (length,) = struct.unpack("<q", read(at + layout.unicode_length, 8))
        (state,) = struct.unpack("<I", read(at + layout.unicode_state, 4))
        kind, ascii_only = state >> 2 & 7, state >> 6 & 1
        if not 0 <= length <= _MAX_TEXT or kind not in (1, 2, 4):
            raise ValueError("not a string")
        if ascii_only:
            return clean(read(at + layout.ascii_data, length).decode("ascii", "replace"))
        coding = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}[kind]
        return clean(read(at + layout.compact_data, length * kind).decode(coding, "replace"))

    def threads(self, runtime: int) -> Iterator[tuple[int, int]]:
        """(native thread id, address of its state) of every thread of every interpreter of the process."""
        layout, seen = self._layout, 0
        interpreter = self._pointer(runtime + layout.runtime_interpreters)
        while interpreter and seen < _MAX_THREADS:
            seen += 1  # (torn memory may lead in a circle)
            state = self._pointer(interpreter + layout.interpreter_threads)
            while state and seen < _MAX_THREADS:
                seen += 1
                yield self.native_id(state), state
                state = self._pointer(state + layout.thread_next)
            interpreter = self._pointer(interpreter + layout.interpreter_next)

    def native_id(self, state: int) -> int:
        """The kernel's id of the thread of a state; 0 when the C library does not tell it."""
        known = self._pointer(state + self._layout.thread_native_id)
        if not self._layout.by_pointer:
            return known
        for place in _THREAD_IDS.get(os.uname().machine, ()):
            (tid,) = struct.unpack("<i", self._memory.read(known + place, 4))
            if 0 < tid < _MOST_THREAD_IDS:
                return int(tid)
        return 0

    def states(self, runtime: int) -> dict[int, int]:
        """The thread states by native id. Of a thread that has several, the main interpreter's, and where each thread
        makes its own (since 3.12) that of the newest interpreter that runs code in it."""
        found: dict[int, int] = {}
        for tid, state in self.threads(runtime):
            if tid not in found or self._layout.minor < 12 or not self._first_frame(found[tid]):
                found[tid] = state
        return found

    def _first_frame(self, state: int) -> int:
        at = self._pointer(state + self._layout.thread_frame)
        return at if self._layout.cframe_frame == NONE else self._pointer(at + self._layout.cframe_frame)

    def stack(self, state: int, depth: int = 48) -> tuple[Frame, ...]:
        """The frames of a thread that stands still, innermost first; UNNAMED and UNREAD where that cannot be told."""
        layout, frames = self._layout, list[Frame]()
        at = self._first_frame(state)
        for _ in range(depth):
            if not at:
                break
            try:
                raw = self._memory.read(at, 112)
            except OSError:
                frames.append(UNREAD)
                break
            (code,) = struct.unpack_from("<Q", raw, layout.frame_code)
            (instruction,) = struct.unpack_from("<Q", raw, layout.frame_instruction)
            (at,) = struct.unpack_from("<Q", raw, layout.frame_previous)
            if raw[layout.frame_owner] < layout.shim_owner:
                frames.append(self.frame(code & ~layout.tag_mask, instruction) or UNNAMED)
        return tuple(frames)

    def _pointer(self, at: int) -> int:
        return int(struct.unpack("<Q", self._memory.read(at, 8))[0])
