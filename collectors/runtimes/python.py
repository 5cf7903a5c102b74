"""CPython 3.8 to 3.15: where the interpreter keeps its threads and frames, and what a code address is called.

Read from the target's memory and nothing else; the target runs on meanwhile. So every value may be torn or stale:
sizes are bounded, reads may fail, and what cannot be read is said to be unknown.
"""

import json
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from perfdoctor.collectors.host.base import Host, Memory
from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.maps import Mapping, open_path
from perfdoctor.collectors.runtimes.python_lines import line_at
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame, FrameKind

# /usr/lib/libpython3.11.so.1.0  |  /usr/bin/python3.13
_LIBRARY = re.compile(r"/libpython3\.(\d+)[^/]*$")
_PROGRAM = re.compile(r"/python3\.(\d+)[^/]*$")
# A process with Python in it, wherever that is: …/lib/python3.8/lib-dynload/_json…  |  …/_speedups.cpython-38-x86_64…
_MODULE = re.compile(r"/lib-dynload/|\.cpython-3\d+-")
# What the file of an interpreter says that it is: /opt/python/3.8.18  |  3.11.2  |  lib/python3.8
_VERSION = re.compile(rb"(?:python3\.(\d\d?)|3\.(\d\d?)\.\d{1,3}(?:(?:a|b|rc)\d+)?\+?)\0")
_COOKIE = b"xdebugpy"
_NONE = 0xFFFFFFFF
_OLDEST, _NEWEST = 8, 15
_MAX_TEXT = 4096  # bytes of a name we are ready to read
_MAX_LINETABLE = 1 << 20
_MAX_THREADS = 4096
_MOST_LOOKED_AT = 10_000
_MOST_FRAMES = 1 << 16
_THREAD_IDS = {"x86_64": (0x2D0, 0x30), "aarch64": (0xD0, 0x20)}
"""Where ``struct pthread`` of glibc and of musl (pthread_self() points to it) has the kernel's number of the thread."""
_MOST_THREAD_IDS = 1 << 22

# The groups of _Py_DebugOffsets (Include/internal/pycore_debug_offsets.h; 3.13: pycore_runtime.h), in order, each
# field eight bytes.
_GROUPS_3_13 = """
runtime_state: size finalizing interpreters_head
interpreter_state: size id next threads_head gc imports_modules sysdict builtins ceval_gil gil_runtime_state
  gil_runtime_state_enabled gil_runtime_state_locked gil_runtime_state_holder
thread_state: size prev next interp current_frame thread_id native_thread_id datastack_chunk status
interpreter_frame: size previous executable instr_ptr localsplus owner
code_object: size filename name qualname linetable firstlineno argcount localsplusnames localspluskinds co_code_adaptive
pyobject: size ob_type
type_object: size tp_name tp_repr tp_flags
tuple_object: size ob_item ob_size
list_object: size ob_item ob_size
dict_object: size ma_keys ma_values
float_object: size ob_fval
long_object: size lv_tag ob_digit
bytes_object: size ob_size ob_sval
unicode_object: size state length asciiobject_size
"""
_GROUPS_3_14 = (
    _GROUPS_3_13.replace("threads_head gc", "threads_head threads_main gc")
    .replace("gil_runtime_state_holder", "gil_runtime_state_holder code_object_generation tlbc_generation")
    .replace("localsplus owner", "localsplus owner stackpointer tlbc_index")
    .replace("co_code_adaptive", "co_code_adaptive co_tlbc")
    .replace("dict_object:", "set_object: size used table mask\ndict_object:")
)
_GROUPS_3_15 = (
    _GROUPS_3_14.replace("thread_id native", "base_frame last_profiled_frame last_profiled_frame_seq thread_id native")
    .replace(
        "chunk status", "chunk status holds_gil gil_requested current_exception exc_state\nerr_stackitem: exc_value"
    )
    .replace("tp_repr tp_flags", "tp_repr tp_flags tp_basicsize tp_dictoffset\nheap_type_object: size ht_cached_keys")
)


def _groups(minor: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    text = _GROUPS_3_15 if minor >= 15 else _GROUPS_3_14 if minor == 14 else _GROUPS_3_13
    for line in text.replace("\n  ", " ").strip().splitlines():
        name, _, fields = line.partition(":")
        yield name, tuple(fields.split())


_LAYOUT = struct.Struct("<17I")
LAYOUT_BYTES = _LAYOUT.size


@dataclass(frozen=True, slots=True)
class Layout:
    """Byte offsets within one interpreter's structures, under the names of 3.11: before, a frame is a PyFrameObject,
    its instruction is an index, and a thread's ``native_id`` is what pthread_self() gives."""

    runtime_interpreters: int
    interpreter_next: int
    interpreter_threads: int
    thread_next: int
    thread_native_id: int
    thread_frame: int
    cframe_frame: int
    frame_code: int
    frame_instruction: int
    frame_previous: int
    frame_owner: int
    code_filename: int
    code_qualname: int
    code_linetable: int
    code_firstlineno: int
    code_adaptive: int
    unicode_state: int
    unicode_length: int
    ascii_data: int
    compact_data: int
    bytes_size: int
    bytes_data: int
    minor: int
    shim_owner: int = 3
    """frames owned by this value or more are the interpreter's own entry frames, not code of the user's"""
    object_type: int = 8
    type_name: int = 24
    tag_mask: int = 0
    """low bits of a reference to a code object that are not address (3.14: _PyStackRef)"""
    thread_place: int = _NONE
    """3.10 to 3.12: what lies on the C stack of the thread that is using a thread state"""
    frame_entry: int = _NONE
    """3.11: whether the interpreter's loop was called for this frame, and not only entered its caller's"""

    @property
    def by_pointer(self) -> bool:
        """Whether threads are known by their thread pointer, and instructions by an index of 32 bits."""
        return self.minor < 11

    def packed(self) -> bytes:
        """``struct layout`` of tables.h."""
        walker = (
            self.runtime_interpreters,
            self.interpreter_next,
            self.interpreter_threads,
            self.thread_next,
            self.thread_native_id,
            self.thread_frame,
            self.cframe_frame,
            self.frame_code,
            self.frame_instruction,
            self.frame_previous,
            self.frame_owner,
            self.shim_owner,
            self.tag_mask,
            self.by_pointer,
            self.thread_place,
            self.code_filename,
            self.frame_entry,
        )
        return _LAYOUT.pack(*walker)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython found in a process: its version, the address of ``_PyRuntime`` and how many bytes of the
    interpreter's own
    state lie there (0: not known), and its layout."""

    version: str
    runtime: int
    size: int
    layout: Layout

    def owns(self, address: int) -> bool:
        """Whether an address is the interpreter's own: a futex there is the GIL or another of its locks."""
        return self.runtime <= address < self.runtime + self.size


class NotWalkableError(Exception):
    """There is an interpreter, but its frames cannot be walked; the text says why."""


@cache
def _kept_layout(minor: int) -> Layout:
    text = (Path(__file__).parent / "layouts" / f"3.{minor}.json").read_text()
    return Layout(**json.loads(text), minor=minor)


def described_layout(memory: Memory, runtime: int) -> Layout:
    """The layout as the interpreter itself describes it (3.13 and newer). NotWalkableError when it cannot be used."""
    (version, free_threaded) = struct.unpack("<QQ", memory.read(runtime + 8, 16))
    minor = version >> 16 & 0xFF
    if free_threaded:
        raise NotWalkableError("a free-threaded build keeps its frames differently")
    if not 13 <= minor <= _NEWEST:
        raise NotWalkableError(f"CPython 3.{minor} is newer than what is known here")
    offsets = debug_offsets(memory, runtime, minor)
    if any(value > 1 << 20 for value in offsets.values()):
        raise NotWalkableError(f"the interpreter's own description of CPython 3.{minor} makes no sense")
    return Layout(
        runtime_interpreters=offsets["runtime_state.interpreters_head"],
        interpreter_next=offsets["interpreter_state.next"],
        interpreter_threads=offsets["interpreter_state.threads_head"],
        thread_next=offsets["thread_state.next"],
        thread_native_id=offsets["thread_state.native_thread_id"],
        thread_frame=offsets["thread_state.current_frame"],
        cframe_frame=_NONE,
        frame_code=offsets["interpreter_frame.executable"],
        frame_instruction=offsets["interpreter_frame.instr_ptr"],
        frame_previous=offsets["interpreter_frame.previous"],
        frame_owner=offsets["interpreter_frame.owner"],
        code_filename=offsets["code_object.filename"],
        code_qualname=offsets["code_object.qualname"],
        code_linetable=offsets["code_object.linetable"],
        code_firstlineno=offsets["code_object.firstlineno"],
        code_adaptive=offsets["code_object.co_code_adaptive"],
        unicode_state=offsets["unicode_object.state"],
        unicode_length=offsets["unicode_object.length"],
        ascii_data=offsets["unicode_object.asciiobject_size"],
        # PyCompactUnicodeObject adds utf8_length and utf8 to PyASCIIObject
        compact_data=offsets["unicode_object.asciiobject_size"] + 16,
        bytes_size=offsets["bytes_object.ob_size"],
        bytes_data=offsets["bytes_object.ob_sval"],
        minor=minor,
        object_type=offsets["pyobject.ob_type"],
        type_name=offsets["type_object.tp_name"],
        tag_mask=3 if minor >= 14 else 0,
    )


def debug_offsets(memory: Memory, runtime: int, minor: int) -> dict[str, int]:
    """What an interpreter says of itself (_Py_DebugOffsets of 3.13 and newer): ``group.field``, in bytes."""
    offsets: dict[str, int] = {}
    at = runtime + 24
    for name, fields in _groups(minor):
        values = struct.unpack(f"<{len(fields)}Q", memory.read(at, 8 * len(fields)))
        offsets.update({f"{name}.{field}": value for field, value in zip(fields, values, strict=True)})
        at += 8 * len(fields)
    return offsets


def find_interpreter(host: Host, pid: int, memory: Memory, mappings: list[Mapping]) -> Interpreter | None:
    """The CPython in a process, None when there is none.

    NotWalkableError when there is one whose frames this module does not know; OSError when the process may not be
    read or is gone.
    """
    first: dict[str, Mapping] = {}
    for mapping in mappings:
        if mapping.path.startswith("/") and mapping.path not in first:
            first[mapping.path] = mapping
    try:
        program = host.read_link(f"/proc/{pid}/exe")
    except OSError:
        program = ""
    candidates = {path: m for path, m in first.items() if _LIBRARY.search(path)}
    candidates |= {path: m for path, m in first.items() if path == program or _PROGRAM.search(path)}
    is_python = any(_MODULE.search(path) for path in first)
    if is_python:  # (a library may have the interpreter in it, and any name)
        candidates |= {m.path: first[m.path] for m in mappings if m.executable and m.path in first}
    for path, mapping in candidates.items():
        try:
            elf = Elf(open_path(pid, mapping))
        except (OSError, ValueError):
            continue
        try:
            place = elf.section(".PyRuntime") or elf.extent("_PyRuntime")
            if place is None:
                is_python |= path == program and elf.contains(b"Fatal Python error: ")
                continue
            found, size = place
            start = elf.address_of_offset(mapping.offset)
            bias = mapping.low - (start or 0) if elf.relocatable else 0
            runtime = bias + found
            if memory.read(runtime, 8) == _COOKIE:
                layout = described_layout(memory, runtime)
            else:
                layout = _kept_layout(_minor_version(elf, mapping.path, memory, bias))
        finally:
            elf.close()
        return Interpreter(f"3.{layout.minor}", runtime, size, layout)
    if is_python:
        raise NotWalkableError("no file of it tells where its interpreter is: stripped, or older than CPython 3.7")
    return None


_versions_told: dict[tuple[int, ...], frozenset[int]] = {}
"""by file: the versions that its texts name"""


def _minor_version(elf: Elf, path: str, memory: Memory, bias: int) -> int:
    """From the constant that says it (since 3.11), or from the file's name and the texts in it: with a wrong one every
    line would be wrong."""
    at = elf.symbol("Py_Version")
    if at is not None:
        minor = int(struct.unpack("<I", memory.read(bias + at, 4))[0] >> 16 & 0xFF)
    else:
        if elf.revision not in _versions_told:
            found = (int(first or second) for first, second in elf.texts(_VERSION))
            _versions_told[elf.revision] = frozenset(minor for minor in found if 3 <= minor <= 20)
        told = _versions_told[elf.revision]
        named = _LIBRARY.search(path) or _PROGRAM.search(path)
        if named and (not told or int(named[1]) in told):
            minor = int(named[1])
        elif len(told) == 1:
            (minor,) = told
        else:
            raise NotWalkableError("the interpreter does not say which version it is")
    if not _OLDEST <= minor <= 12:
        raise NotWalkableError(f"CPython 3.{minor} is older than what is known here (3.{_OLDEST})")
    return minor


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
        return at if self._layout.cframe_frame == _NONE else self._pointer(at + self._layout.cframe_frame)

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
