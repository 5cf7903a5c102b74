"""What the locks are called whose addresses a backend has counted, and which of them are Python's."""

import struct
from contextlib import suppress

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.runtimes.gil import Gil, find_gil
from perfdoctor.collectors.runtimes.native import NativeNames
from perfdoctor.collectors.runtimes.python import NotWalkableError, find_interpreter
from perfdoctor.schemas.locks import Lock, LockKind, LockProfile


def named(host: Host, measured: Measured[LockProfile]) -> Measured[LockProfile]:
    """The same with names, where the process still lives and may be read; the others keep their address."""
    names: dict[int, NativeNames] = {}
    gils: dict[int, Gil | None] = {}
    try:
        locks = [_named(host, lock, names, gils) for lock in measured.profile.locks]
    finally:
        for process in names.values():
            process.close()
    profile = measured.profile.model_copy(update={"locks": tuple(locks)})
    return Measured(profile, measured.collection, measured.window)


def _named(host: Host, lock: Lock, names: dict[int, NativeNames], gils: dict[int, Gil | None]) -> Lock:
    if lock.address is None:
        return lock
    if lock.pid not in names:
        names[lock.pid] = NativeNames(host, lock.pid)
        gils[lock.pid] = _gil_of(host, lock.pid, names[lock.pid])
    gil = gils[lock.pid]
    if gil and (part := gil.part(lock.address)):
        return lock.model_copy(update={"kind": LockKind.INTERPRETER, "name": part})
    return lock.model_copy(update={"name": names[lock.pid].data(lock.address)})


def _gil_of(host: Host, pid: int, names: NativeNames) -> Gil | None:
    with suppress(OSError, struct.error, KeyError, ValueError, NotWalkableError):
        memory = host.memory(pid)
        try:
            interpreter = find_interpreter(host, pid, memory, names.mappings())
            return find_gil(interpreter, memory) if interpreter else None
        finally:
            memory.close()
    return None
