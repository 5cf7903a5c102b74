"""The processes of one window: which there are, by what their addresses are named, how they begin, change and end."""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from perfdoctor.collectors.backends.bpf import decode
from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.backends.proc import stat
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes import own_lines
from perfdoctor.collectors.runtimes.which import runtime_of
from perfdoctor.schemas.target import Target

_ADOPT_AFTER_NS = (20_000_000, 60_000_000, 200_000_000, 1_000_000_000)
"""A program that was just executed is looked at when it has lived this long: before, its interpreter is not set up, and
short-lived children (a compiler, ``true``) are not worth stacks of their own. Again later, while no interpreter is
found."""

_ADOPT_LAUNCHED_AFTER_NS = (0, 5_000_000, 15_000_000, *_ADOPT_AFTER_NS[1:])
"""A program that was launched to be measured is followed from its first instruction on."""

_LIVING_SECONDS = 0.5
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class ChildLife:
    began: int
    program: str = ""
    ended: int | None = None


class Lives:
    """``launched``: the target is about to execute its program, to be measured from there on."""

    def __init__(self, host: Host, target: Target, *, launched: bool) -> None:
        self._host, self._target, self._launched = host, target, launched
        self.names: dict[int, ProcessNames] = {}
        self._replaced: list[ProcessNames] = []
        """names of programs that ran in a process before the one that does now"""
        self.children: dict[int, ChildLife] = {}
        self._strangers: dict[int, tuple[int, int]] = {}
        """by process: when it executed another program, and how often that was looked at"""
        self._executed: dict[int, int] = {}
        """by process: when it became the program that it is now, of those that did so in the window"""
        self.target_ended = False
        self._living = set(target.pids)
        self._looked_for_living = 0.0

    def with_starts(self, pids: list[int]) -> list[tuple[int, int]]:
        """Each process with its start in clock ticks: of the target itself, as it was when it was found."""
        known = {self._target.pid: self._target.start_time}
        for pid in pids:
            with contextlib.suppress(OSError):
                known.setdefault(pid, stat.read(self._host, pid).started)
        return [(pid, round(known[pid] * _TICKS)) for pid in pids if pid in known]

    def introduce(self, pid: int) -> ProcessNames:
        """Look at the program that runs in a process now."""
        if pid in self.names:
            self._replaced.append(self.names[pid])
        names = self.names[pid] = ProcessNames(self._host, pid, None, executed=self._executed.get(pid, 0))
        names.find_interpreter()
        return names

    def why_no_lines(self, names: ProcessNames) -> str:
        """Why a program's own lines are not read; empty where they are, or where the ladder says it."""
        pid = names.pid
        if names.why_no_frames or names.interpreter is not None or pid in self._target.pids:
            return names.why_no_frames
        runtime = runtime_of(self._host, pid)
        return own_lines.statement(runtime, mapped=own_lines.has_map(self._host, pid, runtime))

    def strangers(self) -> Iterator[int]:
        """Those that executed another program and whose turn it is to be introduced: whoever iterates does that. They
        come again later, while no interpreter is found."""
        now = time.monotonic_ns()
        for pid, (since, looks) in list(self._strangers.items()):
            after = _ADOPT_LAUNCHED_AFTER_NS if self._is_launched(pid) else _ADOPT_AFTER_NS
            if now - since < after[looks]:
                continue
            yield pid
            if self.names[pid].interpreter is None and looks + 1 < len(after):
                self._strangers[pid] = (since, looks + 1)
            else:
                del self._strangers[pid]

    def known(self) -> list[ProcessNames]:
        """The names of all but the strangers, which run another program than these names are of."""
        return [names for pid, names in list(self.names.items()) if pid not in self._strangers]

    def is_launch(self, record: decode.LifeRecord) -> bool:
        """Whether this is where the launched program begins: to be asked before ``hear``."""
        is_first = record.pid not in self._executed
        return record.kind == decode.RECORD_EXEC and self._is_launched(record.pid) and is_first

    def hear(self, record: decode.LifeRecord) -> None:
        """A process was forked, executes another program or ends."""
        if record.kind == decode.RECORD_FORK:
            self.children[record.pid] = ChildLife(record.at)
            parent = self.names.get(record.parent)
            if executed := self._executed.get(record.parent):
                self._executed[record.pid] = executed
            self.names[record.pid] = ProcessNames(
                self._host, record.pid, parent, executed=parent.executed if parent else 0
            )
        elif record.kind == decode.RECORD_EXEC:
            if record.pid in self.children:
                self.children[record.pid].program = record.program
            self._strangers[record.pid] = (record.at, 0)
            self._executed[record.pid] = record.at
            if (names := self.names.get(record.pid)) is not None:
                names.is_gone()
        elif record.kind == decode.RECORD_EXIT:
            self._strangers.pop(record.pid, None)
            if record.pid in self.children:
                self.children[record.pid].ended = record.at
            self._end(record.pid)

    def look_for_living(self) -> None:
        """A full buffer may have lost the record of an end; then the window would go on without a target."""
        now = time.monotonic()
        if now - self._looked_for_living >= _LIVING_SECONDS:
            self._looked_for_living = now
            for pid in [pid for pid in self._living if _has_ended(self._host, pid)]:
                self._end(pid)

    def _end(self, pid: int) -> None:
        self._living.discard(pid)
        self.target_ended = not self._living

    def _is_launched(self, pid: int) -> bool:
        return self._launched and pid in self._target.pids

    def close(self) -> None:
        for names in [*self.names.values(), *self._replaced]:
            names.close()


def _has_ended(host: Host, pid: int) -> bool:
    try:
        return stat.read(host, pid).ended
    except OSError:
        return True
