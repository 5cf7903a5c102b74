"""SIGUSR1, which has Node.js open its inspector, so that no call of the program breaks off.

The handler may run on any thread. The kernel takes the main one if it can, and what that stands in then ends with
EINTR: a read from a pipe in ``fs.readSync``, say, which Node.js does not repeat, and the program ends of it. Waits in
epoll and futex are repeated. So a thread of libuv's pool that waits for work gets the signal, and the main one where
there is no such thread, once it has stood in nothing else for 40 ms.
"""

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

from perfdoctor.collectors.backends.node.reach import USR1, WITHOUT, is_there
from perfdoctor.collectors.backends.proc import syscall
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.host.permission import status_field
from perfdoctor.collectors.syscall_names import name_of, number_of
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target

_UNBROKEN = frozenset(
    {"epoll_wait", "epoll_pwait", "epoll_pwait2", "futex", "running"}
    | {"fsync", "fdatasync", "pread64", "pwrite64", "preadv", "pwritev", "newfstatat", "statx", "close"}
)
"""calls that are repeated, and none; those that wait for a disk"""
_MAYBE_OF_DISKS = frozenset({"read", "write", "readv", "writev"})
"""calls that go on, where they are upon a regular file: no signal breaks off what waits for a disk"""
_PATIENCE = 2.0
"""seconds"""
_LOOK_SECONDS = 0.001
_LOOKS = 40
"""of the main thread, one after the other, that find it in nothing else: who reads again and again is met reading
meanwhile, and who does not is hardly about to just then"""


def wake(host: Host, target: Target) -> None:
    """OSError when the process has ended; ProblemError where a call would break off."""
    pid = target.pid
    until = time.monotonic() + _PATIENCE
    good, broken = 0, ""
    while time.monotonic() < until:
        if not is_there(host, target):
            raise ProcessLookupError(f"process {pid} has ended")
        standing = _stands_in(host, pid, pid)
        good, broken = (good + 1, broken) if standing in _UNBROKEN else (0, standing)
        thread = _of_the_pool(host, pid) or (pid if good == _LOOKS else None)
        if thread is not None:
            _signal(pid, thread)
            return
        time.sleep(_LOOK_SECONDS)
    raise ProblemError(
        f"The inspector of process {pid} was not opened.",
        f"Its main thread stands in {broken or 'what cannot be told'} again and again, which the signal for that would "
        "break off.",
        WITHOUT,
    )


def _of_the_pool(host: Host, pid: int) -> int | None:
    """A thread of libuv's pool that waits for work."""
    with contextlib.suppress(OSError):
        for name in host.list_folder(f"/proc/{pid}/task"):
            thread = int(name)
            if thread != pid and _accepts(host, pid, thread) and _stands_in(host, pid, thread) == "futex":
                return thread
    return None


def _accepts(host: Host, pid: int, thread: int) -> bool:
    blocked = status_field(host, f"{pid}/task/{thread}", "SigBlk")
    return bool(blocked) and not int(blocked[0], 16) & USR1


def _stands_in(host: Host, pid: int, thread: int) -> str:
    """The system call that a thread stands in; "running" where it stands in none, or in one that goes on as that does;
    "" where that cannot be told."""
    try:
        place = syscall.read(host, pid, thread)
    except (OSError, ValueError):
        return ""
    if place is None:
        return "running"
    if place.call is None:
        return ""
    name = name_of(place.call)
    return "running" if name in _MAYBE_OF_DISKS and _is_a_file(pid, place.arguments[0]) else name


def _is_a_file(pid: int, descriptor: int) -> bool:
    try:
        return Path(f"/proc/{pid}/fd/{descriptor}").is_file()
    except OSError:
        return False


def _signal(pid: int, thread: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(number_of("tgkill")), pid, thread, int(signal.SIGUSR1)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
