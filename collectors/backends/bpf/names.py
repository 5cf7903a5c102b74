"""Names for the addresses of one process, in its own language and natively, while it lives and after."""

import contextlib
import struct
from itertools import zip_longest

from perfdoctor.collectors.backends.bpf.decode import (
    NATIVE_FRAMES,
    STACK_CUT,
    STACK_OUTERMOST,
    STACK_PARTIAL,
    STACK_SCANNED,
    STACK_SCANNED_DEEPER,
    StackRecord,
)
from perfdoctor.collectors.host.base import Host, Memory
from perfdoctor.collectors.runtimes import python_arguments
from perfdoctor.collectors.runtimes.mixed import NativeCalls, merged
from perfdoctor.collectors.runtimes.native import CUT, CodeMapping, NativeNames
from perfdoctor.collectors.runtimes.python import UNNAMED, UNREAD, PythonNames
from perfdoctor.collectors.runtimes.python_arguments import ArgumentReader
from perfdoctor.collectors.runtimes.python_interpreter import Interpreter, find_interpreter
from perfdoctor.collectors.runtimes.python_layout import NotWalkableError
from perfdoctor.collectors.runtimes.standing import NativeWalk
from perfdoctor.collectors.runtimes.tasks import VERSIONS, TaskReader, Tasks
from perfdoctor.schemas.frame import Frame, FrameKind, Stack


def _in_doubt(frame: Frame) -> Frame:
    if frame is UNNAMED:
        return frame
    return Frame(kind=frame.kind, function=f"{frame.function} [or other code that took its place]")


class ProcessNames:
    """``parent`` is the process that this one was forked from: its memory was the same, and it may outlive it.
    ``executed``: when the process became the program that these names are of (the engine's time; 0: before the window).
    """

    def __init__(self, host: Host, pid: int, parent: "ProcessNames | None", *, executed: int = 0) -> None:
        self._host, self.pid, self._parent, self.executed = host, pid, parent, executed
        self._memory: Memory | None = None
        self._refused = False
        try:
            self._memory = host.memory(pid)
        except PermissionError:
            self._refused = True
        except OSError:
            pass  # it has ended: nobody will ask for its lines
        self._native = NativeNames(host, pid)
        self._walk: NativeWalk | None = None
        self.interpreter: Interpreter | None = parent.interpreter if parent else None
        self._python: PythonNames | None = None
        self.why_no_frames = ""
        self._use(self.interpreter)

    def _use(self, interpreter: Interpreter | None) -> None:
        self.interpreter = interpreter
        if interpreter and self._memory:
            self._python = PythonNames(self._memory, interpreter.layout)

    def find_interpreter(self) -> Interpreter | None:
        """Look for a language runtime whose frames can be walked; ``why_no_frames`` says why not, if there is one."""
        if self._memory is None:
            if self._refused:
                self.why_no_frames = f"the memory of process {self.pid} may not be read: no source lines for it"
            return None
        try:
            self._use(find_interpreter(self._host, self.pid, self._memory, self._native.mappings()))
        except NotWalkableError as error:
            self.why_no_frames = f"no Python lines for process {self.pid}: {error}"
        except (OSError, struct.error):
            pass  # it ended meanwhile
        return self.interpreter

    def program_text(self) -> tuple[int, int]:
        return self._native.program_text()

    def code(self) -> list[CodeMapping]:
        """What it has mapped to be executed; empty when that cannot be read."""
        with contextlib.suppress(OSError):
            return self._native.code()
        return []

    def python(self, record: StackRecord) -> Stack:
        """The Python frames of a stack. What nobody can name any more keeps its place as UNNAMED: or else its caller
        would pass for the line that did it."""
        identities = record.identities or (0,) * len(record.python)
        known = zip(record.python, identities, strict=True)
        frames = tuple(self._python_frame(code, at, identity) or UNNAMED for (code, at), identity in known)
        return (*frames, UNREAD) if frames and record.flags & STACK_PARTIAL else frames

    def _python_frame(self, code: int, instruction: int, identity: int) -> Frame | None:
        frame = self._python.frame(code, instruction, identity=identity) if self._python else None
        if frame is None and self._parent is not None:
            return self._parent._python_frame(code, instruction, identity)
        return frame

    def native(self, record: StackRecord) -> Stack:
        """The native frames of a stack, innermost first."""
        calls, cut = self._native_calls(record)
        frames = tuple(frame for frames in calls for frame in frames)
        return (*frames, CUT) if cut else frames

    def mixed(self, record: StackRecord, python: Stack) -> tuple[Stack, bool]:
        """The frames of both languages, and whether their order is known: see ``mixed.merged``. ``python``: what the
        Python ones were named."""
        old = self.interpreter is not None and self.interpreter.layout.by_pointer
        calls, cut = self._native_calls(record)
        native = NativeCalls(
            calls,
            whole=bool(record.flags & STACK_OUTERMOST) and not cut,
            cut=len(record.native) >= NATIVE_FRAMES,
            loop=None if old else record.loop_frame,
        )
        return merged(python, record.loops, native)

    def _native_calls(self, record: StackRecord) -> tuple[list[Stack], bool]:
        """The native frames of each address, and whether there are callers that nobody knows."""
        frames: list[Stack] = []
        for i, address in enumerate(record.native):
            scanned = record.flags & {1: STACK_SCANNED, 2: STACK_SCANNED_DEEPER}.get(i, 0)
            if scanned and not self._follows_call(address):
                continue
            if i and not scanned and self._native.never_returned_to(address):
                return frames, True
            named = self._native.frames(address, returns=i > 0)
            if not named and self._parent is not None:
                named = self._parent._native.frames(address, returns=i > 0)
            frames.append(named or (Frame(kind=FrameKind.NATIVE, function=f"[{address:#x}]"),))
        return frames, bool(record.flags & STACK_CUT)

    def _follows_call(self, address: int) -> bool:
        return self._native.follows_call(address) or (self._parent is not None and self._parent._follows_call(address))

    def has_perf_map(self) -> bool:
        """See NativeNames.has_perf_map."""
        return self._native.has_perf_map()

    def data(self, address: int) -> str:
        """What lies at a data address: see NativeNames.data."""
        return self._native.data(address)

    def python_threads(self) -> dict[int, int]:
        """Where the interpreter keeps each thread's state, by the thread id that it knows; empty where it has none."""
        if self._python and self.interpreter:
            with contextlib.suppress(OSError, struct.error):
                return self._python.states(self.interpreter.runtime)
        return {}

    def tasks(self) -> Tasks | None:
        """Its tasks of asyncio; None where this interpreter's cannot be read. One of BROKEN (python_objects.py)
        when it has ended."""
        reader = self.task_reader()
        return reader.read() if reader is not None else None

    def task_reader(self) -> TaskReader | None:
        """Who reads its tasks of asyncio; see ``tasks``."""
        if self.interpreter is None or self._python is None or self._memory is None:
            return None
        if self.interpreter.layout.minor not in VERSIONS:
            return None
        return TaskReader(self._memory, self._python, self.interpreter)

    def argument_reader(self) -> ArgumentReader | None:
        """Who reads with what its functions are called; None where this interpreter's frames are not known so well."""
        if self.interpreter is None or self._python is None or self._memory is None:
            return None
        if self.interpreter.layout.minor not in python_arguments.VERSIONS:
            return None
        return ArgumentReader(self._memory, self._python, self.interpreter)

    def sleeping_stack(self, state: int | None, stack_pointer: int, instruction: int) -> Stack:
        """The stack of a thread that does not move: its Python frames, or all the native ones that can be found."""
        if state and self._python:
            with contextlib.suppress(OSError, struct.error):
                return self._python.stack(state)
        if self._memory is None:
            return self._native.frames(instruction, returns=False)
        if self._walk is None:
            self._walk = NativeWalk(self._memory, self._native)
        return self._walk.stack(stack_pointer, instruction)

    def read(self, address: int, size: int) -> bytes:
        """Of its memory, or OSError."""
        if self._memory is None:
            raise OSError(f"the memory of process {self.pid} cannot be read")
        return self._memory.read(address, size)

    def is_gone(self) -> None:
        """Another program has taken its place in the process: what is mapped now is not what these addresses mean."""
        self._native.is_gone()

    def code_was_mapped(self, at: int, low: int, high: int, offset: int, inode: int) -> None:
        """See NativeNames.code_was_mapped."""
        self._native.code_was_mapped(at, low, high, offset, inode)

    def look_again(self) -> bool:
        """Whether code that was named is still there: call it now and then. Says whether other code is mapped."""
        if self._python:
            self._python.look_again()
        return self._native.look_again()

    def look_at_all(self) -> None:
        """At the end of a window: see PythonNames.look_at_all."""
        if self._python:
            self._python.look_at_all()

    def lies_in_replaced(self, record: StackRecord) -> bool:
        """Whether the native frames of a stack lie where other code lay before, or after."""
        return any(map(self._native.was_replaced, record.native))

    def doubted(self, record: StackRecord, frames: Stack) -> Stack:
        """The same, without the lines of code whose place other code has taken since."""
        moved = self._python.moved if self._python else set[int]()
        if moved.isdisjoint(code for code, _ in record.python):
            return frames
        known = zip_longest((code for code, _ in record.python), frames, fillvalue=0)
        return tuple(_in_doubt(frame) if code in moved else frame for code, frame in known if isinstance(frame, Frame))

    @property
    def replaced_code(self) -> int:
        """How many code objects were seen to be gone after they were named."""
        return len(self._python.moved | self._python.freed) if self._python else 0

    def close(self) -> None:
        self._native.close()
        if self._memory is not None:
            self._memory.close()
            self._memory = None
