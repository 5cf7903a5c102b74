"""Who was inside a system call already when the window began: the thread is asked, for no event told of it."""

import contextlib
from dataclasses import dataclass

from perfdoctor.collectors.backends.bpf.call_classes import ADDRESS_0, FD_0, class_of
from perfdoctor.collectors.backends.bpf.decode import IS_ADDRESS, IS_FD
from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.backends.proc import syscall
from perfdoctor.collectors.host.base import Host
from perfdoctor.schemas.frame import Stack

_MOST = 512
"""threads looked at; the sleep of any beyond has no stack"""


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A thread in a system call: the call's number, its object in the kernel side's terms, and its stack."""

    call: int
    object: int
    stack: Stack


def look(host: Host, names: dict[int, ProcessNames]) -> dict[int, Sleeper]:
    """The sleepers among the threads of these processes, by thread id."""
    found: dict[int, Sleeper] = {}
    for pid, process in names.items():
        with contextlib.suppress(OSError):
            states = process.python_threads()
            for tid in map(int, host.list_folder(f"/proc/{pid}/task")):
                if len(found) >= _MOST:
                    return found
                with contextlib.suppress(OSError, ValueError, IndexError):
                    sleeper = _look_at(host, process, pid, tid, states)
                    if sleeper:
                        found[tid] = sleeper
    return found


def _look_at(host: Host, process: ProcessNames, pid: int, tid: int, states: dict[int, int]) -> Sleeper | None:
    place = syscall.read(host, pid, tid)
    if place is None or place.call is None:
        return None
    first = place.arguments[0]
    kind, thing = class_of(place.call) & 15, 0
    if kind == FD_0:
        thing = IS_FD | first & 0xFFFFFFFF
    elif kind == ADDRESS_0:
        thing = IS_ADDRESS | first & ~(15 << 60)
    own_tid = tid
    if states and tid not in states:  # in a namespace of its own, the thread has another number
        status = host.read_file(f"/proc/{pid}/task/{tid}/status")
        own_tid = int(status.partition(b"NSpid:")[2].split(b"\n", 1)[0].split()[-1])
    stack = process.sleeping_stack(states.get(own_tid), place.stack_pointer, place.instruction)
    if syscall.read(host, pid, tid) != place:
        # It went on while its stack was read: that may be a mixture of two.
        stack = stack[:1]
    return Sleeper(place.call, thing, stack)
