"""What the locks are called whose addresses a backend has counted, which of them are Python's, and who waits now."""

import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from perfdoctor.collectors.backends.proc import syscall
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.lock_rows import WAITS, WaitRow, kind_of
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.runtimes.gil import Gil, find_gil
from perfdoctor.collectors.runtimes.native import NativeNames
from perfdoctor.collectors.runtimes.python_interpreter import find_interpreter
from perfdoctor.collectors.runtimes.python_layout import NotWalkableError
from perfdoctor.collectors.syscall_names import name_of
from perfdoctor.schemas.locks import Lock, LockKind, LockProfile, StandingWait
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target


def named(host: Host, target: Target, measured: Measured[LockProfile]) -> Measured[LockProfile]:
    """The same with names, where the process still lives and may be read (the others keep their address), and with the
    threads that still wait now."""
    pids: list[int] = []
    with suppress(OSError, ProblemError):
        pids = tree(host, target)
    names: dict[int, NativeNames] = {}
    gils: dict[int, Gil | None] = {}
    try:
        locks = [_named(host, lock, names, gils) for lock in measured.profile.locks]
        standing = [wait for pid in pids for wait in _standing(host, pid, names, gils)]
    finally:
        for process in names.values():
            process.close()
    profile = measured.profile.model_copy(update={"locks": tuple(locks), "standing": tuple(standing)})
    return Measured(profile, measured.collection, measured.window)


def _named(host: Host, lock: Lock, names: dict[int, NativeNames], gils: dict[int, Gil | None]) -> Lock:
    if lock.address is None:
        return lock
    kind, name = _called(host, lock.pid, lock.address, names, gils)
    return lock.model_copy(update={"kind": kind or lock.kind, "name": name})


def _called(
    host: Host, pid: int, address: int, names: dict[int, NativeNames], gils: dict[int, Gil | None]
) -> tuple[LockKind | None, str]:
    """What is known of a lock by its place: that it is the interpreter's, and its name."""
    if pid not in names:
        names[pid] = NativeNames(host, pid)
        gils[pid] = _gil_of(host, pid, names[pid])
    gil = gils[pid]
    if gil and (part := gil.part(address)):
        return LockKind.INTERPRETER, part
    return None, names[pid].data(address)


def _standing(
    host: Host, pid: int, names: dict[int, NativeNames], gils: dict[int, Gil | None]
) -> Iterator[StandingWait]:
    """Threads inside a waiting futex call."""
    tids: list[int] = []
    with suppress(OSError):
        tids = [int(tid) for tid in host.list_folder(f"/proc/{pid}/task")]
    for tid, (address, op, expected) in _sleepers(host, pid, tids).items():
        row = WaitRow(pid=pid, address=address, op=op & 0xFF, expected=expected & 0xFFFFFFFF)
        if op & 127 in WAITS:
            special, name = _called(host, pid, address, names, gils)
            kind = special or kind_of(row)
            owner = _owner(host, pid, address, kind, tids)
            yield StandingWait(pid=pid, tid=tid, kind=kind, address=address, name=name, owner=owner)


_LOOKS, _BETWEEN_LOOKS = 5, 0.02
"""A thread that strace has just let go begins its call again: it is on its way there for a moment."""


def _sleepers(host: Host, pid: int, tids: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    """By thread: address, operation and expected value of the futex call that it is in."""
    found: dict[int, tuple[int, int, int]] = {}
    left = list(tids)
    for look in range(_LOOKS):
        if look:
            time.sleep(_BETWEEN_LOOKS)
        running = []
        for tid in left:
            with suppress(OSError, ValueError):
                place = syscall.read(host, pid, tid)
                if place is None:
                    running.append(tid)
                elif place.call is not None and name_of(place.call) == "futex":
                    address, operation, expected, *_ = place.arguments
                    found[tid] = address, operation, expected
        left = running
        if not left:
            break
    return found


_OWNER_AT = {LockKind.MUTEX: 8, LockKind.PRIORITY: 0}
"""where glibc's mutex keeps its owner (and the kernel, in the lock word itself, that of the priority kind)"""


def _owner(host: Host, pid: int, address: int, kind: LockKind, tids: Sequence[int]) -> int | None:
    """The thread that has the lock, as far as its memory says so. (Of a process in a pid namespace of its own the
    numbers differ, and none is found.)"""
    if kind not in _OWNER_AT:
        return None
    with suppress(OSError):
        memory = host.memory(pid)
        try:
            (tid,) = struct.unpack("<I", memory.read(address + _OWNER_AT[kind], 4))
        finally:
            memory.close()
        return tid & 0x3FFFFFFF if tid & 0x3FFFFFFF in tids else None
    return None


def _gil_of(host: Host, pid: int, names: NativeNames) -> Gil | None:
    with suppress(OSError, struct.error, KeyError, ValueError, NotWalkableError):
        memory = host.memory(pid)
        try:
            interpreter = find_interpreter(host, pid, memory, names.mappings())
            return find_gil(interpreter, memory) if interpreter else None
        finally:
            memory.close()
    return None
