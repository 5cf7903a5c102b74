"""The stacks of one window, and what their frames are called.

The kernel sends each stack once, as addresses. What dies soon (Python's code objects, code that a runtime compiled) is
named while its process is there to ask; what lies in files is named when somebody asks for it.
"""

import time

from perfdoctor.collectors.backends.bpf.decode import StackRecord
from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.backends.bpf.programs import Programs
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.kernel_names import KernelNames
from perfdoctor.collectors.runtimes.python import UNNAMED
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

_NAMING_SECONDS = 0.01
"""How long one ``name_compiled`` goes on, ten times a second: the target may want this core. What is left is named when
the window has closed."""
_INTERPRETER_LOOP = ("_PyEval_EvalFrameDefault", "_TAIL_CALL_")


class Stacks:
    """Each by its hash, which is what the kernel's tables have in their keys. ``mixed``: see Wanted."""

    def __init__(self, host: Host, *, mixed: bool) -> None:
        self._are_mixed = mixed
        self._records: dict[int, StackRecord] = {}
        self._namers: dict[int, ProcessNames] = {}
        """by stack: the names of the program that ran it; another may have taken its place in the process since"""
        self._python: dict[int, Stack] = {}
        self._native: dict[int, Stack] = {}
        self._mixed: dict[int, tuple[Stack, bool]] = {}
        self._compiled: list[int] = []
        """stacks of processes that write down what they compile, still without names"""
        self.unresolved = 0
        self.loaded: Programs | None = None
        """who is asked for the kernel's stacks, while it is there"""
        self._kernel = KernelNames(host)
        self._kernel_stacks: dict[int, tuple[Frame, ...]] = {}

    def hear(self, record: StackRecord, names: ProcessNames | None) -> None:
        """The kernel sent a stack of the process that ``names`` are of: name what may be gone soon."""
        if record.hash in self._records:
            return
        self._records[record.hash] = record
        if names is not None:
            self._namers[record.hash] = names
            if record.native and names.has_perf_map():
                self._compiled.append(record.hash)
        if names is None or not record.python:
            return
        frames = names.python(record)
        if UNNAMED in frames:
            self.unresolved += 1
        if any(frame is not UNNAMED for frame in frames):
            self._python[record.hash] = frames

    def name_compiled(self) -> None:
        """Name code that was compiled while it ran, as long as its process is there to ask. May run in a second thread
        beside ``hear``, which must not wait for it. (What lies in files keeps until the window has closed: symbol
        tables take time, and the target may want this core.)"""
        until = time.monotonic() + _NAMING_SECONDS
        while self._compiled and time.monotonic() < until:
            self.native_of(self._compiled.pop())

    def doubt(self) -> None:
        """The window is closed: take back the names of code whose place other code took meanwhile."""
        for key, frames in self._python.items():
            self._python[key] = self._namers[key].doubted(self._records[key], frames)
        for key, names in self._namers.items():
            if names.lies_in_replaced(self._records[key]):
                self._native[key] = names.native(self._records[key])

    # -- asked for -----------------------------------------------------------------------------------------------------

    def __contains__(self, key: int) -> bool:
        return key in self._records

    def of(self, key: int) -> Stack:
        """The language's frames of a stack (native ones where there is no other language), innermost first."""
        return self._python.get(key) or self.native_of(key)

    def has_python(self, key: int) -> bool:
        return key in self._python

    def native_of(self, key: int) -> Stack:
        """The native frames of a stack, innermost first; of a Python one those that its innermost line called."""
        known = self._native.get(key)
        if known is None:
            record = self._records.get(key)
            names = self._namers.get(key)
            known = names.native(record) if record and names else ()
            if record and record.python and not self._are_mixed:
                known = _below_python(known)
            self._native[key] = known
        return known

    def mixed_of(self, key: int) -> tuple[Stack, bool]:
        """The Python frames of a stack with the native ones between them, and whether their places are known."""
        known = self._mixed.get(key)
        if known is None:
            known = self._mixed[key] = self._namers[key].mixed(self._records[key], self._python[key])
        return known

    def kernel_of(self, key: int) -> tuple[Frame, ...]:
        """The frames of a kernel's stack, by its own number, innermost first; empty for -1."""
        known = self._kernel_stacks.get(key)
        if known is None:
            told = self.loaded.kernel_stack(key) if key >= 0 and self.loaded else []
            known = self._kernel_stacks[key] = tuple(
                Frame(kind=FrameKind.KERNEL, function=clean(at, 128)) if isinstance(at, str) else self._kernel.frame(at)
                for at in told
            )
        return known

    def named_already(self, key: int) -> Stack:
        """What ``of`` would say, where it need not name anything for it: that takes time."""
        return self._python.get(key) or self._native.get(key) or ()


def _below_python(native: Stack) -> Stack:
    """Up to the interpreter's loop, which ran the innermost Python line: beyond it are that line's callers."""
    loops = (i for i, frame in enumerate(native, 1) if frame.function.startswith(_INTERPRETER_LOOP))
    return native[: next(loops, len(native))]
