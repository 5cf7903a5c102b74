"""What has a process used since the first look? Counters of processes and threads that come and go, added up."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from perfdoctor.collectors.backends.proc import fd, io, schedstat, smaps_rollup, stat, status, uptime
from perfdoctor.collectors.backends.proc.io import Io
from perfdoctor.collectors.backends.proc.stat import Stat
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.processes.amount import amount
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.processes.look import Look
from perfdoctor.collectors.target import still_there, why_denied
from perfdoctor.schemas.target import Target

_MOST_THREADS = 1024
"""read at each look, two files each"""
_PSS_SHARE = 0.02
"""of the time may go into smaps_rollup, for the target cannot map memory meanwhile"""

Counts = tuple[float, ...]


@dataclass(slots=True)
class _Before:
    """The last look's raw figures, by what they belong to."""

    processes: dict[tuple[int, float], Stat] = field(default_factory=dict)
    io: dict[tuple[int, float], Io] = field(default_factory=dict)
    threads: dict[tuple[int, int], Counts] = field(default_factory=dict)


class Meter:
    """Looks at a target, its descendants included when it says so. Blocking: call it in a worker thread."""

    def __init__(self, host: Host, target: Target) -> None:
        self._host, self._target = host, target
        self._before: _Before | None = None
        self._began = self._next_pss = 0.0
        self._born_after = 0.0
        self._spent: Counts = (0.0,) * 4
        self._moved: Counts = (0.0,) * 4
        self._switched: Counts = (0.0,) * 3
        self._last: tuple[Look, float] | None = None
        self._cores = 0.0
        self._denied: set[int] = set()
        self._unread_threads = 0
        self._pss_seconds = 0.0
        try:
            schedstat.parse(host.read_file("/proc/self/schedstat"))
            self._has_schedstat = True
        except (OSError, ValueError):
            self._has_schedstat = False

    def look(self) -> Look | None:
        """None when the target has ended."""
        host, target = self._host, self._target
        now = time.monotonic()
        if not self._any_runs():
            return None
        first = self._before is None
        if first:
            self._began = now
            self._born_after = uptime.read(host) - 0.02  # the kernel rounds the start of a process down
        processes: dict[tuple[int, float], Stat] = {}
        for pid in tree(host, target):
            with contextlib.suppress(OSError, ValueError):
                found = stat.read(host, pid)
                processes[pid, found.started] = found
        alive = {pid: found for (pid, _), found in processes.items() if not found.ended}
        after = _Before(processes, self._read_io(processes), self._read_threads(alive))
        if self._before is not None:
            self._add_up(self._before, after)
        self._before = after
        fds, sockets = self._read_files(alive)
        told = target.pid not in self._denied
        look = Look(
            at=now - self._began,
            user=self._spent[0],
            system=self._spent[1],
            minor_faults=self._spent[2],
            major_faults=self._spent[3],
            voluntary=self._switched[0],
            involuntary=self._switched[1],
            runnable=self._switched[2] if self._has_schedstat else None,
            io=Io(*(int(value) for value in self._moved)) if told and after.io else None,
            rss=sum(found.rss for found in alive.values()),
            pss=None if first else self._read_pss(alive, now),
            threads=sum(found.threads for found in alive.values()),
            fds=fds if told else None,
            sockets=sockets if told else None,
        )
        self._note(look)
        return look

    def so_far(self) -> str:
        """The current figures in few words, for progress."""
        if self._last is None:
            return "looking"
        look = self._last[0]
        files = "" if look.fds is None else f", {look.fds} open files"
        return f"{self._cores:.2f} cores, {amount(look.rss)} resident, {look.threads} threads{files}"

    def warnings(self) -> tuple[str, ...]:
        said = []
        if self._target.pid in self._denied:
            denied = why_denied(self._host, self._target.pid)
            said.append(f"{denied.what} {denied.why} {denied.next_step}")
        elif self._denied:
            said.append(
                f"{len(self._denied)} of its child processes may not be inspected: their I/O, files and proportional "
                "set size are not in the figures."
            )
        if self._unread_threads:
            said.append(
                f"It has more than {_MOST_THREADS:,} threads: the switches and waiting of {self._unread_threads:,} "
                "are not in the figures."
            )
        if self._pss_seconds > 0.05:
            said.append(
                f"Reading the proportional set size took {self._pss_seconds:.2f} s, in which the target could not map "
                "memory: it was read less often."
            )
        return tuple(said)

    def _note(self, look: Look) -> None:
        spent = look.user + look.system
        if self._last is not None and look.at > self._last[0].at:
            self._cores = (spent - self._last[1]) / (look.at - self._last[0].at)
        self._last = look, spent

    def _add_up(self, before: _Before, after: _Before) -> None:
        both = self._target.children
        own = self._grown(
            {key: _own(found) for key, found in before.processes.items()},
            {key: _own(found) for key, found in after.processes.items()},
        )
        if both:
            # A child that ended in between took its own figures with it, but its parent has them when it was waited
            # for. Where nobody waits (SIGCHLD ignored) they are lost, and the living ones are the lower bound.
            gone = _sum(_family(found) for key, found in before.processes.items() if key not in after.processes)
            family = self._grown(
                {key: _family(found) for key, found in before.processes.items()},
                {key: _family(found) for key, found in after.processes.items()},
            )
            own = tuple(max(one, all_ - less) for one, all_, less in zip(own, family, gone, strict=True))
        self._spent = _plus(self._spent, own)
        moved = self._grown(
            {key: _io(found) for key, found in before.io.items()}, {key: _io(found) for key, found in after.io.items()}
        )
        if both:
            gone = _sum(_io(found) for key, found in before.io.items() if key not in after.io)
            moved = tuple(max(0.0, all_ - less) for all_, less in zip(moved, gone, strict=True))
        self._moved = _plus(self._moved, moved)
        for key, counts in after.threads.items():
            then = before.threads.get(key, (0.0,) * 3)
            # A thread's number may be given to a new thread, whose counts begin at nothing.
            again = any(now < was for now, was in zip(counts, then, strict=True))
            self._switched = _plus(self._switched, counts if again else _minus(counts, then))

    def _grown(self, before: dict[tuple[int, float], Counts], after: dict[tuple[int, float], Counts]) -> Counts:
        """How much all of ``after`` counted since ``before``. A process that is new counts from its birth, unless it
        is older than the first look: then it only came into the family, or into what may be read."""
        total: Counts = (0.0,) * 4
        for key, counts in after.items():
            if key in before:
                total = _plus(total, tuple(max(0.0, value) for value in _minus(counts, before[key])))
            elif key[1] >= self._born_after:
                total = _plus(total, counts)
        return total

    def _read_io(self, processes: dict[tuple[int, float], Stat]) -> dict[tuple[int, float], Io]:
        found = {}
        for key in processes:
            with self._allowed(key[0]):
                found[key] = io.read(self._host, key[0])
        return found

    def _read_threads(self, alive: Iterable[int]) -> dict[tuple[int, int], Counts]:
        """(voluntary switches, involuntary switches, seconds waiting for a core) by thread."""
        found: dict[tuple[int, int], Counts] = {}
        self._unread_threads = 0
        for pid in alive:
            with contextlib.suppress(OSError):
                tids = self._host.list_folder(f"/proc/{pid}/task")
                room = max(0, _MOST_THREADS - len(found))
                self._unread_threads += max(0, len(tids) - room)
                for tid in tids[:room]:
                    with contextlib.suppress(OSError, ValueError):
                        text = self._host.read_file(f"/proc/{pid}/task/{tid}/status")
                        waited = schedstat.read(self._host, pid, int(tid))[1] if self._has_schedstat else 0.0
                        found[pid, int(tid)] = (*status.parse_switches(text), waited)
        return found

    def _read_files(self, alive: Iterable[int]) -> tuple[int, int | None]:
        """(open files, sockets): a socket that several processes hold is one. None: too many files to look at each."""
        files, sockets = 0, set[int]()
        for pid in alive:
            with self._allowed(pid):
                if files <= fd.MOST:
                    found, count = fd.read_sockets(self._host, pid)
                    files, sockets = files + count, sockets | found
                else:
                    files += fd.read_count(self._host, pid)
        return files, len(sockets) if files <= fd.MOST else None

    def _read_pss(self, alive: Iterable[int], now: float) -> int | None:
        if now < self._next_pss:
            return None
        total, read, began = 0, False, time.monotonic()
        for pid in alive:
            with self._allowed(pid):
                total += smaps_rollup.read_pss(self._host, pid)
                read = True
        took = time.monotonic() - began
        self._pss_seconds = max(self._pss_seconds, took)
        self._next_pss = now + took / _PSS_SHARE
        return total if read and self._target.pid not in self._denied else None

    def _any_runs(self) -> bool:
        """Of the processes that were asked for."""
        return still_there(self._host, self._target) or any(self._runs(pid) for pid in self._target.others)

    def _runs(self, pid: int) -> bool:
        try:
            return not stat.read(self._host, pid).ended
        except (OSError, ValueError):
            return False

    @contextlib.contextmanager
    def _allowed(self, pid: int) -> Iterator[None]:
        """Note who may not be inspected; what has ended meanwhile is no fault."""
        try:
            yield
        except PermissionError:
            self._denied.add(pid)
        except (OSError, ValueError):
            pass


def _own(found: Stat) -> Counts:
    return found.user, found.system, float(found.minor_faults), float(found.major_faults)


def _family(found: Stat) -> Counts:
    """Its own, and what its ended children left it."""
    return (
        found.user + found.child_user,
        found.system + found.child_system,
        float(found.minor_faults + found.child_minor_faults),
        float(found.major_faults + found.child_major_faults),
    )


def _io(found: Io) -> Counts:
    return float(found.read_calls), float(found.write_calls), float(found.read_bytes), float(found.write_bytes)


def _sum(many: Iterable[Counts]) -> Counts:
    total: Counts = (0.0,) * 4
    for counts in many:
        total = _plus(total, counts)
    return total


def _plus(one: Counts, other: Counts) -> Counts:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _minus(one: Counts, other: Counts) -> Counts:
    return tuple(a - b for a, b in zip(one, other, strict=True))
