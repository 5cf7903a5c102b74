"""How much CPU time do a process and its children use, to the nanosecond?"""

import contextlib
import time
from collections.abc import Mapping

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.schemas.target import Target

_PROCESS_CLOCK = 2
"""CPUCLOCK_SCHED of the kernel's include/linux/posix-timers.h: the scheduler's own account of a whole process"""


class CpuWatch:
    """Looks, several times in a window, at the CPU time of the target (and its children, when it includes them).

    The figure is the process's CPU clock (clock_gettime with the id that clock_getcpuclockid(3) makes), which any
    process may read. It has the threads that ended in it, whose /proc/PID/task/TID/schedstat is gone. What a process
    used after its last look, or one that came and went between two, is not known.
    """

    def __init__(self, host: Host, target: Target) -> None:
        self._host, self._target = host, target
        self._first: dict[int, float] = {}
        self._last: dict[int, float] = {}
        self._looked = False
        self._elapsed = 0.0
        self.pid_of: dict[int, int] = {}
        """the process of every thread that was seen"""
        self.newcomers: set[int] = set()
        """threads that were not there at the first look"""
        self.ended_processes: set[int] = set()

    @property
    def ended(self) -> bool:
        """Whether the target itself has ended."""
        return self.ended_processes.issuperset(self._target.pids)

    def begin(self) -> None:
        """Forget what was seen: the window begins now."""
        self._looked = False
        self._first.clear()
        self._last.clear()
        self.newcomers.clear()
        self.look()

    def look_at(self, elapsed: float) -> None:
        """Look, unless the window has not gone on since: what is used before and after it is not of it."""
        if elapsed != self._elapsed:
            self._elapsed = elapsed
            self.look()

    def look(self) -> None:
        for pid in {*self._target.pids, *tree(self._host, self._target)}:
            used = _cpu_clock(pid)
            if used is not None:
                # Who was not there at the first look was started since: all that it used belongs to the window.
                self._first.setdefault(pid, 0.0 if self._looked else used)
                self._last[pid] = used
                self._note_threads(pid)
        self.ended_processes = {pid for pid in {*self._target.pids, *self._last} if _cpu_clock(pid) is None}
        self._looked = True

    def _note_threads(self, pid: int) -> None:
        with contextlib.suppress(OSError):
            for tid in map(int, self._host.list_folder(f"/proc/{pid}/task")):
                if self._looked and tid not in self.pid_of:
                    self.newcomers.add(tid)
                self.pid_of[tid] = pid

    @property
    def by_process(self) -> dict[int, float]:
        """CPU seconds since the first look, by pid."""
        return {pid: max(0.0, self._last[pid] - first) for pid, first in self._first.items()}

    @property
    def seconds(self) -> float:
        return sum(self.by_process.values())


def _cpu_clock(pid: int) -> float | None:
    """CPU seconds that a process has used, all its threads together; None when there is no such process."""
    try:
        return time.clock_gettime(~pid << 3 | _PROCESS_CLOCK)
    except OSError:
        return None


def share_out(samples: Mapping[int, int], watch: CpuWatch, hz: int) -> tuple[float, dict[int, float]]:
    """The CPU seconds of all, and for how many of them one sample of each process stands, so that they add up.

    Where the watch could not follow to the end (a process that ended, or came and went) the samples themselves say the
    least that was used. Processes that used too little to be sampled are stood for by the others."""
    exact = watch.by_process
    for pid, taken in samples.items():
        if pid not in exact or pid in watch.ended_processes:
            exact[pid] = max(exact.get(pid, 0.0), taken / hz)
    total = sum(exact.values())
    sampled = sum(exact[pid] for pid, taken in samples.items() if taken)
    spread = total / sampled if sampled else 0.0
    return total, {pid: exact[pid] / taken * spread for pid, taken in samples.items() if taken}
