"""Where did every thread's time go? The account that all shares of findings are shares of."""

import re
from collections import defaultdict
from collections.abc import Set

from perfdoctor.diagnosis.loops import loops
from perfdoctor.diagnosis.runtime_waits import is_watcher
from perfdoctor.diagnosis.talk import Sides, awaited_by, only_ask_the_target
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.diagnosis.waiting import Futexes, signals, sleeps, state_of, waits_in_loops
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.ledger import Ledger, LedgerRow, ProcessRow, State
from perfdoctor.schemas.syscalls import SyscallRow
from perfdoctor.schemas.waits import WaitKind

_Stacks = dict[State, dict[Stack, float]]
_Line = tuple[str, int]


_MOST_PROCESSES = 16
_NOT_BUSY = (State.IDLE, State.MEASURED)
_TIMER_SECONDS = 0.5
"""A sleep of this length is that of a timer, which has nothing to do until then: a heartbeat, a report each second."""
_PACE_SECONDS = 0.01
"""The same of one that a thread's own loop sleeps each time round: it keeps a pace. Who looks for news sleeps less.
(One that lasts until a moment which the program has worked out is a pace however short it is.)"""
_MAIN = frozenset({"<module>", "main", "run", "__main__"})
_NAMELESS = re.compile(r"\{\{closure\}\}|<lambda>|lambda\$|\{lambda|\(anonymous\)|\.func\d+$")
"""functions that are handed to a thread, and only call what its loop is in"""
_AT_WORK = 0.03
"""Threads that are at work on average, from which on what timers beside them sleep tells nothing of the program."""


def ledger(evidence: Evidence) -> Ledger:
    """Every thread second of the window in exactly one state.

    The totals come from ``evidence.threads`` (followed through every context switch, or read from /proc); the system
    call rows say what the time asleep in calls was for, the CPU samples how running splits into user code and kernel.
    Time asleep in calls that no row explains is ``unaccounted``, and in neither idle nor busy. Without ``threads`` the
    account is made of what was measured, and ``thread_seconds`` is its sum.
    """
    rows = evidence.syscalls.rows if evidence.syscalls else ()
    signalled, only_ask = signals(rows), only_ask_the_target(evidence)
    whole = _account(evidence, signalled, only_ask)
    by_process = _by_process(evidence, signalled, only_ask)
    return whole.model_copy(update={"loops": loops(evidence), "processes": by_process})


def _by_process(evidence: Evidence, signalled: Futexes, only_ask: Set[int]) -> tuple[ProcessRow, ...]:
    """The same for each process alone, busiest first; empty where there is but one."""
    threads = evidence.threads or ()
    pids = {thread.pid for thread in threads}
    if len(pids) < 2:
        return ()
    found = []
    for pid in pids:
        own = tuple(thread for thread in threads if thread.pid == pid)
        calls, cpu = evidence.syscalls, evidence.cpu
        part = evidence.model_copy(
            update={
                "threads": own,
                "syscalls": calls and calls.model_copy(update={"rows": tuple(r for r in calls.rows if r.pid == pid)}),
                "cpu": cpu and cpu.model_copy(update={"rows": tuple(r for r in cpu.rows if r.pid == pid)}),
                "waits": tuple(wait for wait in evidence.waits or () if wait.pid == pid),
            }
        )
        account = _account(part, signalled, only_ask)
        found.append(
            ProcessRow(
                pid=pid,
                threads=sum(thread.count for thread in own),
                thread_seconds=account.thread_seconds,
                busy_seconds=account.busy_seconds,
                unaccounted=account.unaccounted,
                rows=account.rows,
            )
        )
    return tuple(sorted(found, key=lambda row: (-row.busy_seconds, row.pid))[:_MOST_PROCESSES])


def _account(evidence: Evidence, signalled: Futexes, only_ask: Set[int]) -> Ledger:
    seconds: dict[State, float] = defaultdict(float)
    stacks: _Stacks = defaultdict(lambda: defaultdict(float))
    threads = evidence.threads or ()
    cpu = evidence.cpu
    running = sum(t.running for t in threads) if evidence.threads is not None else (cpu.cpu_seconds if cpu else 0.0)

    in_kernel, traced = _book_running(evidence, running, stacks)
    seconds[State.RUNNING_KERNEL] = in_kernel
    seconds[State.MEASURED] = traced
    seconds[State.RUNNING_USER] = running - in_kernel - traced
    rows_of_calls = evidence.syscalls.rows if evidence.syscalls else ()
    sides = Sides(evidence.network, evidence.lent)
    states = [
        (row, state_of(row, evidence.user_roots, signalled, sides)) for row in rows_of_calls if row.blocked_seconds > 0
    ]
    # (a process that only asks the target waits for what the target does, which is told of it)
    states = [(row, State.IDLE if state is State.NETWORK and row.pid in only_ask else state) for row, state in states]
    awaited = {pid: seconds for pid, seconds in awaited_by(evidence.network).items() if pid not in only_ask}
    in_loops = waits_in_loops(states, awaited)
    # (what else keeps its threads busy; a fault or a descheduling is too little to matter here)
    at_work = running - traced + sum(t.runnable for t in threads)
    at_work += sum(row.blocked_seconds for row, state in states if state not in (State.IDLE, State.SLEEP))
    if at_work >= _AT_WORK * evidence.window.seconds:
        roots = evidence.user_roots
        paced, polls = ({(line.file, line.line) for line in lines} for lines in (evidence.paced, evidence.polls))
        states = [
            (row, State.IDLE if state is State.SLEEP and _is_timer(row, roots, paced, polls) else state)
            for row, state in states
        ]
    for row, state in states:
        for_answers = in_loops.get(id(row), 0.0)
        seconds[state] += row.blocked_seconds - for_answers
        stacks[state][row.stack] += row.blocked_seconds - for_answers
        if for_answers:
            seconds[State.NETWORK] += for_answers
            stacks[State.NETWORK][row.stack] += for_answers
    queued = [(row.stack, row.runnable_seconds) for row in rows_of_calls if row.runnable_seconds > 0]
    for wait in evidence.waits or ():
        if wait.kind is WaitKind.RUNNABLE:
            queued.append((wait.stack, wait.seconds))
        else:
            stacks[State.OUTSIDE][wait.stack] += wait.seconds
    unmissed = 0.0
    for stack, waited in queued:
        if is_watcher(stack):
            unmissed += waited
        else:
            stacks[State.RUNNABLE][stack] += waited
    if evidence.threads is not None:
        runnable = sum(t.runnable for t in threads)
        unmissed = min(unmissed, runnable)
        seconds[State.RUNNABLE] = runnable - unmissed
        seconds[State.OUTSIDE] = sum(t.elsewhere for t in threads)
        total = sum(t.wall for t in threads)
    else:
        for kind in (State.RUNNABLE, State.OUTSIDE):
            seconds[kind] = sum(stacks[kind].values())
        total = sum(seconds.values()) + unmissed
    seconds[State.IDLE] += unmissed

    rows = [
        LedgerRow(state=state, seconds=spent, share=_share(spent, total), top=_heaviest(stacks[state]))
        for state, spent in seconds.items()
        if spent > 0
    ]
    rows.sort(key=lambda row: -row.seconds)
    accounted = sum(row.seconds for row in rows)
    return Ledger(
        thread_seconds=total,
        busy_seconds=sum(row.seconds for row in rows if row.state not in _NOT_BUSY),
        unaccounted=total - accounted,
        rows=tuple(rows),
    )


def _is_timer(row: SyscallRow, roots: tuple[str, ...], paced: Set[_Line], polls: Set[_Line]) -> bool:
    own = next((frame for frame in row.stack if is_user_code(frame, roots) and frame.line), None)
    at = (own.file, own.line) if own else None
    if at in polls:
        return False  # (what it waits for is there up to a pause before it looks)
    return at in paced or _pause(row) >= _TIMER_SECONDS or keeps_pace(row, roots)


def keeps_pace(row: SyscallRow, roots: tuple[str, ...]) -> bool:
    """Whether it is the pause of a thread's own loop between two rounds."""
    return sleeps(row) and _pause(row) >= _PACE_SECONDS and _is_loop_of_thread(row.stack, roots)


def _pause(row: SyscallRow) -> float:
    return row.blocked_seconds / max(1, row.calls + row.unfinished)


def _is_loop_of_thread(stack: Stack, roots: tuple[str, ...]) -> bool:
    """Whether the user's function that sleeps is the one that its thread was started with, or the main program's."""
    own = [frame.function for frame in stack if is_user_code(frame, roots) and frame.line]
    while len(own) > 1 and (own[-1].rsplit(".", 1)[-1] in _MAIN or _NAMELESS.search(own[-1])):
        own.pop()
    return len(set(own)) == 1


def _book_running(evidence: Evidence, running: float, stacks: _Stacks) -> tuple[float, float]:
    """Seconds of ``running`` that were in the kernel, and those in which it traced the target there: by the samples, or
    failing them by the time inside calls."""
    if evidence.cpu is None or not evidence.cpu.rows:
        rows = evidence.syscalls.rows if evidence.syscalls else ()
        return min(running, sum(max(0.0, r.seconds - r.blocked_seconds - r.runnable_seconds) for r in rows)), 0.0
    spent: dict[State, float] = defaultdict(float)
    for row in evidence.cpu.rows:
        state = State.MEASURED if row.is_tracing else State.RUNNING_KERNEL if row.kernel else State.RUNNING_USER
        spent[state] += row.seconds
        stacks[state][row.stack] += row.seconds
    if (sampled := sum(spent.values())) <= 0:
        return 0.0, 0.0
    traced = running * min(1.0, spent[State.MEASURED] / sampled)
    return min(running - traced, running * min(1.0, spent[State.RUNNING_KERNEL] / sampled)), traced


def _heaviest(stacks: dict[Stack, float]) -> Stack:
    return max(stacks, key=lambda stack: stacks[stack], default=())


def _share(part: float, total: float) -> float:
    return min(1.0, part / total) if total > 0 else 0.0
