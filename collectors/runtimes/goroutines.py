"""The goroutines of a Go program: where each stands and what it waits for, read from its memory.

The way: ``runtime.forEachGRace`` reads ``allglen`` and ``allgptr``, so its code says where they are, also in a program
without symbols → every ``g`` → its status, its reason to wait, the registers that it was parked with → its callers by
frame pointer. Where the fields of a ``g`` lie was read from the debug information of Go 1.19 and 1.21 to 1.27
(linux/amd64). What is read is hostile and moves meanwhile: everything is bounded, and a goroutine that makes no sense
is counted and left out.
"""

import re
import struct
import time
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.go_program import GoProgram, NotReadableError, aimed
from perfdoctor.collectors.runtimes.native import NativeNames
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Stack

MOST = 4096
"""goroutines looked at; of more, each n-th"""
_DEEPEST = 40
_STACK_READ = 8 << 10
"""bytes of a stack: of what a goroutine called before it parked"""
_MOST_ANYWAY = 1 << 22
_MOST_REASONS = 256
_OLDEST, _NEWEST = 19, 27
# mov rcx,[rip+…] (allglen) … mov rbx,[rip+…] (allgptr)  |  cmp al,N … lea rdx,[rip+…] (waitReasonStrings)
_ALL_LENGTH, _ALL_POINTER = re.compile(rb"\x48\x8b\x0d(....)", re.DOTALL), re.compile(rb"\x48\x8b\x1d(....)", re.DOTALL)
_REASONS = re.compile(rb"\x3c(.).{0,24}?\x48\x8d\x15(....)", re.DOTALL)
# mov r??,[r14+…], or cmp qword [r14+…],0: g.timer is the first field that time.Sleep reads
_TIMER = re.compile(rb"\x49(?:\x8b[\x86\x8e\x96\x9e\xa6\xae\xb6\xbe]|\x83\xbe)(....)", re.DOTALL)
_CODE_READ = 64
_LARGEST_G = 1024
_NEXT_WHEN = 56
"""where a timer says when it ends, which 1.19 to 1.22 leave to it; newer ones keep that in the g, behind the timer"""
_ARGUMENT = 16
"""from a frame pointer to where a first argument is kept"""
_LONGEST_SLEEP = 1 << 53
"""nanoseconds"""
SLEEP = "sleep"
_SCANNED = 0x1000
"""the bit of a status that the garbage collector sets while it looks at the stack"""
_STATES = {1: "runnable", 2: "running", 3: "in a system call", 4: "waiting", 9: "runnable"}
_RUNNING = 2
_REGISTERS, _IDENTITY_END = 56, 24
"""where ``sched`` begins in a g, and where its stack's bounds and guard end"""


_DENIED = "its memory may not be read"


class Sleep(NamedTuple):
    """Seconds: how long it was to be, and how long ago it began, which is more when its end is late."""

    asked: float
    age: float


class Goroutine(NamedTuple):
    """``state`` is one of runnable, running, waiting and in a system call; ``reason`` is the runtime's own word for
    what one that waits waits for. ``places`` are return addresses, innermost first; empty for one that runs."""

    ident: int
    state: str
    reason: str
    places: tuple[int, ...]
    sleep: Sleep | None = None


@dataclass
class Goroutines:
    """``looked_at`` of ``total``, whatever they do; ``torn`` of them changed while they were read, and ``ended`` are
    kept for those that begin next."""

    found: list[Goroutine] = field(default_factory=list)
    total: int = 0
    looked_at: int = 0
    ended: int = 0
    torn: int = 0


class _Fields(NamedTuple):
    """Offsets in a g."""

    frame: int
    status: int
    ident: int
    reason: int


def _fields(minor: int) -> _Fields:
    if minor >= 25:  # (gobuf lost ret)
        return _Fields(96, 144, 152, 176)
    # (1.23 and 1.24 keep the frame pointer of system calls)
    return _Fields(104, 152, 160, 184) if minor >= 23 else _Fields(104, 144, 152, 176)


class _Wakes(NamedTuple):
    """Where the time at which a sleep ends is: in a g, or in the timer that the g points to."""

    at: int
    in_timer: bool


class GoroutineReader:
    """Of one process, whose memory it keeps open until it is closed."""

    _wakes: _Wakes | None = None

    def __init__(self, host: Host, pid: int, asked: Iterable[str] = ()) -> None:
        """NotReadableError where it cannot be done. ``present`` are those of the functions ``asked`` that the program
        has."""
        try:
            self._memory = host.memory(pid)
        except OSError as error:
            raise NotReadableError(_DENIED) from error
        try:
            self._find(host, pid, asked)
        except NotReadableError:
            self.close()
            raise
        except (OSError, ValueError, struct.error) as error:
            self.close()
            raise NotReadableError(_DENIED) from error

    def close(self) -> None:
        self._memory.close()

    def _find(self, host: Host, pid: int, asked: Iterable[str]) -> None:
        with GoProgram(host, pid) as program:
            minor, memory = program.minor, self._memory
            if not _OLDEST <= minor <= _NEWEST:
                raise NotReadableError(f"it was made by Go 1.{minor}: known are 1.{_OLDEST} to 1.{_NEWEST}")
            self._fields = _fields(minor)
            self.present = frozenset(name for name in asked if program.table.function(name) is not None)
            self._wakes = self._where_it_wakes(program)
            code, at = program.code(memory, "runtime.forEachGRace", _CODE_READ)
            self._length, self._pointer = aimed(_ALL_LENGTH, code, at), aimed(_ALL_POINTER, code, at)
            code, at = program.code(memory, "runtime.waitReason.String", _CODE_READ)
            told = _REASONS.search(code)
            if told is None:
                raise NotReadableError("the code of its runtime is of no known form")
            (words,) = struct.unpack("<i", told[2])
            self._reasons = self._texts(at + told.end() + words, told[1][0])

    def _where_it_wakes(self, program: GoProgram) -> _Wakes | None:
        try:
            code, _ = program.code(self._memory, "time.Sleep", _CODE_READ)
        except NotReadableError:
            return None  # (nothing in this program sleeps)
        found = _TIMER.search(code)
        (timer,) = struct.unpack("<i", found[1]) if found else (0,)
        if not self._fields.reason < timer < _LARGEST_G or timer % 8:
            return None
        return _Wakes(timer, in_timer=True) if program.minor < 23 else _Wakes(timer + 8, in_timer=False)

    def read(self, reasons: Container[str] | None = None) -> Goroutines:
        """All goroutines, those of the runtime too; with ``reasons`` only those that wait for one of these. OSError
        when the process has ended."""
        length, pointer = self._word(self._length), self._word(self._pointer)
        if not 0 <= length <= _MOST_ANYWAY:
            raise OSError(14, "not a number of goroutines")
        found = Goroutines()
        step = max(1, -(-length // MOST))
        addresses = struct.unpack(f"<{length}Q", self._memory.read(pointer, 8 * length)) if length else ()
        for address in addresses[::step]:
            try:
                self._look(address, reasons, found)
            except (OSError, struct.error):
                found.torn += 1
        found.total, found.looked_at = length, len(addresses[::step])
        return found

    def _look(self, address: int, reasons: Container[str] | None, found: Goroutines) -> None:
        fields = self._fields
        raw = self._memory.read(address, max(fields.reason + 1, self._wakes.at + 8 if self._wakes else 0))
        now = time.monotonic_ns()
        (status,) = struct.unpack_from("<I", raw, fields.status)
        state = _STATES.get(status & ~_SCANNED)
        if state is None:  # (or its stack moves just now)
            found.ended += 1
            return
        reason = (
            self._reasons[raw[fields.reason]] if state == "waiting" and raw[fields.reason] < len(self._reasons) else ""
        )
        if reasons is not None and reason not in reasons:
            return
        (ident,) = struct.unpack_from("<q", raw, fields.ident)
        sleep = self._sleep(raw, now) if reason == SLEEP else None
        places = () if status & ~_SCANNED == _RUNNING else self._places(raw)
        found.found.append(Goroutine(ident, state, reason, places, sleep))

    def _sleep(self, raw: bytes, now: int) -> Sleep | None:
        """time.Sleep keeps what it was asked for where all Go puts a first argument that must outlive a call: above
        the return address. The clock is looked at after the time to wake was read, never before it."""
        if self._wakes is None:
            return None
        (when,) = struct.unpack_from("<Q", raw, self._wakes.at)
        if self._wakes.in_timer:
            (when,) = struct.unpack("<Q", self._memory.read(when + _NEXT_WHEN, 8))
            now = time.monotonic_ns()
        (parks,) = struct.unpack_from("<Q", raw, self._fields.frame)
        asked = self._word(self._word(parks) + _ARGUMENT)
        age = now - when + asked
        return Sleep(asked / 1e9, age / 1e9) if 0 < asked < _LONGEST_SLEEP and 0 <= age < _LONGEST_SLEEP else None

    def _places(self, raw: bytes) -> tuple[int, ...]:
        _, high = struct.unpack_from("<2Q", raw)
        low, at = struct.unpack_from("<2Q", raw, _REGISTERS)
        (frame,) = struct.unpack_from("<Q", raw, self._fields.frame)
        if not low <= frame < high:
            return (at,)
        stack = self._memory.read(low, min(high - low, _STACK_READ))
        places = [at]
        while len(places) < _DEEPEST and low <= frame <= low + len(stack) - 16:
            above, back = struct.unpack_from("<2Q", stack, frame - low)
            if back:
                places.append(back)
            if not back or above <= frame:
                break
            frame = above
        return tuple(places)

    def _texts(self, at: int, last: int) -> tuple[str, ...]:
        texts = []
        for pointer, length in struct.iter_unpack("<Qq", self._memory.read(at, 16 * min(last + 1, _MOST_REASONS))):
            text = self._memory.read(pointer, length) if 0 < length <= 64 else b""
            texts.append(clean(text.decode("utf-8", "replace"), 64))
        return tuple(texts)

    def _word(self, at: int) -> int:
        return int(struct.unpack("<Q", self._memory.read(at, 8))[0])


def stack_of(places: Iterable[int], names: NativeNames) -> Stack:
    """The frames at the places of a goroutine, innermost first."""
    return tuple(frame for place in places for frame in names.frames(place, returns=True))
