"""From the kernel's tables to the models that everybody speaks: names for keys, seconds for nanoseconds."""

import contextlib
import errno
from collections import defaultdict
from collections.abc import Callable

from perfdoctor.collectors.backends.bpf import decode
from perfdoctor.collectors.backends.bpf.engine import Engine, Row, Seen
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.syscall_names import name_of
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.loops import LateRow, PollingThread
from perfdoctor.schemas.syscalls import ErrnoCount, SyscallProfile, SyscallRow
from perfdoctor.schemas.threads import ChildProcess, ThreadTime
from perfdoctor.schemas.waits import FaultRow, WaitKind, WaitRow

_NS = 1e-9


def syscall_profile(engine: Engine, seen: Seen) -> SyscallProfile:
    """Every call by stack. Calls of children too short-lived to be known have pid 0 and no stack."""
    merged: dict[tuple[Stack, int, str | None, int], list[int]] = {}
    descriptors = Descriptors(engine.host, engine.was_open)
    for (key, raw, pid, call), value in seen.calls:
        stack, thing = resolved(engine, key, raw, call)
        # Two keys may carry the same name (a descriptor and its path): one row.
        row_key = (stack, pid, object_name(engine, descriptors, pid, thing), call)
        row = merged.get(row_key)
        if row is None:
            merged[row_key] = list(value)
        else:
            maximum = max(row[8], value[8])
            merged[row_key] = [a + b for a, b in zip(row, value, strict=True)]
            merged[row_key][8] = maximum
    rows = [
        SyscallRow(
            pid=pid,
            syscall=name_of(call),
            object=name,
            stack=stack,
            calls=v[0],
            errors=v[1],
            empty=v[2],
            unfinished=v[3],
            bytes=v[4],
            seconds=v[5] * _NS,
            blocked_seconds=v[6] * _NS,
            runnable_seconds=v[7] * _NS,
            max_seconds=v[8] * _NS,
            histogram=tuple(v[9:]),
        )
        for (stack, pid, name, call), v in merged.items()
    ]
    rows.sort(key=lambda r: (-r.seconds, -r.calls, r.syscall, r.pid))
    errnos = [
        ErrnoCount(syscall=name_of(call), errno=_errno_name(number), calls=calls)
        for (call, number), calls in sorted(seen.errors, key=lambda e: -e[1])
    ]
    return SyscallProfile(
        rows=tuple(rows),
        errnos=tuple(errnos),
        calls=sum(r.calls for r in rows),
        seconds=sum(r.seconds for r in rows),
    )


_LOCK_CALLS = ("futex", "futex_wait", "futex_waitv")
_WORTH_NAMING_NS = 1_000_000


def lock_waits_so_far(engine: Engine) -> tuple[SyscallRow, ...]:
    """Waits on futexes while the window goes on; without frames where they blocked for less than a millisecond."""
    rows = []
    descriptors = Descriptors(engine.host, engine.was_open)
    for (key, thing, pid, call), v in engine.calls_so_far():
        if name_of(call) in _LOCK_CALLS and v[6]:
            rows.append(
                SyscallRow(
                    pid=pid,
                    syscall=name_of(call),
                    object=object_name(engine, descriptors, pid, thing),
                    stack=engine.stacks.of(key) if v[6] >= _WORTH_NAMING_NS else (),
                    calls=v[0],
                    errors=v[1],
                    empty=v[2],
                    seconds=v[5] * _NS,
                    blocked_seconds=v[6] * _NS,
                )
            )
    return tuple(rows)


_RESTARTS = {512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND", 516: "ERESTART_RESTARTBLOCK"}
"""Interrupted by a signal, and begun again by the kernel: no program sees these."""


def _errno_name(number: int) -> str:
    return errno.errorcode.get(number) or _RESTARTS.get(number) or f"errno {number}"


class Descriptors:
    """What a descriptor refers to that is open at the end of the window; or was at its beginning, where the process
    has ended."""

    def __init__(self, host: Host, before: dict[tuple[int, int], str]) -> None:
        self._host, self._before = host, before
        self._known: dict[tuple[int, int], str] = {}

    def name(self, pid: int, fd: int) -> str:
        known = self._known.get((pid, fd))
        if known is None:
            known = f"fd:{fd}"
            link = self._before.get((pid, fd), "")
            with contextlib.suppress(OSError):
                link = self._host.read_link(f"/proc/{pid}/fd/{fd}")
            if link:
                # A file is known by its path; a socket, a pipe or an anonymous inode by its descriptor too.
                known = clean(link) if link.startswith("/") else f"fd:{fd} ({clean(link, 64)})"
            self._known[pid, fd] = known
        return known


def object_names(engine: Engine) -> Callable[[int, int], str | None]:
    """What a process's call was upon, by (pid, the kernel side's object)."""
    descriptors = Descriptors(engine.host, engine.was_open)
    return lambda pid, thing: object_name(engine, descriptors, pid, thing)


def object_name(engine: Engine, descriptors: Descriptors, pid: int, thing: int) -> str | None:
    if thing & decode.IS_PATH:
        path = engine.paths.get(thing)
        return None if path is None else clean(path)
    if thing & decode.IS_FD:
        return descriptors.name(pid, thing & 0xFFFFFFFF)
    if thing & decode.IS_ADDRESS:
        address = thing & ~decode.IS_ADDRESS
        names = engine.lives.names.get(pid)
        owned = names is not None and names.interpreter is not None and names.interpreter.owns(address)
        return f"futex:{address:#x} (interpreter)" if owned else f"futex:{address:#x}"
    return None


def resolved(engine: Engine, key: int, thing: int, call: int) -> tuple[Stack, int]:
    """A row's stack and object; of a call that began before the window, those of the thread that stood in it."""
    if key & decode.IS_STANDING == decode.IS_STANDING and key not in engine.stacks:
        sleeper = engine.sleepers.get(key & 0xFFFFFFFF)
        return (sleeper.stack, sleeper.object) if sleeper and sleeper.call == call else ((), 0)
    return engine.stacks.of(key), thing


def cpu_profile(engine: Engine, seen: Seen, wanted: Wanted) -> CpuProfile:
    """CPU samples by stack, scaled so that each thread's samples stand for its exact CPU time."""
    hz = wanted.hz
    threads = {record.tid: record for record in engine.threads}
    exact = {tid: record.running * _NS for tid, record in threads.items()}
    taken: dict[int, int] = defaultdict(int)
    samples: list[Row] = [row for row in seen.points if row[0][2] == decode.POINT_CPU]
    for (_, _, _, _, tid), value in samples:
        taken[tid] += value[0]
    cpu_seconds = sum(exact.values())
    weight = {tid: exact.get(tid, 0.0) / n for tid, n in taken.items()}
    # Threads that ran too briefly to be sampled are stood for by the others.
    sampled = sum(exact.get(tid, 0.0) for tid in taken)
    spread = cpu_seconds / sampled if sampled else 0.0
    merged: dict[tuple[int, str, int, int], list[float]] = {}
    for (stack, kernel, _, pid, tid), value in samples:
        name = clean(threads[tid].name, 32) if tid in threads else ""
        row = merged.setdefault((pid, name, stack, kernel), [0, 0.0])
        row[0] += value[0]
        row[1] += value[0] * weight[tid] * spread
    unplaced = 0
    stacks: dict[int, Stack] = {}
    for (_, _, stack, _), (n, _) in merged.items():
        stacks[stack] = engine.stacks.of(stack)
        if wanted.mixed and engine.stacks.has_python(stack):
            stacks[stack], placed = engine.stacks.mixed_of(stack)
            unplaced += 0 if placed else int(n)
    rows = [
        CpuRow(
            pid=pid,
            thread=name,
            stack=stacks[stack],
            native=engine.stacks.native_of(stack) if engine.stacks.has_python(stack) else (),
            kernel=engine.stacks.kernel_of(kernel),
            samples=int(n),
            seconds=seconds,
        )
        for (pid, name, stack, kernel), (n, seconds) in merged.items()
    ]
    rows.sort(key=lambda r: (-r.seconds, r.pid, r.thread))
    total = sum(taken.values())
    return CpuProfile(
        rows=tuple(rows),
        hz=hz,
        samples=total,
        cpu_seconds=cpu_seconds,
        sampled_seconds=total / hz if hz else 0.0,
        mixed=wanted.mixed,
        unplaced=unplaced,
    )


def waits(engine: Engine, seen: Seen) -> tuple[WaitRow, ...]:
    """Time off the CPU that no system call explains, longest first."""
    kinds = {decode.POINT_BLOCKED: WaitKind.BLOCKED, decode.POINT_RUNNABLE: WaitKind.RUNNABLE}
    rows = [
        WaitRow(
            pid=pid,
            kind=kinds[kind],
            stack=engine.stacks.of(stack),
            kernel=engine.stacks.kernel_of(kernel),
            count=value[0],
            seconds=value[1] * _NS,
            max_seconds=value[2] * _NS,
        )
        for (stack, kernel, kind, pid, _), value in seen.points
        if kind in kinds
    ]
    return tuple(sorted(rows, key=lambda r: (-r.seconds, r.pid)))


def faults(engine: Engine, seen: Seen) -> tuple[FaultRow, ...]:
    """Page faults by stack, most first."""
    rows = [
        FaultRow(pid=pid, stack=engine.stacks.of(stack), faults=value[0])
        for (stack, _, kind, pid, _), value in seen.points
        if kind == decode.POINT_FAULT
    ]
    return tuple(sorted(rows, key=lambda r: (-r.faults, r.pid)))


_MOST_LOOPS = 64


def loops(engine: Engine, seen: Seen) -> tuple[PollingThread, ...]:
    """Threads that polled more than once, those that were off the poll for longest first."""
    late: dict[int, list[LateRow]] = defaultdict(list)
    for (stack, _, kind, _, tid), value in seen.points:
        if kind == decode.POINT_LATE:
            late[tid].append(LateRow(stack=engine.stacks.of(stack), samples=value[0], seconds=value[1] * _NS))
    polling = [record for record in engine.threads if record.polls > 1]
    polling.sort(key=lambda record: -record.off_ns)
    return tuple(
        PollingThread(
            pid=record.pid,
            tid=record.tid,
            name=clean(record.name, 32),
            stack=engine.stacks.of(record.poll_stack),
            polls=record.polls,
            poll_seconds=record.poll_ns * _NS,
            off_seconds=record.off_ns * _NS,
            longest_seconds=record.longest_off * _NS,
            histogram=record.off_histogram,
            late=_heaviest(late[record.tid]),
        )
        for record in polling[:_MOST_LOOPS]
    )


_MOST_LATE = 64


def _heaviest(rows: list[LateRow]) -> tuple[LateRow, ...]:
    """The stacks that held a loop up for longest; the others are one row without a stack."""
    rows = sorted(rows, key=lambda row: -row.seconds)
    kept, rest = rows[:_MOST_LATE], rows[_MOST_LATE:]
    if rest:
        kept.append(LateRow(samples=sum(row.samples for row in rest), seconds=sum(row.seconds for row in rest)))
    return tuple(kept)


_FEW = 8


def thread_times(engine: Engine) -> tuple[ThreadTime, ...]:
    """Every thread that lived in the window, busiest first. Threads that came and went in the window are one row per
    process and name when they are many; those of short-lived children share pid 0."""
    passing: dict[tuple[int, str], list[decode.ThreadRecord]] = defaultdict(list)
    for record in engine.threads:
        if record.flags & decode.BORN_IN_WINDOW and record.ended < engine.ended_ns:
            passing[0 if record.pid in engine.lives.children else record.pid, record.name].append(record)
    many = {key: records for key, records in passing.items() if len(records) > _FEW}
    merged = {record.tid for records in many.values() for record in records}
    rows = [_thread_time(engine, [r], r.pid, r.tid) for r in engine.threads if r.tid not in merged]
    rows += [_thread_time(engine, records, pid, 0) for (pid, _), records in many.items()]
    return tuple(sorted(rows, key=lambda r: (-r.running, r.pid, r.tid)))


def _thread_time(engine: Engine, records: list[decode.ThreadRecord], pid: int, tid: int) -> ThreadTime:
    first = records[0]
    return ThreadTime(
        pid=pid,
        tid=tid,
        name=clean(first.name, 32),
        count=len(records),
        wall=sum(r.ended - r.began for r in records) * _NS,
        running=sum(r.running for r in records) * _NS,
        runnable=sum(r.runnable for r in records) * _NS,
        in_syscall=sum(r.in_call for r in records) * _NS,
        elsewhere=sum(r.elsewhere for r in records) * _NS,
        voluntary_switches=sum(r.voluntary for r in records),
        involuntary_switches=sum(r.involuntary for r in records),
        started_in_window=bool(first.flags & decode.BORN_IN_WINDOW),
        ended_in_window=first.ended < engine.ended_ns,
    )


def children(engine: Engine) -> tuple[ChildProcess, ...]:
    """Processes started in the window, by program; one that executed nothing is ``(fork)``."""
    cpu: dict[int, int] = defaultdict(int)
    for record in engine.threads:
        cpu[record.pid] += record.running
    groups: dict[str, list[float]] = {}
    for pid, life in engine.lives.children.items():
        row = groups.setdefault(clean(life.program) or "(fork)", [0, 0, 0.0, 0.0])
        row[0] += 1
        row[1] += life.ended is not None
        row[2] += ((life.ended or engine.ended_ns) - life.began) * _NS
        row[3] += cpu[pid] * _NS
    return tuple(
        ChildProcess(program=name, started=int(n), ended=int(ended), seconds=seconds, cpu_seconds=cpu_seconds)
        for name, (n, ended, seconds, cpu_seconds) in sorted(groups.items(), key=lambda g: -g[1][2])
    )
