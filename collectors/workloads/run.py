"""What does one run of a workload cost? Started, measured, and ended with everything that it started."""

import contextlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.proc import fd, net_tcp, stat, status
from perfdoctor.collectors.code_version import with_version
from perfdoctor.collectors.host.base import Host, Launch, Launched
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.redact import redact_arguments
from perfdoctor.collectors.target import find_target, user_name
from perfdoctor.collectors.text import clean
from perfdoctor.collectors.workloads import ends, units, window
from perfdoctor.collectors.workloads.course import Course
from perfdoctor.collectors.workloads.declared import Declared
from perfdoctor.collectors.workloads.output import MOST_BYTES, Figure, Output
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import Window
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.work import Work
from perfdoctor.schemas.workload import FOR_SO_LONG, Origin, Run, Trace

_LOOK_SECONDS = 0.1
"""between two looks at the memory of its processes"""
_WHO_AFTER = (0.0, 0.03, 0.2, 1.0)
"""seconds after its beginning when it is looked at who it is: a runtime's own libraries are not there at once"""
_UNIT = "unit of work"
_UNPLACED = (
    "{unplaced:,} of {calls:,} system calls are counted without their line: they were made before the program's code "
    "was known (its first milliseconds, longest in the first run), or by programs that it started"
)
_LOAD_GRACE = 0.5
_LAST_SECONDS = 3.0
_ATTACH_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """``failure`` says why it is no good run; its evidence tells what was seen of it all the same. ``last_words`` are
    the ends of its output."""

    evidence: Evidence
    failure: str | None
    last_words: str


async def run_once(
    host: Host,
    declared: Declared,
    *,
    repeat: int,
    trace: Trace,
    seconds: float | None,
    progress: Progress,
    within: float = inf,
) -> Outcome:
    """One run, recorded as ``trace`` says; ``evidence.run`` has its figures. ``seconds`` takes the place of the
    declared ones; a run that takes longer than ``within`` seconds has failed, as one has that takes longer than its
    timeout. ProblemError when it cannot be started or recorded.

    Cancelled, it ends the workload and all that it started."""
    workload = declared.workload
    window.must_be_possible(host, trace)
    problem = bpf.unavailable(host) if trace is Trace.COUNTS else None
    notes = [f"system calls are not counted: {problem.why}"] if problem else []
    if problem:
        trace = Trace.NONE
    launch = Launch(workload.argv, declared.environment, declared.folder, declared.user)
    async with host.launch(launch) as program:
        run = _Running(host, declared, program, seconds)
        run.within = within
        run.must_find_its_port_free()
        async with run.beside() as tasks:
            evidence = await run.measured(trace, tasks, progress)
        run.close()
    return run.outcome(evidence, repeat, trace, notes)


def _figures(declared: Declared, origin: Origin) -> tuple[Figure, ...]:
    workload = declared.workload
    found = [Figure(name, m.pattern, m.take) for name, m in workload.metrics.items() if m.origin is origin]
    if workload.unit and workload.unit.pattern and workload.unit.origin is origin:
        found.append(Figure(_UNIT, workload.unit.pattern, workload.unit.take))
    return tuple(found)


class _Running:
    """One run under way."""

    def __init__(self, host: Host, declared: Declared, program: Launched, seconds: float | None) -> None:
        self._host, self._declared, self._program = host, declared, program
        self._workload = declared.workload
        self._course = Course()
        self._output = Output(_figures(declared, Origin.OUTPUT), self._workload.ready.line)
        self._from_load = Output(_figures(declared, Origin.LOAD))
        self._seconds = seconds if seconds is not None else self._workload.seconds
        self.within = inf
        self._peak = 0
        self._target = self._expected()
        self._all = self._target.model_copy(update={"pid": program.supervisor})
        self._by_itself = False
        self._load_done: anyio.Event | None = None
        self._notes: list[str] = []

    def must_find_its_port_free(self) -> None:
        """Who listens on it already would pass for the workload, and the workload would fail."""
        port = self._workload.ready.port
        if port and port in net_tcp.read_listening(self._host, self._program.pid).values():
            raise ProblemError(
                f"Port {port} of the workload {self._declared.name} is taken.",
                "Another process listens on it.",
                f"End that process (proc-find with port {port} names it), or declare another port.",
            )

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[TaskGroup]:
        """What goes on while the run is measured. Its output is read to the end of the run itself."""
        async with anyio.create_task_group() as reading:
            reading.start_soon(self._program.read, self._output.feed)
            async with anyio.create_task_group() as tasks:
                try:
                    yield tasks
                    # The engine may hear of the end before the supervisor tells it; and a load has a last word.
                    with anyio.move_on_after(_LAST_SECONDS):
                        await self._course.until_finished()
                        if self._load_done is not None:
                            await self._load_done.wait()
                finally:
                    tasks.cancel_scope.cancel()
            # It has ended, or has nothing more to say that counts: what the pipe holds is read by now.
            await self._end()
            with anyio.move_on_after(1):
                await self._program.output_ended.wait()
            reading.cancel_scope.cancel()

    async def measured(self, trace: Trace, tasks: TaskGroup, progress: Progress) -> Evidence:
        """The window: from the first instruction, or from "ready" on."""

        def tell(elapsed: float, message: str) -> None:
            self._course.attached.set()
            progress(elapsed, message)

        async def go() -> None:
            await self._program.go()
            self._course.measured_from = self._program.began_at
            tasks.start_soon(self._watch)
            tasks.start_soon(self._time_out)
            tasks.start_soon(self._look)
            tasks.start_soon(self._find_out)
            tasks.start_soon(self._conduct)

        if self._workload.from_start:
            if trace is Trace.NONE:
                await go()
                return await self._unrecorded(tell)
            return await self._recorded(trace, go, tell)
        await go()
        self._course.measured_from = 0.0
        while not await self._ready_or_over():
            progress(0.0, "waiting until it is ready")
        if self._course.over is not None or trace is Trace.NONE:
            return await self._unrecorded(tell)
        return await self._recorded(trace, None, tell)

    async def _ready_or_over(self) -> bool:
        with anyio.move_on_after(0.25):
            await self._course.until_ready()
            return True
        return False

    async def _recorded(self, trace: Trace, launch: window.Launch | None, progress: Progress) -> Evidence:
        try:
            if launch is None:
                self._target = await to_thread.run_sync(self._found)
            return await window.measured(
                self._host,
                self._target,
                trace,
                seconds=min(self._workload.timeout, self.within)
                + _ATTACH_SECONDS,  # (the run's own clock ends it before)
                launch=launch,
                until=self._course.why_over,
                progress=progress,
            )
        except ProblemError:
            # It may have ended while we were about to look: then that is what is to be told.
            with anyio.move_on_after(0.5):
                await self._course.until_finished()
            if self._course.over is None:
                raise
            return await self._unrecorded(progress)

    async def _unrecorded(self, progress: Progress) -> Evidence:
        began = time.time()
        while self._course.over is None:
            progress(time.time() - began, "running, nothing attached")
            with anyio.move_on_after(0.25):
                await self._course.until_finished()
        return Evidence(target=self._target, window=Window(started=began, seconds=time.time() - began), collections={})

    # -- beside the window ---------------------------------------------------------------------------------------------

    async def _conduct(self) -> None:
        """Ready, then its load, or so many seconds."""
        ready = self._workload.ready
        if ready.line is not None and not await self._course.until(lambda: self._output.ready_at is not None):
            return
        if ready.port is not None and not await self._course.until(self._listens):
            return
        if ready.delay:
            await anyio.sleep(ready.delay)
        self._course.is_ready()
        if not self._workload.from_start:
            await self._course.attached.wait()
            self._course.cpu_from = await self._program.cpu()
            self._course.measured_from = time.monotonic()
        if self._workload.load is not None:
            await self._put_to_work()
        elif self._seconds is not None:
            await anyio.sleep(self._seconds)
            await self._stop_measuring(FOR_SO_LONG)

    async def _put_to_work(self) -> None:
        load = self._workload.load
        assert load is not None
        environment = self._declared.environment | load.environment
        launch = Launch(load.argv, environment, self._declared.folder, self._declared.user)
        self._load_done = anyio.Event()
        try:
            async with self._host.launch(launch) as program, anyio.create_task_group() as tasks:
                tasks.start_soon(program.read, self._from_load.feed)
                if not self._workload.from_start:
                    self._course.measured_from = time.monotonic()
                await program.go()
                ended = await program.ended()
                why = ends.failure(ended.status, (0,))
                if why:
                    self._course.fail(f"its load failed: {why}")
                else:
                    await self._stop_measuring("its load has ended", at=ended.at)
                await program.end(_LOAD_GRACE)
        except ProblemError as refusal:
            self._course.fail(f"its load failed: {refusal.problem.why}")
        finally:
            self._load_done.set()

    async def _stop_measuring(self, why: str, at: float | None = None) -> None:
        at = time.monotonic() if at is None else at
        cpu = await self._program.cpu()
        if self._course.over is None:
            self._course.cpu_to = cpu
        self._course.finish(why, at=at)

    async def _watch(self) -> None:
        ended = await self._program.ended()
        self._course.ended = ended
        if self._course.over is not None:
            return
        self._by_itself = True
        self._course.cpu_to = ended.cpu
        why = ends.failure(ended.status, self._workload.exit_codes)
        if why:
            self._course.fail(f"it ended with {why}" if why.startswith("exit") else f"it was {why}")
        elif self._workload.load is not None:
            self._course.fail(f"it ended ({ends.told(ended.status)}) before its load did")
        elif not self._workload.from_start and self._course.ready_at is None:
            self._course.fail(f"it ended ({ends.told(ended.status)}) before it was ready")
        else:
            self._course.finish("it ended", at=ended.at)

    async def _time_out(self) -> None:
        timeout = self._workload.timeout
        await anyio.sleep(min(timeout, self.within))
        cpu = await self._program.cpu()
        if self._course.over is None:
            self._course.cpu_to = cpu
        limit = f"{timeout:g} s (its timeout)"
        if self.within < timeout:
            limit = f"{self.within:.1f} s (what was left of the longest call)"
        if self._course.ready_at is None and self._workload.ready.asked:
            self._course.fail(f"it was not ready within {limit}")
        else:
            self._course.fail(f"it took longer than {limit}")

    async def _look(self) -> None:
        """At what memory it and its descendants have, again and again."""
        while True:
            await to_thread.run_sync(self._look_at_memory)
            await anyio.sleep(_LOOK_SECONDS)

    def _look_at_memory(self) -> None:
        resident = 0
        for pid in tree(self._host, self._all)[1:]:
            with contextlib.suppress(OSError, ValueError):
                resident += status.read(self._host, pid).rss
        self._peak = max(self._peak, resident)

    async def _find_out(self) -> None:
        """Who it is, now that it is the program."""
        slept = 0.0
        for after in _WHO_AFTER:
            await anyio.sleep(after - slept)
            slept = after
            with contextlib.suppress(ProblemError):
                self._target = await to_thread.run_sync(self._found)

    def _found(self) -> Target:
        return with_version(find_target(self._host, self._program.pid))

    def _listens(self) -> bool:
        pids = tree(self._host, self._all)[1:]
        port = self._workload.ready.port
        listening = {inode for pid in pids[:1] for inode, at in self._ports(pid).items() if at == port}
        for pid in pids if listening else ():
            with contextlib.suppress(OSError):
                if not listening.isdisjoint(fd.read_sockets(self._host, pid)[0]):
                    return True
        return False

    def _ports(self, pid: int) -> dict[int, int]:
        return net_tcp.read_listening(self._host, pid)

    # -- the end -------------------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        by_itself = self._course.ended is not None
        stopped, left = await self._program.end(0.1 if by_itself else self._workload.stop_seconds)
        if by_itself and stopped:
            self._notes.append(
                f"{stopped} processes that it had started were still there when it ended; they were ended"
            )
        if left:
            self._notes.append(f"{left} processes could not be ended: they wait for the kernel")
        if self._course.ended is None:
            with anyio.move_on_after(1):
                self._course.ended = await self._program.ended()

    def close(self) -> None:
        self._output.end()
        self._from_load.end()

    def outcome(self, evidence: Evidence, repeat: int, trace: Trace, notes: list[str]) -> Outcome:
        course, declared, workload = self._course, self._declared, self._workload
        found = self._output.values() | self._from_load.values()
        count, why = self._units(evidence, found)
        missing = [name for name in workload.metrics if name not in found]
        notes += [*self._notes, *self._said_of_output(), *([why] if why else [])]
        if trace in (Trace.SYSCALLS, Trace.CPU, Trace.DIAGNOSE):
            notes += window.without_own_lines(self._target.runtime, workload.from_start)
        if evidence.syscalls and trace in (Trace.SYSCALLS, Trace.DIAGNOSE):
            unplaced = sum(row.calls for row in evidence.syscalls.rows if not row.stack)
            if workload.from_start and unplaced:
                notes.append(_UNPLACED.format(unplaced=unplaced, calls=evidence.syscalls.calls))
        began, to = course.measured_from, course.measured_to
        length = max(0.0, to - began) if began else 0.0
        user, system = course.cpu_to or course.cpu_from
        run = Run(
            workload=declared.name,
            variant=declared.variant,
            repeat=repeat,
            ended=self._how_it_ended(),
            seconds=length,
            user_seconds=max(0.0, user - course.cpu_from[0]),
            system_seconds=max(0.0, system - course.cpu_from[1]),
            peak_bytes=max(self._peak, course.ended.resident if course.ended else 0) or None,
            ready_seconds=course.ready_at - self._program.began_at
            if course.ready_at and workload.ready.asked
            else None,
            syscalls=evidence.syscalls.calls if evidence.syscalls else None,
            unit=workload.unit.name if workload.unit else "",
            units=count,
            metrics={name: value for name, value in found.items() if name != _UNIT},
            missing=tuple(missing),
            from_start=workload.from_start,
            trace=trace,
            notes=tuple(notes),
        )
        partial = course.failure
        seen = evidence.window.model_copy(
            update={"partial": partial, **({"seconds": length} if length and workload.from_start else {})}
        )
        done = evidence.model_copy(update={"run": run, "work": self._work(run), "window": seen, "target": self._target})
        words = "; ".join(filter(None, (self._output.last_words(), self._from_load.last_words())))
        return Outcome(done, course.failure, words)

    def _work(self, run: Run) -> Work | None:
        """What was done, for who compares runs: what is declared, or else all that one run does."""
        if run.units is not None:
            return Work(unit=run.unit, count=run.units)
        whole = self._by_itself or self._workload.load is not None
        return Work(unit="run", count=1) if whole and self._workload.unit is None and not self._course.failure else None

    def _units(self, evidence: Evidence, found: dict[str, float]) -> tuple[float | None, str]:
        unit = self._workload.unit
        if unit is None:
            return None, ""
        if unit.count is not None:
            return float(unit.count), ""
        if unit.seen is not None:
            return units.seen(evidence, unit.seen)
        count = found.get(_UNIT)
        return count, "" if count is not None else f"its output did not say how many {unit.name}s there were"

    def _said_of_output(self) -> list[str]:
        both = (self._output, self._from_load)
        notes = [
            f"the pattern of {name} took too long on a line and was not asked again" for o in both for name in o.slow
        ]
        if cut := sum(output.cut_lines for output in both):
            notes.append(f"{cut} lines of output were longer than is looked at, and were cut")
        if unread := sum(output.unread_bytes for output in both):
            notes.append(f"{unread:,} bytes of output beyond the first {MOST_BYTES >> 20} MiB were not looked at")
        return notes

    def _how_it_ended(self) -> str:
        if self._by_itself and self._course.ended:
            return ends.told(self._course.ended.status)
        return f"stopped: {self._course.failure or self._course.over}"

    def _expected(self) -> Target:
        """Who it will be, before it is: the process is there already, and waits."""
        pid, argv = self._program.pid, self._workload.argv
        try:
            started = stat.read(self._host, pid).started
        except (OSError, ValueError) as error:
            raise ProblemError(
                f"The workload {self._declared.name} ended before it began.",
                "Its process is gone: somebody killed it.",
                "Run it again.",
            ) from error
        return Target(
            pid=pid,
            start_time=started,
            name=clean(os.path.basename(argv[0]), 15),  # noqa: PTH119 - the text as it is
            command=redact_arguments(argv),
            user=user_name(self._declared.user[0] if self._declared.user else os.geteuid()),
            threads=1,
            cwd=clean(self._declared.folder, 400),
        )
