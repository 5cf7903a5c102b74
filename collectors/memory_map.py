"""What is a process's memory made of, and what of it grows?"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
from anyio import to_thread

from perfdoctor.collectors.cgroups.limits import LimitsMeter
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.mappings.inside import Inside, java_counters, look_inside
from perfdoctor.collectors.mappings.reading import Reading, read
from perfdoctor.collectors.mappings.sums import memory_map
from perfdoctor.collectors.memory import MemoryWatch
from perfdoctor.collectors.processes.amount import amount
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.target import still_there, why_denied
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.memory_map import MemoryMap
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.target import Target

NAME = "proc"
BACKENDS = (NAME,)
_SAMPLE_SECONDS = 0.2
_READ_SHARE = 0.02
"""of the time may go into reading mappings between the first and the last time"""
_MOST_READINGS = 24
_LONG = 0.1
"""seconds of one reading from which it is said"""


def unavailable(host: Host, target: Target | None) -> Problem | None:
    """Why memory cannot be looked into here, or of ``target``; None when it can."""
    try:
        host.read_file(f"/proc/{target.pid if target else 'self'}/smaps", 1)
    except PermissionError:
        if target:
            return why_denied(host, target.pid)
        return Problem(
            what="Memory cannot be looked into here.",
            why="/proc/self/smaps may not be read.",
            next_step="Allow it in the policy of the container or the security module.",
        )
    except OSError:
        # smaps_rollup or status may be there instead: the reading says what it lacks.
        return None
    return None


async def measure(
    host: Host,
    target: Target,
    *,
    seconds: float,
    backend: str = "auto",
    progress: Progress = silent,
    working_set: bool = False,
) -> Evidence:
    """``memory_map`` and ``memory`` of a window: what each mapping holds, what grew, what is free in the allocator.

    Reads /proc/PID/smaps when the window begins and ends, and between as often as keeps that below 2 % of the time;
    then up to a second the target's memory, where the allocator and the runtime keep their own account. Only pages that
    are in memory are read. ``working_set`` makes the kernel forget which pages were used, so that ``referenced`` is
    what the window used: the target pays for it with a walk through its page tables and at each page it uses again.
    ProblemError when the target may not be inspected, has no memory, or ends at once.
    """
    must_be_asked_well(BACKENDS, backend, seconds)

    async def by_proc() -> Evidence:
        return await _Window(host, target, working_set).run(seconds, progress)

    return await climb(host, target, backend, (Rung(NAME, unavailable, by_proc),))


@dataclass
class _Window:
    """One window on one target."""

    host: Host
    target: Target
    working_set: bool
    readings: list[Reading] = field(default_factory=list)

    async def run(self, seconds: float, progress: Progress) -> Evidence:
        host, target = self.host, self.target
        try:
            watch, limits, java = await to_thread.run_sync(self._begin)
        except PermissionError as error:
            denied = why_denied(host, target.pid)
            raise ProblemError(denied.what, denied.why, denied.next_step) from error
        started, began = time.time(), time.monotonic()
        ended = await self._follow(watch, began, seconds, progress)
        if not ended:
            ended = not await to_thread.run_sync(self._read, time.monotonic() - began)
        length = time.monotonic() - began
        inside = Inside() if ended else await to_thread.run_sync(look_inside, host, target, self.readings[-1], java)
        found = await to_thread.run_sync(sum_up, self.readings, inside)
        held = await to_thread.run_sync(limits.limits)
        return Evidence(
            target=target,
            window=Window(started=started, seconds=length, partial="the target ended" if ended else None),
            collections={
                "memory_map": how_read(self.readings, found, inside, working_set=self.working_set),
                "memory": Collection(backend=NAME, exact=True, reason="/proc/PID/status, five times a second"),
            },
            memory=await to_thread.run_sync(watch.trend),
            memory_map=found.model_copy(update={"limits": held, "working_set": self.working_set}),
        )

    def _begin(self) -> tuple[MemoryWatch, LimitsMeter, dict[int, dict[str, float]]]:
        host, target = self.host, self.target
        if self.working_set:
            self._forget()
        if not self._read(0.0):
            raise ProblemError(
                f"Process {target.pid} ({target.name}) has no memory to look at.",
                "It has ended, or it is a thread of the kernel.",
                "Call proc-find to see which processes there are.",
            )
        return MemoryWatch(host, target), LimitsMeter(host, target.pid), java_counters(host, self.readings[0])

    def _forget(self) -> None:
        for pid in tree(self.host, self.target):
            try:
                self.host.forget_references(pid)
            except ProcessLookupError:
                continue
            except OSError as error:
                raise ProblemError(
                    f"The working set of process {pid} cannot be measured.",
                    f"The kernel does not let us write /proc/{pid}/clear_refs: {error.strerror}.",
                    "Ask again without working_set: referenced then says what was used since it was last reset.",
                ) from error

    def _read(self, at: float) -> bool:
        """One reading. False when the target is gone: what was read before stands."""
        if not still_there(self.host, self.target):
            return False
        reading = read(self.host, self.target, at)
        own = reading.processes.get((self.target.pid, self.target.start_time))
        if own is None or not own.mappings:
            return False
        self.readings.append(reading)
        return True

    async def _follow(self, watch: MemoryWatch, began: float, seconds: float, progress: Progress) -> bool:
        """Sample until the window is over; whether the target ended before."""
        next_reading = began + self.readings[0].seconds / _READ_SHARE
        every = min(_SAMPLE_SECONDS, seconds / 5)
        turn = 0
        while True:
            at = time.monotonic() - began
            await to_thread.run_sync(watch.sample, at)
            progress(at, self._so_far(watch))
            if not still_there(self.host, self.target):
                return True
            if time.monotonic() >= next_reading and seconds - at > every and len(self.readings) < _MOST_READINGS:
                if not await to_thread.run_sync(self._read, at):
                    return True
                pause = max(self.readings[-1].seconds / _READ_SHARE, seconds / _MOST_READINGS)
                next_reading = time.monotonic() + pause
            turn = max(turn, int((time.monotonic() - began) / every)) + 1
            left = seconds - (time.monotonic() - began)
            if left <= 0:
                return False
            await anyio.sleep(min(left, max(0.0, began + turn * every - time.monotonic())))

    def _so_far(self, watch: MemoryWatch) -> str:
        sample = watch.last
        return f"{amount(sample.rss)} resident, {amount(sample.anonymous)} of it anonymous" if sample else "looking"


def sum_up(readings: Sequence[Reading], inside: Inside) -> MemoryMap:
    """What the last reading holds, and what has changed since the first."""
    for reading in readings:
        for key, process in reading.processes.items():
            process.arenas = inside.arenas.get(key, set())
    found = memory_map(readings[0], readings[-1], readings)
    return found.model_copy(update={"allocators": tuple(inside.allocators), "runtimes": tuple(inside.runtimes)})


def how_read(readings: Sequence[Reading], found: MemoryMap, inside: Inside, *, working_set: bool = False) -> Collection:
    last = readings[-1]
    lacks, warnings = list(inside.lacks), []
    lesser = [process for process in last.processes.values() if process.source != "smaps"]
    denied = sum(process.denied for process in lesser)
    if lesser:
        which = f"of {len(lesser)} of {len(last.processes)} processes" if len(last.processes) > 1 else ""
        lacks.insert(0, f"mappings {which} ({lesser[0].source} only)".replace("  ", " "))
    if denied:
        warnings.append(f"{denied} of its processes may not be inspected: of them only the resident size")
    slowest = max(reading.seconds for reading in readings)
    if slowest >= _LONG:
        took = f"one reading of all mappings took {slowest * 1000:.0f} ms"
        warnings.append(f"{took}: as long the process may have waited to map memory")
    return Collection(
        backend=NAME,
        exact=True,
        reason=f"{len(readings)} readings of /proc/PID/smaps",
        not_understood=last.not_understood + sum(allocator.not_understood for allocator in found.allocators),
        lacks=tuple(lacks),
        warnings=tuple(warnings),
        cost=TargetCost(kind="perturbs" if working_set else "reads"),
    )
