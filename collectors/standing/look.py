"""Where every thread is at one moment: the system call it is in, and its stack."""

import contextlib
import struct
from dataclasses import dataclass, field

from perfdoctor.collectors.backends.bpf.call_classes import FD_0, class_of
from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.backends.proc import net_tcp, syscall
from perfdoctor.collectors.backends.proc.fd import parse_socket
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.python_objects import BROKEN
from perfdoctor.collectors.runtimes.tasks import Tasks
from perfdoctor.collectors.standing.states import Followed
from perfdoctor.collectors.syscall_names import name_of
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.thread_stacks import WaitKind, WaitsIn

_WAIT, _LOCK_PI, _WAIT_BITSET, _LOCK_PI2 = 0, 6, 9, 13  # FUTEX_*, linux/futex.h
_OPERATION, _PRIVATE, _TID, _WAITERS = 127, 128, 0x3FFFFFFF, 1 << 31
_CONTENDED = 2
"""glibc's mutex: locked, and somebody sleeps"""
_DESCRIPTOR = 1024
"""bytes below the thread id within which the descriptor of a thread (glibc's, musl's) begins"""
_JOINED_AT, _TID_AT = 0x628, 0x2D0
"""in glibc's descriptor (struct pthread, nptl/descr.h): joinstate, tid"""
_TRIES = 3
"""times a thread that runs is asked for its place"""
_POLLED = 4
"""descriptors of a poll that are named"""


@dataclass(frozen=True, slots=True)
class Held:
    """What a thread waits for: ``owner`` is the thread id of whom it waits for, as the target knows it. ``certain``:
    the runtime itself says that it waits in a deadlock (a thread of Java wakes now and then in one)."""

    kind: WaitKind
    address: int
    owner: int
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    waits: WaitsIn | None = None
    stack: Stack = ()
    held: Held | None = None


@dataclass
class Look:
    """``places`` by our thread id. ``torn`` threads ran all the while: no stack."""

    places: dict[int, Standing] = field(default_factory=dict)
    torn: int = 0
    denied: int = 0
    python: set[int] = field(default_factory=set)
    """processes whose Python frames were walked"""


class Looker:
    """Looks at processes; keeps what it learned of them until it is closed."""

    def __init__(self, host: Host, *, stacks: bool = True) -> None:
        self._host, self._stacks = host, stacks
        self._names: dict[int, tuple[bytes, ProcessNames]] = {}
        self.why_no_frames: dict[int, str] = {}

    def look(self, threads: list[Followed]) -> Look:
        found = Look()
        by_process: dict[int, list[Followed]] = {}
        for thread in threads:
            by_process.setdefault(thread.pid, []).append(thread)
        for pid, group in by_process.items():
            names = self._process(pid)
            states = names.python_threads() if self._stacks else {}
            if states:
                found.python.add(pid)
            one = _OneProcess(self._host, pid, names, states, stacks=self._stacks)
            for thread in group:
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    try:
                        found.places[thread.tid] = one.look(thread, found)
                    except PermissionError:
                        found.denied += 1
        return found

    def _process(self, pid: int) -> ProcessNames:
        # Another program's (execve), or another process of that number, begins elsewhere.
        begins = b""
        with contextlib.suppress(OSError):
            begins = self._host.read_file(f"/proc/{pid}/maps", 64)
        known = self._names.get(pid)
        if known is not None and known[0] == begins:
            return known[1]
        if known is not None:
            known[1].close()
            self.why_no_frames.pop(pid, None)
        names = ProcessNames(self._host, pid, None)
        names.find_interpreter()
        if names.why_no_frames:
            self.why_no_frames[pid] = names.why_no_frames
        self._names[pid] = begins, names
        return names

    def tasks(self) -> tuple[dict[int, Tasks], set[str]]:
        """The tasks of asyncio of each process; and the interpreters of which they cannot be read."""
        found, unread = dict[int, Tasks](), set[str]()
        for pid, (_, names) in self._names.items():
            with contextlib.suppress(*BROKEN):
                tasks = names.tasks()
                if tasks is not None:
                    found[pid] = tasks
                elif names.interpreter is not None:
                    unread.add(names.interpreter.version)
        return found, unread

    def thread_at(self, pid: int, address: int, own_tids: set[int]) -> int | None:
        """Which of these threads (as the target numbers them) has its descriptor at ``address``: it holds its id."""
        names = self._names.get(pid)
        if names is not None:
            with contextlib.suppress(OSError, struct.error, ValueError, OverflowError):
                raw = names[1].read(address, _DESCRIPTOR)
                return next((word for (word,) in struct.iter_unpack("<I", raw) if word in own_tids), None)
        return None

    def close(self) -> None:
        for _, names in self._names.values():
            names.close()
        self._names.clear()


class _OneProcess:
    """One look at one process."""

    def __init__(self, host: Host, pid: int, names: ProcessNames, states: dict[int, int], *, stacks: bool) -> None:
        self._host, self._pid, self._names, self._states, self._stacks = host, pid, names, states, stacks
        self._sockets: dict[int, str] | None = None

    def look(self, thread: Followed, found: Look) -> Standing:
        state = self._states.get(thread.own_tid)
        for _ in range(_TRIES):
            place = syscall.read(self._host, self._pid, thread.tid)
            if place is not None:
                break
        else:
            if state is None:
                found.torn += self._stacks
                return Standing()
            return Standing(stack=self._stack(state, 0, 0))
        stack = self._stack(state, place.stack_pointer, place.instruction)
        if place.call is None:
            return Standing(stack=stack)
        name = name_of(place.call)
        return Standing(self._waits(place.call, name, place.arguments), stack, self._held(name, place.arguments))

    def _stack(self, state: int | None, stack_pointer: int, instruction: int) -> Stack:
        if not self._stacks:
            return ()
        return self._names.sleeping_stack(state, stack_pointer, instruction)

    def _waits(self, number: int, name: str, given: tuple[int, ...]) -> WaitsIn:
        text, interpreter = "", False
        if name.startswith("futex"):
            text = f"futex {given[0]:#x}"
            known = self._names.interpreter
            interpreter = known is not None and known.owns(given[0])
        elif name in ("poll", "ppoll"):
            text = self._polled(given[0], given[1])
        elif name in ("wait4", "waitid"):
            which = given[0] if name == "wait4" else given[1]
            text = f"pid {which}" if 0 < which < 1 << 22 else "any child"
        elif class_of(number) & 15 == FD_0:
            text = self._descriptor(given[0] & 0xFFFFFFFF)
        return WaitsIn(call=clean(name, 40), object=text, interpreter=interpreter)

    def _polled(self, address: int, number: int) -> str:
        if not 0 < number <= 1 << 16:
            return ""
        with contextlib.suppress(OSError, struct.error):
            raw = self._read(address, 8 * min(number, _POLLED))
            some = ", ".join(self._descriptor(fd) for fd, _, _ in struct.iter_unpack("<ihh", raw) if fd >= 0)
            return some + (f" and {number - _POLLED} more" if number > _POLLED else "")
        return f"{number} descriptors"

    def _descriptor(self, fd: int) -> str:
        try:
            link = self._host.read_link(f"/proc/{self._pid}/fd/{fd}")
        except OSError:
            return f"fd {fd}"
        inode = parse_socket(link)
        if inode is not None:
            if self._sockets is None:
                self._sockets = net_tcp.read_ends(self._host, self._pid)
            link = self._sockets.get(inode, link)
        return clean(link, 120)

    def _read(self, address: int, size: int) -> bytes:
        return self._names.read(address, size)

    def _held(self, name: str, given: tuple[int, ...]) -> Held | None:
        """Who is waited for, as the futex and the memory around it tell: a glibc mutex (its owner is at +8), one with
        the owner in the lock word (robust, priority inheriting, musl's), or the id of a thread that will end."""
        if name != "futex":
            return None
        address, operation, expected = given[0], given[1] & _OPERATION, given[2] & 0xFFFFFFFF
        with contextlib.suppress(OSError, struct.error):
            if operation in (_LOCK_PI, _LOCK_PI2):
                (word,) = struct.unpack("<I", self._read(address, 4))
                return Held(WaitKind.MUTEX, address, word & _TID)
            if operation not in (_WAIT, _WAIT_BITSET):
                return None
            if expected <= _CONTENDED and operation == _WAIT_BITSET and not given[1] & _PRIVATE:
                thread = self._joined(address)
                if thread:
                    return Held(WaitKind.JOIN, address, thread)
            if expected == _CONTENDED:
                lock, _, owner = struct.unpack("<IIi", self._read(address, 12))
                return Held(WaitKind.MUTEX, address, owner) if lock == _CONTENDED and owner > 0 else None
            (word,) = struct.unpack("<I", self._read(address, 4))
            if word == expected and expected & _WAITERS:
                return Held(WaitKind.MUTEX, address, expected & _TID)
            if word == expected and expected > _CONTENDED and self._in_descriptor(address):
                return Held(WaitKind.JOIN, address, expected)
        return None

    def _in_descriptor(self, address: int) -> bool:
        """Whether the word lies in the descriptor of a thread, which begins with its own address (x86-64)."""
        low = (address - _DESCRIPTOR) & ~63
        raw = self._read(low, _DESCRIPTOR)
        return any(struct.unpack_from("<Q", raw, at)[0] == low + at for at in range(0, _DESCRIPTOR, 64))

    def _joined(self, address: int) -> int:
        """The thread in whose descriptor glibc 2.42 and newer have its joiner sleep; 0 where it is none."""
        start = address - _JOINED_AT
        with contextlib.suppress(OSError):
            if self._read(start, 8) == struct.pack("<Q", start):
                return int(struct.unpack("<I", self._read(start + _TID_AT, 4))[0])
        return 0
