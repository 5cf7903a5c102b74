"""How the bytes that the programs write are read: the structs of tables.h, by their names there."""

import struct
from typing import NamedTuple

PYTHON_FRAMES, NATIVE_FRAMES = 48, 160
RECORD_STACK, RECORD_PATH, RECORD_THREAD, RECORD_FORK, RECORD_EXEC, RECORD_EXIT = range(1, 7)
RECORD_PART = 16
POINT_CPU, POINT_FAULT, POINT_BLOCKED, POINT_RUNNABLE, POINT_LATE = range(1, 6)
STACK_TRUNCATED, STACK_PARTIAL, STACK_SCANNED, STACK_SCANNED_DEEPER, STACK_CUT, STACK_OUTERMOST = 1, 2, 4, 8, 16, 32
CODE_LOOPS = 7
NO_FRAME = 255
BORN_IN_WINDOW = 16
IS_PATH, IS_FD, IS_ADDRESS = 1 << 63, 1 << 60, 1 << 61
IS_STANDING = 1 << 63 | 1 << 62

SETTINGS = struct.Struct("<8I")
SHARED = struct.Struct("<4IQ")
PROCESS = struct.Struct("<3QIIQ")
CALL_KEY = struct.Struct("<QQIi")
CALL_VALUE = struct.Struct("<9Q32I")
FD_KEY = struct.Struct("<II")
ERROR_KEY = struct.Struct("<ii")
POINT_KEY = struct.Struct("<QiIII")
POINT_VALUE = struct.Struct("<3Q")
COUNTERS = (
    "lost_stacks",
    "lost_rows",
    "lost_events",
    "partial_stacks",
    "truncated_stacks",
    "no_stack",
    "reused_stacks",
    "events",
    "raised",
)

_STACK = struct.Struct("<IIQBBBBB3x")
_PATH = struct.Struct("<IIQ")
_THREAD = struct.Struct("<4I16s6Q2IiI3Q5Q")
_STRETCHES = struct.Struct("<32I")
_LIFE = struct.Struct("<IIIIQ64s")


class StackRecord(NamedTuple):
    pid: int
    hash: int
    flags: int
    python: tuple[tuple[int, int], ...]
    """(code object, instruction), innermost first"""
    native: tuple[int, ...]
    identities: tuple[int, ...] = ()
    """of the code objects: see PythonNames.frame"""
    loops: tuple[int, ...] = ()
    """calls of the interpreter's loop inside the innermost Python frame, and outside of each: see mixed.merged; all 0
    where the engine was not asked for mixed stacks"""
    loop_frame: int = NO_FRAME
    """which of the native frames is the call of the loop that runs the innermost Python frame"""


class ThreadRecord(NamedTuple):
    """Times in nanoseconds of CLOCK_MONOTONIC."""

    pid: int
    tid: int
    own_tid: int
    name: str
    began: int
    ended: int
    running: int
    runnable: int
    in_call: int
    elsewhere: int
    voluntary: int
    involuntary: int
    call: int
    flags: int
    call_began: int
    call_blocked: int
    call_runnable: int
    polls: int = 0
    poll_ns: int = 0
    off_ns: int = 0
    longest_off: int = 0
    poll_stack: int = 0
    off_histogram: tuple[int, ...] = ()


class LifeRecord(NamedTuple):
    kind: int
    pid: int
    parent: int
    at: int
    program: str


class PathRecord(NamedTuple):
    hash: int
    path: str


def text(raw: bytes) -> str:
    """A C string of the target's."""
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")


def stack(data: bytes) -> StackRecord:
    _, pid, key, python, native, flags, inside, loop_frame = _STACK.unpack_from(data)
    words = struct.unpack_from(f"<{2 * python}Q", data, _STACK.size)
    identities = struct.unpack_from(f"<{python}Q", data, _STACK.size + 16 * PYTHON_FRAMES)
    addresses = struct.unpack_from(f"<{native}Q", data, _STACK.size + 24 * PYTHON_FRAMES)
    codes = tuple(word & ~CODE_LOOPS for word in words[::2])
    loops = (inside, *(word & CODE_LOOPS for word in words[::2]))
    frames = tuple(zip(codes, words[1::2], strict=True))
    return StackRecord(pid, key, flags, frames, addresses, identities, loops, loop_frame)


def path(data: bytes) -> PathRecord:
    _, length, key = _PATH.unpack_from(data)
    return PathRecord(key, text(data[_PATH.size : _PATH.size + length]))


def thread(data: bytes) -> ThreadRecord:
    _, pid, tid, own_tid, name, *rest = _THREAD.unpack_from(data)
    stretches = _STRETCHES.unpack_from(data, _THREAD.size)
    return ThreadRecord(pid, tid, own_tid, text(name), *rest)._replace(off_histogram=stretches)


def life(data: bytes) -> LifeRecord:
    kind, pid, parent, _, at, program = _LIFE.unpack_from(data)
    return LifeRecord(kind, pid, parent, at, text(program))
