"""/proc/PID/stat: what the kernel counts for a process (proc_pid_stat(5))."""

import os
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD, include/linux/sched.h


@dataclass(frozen=True, slots=True)
class Stat:
    """Times in seconds, ``rss`` in bytes, ``started`` in seconds since boot. ``child_*`` are of children that have
    ended and were waited for, theirs included. ``name`` is the process's own choice: hostile text, as it is."""

    pid: int
    name: str
    state: str
    parent: int
    kernel_thread: bool
    minor_faults: int
    child_minor_faults: int
    major_faults: int
    child_major_faults: int
    user: float
    system: float
    child_user: float
    child_system: float
    threads: int
    started: float
    rss: int

    @property
    def cpu(self) -> float:
        """Seconds on a core since it started, of its own threads only."""
        return self.user + self.system

    @property
    def ended(self) -> bool:
        """Nothing of it runs any more. A program whose first thread has left shows ``Z`` as well, but lives on."""
        return self.state in "ZXx" and self.threads <= 1


def parse(data: bytes) -> Stat:
    """ValueError when it is not such a line."""
    # 4242 (a name (it may hold ") ") R 1 4242 4242 0 -1 4194304 101 0 0 0 12 3 0 0 20 0 1 0 552568 3133440 412 …
    pid, opening, rest = data.partition(b" (")
    name, closing, counted = rest.rpartition(b") ")
    field = counted.split()
    if not opening or not closing or len(field) < 22:
        raise ValueError("not a line of /proc/PID/stat")
    number = [int(value) for value in field[1:22]]
    return Stat(
        pid=int(pid),
        name=name.decode("utf-8", "replace"),
        state=field[0].decode("ascii", "replace"),
        parent=number[0],
        kernel_thread=bool(number[5] & _KERNEL_THREAD),
        minor_faults=number[6],
        child_minor_faults=number[7],
        major_faults=number[8],
        child_major_faults=number[9],
        user=number[10] * _TICK,
        system=number[11] * _TICK,
        child_user=number[12] * _TICK,
        child_system=number[13] * _TICK,
        threads=number[16],
        started=number[18] * _TICK,
        rss=number[20] * _PAGE,
    )


def read(host: Host, pid: int) -> Stat:
    """OSError when there is no such process."""
    return parse(host.read_file(f"/proc/{pid}/stat"))
