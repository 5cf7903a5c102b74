"""CPython 3.8 to 3.15: where an interpreter keeps its threads, frames and code objects.

To 3.12 from the tables in ``layouts``; newer ones describe themselves.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from perfdoctor.collectors.host.base import Memory

NONE = 0xFFFFFFFF
"""``NONE`` of tables.h: this version has no such field"""

_NEWEST = 15

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
    thread_place: int = NONE
    """3.10 to 3.12: what lies on the C stack of the thread that is using a thread state"""
    frame_entry: int = NONE
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


class NotWalkableError(Exception):
    """There is an interpreter, but its frames cannot be walked; the text says why."""


@cache
def kept_layout(minor: int) -> Layout:
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
        cframe_frame=NONE,
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
