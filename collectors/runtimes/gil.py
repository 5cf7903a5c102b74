"""The interpreter lock of CPython 3.8 to 3.14: where it lies in a process, and which thread holds it.

``struct _gil_runtime_state`` (Include/internal/pycore_gil.h) is interval, last_holder, locked, switch_number, then a
condition and a mutex to wait for it, and a second pair to hand it over. Until 3.11 there is one, inside ``_PyRuntime``;
since 3.12 each interpreter points to its own.
"""

import struct
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Memory
from perfdoctor.collectors.runtimes.python_interpreter import Interpreter
from perfdoctor.collectors.runtimes.python_layout import debug_offsets

_IN_RUNTIME = {8: 1152, 9: 352, 10: 352, 11: 360}
_POINTER_IN_INTERPRETER_3_12 = 384
"""Of ceval.gil, from the headers (tests/collectors/runtimes/test_gil.py holds them against the headers at hand)."""
_HOLDER, _LOCKED, _CONDITION, _MUTEX, _SWITCH, _END = 8, 16, 32, 80, 120, 208

_PARTS = {_CONDITION: "the GIL", _MUTEX: "mutex of the GIL", _SWITCH: "hand-over of the GIL"}


@dataclass(frozen=True, slots=True)
class Gil:
    """One interpreter lock, by the address of its structure."""

    at: int

    def start(self, address: int) -> int | None:
        """The address of the part of it that a futex lies in, None when it is another lock's."""
        offset = address - self.at
        if not _CONDITION <= offset < _END:
            return None
        return self.at + max(part for part in _PARTS if part <= offset)

    def part(self, address: int) -> str | None:
        """Which part of it that is: ``the GIL``, its own mutex, or what hands it over."""
        start = self.start(address)
        return None if start is None else _PARTS[start - self.at]

    def holder(self, memory: Memory) -> int | None:
        """The thread state that holds it now, None when nobody does. OSError when the memory is gone."""
        state, locked = struct.unpack("<Qi", memory.read(self.at + _HOLDER, 12))
        return state if locked == 1 else None


def find_gil(interpreter: Interpreter, memory: Memory) -> Gil | None:
    """The main interpreter's lock; None for a version whose place is not known. OSError when the memory is gone."""
    minor = interpreter.layout.minor
    if minor in _IN_RUNTIME:
        return Gil(interpreter.runtime + _IN_RUNTIME[minor])
    main = _pointer(memory, interpreter.runtime + interpreter.layout.runtime_interpreters)
    # The list begins with the newest interpreter; the main one is its last.
    for _ in range(64):
        following = _pointer(memory, main + interpreter.layout.interpreter_next)
        if not following:
            break
        main = following
    offset = _POINTER_IN_INTERPRETER_3_12
    if minor > 12:
        offset = debug_offsets(memory, interpreter.runtime, minor)["interpreter_state.ceval_gil"]
    at = _pointer(memory, main + offset)
    return Gil(at) if at else None


def _pointer(memory: Memory, at: int) -> int:
    return int(struct.unpack("<Q", memory.read(at, 8))[0])
