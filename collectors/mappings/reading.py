"""One reading of all mappings of a target and its descendants."""

import contextlib
import time
from dataclasses import dataclass, field

from perfdoctor.collectors.backends.proc import smaps, stat, status, syscall
from perfdoctor.collectors.backends.proc.smaps import Mapping
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.mappings.kinds import kind_of, stacks_of
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.memory_map import MemoryKind
from perfdoctor.schemas.target import Target

_THREADS = 1024
"""whose stack pointers are read"""


@dataclass(slots=True)
class Process:
    """``stacks``: the low ends of mappings that hold threads' stacks; ``arenas``: heaps of glibc's malloc for threads,
    once they are known. ``source`` is the file that told: smaps, smaps_rollup (one sum), status (less). ``denied``: it
    may not be inspected."""

    pid: int
    name: str
    mappings: list[Mapping]
    stacks: set[int] = field(default_factory=set)
    arenas: set[int] = field(default_factory=set)
    source: str = "smaps"
    denied: bool = False

    def kind(self, mapping: Mapping) -> MemoryKind:
        return kind_of(mapping, self.stacks, self.arenas) if self.source == "smaps" else MemoryKind.UNKNOWN


@dataclass(slots=True)
class Reading:
    """``at`` seconds after the window began, it took ``seconds``. ``processes`` by pid and start time."""

    at: float
    seconds: float = 0.0
    processes: dict[tuple[int, float], Process] = field(default_factory=dict)
    not_understood: int = 0


def read(host: Host, target: Target, at: float) -> Reading:
    """Blocking: call it in a worker thread. PermissionError when the target itself may not be inspected."""
    began = time.monotonic()
    reading = Reading(at)
    for pid in tree(host, target):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
            who = stat.read(host, pid)
            if not who.ended:
                process, unknown = _read(host, pid, clean(who.name, 64), target)
                reading.processes[pid, who.started] = process
                reading.not_understood += unknown
    reading.seconds = time.monotonic() - began
    return reading


def _read(host: Host, pid: int, name: str, target: Target) -> tuple[Process, int]:
    """(the process, lines that were not understood)."""
    try:
        mappings, unknown = _mappings(host, pid)
    except OSError as error:
        denied = isinstance(error, PermissionError)
        if denied and pid == target.pid:
            raise
        return _lesser(host, pid, name, denied=denied), 0
    return Process(pid, name, mappings, stacks_of(mappings, _stack_pointers(host, pid))), unknown


def _mappings(host: Host, pid: int) -> tuple[list[Mapping], int]:
    found = smaps.read(host, pid)
    if found[0]:
        return found
    # A program whose first thread has left: the others tell.
    for tid in host.list_folder(f"/proc/{pid}/task")[:8]:
        with contextlib.suppress(OSError):
            found = smaps.parse(host.read_file(f"/proc/{pid}/task/{tid}/smaps", smaps.LIMIT))
            if found[0]:
                return found
    return found


def _lesser(host: Host, pid: int, name: str, *, denied: bool) -> Process:
    try:
        return Process(pid, name, [smaps.read_sums(host, pid)], source="smaps_rollup", denied=denied)
    except (OSError, ValueError):
        now = status.read(host, pid)
        rough = Mapping(0, 1, "----", 0, "", rss=now.rss, pss=now.rss, swap=now.swap, anonymous=now.anonymous)
        return Process(pid, name, [rough], source="status", denied=denied)


def _stack_pointers(host: Host, pid: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError):
        for tid in host.list_folder(f"/proc/{pid}/task")[:_THREADS]:
            with contextlib.suppress(OSError, ValueError):
                place = syscall.read(host, pid, int(tid))
                if place:
                    found.append(place.stack_pointer)
    return found
