"""perf and py-spy on real programs whose hot line is known."""

import os
import re
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import anyio
import pytest

from perfdoctor.collectors.backends.perf import backend as perf
from perfdoctor.collectors.backends.pyspy import backend as pyspy
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.schemas.cpu import CpuProfile
from perfdoctor.schemas.frame import Frame
from perfdoctor.schemas.target import Target
from tests.live.need import need
from tests.live.workload import WORKLOADS, Workload, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
HOT = 0.8
TraceCpu = Callable[[Target, float, Progress], Awaitable[Measured[CpuProfile]]]


async def by_perf(target: Target, seconds: float, progress: Progress) -> Measured[CpuProfile]:
    return await perf.trace_cpu(HOST, target, seconds=seconds, hz=199, progress=progress)


async def by_pyspy(target: Target, seconds: float, progress: Progress) -> Measured[CpuProfile]:
    return await pyspy.trace_cpu(HOST, target, seconds=seconds, hz=199, progress=progress)


BOTH = pytest.mark.parametrize(("trace", "source"), [(by_perf, "one_hot_line.c"), (by_pyspy, "one_hot_line.py")])


@pytest.fixture(autouse=True)
def programs_run_here() -> None:
    for problem in (perf.unavailable(HOST), pyspy.unavailable(HOST)):
        need(problem is None, f"cannot run: {problem}")


def target_of(program: Workload, *, children: bool = True) -> Target:
    runtime = "python3" if program.source.suffix == ".py" else "native"
    return Target(pid=program.pid, start_time=0.0, name="workload", runtime=runtime, children=children)


def line_of(source: str, marker: str) -> int:
    lines = (WORKLOADS / source).read_text().splitlines()
    return next(number for number, text in enumerate(lines, 1) if re.search(rf"@{marker}\b", text))


def share(profile: CpuProfile, matches: Callable[[Frame], bool]) -> float:
    """The share of the samples whose innermost frame matches."""
    return sum(row.samples for row in profile.rows if row.stack and matches(row.stack[0])) / profile.samples


def cpu_used(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) * 1e-9


@BOTH
async def test_the_hot_line_holds_the_samples(trace: TraceCpu, source: str) -> None:
    hot = line_of(source, "hot")
    async with workload(source) as program:
        measured = await trace(target_of(program), 1.5, silent)
    profile, collection = measured.profile, measured.collection
    assert share(profile, lambda frame: frame.function == "burn") > HOT
    assert share(profile, lambda frame: frame.line == hot and (frame.file or "").endswith(source)) > HOT
    assert (collection.exact, collection.not_understood, collection.lost) == (False, 0, 0)
    assert measured.window.partial is None
    assert measured.window.seconds == pytest.approx(1.5, abs=0.5)


async def test_perf_names_the_line_of_the_call_not_the_one_after() -> None:
    caller = line_of("one_hot_line.c", "caller")
    async with workload("one_hot_line.c") as program:
        measured = await by_perf(target_of(program), 1, silent)
    calling = [row for row in measured.profile.rows if any((f.function, f.line) == ("main", caller) for f in row.stack)]
    assert sum(row.samples for row in calling) / measured.profile.samples > HOT


@BOTH
async def test_the_rows_add_up_to_the_exact_cpu_time(trace: TraceCpu, source: str) -> None:
    async with workload(source) as program:
        before = cpu_used(program.pid)
        measured = await trace(target_of(program), 1, silent)
        used = cpu_used(program.pid) - before  # from before it was attached until after: the most that it can be
    profile = measured.profile
    assert sum(row.seconds for row in profile.rows) == pytest.approx(profile.cpu_seconds)
    assert sum(row.samples for row in profile.rows) == profile.samples
    assert 0 < profile.cpu_seconds <= min(used, measured.window.seconds * 1.1)


async def test_perf_splits_the_kernels_part_off() -> None:
    async with workload("call_storm.c") as program:
        measured = await by_perf(target_of(program), 1, silent)
    assert sum(row.samples for row in measured.profile.rows if row.kernel) / measured.profile.samples > 0.3
    assert not any(frame.kind == "kernel" for row in measured.profile.rows for frame in row.stack)
    assert share(measured.profile, lambda frame: "pread" in frame.function) > 0.5


async def test_children_are_sampled_when_they_belong_to_the_target() -> None:
    async with workload("one_hot_line.py", "--child") as program:
        for trace in (by_pyspy, by_perf):
            whole = await trace(target_of(program), 1, silent)
            alone = await trace(target_of(program, children=False), 1, silent)
            assert len({row.pid for row in whole.profile.rows}) == 2
            assert {row.pid for row in alone.profile.rows} == {program.pid}


@BOTH
async def test_the_end_of_the_target_is_a_shorter_window(trace: TraceCpu, source: str) -> None:
    async with workload(source) as program:
        sampled = anyio.Event()

        async def stop() -> None:
            await sampled.wait()
            await program.tell("stop")

        def hear(elapsed: float, _message: str) -> None:
            if elapsed > 0.4:
                anyio.from_thread.run_sync(sampled.set)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stop)
            measured = await trace(target_of(program), 30, hear)
    assert measured.window.partial == "the target ended"
    assert measured.window.seconds < 15
    assert share(measured.profile, lambda frame: frame.function == "burn") > 0.5


@BOTH
async def test_cancelling_leaves_nothing_behind(trace: TraceCpu, source: str) -> None:
    folders = set(Path(tempfile.gettempdir()).glob("perfdoctor-????????"))
    async with workload(source) as program:
        before = len(os.listdir("/proc/self/fd"))
        async with anyio.create_task_group() as tasks:

            def cancel(elapsed: float, _message: str) -> None:
                if elapsed > 0:
                    anyio.from_thread.run_sync(tasks.cancel_scope.cancel)

            tasks.start_soon(trace, target_of(program), 60.0, cancel)
        assert set(Path(tempfile.gettempdir()).glob("perfdoctor-????????")) <= folders
        assert len(os.listdir("/proc/self/fd")) <= before
        assert "TracerPid:\t0" in Path(f"/proc/{program.pid}/status").read_text()
        named = b"--pid=%d" % program.pid
        assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if named in _command_line(path)]


def _command_line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@BOTH
async def test_progress_comes_at_least_twice_a_second(trace: TraceCpu, source: str) -> None:
    said: list[tuple[float, str]] = []
    async with workload(source) as program:
        await trace(target_of(program), 1.5, lambda _elapsed, message: said.append((time.monotonic(), message)))
    gaps = [b - a for (a, _), (b, _) in pairwise(said)]
    assert max(gaps) < 0.6
    assert any("s of CPU so far" in message for _, message in said)


async def test_a_process_that_is_not_there_is_an_error() -> None:
    nobody = Target(pid=2**22 - 3, start_time=0.0, name="nobody", runtime="python3")
    for trace in (by_perf, by_pyspy):
        with pytest.raises(OSError, match="it ended with code"):
            await trace(nobody, 1, silent)


async def test_pyspy_refuses_what_is_not_python() -> None:
    async with workload("one_hot_line.c") as program:
        problem = pyspy.unavailable(HOST, target_of(program))
    assert problem and "native" in problem.why


async def test_perf_counts_the_calls_of_a_thread_but_for_the_few_it_drops() -> None:
    problem = perf.unavailable_for_syscalls(HOST)
    need(problem is None, f"perf trace cannot run: {problem}")
    async with workload("known_counts.py") as program:
        attached = anyio.Event()
        truth = {}

        async def work() -> None:
            await attached.wait()
            truth.update(await program.go())
            await program.stop()

        def hear(elapsed: float, _message: str) -> None:
            if elapsed > 0:
                anyio.from_thread.run_sync(attached.set)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            measured = await perf.trace_syscalls(HOST, target_of(program), seconds=30, progress=hear)
    assert measured.window.partial == "the target ended"
    counted = {row.syscall: row for row in measured.profile.rows}
    for line in truth.values():
        if line.marker in ("pread", "deep", "sleep", "send"):
            calls = sum(counted[name].calls for name in line.syscalls if name in counted)
            assert line.calls - 3 <= calls <= line.calls
    (missing,) = [e.calls for e in measured.profile.errnos if (e.syscall, e.errno) == ("newfstatat", "ENOENT")]
    assert 100 <= missing <= 103
    assert not measured.collection.exact
    assert measured.collection.not_understood == measured.collection.lost == 0
    assert "stacks" in measured.collection.lacks
