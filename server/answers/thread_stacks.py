"""Threads by what they stand in, and who waits for whom: the evidence, cut to an answer."""

from collections import Counter, defaultdict

from perfdoctor.diagnosis.user_code import charged
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.recording import Collection, NextCall
from perfdoctor.schemas.thread_stacks import (
    Pool,
    StuckHolder,
    TaskGroup,
    ThreadStacks,
    ThreadStand,
    ThreadState,
    WaitEdge,
)
from perfdoctor.schemas.thread_stacks_answer import CircleMember, TaskLine, ThreadGroup, ThreadsAnswer, WaitLine
from perfdoctor.server.answers.place import Cut, location
from perfdoctor.server.formatters.words import code, count, percent, place, quantity

_SOME = 4
"""names, thread ids and members of a circle that are said; the recording has all"""
_QUEUED = 0.1
"""share of a window that threads waited for a core, from which it is said"""


def threads_answer(recording: str, evidence: Evidence, *, rows: int, frames: int) -> ThreadsAnswer:
    """``rows`` of each table; groups by CPU time, then by size."""
    found = evidence.thread_stacks or ThreadStacks()
    teller = _Teller(found, evidence.user_roots)
    cut = Cut(frames, evidence.user_roots)
    groups = teller.groups(cut)
    waits = teller.waits()
    alive = [thread for thread in found.threads if not thread.ended]
    return ThreadsAnswer(
        recording=recording,
        target=evidence.target,
        window=evidence.window,
        collection=evidence.collections.get("thread_stacks", Collection(backend="none", exact=False)),
        summary=_summary(found, alive, teller, evidence.target.runtime),
        states=dict(sorted(Counter(str(thread.state) for thread in found.threads).items())),
        cpu_seconds=sum(thread.running for thread in found.threads),
        runnable_seconds=sum(thread.runnable for thread in found.threads),
        groups=tuple(groups[:rows]),
        total_groups=len(groups),
        omitted_groups=max(0, len(groups) - rows),
        pools=found.pools[:rows],
        total_pools=len(found.pools),
        omitted_pools=max(0, len(found.pools) - rows),
        waits=tuple(waits[:rows]),
        total_waits=len(waits),
        omitted_waits=max(0, len(waits) - rows),
        deadlocks=tuple(tuple(map(teller.member, circle[: 2 * _SOME])) for circle in found.deadlocks[:rows]),
        total_deadlocks=len(found.deadlocks),
        stuck=tuple(_cut(holder) for holder in found.stuck[:rows]),
        total_stuck=len(found.stuck),
        omitted_threads=found.omitted,
        tasks=tuple(teller.task(group, cut) for group in found.tasks[:rows]),
        total_tasks=sum(group.tasks for group in found.tasks),
        omitted_task_groups=max(0, len(found.tasks) - rows),
        next=_next(evidence, found),
    )


def _call(thread: ThreadStand) -> str:
    return thread.waits.call if thread.waits else ""


def _cut(holder: StuckHolder) -> StuckHolder:
    return holder.model_copy(update={"waiters": holder.waiters[: 2 * _SOME]})


class _Teller:
    def __init__(self, found: ThreadStacks, roots: tuple[str, ...]) -> None:
        self._found, self._roots = found, roots
        self._by_tid = {thread.tid: thread for thread in found.threads}

    def where(self, stack: Stack) -> Location | None:
        frame = charged(stack, self._roots)
        return location(frame, self._roots) if frame else None

    def place_of(self, tid: int) -> Location | None:
        thread = self._by_tid.get(tid)
        return self.where(thread.stack) if thread else None

    def name_of(self, tid: int) -> str:
        return self._by_tid[tid].name if tid in self._by_tid else ""

    def member(self, tid: int) -> CircleMember:
        return CircleMember(tid=tid, name=self.name_of(tid), location=self.place_of(tid))

    def task(self, group: TaskGroup, cut: Cut) -> TaskLine:
        return TaskLine(
            tasks=group.tasks,
            state=group.state,
            waits=group.waits,
            location=self.where(group.stack),
            names=group.names,
            stack=cut.of(group.stack),
            omitted_frames=cut.callers_left_out(group.stack),
        )

    def groups(self, cut: Cut) -> list[ThreadGroup]:
        alike: defaultdict[tuple[ThreadState | None, str, Stack], list[ThreadStand]] = defaultdict(list)
        for thread in self._found.threads:
            # Of threads that run, it is chance in which state and call the last look found them.
            stands = thread.rested or thread.ended
            state, call = (thread.state, _call(thread)) if stands else (None, "")
            alike[state, call, thread.stack].append(thread)
        made = [self._group(stack, threads, cut) for (_, _, stack), threads in alike.items()]
        return sorted(made, key=lambda group: (-round(group.cpu_seconds, 3), -group.threads, group.tids))

    def _group(self, stack: Stack, threads: list[ThreadStand], cut: Cut) -> ThreadGroup:
        seen = sum(thread.seen for thread in threads) or 1.0
        ((state, call), _) = Counter((thread.state, _call(thread)) for thread in threads).most_common(1)[0]
        waits = [thread.waits for thread in threads if thread.waits and thread.waits.call == call]
        parts = ("running", "runnable", "sleeping", "uninterruptible")
        return ThreadGroup(
            threads=len(threads),
            state=str(state),
            location=self.where(stack),
            call=call,
            object=next((object_of.object for object_of in waits), ""),
            objects=len({object_of.object for object_of in waits}),
            moved=sum(thread.moved for thread in threads),
            names=tuple(dict.fromkeys(thread.name for thread in threads))[:_SOME],
            tids=tuple(sorted(thread.tid for thread in threads)[:_SOME]),
            cpu_seconds=sum(thread.running for thread in threads),
            shares=tuple(round(sum(getattr(thread, part) for thread in threads) / seen, 4) for part in parts),
            voluntary=sum(thread.voluntary for thread in threads),
            involuntary=sum(thread.involuntary for thread in threads),
            stack=cut.of(stack),
            omitted_frames=cut.callers_left_out(stack),
        )

    def waits(self) -> list[WaitLine]:
        held: defaultdict[tuple[int, int, int], list[WaitEdge]] = defaultdict(list)
        for edge in self._found.edges:
            held[edge.pid, edge.holder, edge.address].append(edge)
        return sorted(
            (self._wait(holder, edges) for (_, holder, _), edges in held.items()),
            key=lambda line: (-line.stands, -line.total_waiters, line.holder, line.address),
        )

    def _wait(self, holder: int, edges: list[WaitEdge]) -> WaitLine:
        thread = self._by_tid.get(holder)
        return WaitLine(
            kind=str(edges[0].kind),
            pid=edges[0].pid,
            address=edges[0].address,
            holder=holder,
            holder_name=self.name_of(holder),
            location=self.place_of(holder),
            doing=thread.waits.call if thread and thread.waits else str(thread.state) if thread else "",
            waiters=tuple(edge.waiter for edge in edges[:_SOME]),
            total_waiters=len(edges),
            at=self.place_of(edges[0].waiter),
            stands=sum(edge.stands for edge in edges),
        )


def _summary(found: ThreadStacks, alive: list[ThreadStand], teller: _Teller, runtime: str) -> str:
    if not found.threads:
        return "Nothing is known of its threads."
    said = []
    if found.deadlocks:
        circle = found.deadlocks[0]
        who = "; ".join(f"{code(teller.name_of(tid), 20)} at {place(teller.place_of(tid))}" for tid in circle[:_SOME])
        more = f"; {len(circle) - _SOME} more" if len(circle) > _SOME else ""
        number = "Deadlock" if len(found.deadlocks) == 1 else f"{len(found.deadlocks)} deadlocks, the first"
        said.append(f"{number}: {len(circle)} threads wait for each other ({who}{more})")
    for holder in found.stuck[:1]:
        waiting = f"{len(holder.waiters)} thread{'s wait' if len(holder.waiters) > 1 else ' waits'}"
        at = place(teller.place_of(holder.tid))
        said.append(f"{waiting} for a lock that {code(teller.name_of(holder.tid), 20)} holds while it sleeps at {at}")
    ran = sum(thread.running for thread in alive)
    still = sum(thread.rested for thread in alive)
    length = max((thread.seen for thread in alive), default=0.0)
    if still == len(alive):
        said.append(f"{count(len(alive))} threads, none of which ran in {quantity(length, 's')}")
    else:
        rested = f"{count(still)} did not run at all, the others" if still else "they"
        used = f"{quantity(ran, 's')} of CPU in {quantity(length, 's')}"
        said.append(f"{count(len(alive))} threads: {rested} used {used}")
    runnable = sum(thread.runnable for thread in alive)
    if length and runnable / length >= _QUEUED:
        said.append(f"Threads waited {quantity(runnable, 's')} for a core ({percent(runnable / length)} of a thread)")
    inside = sum(1 for thread in alive if thread.waits and thread.waits.interpreter)
    if inside:
        said.append(f"{count(inside)} wait for the interpreter (the GIL)")
    if found.tasks:
        most = found.tasks[0]
        share = f", {count(most.tasks)} of them" if len(found.tasks) > 1 else ""
        every = count(sum(group.tasks for group in found.tasks))
        what = "goroutines" if runtime == "go" else "asyncio tasks"
        said.append(f"{every} {what}{share} {most.state} at {place(teller.where(most.stack))}")
    full = next((pool for pool in found.pools if pool.saturated), None)
    if full:
        said.append(f"The pool {called(full)} is saturated: all {full.threads} threads are busy")
    return ". ".join(said) + "."


def called(pool: Pool) -> str:
    """What a pool is called: its threads' name and the function they began in."""
    return code(f"{pool.name} {pool.entry}".strip(), 60)


def _next(evidence: Evidence, found: ThreadStacks) -> tuple[NextCall, ...]:
    who = evidence.target.argument
    calls = [NextCall(tool="diagnose", arguments=who, why="judge all causes in one window, ranked by cost")]
    ran = sum(thread.running for thread in found.threads)
    if found.edges and not found.deadlocks:
        why = "see which system calls and locks they wait in, how often and from which line"
        calls.insert(0, NextCall(tool="trace-syscalls", arguments=who, why=why))
    elif ran >= evidence.window.seconds / 2:
        calls.insert(0, NextCall(tool="trace-cpu", arguments=who, why="see which lines hold the CPU time"))
    if found.deadlocks or found.stuck:
        again = NextCall(tool="proc-threads", arguments={**who, "seconds": 10}, why="see whether it still stands so")
        calls.insert(0, again)
    return tuple(calls)
