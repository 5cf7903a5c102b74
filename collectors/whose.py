"""Whose process is it, what is it called, and which container holds it: what rules about callers look at."""

import contextlib
import os
import select
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import anyio

from perfdoctor.collectors.backends.proc import cgroup, cmdline, stat, status
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.processes.match import script_of
from perfdoctor.collectors.target import user_name
from perfdoctor.schemas.target import Target


@dataclass(frozen=True, slots=True)
class Whose:
    """One process at one moment. ``users`` are all that it may act as (real, effective, saved, file system), each by
    name and number. ``names`` are those that tools find it by: its own, its program's and its script's; a process can
    choose them. ``containers`` are the id of its container in full and in twelve digits, and the paths of its control
    groups; ``contained`` is false for one that no container holds."""

    pid: int
    start_time: float
    users: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    containers: tuple[str, ...]
    contained: bool


Allowed = Callable[[Whose], bool]


def whose(host: Host, pid: int) -> Whose | None:
    """None when there is no such process, or when it made room for another while it was read (four files of /proc)."""
    try:
        found = stat.read(host, pid)
        uids = status.read(host, pid).uids
        groups, holds, arguments = cgroup.read_groups(host, pid), cgroup.read(host, pid), cmdline.read(host, pid)
        if stat.read(host, pid).started != found.started:
            return None
    except (OSError, ValueError):
        return None
    names = [found.name, *([PurePosixPath(arguments[0]).name] if arguments else []), script_of(arguments)]
    identity = holds.identity if holds else None
    places = [identity, identity and identity[:12], *groups.values()]
    return Whose(
        pid=pid,
        start_time=found.started,
        users=tuple((user_name(uid), str(uid)) for uid in dict.fromkeys(uids)),
        names=tuple(dict.fromkeys(name for name in names if name)),
        containers=tuple(dict.fromkeys(place for place in places if place)),
        contained=holds is not None,
    )


def is_allowed(host: Host, pid: int, allowed: Allowed | None) -> bool:
    if allowed is None:
        return True
    found = whose(host, pid)
    return found is not None and allowed(found)


def family(host: Host, target: Target, before: Mapping[int, float]) -> list[Whose]:
    """Everybody that is measured with ``target``: itself, those of its name, their descendants where they are measured
    too; and those of ``before`` (start times by pid) that live on after their parents have ended."""
    pids = tree(host, target)
    orphans = [pid for pid in before if pid not in pids]
    found = [one for pid in (*pids, *orphans) if (one := whose(host, pid)) is not None]
    return [one for one in found if one.pid in pids or before[one.pid] == one.start_time]


class Held:
    """The processes of a target by pidfd, each checked to be the one that was found: whether a pid still means the same
    process cannot be told from the number alone.

    A pidfd does not keep the number from being given to another process, but it tells when its own has ended: as long
    as it has not, the number has meant that process without a break."""

    def __init__(self, host: Host, target: Target) -> None:
        self._host = host
        self._open: dict[int, int] = {}
        self._started: dict[int, float] = {}
        self.lost = False
        """whether one of them is another process by now"""
        for pid in target.pids:
            self._hold(pid, target.start_time if pid == target.pid else None)

    def _hold(self, pid: int, started: float | None) -> None:
        with contextlib.suppress(OSError):  # it has ended already, or Linux is older than 5.3
            self._open[pid] = os.pidfd_open(pid)
        now = None
        with contextlib.suppress(OSError, ValueError):
            now = stat.read(self._host, pid).started
        self._started[pid] = started if started is not None else -1.0 if now is None else now
        self.lost |= now not in (None, self._started[pid])

    def check(self) -> bool:
        """False once a pid is, or was seen to be, that of another process. Cheap while all of them live."""
        for pid, started in self._started.items():
            fd = self._open.get(pid)
            if fd is not None and not has_ended(fd):
                continue
            with contextlib.suppress(OSError, ValueError):
                self.lost |= stat.read(self._host, pid).started != started
        return not self.lost

    @property
    def any_ended(self) -> bool:
        return len(self._open) < len(self._started) or any(has_ended(fd) for fd in self._open.values())

    async def one_ends(self) -> None:
        """Until one of them has ended. Waits in the event loop's own poll: to ask each of many windows again and again
        would cost the loop the interpreter's lock each time."""
        if len(self._open) < len(self._started):
            return
        async with anyio.create_task_group() as tasks:

            async def wait(fd: int) -> None:
                await anyio.wait_readable(fd)
                tasks.cancel_scope.cancel()

            for fd in self._open.values():
                tasks.start_soon(wait, fd)

    def close(self) -> None:
        for fd in self._open.values():
            os.close(fd)
        self._open.clear()


def has_ended(fd: int) -> bool:
    """Of a pidfd: readable means ended (pidfd_open(2))."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))
