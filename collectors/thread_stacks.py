"""What is every thread doing, and who waits for whom?"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.jvm import backend as jvm
from perfdoctor.collectors.backends.jvm import standing as java
from perfdoctor.collectors.backends.jvm.frames import Frames, Sources
from perfdoctor.collectors.backends.pyspy import backend as pyspy
from perfdoctor.collectors.backends.pyspy.dump import dump
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.runtimes.goroutines import Goroutines
from perfdoctor.collectors.runtimes.tasks import VERSIONS, Tasks
from perfdoctor.collectors.standing.goroutines import goroutine_groups
from perfdoctor.collectors.standing.graph import deadlocks, edges, stuck
from perfdoctor.collectors.standing.look import Look, Looker, Standing
from perfdoctor.collectors.standing.pools import pools
from perfdoctor.collectors.standing.states import Followed, StateWatch
from perfdoctor.collectors.standing.tasks import groups
from perfdoctor.collectors.target import still_there, why_denied
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.thread_stacks import TaskGroup, ThreadStacks, ThreadStand, ThreadState

NAME = "proc"
BACKENDS = (NAME, jvm.NAME, pyspy.NAME)
_EVERY = 0.1
_READ_SHARE = 0.05
"""of our own time may go into looking at states, unless that made them fewer than the next line says"""
_LEAST_LOOKS = 8


def unavailable(host: Host, target: Target | None) -> Problem | None:
    """Why threads cannot be looked at here, or those of ``target``; None when they can."""
    try:
        host.list_folder(f"/proc/{target.pid if target else 'self'}/task")
    except OSError as error:
        if target:
            return why_denied(host, target.pid)
        return Problem(
            what="Threads cannot be looked at here.",
            why=f"/proc/self/task cannot be read: {error.strerror}.",
            next_step="Run perfdoctor on Linux, with /proc mounted.",
        )
    return None


async def measure(
    host: Host, target: Target, *, seconds: float, backend: str = "auto", progress: Progress = silent
) -> Evidence:
    """``thread_stacks`` of a window: each thread's states, what it waits in, its stack at the end, who waits for whom.

    Reads only: the states up to ten times a second (fewer of many threads), memory and stacks when the window begins
    and ends. py-spy reads the stacks of Python where our own walk cannot. ProblemError when the target may not be
    inspected, or ends at once.
    """
    must_be_asked_well(BACKENDS, backend, seconds)
    may_pass = backend == "auto" and pyspy.unavailable(host, target) is None

    async def by_proc() -> Evidence:
        return await _Window(host, target, passes=may_pass).run(seconds, progress)

    async def by_jvm() -> Evidence:
        frames = Frames(await to_thread.run_sync(Sources, host, target))
        return await _Window(host, target, java=frames).run(seconds, progress)

    async def by_pyspy() -> Evidence:
        return await _Window(host, target, by_pyspy=True).run(seconds, progress)

    async def without_python() -> Evidence:
        return await _Window(host, target).run(seconds, progress)

    rungs: tuple[Rung, ...] = (
        Rung(NAME, unavailable, by_proc),
        Rung(pyspy.NAME, pyspy.unavailable, by_pyspy),
        Rung(NAME, unavailable, without_python),
    )
    rungs = rungs if may_pass else rungs[:2]
    if target.runtime == "java" or backend == jvm.NAME:
        rungs = (Rung(jvm.NAME, jvm.unavailable, by_jvm), *rungs)
    return await climb(host, target, backend, rungs)


@dataclass
class _Window:
    """One window on one target. ``passes``: refuse where Python's frames cannot be walked, for py-spy may. ``java``:
    ask the Java machine where its threads stand; it makes the frames."""

    host: Host
    target: Target
    by_pyspy: bool = False
    passes: bool = False
    java: Frames | None = None
    looks: list[Look] = field(default_factory=list)
    not_understood: int = 0
    tasks: dict[int, Tasks] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    """interpreters whose tasks cannot be read"""
    goroutines: tuple[TaskGroup, ...] = ()
    of_go: Goroutines = field(default_factory=Goroutines)
    no_goroutines: str = ""
    """why they cannot be read"""

    async def run(self, seconds: float, progress: Progress) -> Evidence:
        looker = Looker(self.host, stacks=not self.by_pyspy)
        try:
            return await self._run(looker, seconds, progress)
        finally:
            looker.close()

    async def _run(self, looker: Looker, seconds: float, progress: Progress) -> Evidence:
        await self._prepare(looker)
        watch = StateWatch(self.host, self.target)
        await to_thread.run_sync(lambda: watch.look(0.0, whole=True))
        if not watch.threads:
            raise ProblemError(
                f"Process {self.target.pid} ({self.target.name}) has no threads to look at.",
                "It has ended.",
                "Call proc-find to see which processes there are.",
            )
        started, began = time.time(), time.monotonic()
        await self._stand(looker, watch)
        ended = await self._follow(watch, began, seconds, progress)
        if not ended:
            await self._stand(looker, watch)
            await to_thread.run_sync(lambda: watch.look(time.monotonic() - began, whole=True))
            self.tasks, self.unread = await to_thread.run_sync(looker.tasks)
            if self.target.runtime == "go":
                told = await to_thread.run_sync(goroutine_groups, self.host, self.target.pid)
                self.goroutines, self.of_go, self.no_goroutines = told
            ended = not still_there(self.host, self.target)
        length = time.monotonic() - began
        found = await to_thread.run_sync(self._sum_up, watch)
        return Evidence(
            target=self.target,
            window=Window(started=started, seconds=length, partial="the target ended" if ended else None),
            collections={"thread_stacks": self._collection(watch, looker)},
            thread_stacks=found,
        )

    async def _prepare(self, looker: Looker) -> None:
        """Look once in vain: symbols and unwind tables, which may take long, are read before the window begins."""
        watch = StateWatch(self.host, self.target)
        await to_thread.run_sync(watch.look, 0.0)
        await to_thread.run_sync(looker.look, list(watch.threads.values()))
        if self.passes and self.target.pid in looker.why_no_frames:
            why = looker.why_no_frames[self.target.pid]
            raise ProblemError("Its own frames cannot be walked.", f"{why}.", "Use backend py-spy.")

    async def _stand(self, looker: Looker, watch: StateWatch) -> None:
        threads = [thread for thread in watch.threads.values() if not thread.ended]
        look = await to_thread.run_sync(looker.look, threads)
        if self.by_pyspy:
            stacks = await self._dumped(looker, threads)
            look.places = {
                thread.tid: replace(
                    look.places.get(thread.tid, Standing()), stack=stacks.get((thread.pid, thread.own_tid), ())
                )
                for thread in threads
            }
        if self.java is not None:
            told = await java.look(self.host, self.target.pid, self.java)
            self.not_understood += told.not_understood
            for thread in threads:
                place = look.places.get(thread.tid, Standing())
                stack, held = told.stacks.get(thread.own_tid), told.held.get(thread.own_tid)
                if thread.pid == self.target.pid and (stack or held):
                    look.places[thread.tid] = replace(place, stack=stack or place.stack, held=held or place.held)
        self.looks.append(look)

    async def _dumped(self, looker: Looker, threads: list[Followed]) -> dict[tuple[int, int], Stack]:
        """By pid and thread id, as the target numbers it."""
        stacks: dict[tuple[int, int], Stack] = {}
        for pid in self.target.pids:
            told = await dump(self.host, pid)
            self.not_understood += told.not_understood
            stacks |= {(pid, own): stack for own, stack in told.stacks.items()}
            unknown = {thread.own_tid for thread in threads if thread.pid == pid} - told.stacks.keys()
            for address, stack in told.by_address.items():
                own = looker.thread_at(pid, address, unknown)
                if own is None:
                    self.not_understood += 1
                else:
                    stacks[pid, own] = stack
        return stacks

    async def _follow(self, watch: StateWatch, began: float, seconds: float, progress: Progress) -> bool:
        """Sample until the window is over; whether the target ended before."""
        often, rarely = min(_EVERY, seconds / 5), seconds / _LEAST_LOOKS
        pause = often
        progress(0.0, f"{len(watch.threads)} threads")
        while True:
            left = seconds - (time.monotonic() - began)
            if left <= 0:
                return False
            await anyio.sleep(min(left, pause))
            before = time.monotonic()
            await to_thread.run_sync(watch.look, before - began)
            took = time.monotonic() - before
            pause = max(often, min(took / _READ_SHARE, max(rarely, took)))
            there = [thread for thread in watch.threads.values() if not thread.ended]
            run = sum(thread.state is ThreadState.RUNNING for thread in there)
            progress(before - began, f"{run} of {len(there)} threads run")
            if not still_there(self.host, self.target):
                return True

    def _sum_up(self, watch: StateWatch) -> ThreadStacks:
        begin, end = self.looks[0], self.looks[-1] if len(self.looks) > 1 else Look()
        rows = [_row(thread, begin, end) for thread in (*watch.threads.values(), *watch.replaced)]
        rows.sort(key=lambda row: (-(row.running + row.runnable), row.pid, row.tid))
        waits = edges(watch.threads, begin, end)
        asleep = {row.tid: (row.sleeping + row.uninterruptible) / (row.seen or 1.0) for row in rows if not row.ended}
        return ThreadStacks(
            threads=tuple(rows),
            omitted=watch.omitted,
            looks=watch.looks,
            pools=pools(rows),
            edges=waits,
            deadlocks=deadlocks(waits),
            stuck=stuck(waits, watch.threads, asleep),
            tasks=self.goroutines or groups(self.tasks),
        )

    def _collection(self, watch: StateWatch, looker: Looker) -> Collection:
        lacks = ["who holds the GIL", "who holds a lock of Python's own"] if self._python(looker) else []
        if watch.no_account:
            lacks.append("waiting for a core (this kernel keeps no account of it)")
        if looker.why_no_frames and not self.by_pyspy:
            first, *more = looker.why_no_frames.values()
            lacks.append(first + (f", and of {len(more)} more" if more else ""))
        if self.by_pyspy:
            lacks += ["native stacks", "stacks of children"]
        denied = max(look.denied for look in self.looks)
        if denied:
            lacks.append(f"stacks and calls of {denied} threads (the kernel does not let us: ptrace is restricted)")
        if self.unread:
            lacks.append(
                f"tasks of asyncio ({', '.join(sorted(self.unread))}: they can be read of CPython "
                f"3.{VERSIONS.start} to 3.{VERSIONS.stop - 1})"
            )
        if self.no_goroutines:
            lacks.append(f"goroutines ({self.no_goroutines})")
        warnings = [
            f"{number:,} {what}"
            for number, what in (
                (
                    sum(t.torn for t in self.tasks.values()),
                    "tasks of asyncio could not be read: they changed, or are of no known kind",
                ),
                (sum(t.omitted for t in self.tasks.values()), "tasks of asyncio were too many to be looked at"),
                (self.of_go.torn, "goroutines could not be read: they changed meanwhile"),
                (self.of_go.total - self.of_go.looked_at, "goroutines were too many to be looked at"),
            )
            if number
        ]
        if watch.omitted:
            warnings.append(f"{watch.omitted:,} threads were not looked at")
        return Collection(
            backend=pyspy.NAME if self.by_pyspy else jvm.NAME if self.java else NAME,
            exact=False,
            missing_stacks=self.looks[-1].torn,
            not_understood=self.not_understood,
            lacks=tuple(lacks),
            warnings=tuple(warnings),
            # (the Java machine holds its threads for some milliseconds to tell where they stand, twice)
            cost=TargetCost(kind="perturbs", events=2) if self.java else TargetCost(kind="reads"),
        )

    def _python(self, looker: Looker) -> bool:
        return self.by_pyspy or bool(looker.why_no_frames) or any(look.python for look in self.looks)


def _row(thread: Followed, begin: Look, end: Look) -> ThreadStand:
    before, now = begin.places.get(thread.tid), end.places.get(thread.tid)
    if thread.began:
        before = None
    place = now or before or Standing()
    if thread.ended:
        place = before or Standing()
    seen = max(0.0, thread.last_at - thread.first_at, thread.running + thread.runnable)
    sleeping, uninterruptible = _shared(seen - thread.running - thread.runnable, thread)
    return ThreadStand(
        pid=thread.pid,
        tid=thread.tid,
        own_tid=thread.own_tid,
        name=thread.name,
        state=ThreadState.ENDED if thread.ended else thread.state,
        seen=seen,
        running=thread.running,
        runnable=thread.runnable,
        sleeping=sleeping,
        uninterruptible=uninterruptible,
        voluntary=max(0, thread.last_switches[0] - thread.switches[0]),
        involuntary=max(0, thread.last_switches[1] - thread.switches[1]),
        waits=place.waits,
        stack=place.stack,
        moved=before is not None and now is not None and (before.stack, before.waits) != (now.stack, now.waits),
        rested=thread.rested,
        began=thread.began,
        ended=thread.ended,
    )


def _shared(rest: float, thread: Followed) -> Sequence[float]:
    """The time off a core: (asleep, uninterruptible)."""
    off = {state: number for state, number in thread.seen.items() if state is not ThreadState.RUNNING}
    every = sum(off.values())
    share = off.get(ThreadState.UNINTERRUPTIBLE, 0) / every if every else 0.0
    return rest * (1 - share), rest * share
