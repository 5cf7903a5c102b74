"""strace and bpftrace on real programs whose every call is known."""

import os
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import anyio
import psutil
import pytest

from perfdoctor.collectors.backends.bpftrace import backend as bpftrace
from perfdoctor.collectors.backends.strace import backend as strace
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.measured import Measured
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.syscalls import SyscallProfile
from perfdoctor.schemas.target import Target
from tests.live.need import need
from tests.live.workload import LineTruth, Workload, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
BACKENDS = pytest.mark.parametrize("backend", [strace, bpftrace], ids=["strace", "bpftrace"])
OTHER_CALLS = {"read", "write", "getppid", "access", "wait4"} | {"newfstatat", "stat", "statx", "lstat"}
"""calls that the interpreter may make by itself as well: the counts of these are a lower bound"""


def target_of(pid: int, *, children: bool = True) -> Target:
    return Target(pid=pid, start_time=0.0, name="workload", children=children)


def tracer_of(pid: int) -> str:
    return next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("TracerPid"))


def can_run(backend: ModuleType) -> None:
    problem = backend.unavailable(HOST, None)
    need(problem is None, f"{backend.NAME} cannot run: {problem}")


def own_children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


async def trace_its_work(
    backend: ModuleType, program: Workload, target: Target
) -> tuple[Measured[SyscallProfile], dict[int, LineTruth]]:
    """Attach, let it do its work once, end it: that closes the window."""
    truth: dict[int, LineTruth] = {}
    found: list[Measured[SyscallProfile]] = []
    attached = anyio.Event()

    async def trace() -> None:
        found.append(await backend.trace_syscalls(HOST, target, seconds=60, progress=hear))

    def hear(_elapsed: float, message: str) -> None:
        if message == "attached":
            attached.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trace)
        await attached.wait()
        truth.update(await program.go())
        await program.stop()
    return found[0], truth


@BACKENDS
async def test_counts_are_exact(backend: ModuleType) -> None:
    can_run(backend)
    async with workload("known_counts.py") as program:
        measured, truth = await trace_its_work(backend, program, target_of(program.pid))
    rows = measured.profile.rows
    expected: dict[tuple[str, ...], list[LineTruth]] = defaultdict(list)
    for line in truth.values():
        expected[line.syscalls].append(line)
    assert len(expected) > 8
    for names, lines in expected.items():
        seen = [row for row in rows if row.syscall in names]
        calls, errors = sum(row.calls for row in seen), sum(row.errors for row in seen)
        if OTHER_CALLS.isdisjoint(names):
            assert calls == sum(line.calls for line in lines), names
        else:
            assert calls >= sum(line.calls for line in lines), names
        assert errors >= sum(line.errors for line in lines), names
        assert sum(row.bytes for row in seen) >= sum(line.bytes for line in lines), names
        assert sum(row.seconds for row in seen) >= sum(line.seconds for line in lines), names
    assert all(sum(row.histogram) == row.calls for row in rows)
    collection = measured.collection
    assert (collection.lost, collection.not_understood, collection.exact) == (0, 0, True)
    assert measured.window.partial == "the target ended"
    assert len({row.pid for row in rows}) == 2  # threads belong to their process, the forked child is one of its own


async def test_strace_counts_by_object_are_exact() -> None:
    can_run(strace)
    async with workload("known_counts.py") as program:
        measured, truth = await trace_its_work(strace, program, target_of(program.pid))
    present = [row for row in measured.profile.rows if (row.object or "").endswith("/present")]
    stats = {"newfstatat", "stat", "statx", "lstat"}
    on_present = [line for line in truth.values() if stats & set(line.syscalls) and not line.errors]
    named = sum(row.calls for row in present if row.syscall in stats)
    # open() asks for the facts of its descriptor: fstat is newfstatat with an empty name
    assert named - sum(line.calls for line in on_present) in range(8)
    (absent,) = (row for row in measured.profile.rows if (row.object or "").endswith("/absent"))
    assert (absent.calls, absent.errors) == (103, 103)
    (pread,) = (row for row in present if row.syscall == "pread64")
    assert (pread.calls, pread.bytes) == (113, 113 * 7)
    (reads,) = (row for row in present if row.syscall == "read")
    assert (reads.calls, reads.bytes, reads.empty) == (107 + 109, 107, 109)
    enoent = {(e.syscall, e.errno): e.calls for e in measured.profile.errnos}
    assert enoent[absent.syscall, "ENOENT"] >= 103


async def test_strace_leaves_children_out_when_they_are_not_asked_for() -> None:
    can_run(strace)
    async with workload("known_counts.py") as program:
        measured, _ = await trace_its_work(strace, program, target_of(program.pid, children=False))
        assert {row.pid for row in measured.profile.rows} == {program.pid}


@BACKENDS
async def test_who_sleeps_all_the_time_is_seen(backend: ModuleType) -> None:
    can_run(backend)
    said: list[tuple[float, str]] = []
    async with workload("known_counts.py") as program:
        target = target_of(program.pid)
        measured = await backend.trace_syscalls(HOST, target, seconds=1.3, progress=lambda *word: said.append(word))
        assert tracer_of(program.pid) == "TracerPid:\t0"
    assert measured.profile.calls == 0
    if backend is strace:
        (row,) = measured.profile.rows
        assert (row.syscall, row.unfinished) == ("read", 1)
    assert measured.window.partial is None
    assert 1.3 <= measured.window.seconds < 1.6
    times = [elapsed for elapsed, _ in said]
    assert max(b - a for a, b in pairwise(times)) < 0.5
    assert said[-1][1] == "no system calls yet"


@BACKENDS
async def test_cancelling_leaves_nothing_behind(backend: ModuleType) -> None:
    can_run(backend)
    before = own_children()
    async with workload("known_counts.py") as program:
        attached = anyio.Event()

        def hear(_elapsed: float, message: str) -> None:
            if message == "attached":
                attached.set()

        async with anyio.create_task_group() as tasks:

            async def trace() -> None:
                await backend.trace_syscalls(HOST, target_of(program.pid), seconds=60, progress=hear)

            tasks.start_soon(trace)
            await attached.wait()
            cancelled = time.monotonic()
            tasks.cancel_scope.cancel()
        assert time.monotonic() - cancelled < 5
        assert tracer_of(program.pid) == "TracerPid:\t0"
        assert own_children() - before == {program.pid}
        assert await program.go()  # it works as before


async def test_strace_says_who_traces_already_and_what_it_was_refused() -> None:
    can_run(strace)
    async with workload("known_counts.py") as program:
        target = target_of(program.pid)
        async with HOST.run(["strace", "-f", "-o/dev/stdout", f"-p{program.pid}"]) as other:
            async for _ in other.output():
                break
            problem = strace.unavailable(HOST, target)
            assert problem and str(other.pid) in problem.why
            with pytest.raises(ProblemError, match="Operation not permitted"):
                await strace.trace_syscalls(HOST, target, seconds=1, progress=lambda *_: None)
        assert strace.unavailable(HOST, target) is None


@BACKENDS
async def test_no_such_process_is_refused(backend: ModuleType) -> None:
    can_run(backend)
    gone = int(Path("/proc/sys/kernel/pid_max").read_text()) - 1
    need(not os.path.exists(f"/proc/{gone}"), "the last pid is in use")
    with pytest.raises((ProblemError, OSError), match="No such process"):
        await backend.trace_syscalls(HOST, target_of(gone), seconds=1, progress=lambda *_: None)


async def test_strace_ends_early_to_spare_a_target_that_calls_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    can_run(strace)
    monkeypatch.setattr(strace, "_MOST_CALLS", 500)
    async with HOST.run(["dd", "if=/dev/zero", "of=/dev/null", "bs=1"]) as busy:
        measured = await strace.trace_syscalls(HOST, target_of(busy.pid), seconds=30, progress=lambda *_: None)
    assert measured.window.partial and "500 calls" in measured.window.partial
    assert measured.profile.calls >= 500
    assert measured.window.seconds < 10
    assert measured.collection.not_understood == 0
