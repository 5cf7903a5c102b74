"""Java machines, asked themselves: what they run, wait for and allocate, line by line; and machines that refuse."""

import os
import shutil
import signal
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from pytest import approx

from perfdoctor.collectors import allocations, cpu, ledger, locks, syscalls, thread_stacks
from perfdoctor.collectors.backends.jvm import door
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame
from perfdoctor.schemas.locks import LockKind
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
from perfdoctor.server.answers.thread_stacks import threads_answer
from tests.live.need import need
from tests.live.workload import WORKLOADS, Workload, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
SOURCE = "KnownJava.java"
TMP = Path("/tmp")
Question = Callable[[Progress], Awaitable[Evidence]]


def line_of(marker: str) -> int:
    lines = (WORKLOADS / SOURCE).read_text().splitlines()
    return next(number for number, text in enumerate(lines, 1) if f"@{marker}" in text)


def at(frame: Frame, marker: str) -> bool:
    return frame.line == line_of(marker) and (frame.file or "").startswith("/") and (frame.file or "").endswith(SOURCE)


def enters(frame: Frame, marker: str) -> bool:
    """An interpreted method stands at the first statement inside of ``synchronized`` while it waits to enter."""
    return at(frame, marker) or at(frame.model_copy(update={"line": (frame.line or 0) - 1}), marker)


def left_behind(pid: int) -> list[str]:
    """What we may have left in /tmp, but for the socket of the machine's own, and folders of servers that another test
    has killed."""
    return [
        path.name
        for path in TMP.iterdir()
        if path.name in (f".attach_pid{pid}", f"perf-{pid}.map")
        or (_is_window(path) and path.name not in _OF_THE_KILLED)
    ]


def _is_window(path: Path) -> bool:
    return path.name.startswith("perfdoctor-") and (path / "settings.jfc").exists()


_OF_THE_KILLED: set[str] = set()


@pytest.fixture(autouse=True)
def _note_what_was_left_before() -> None:
    _OF_THE_KILLED.update(path.name for path in TMP.iterdir() if _is_window(path))


@asynccontextmanager
async def java(*options: str, prefix: tuple[str, ...] = ()) -> AsyncIterator[tuple[Workload, Target]]:
    need(os.geteuid() == 0, "needs root")
    async with workload(SOURCE, c_flags=options, prefix=prefix) as program:
        pid = program.pid
        yield program, find_target(HOST, pid)
    (TMP / f".java_pid{pid}").unlink(missing_ok=True)  # a machine that is killed leaves its socket


async def told(program: Workload, words: str) -> None:
    await program.tell(words)
    assert (await program.line()).split() == ["done", words.split()[0]]


async def recordings(target: Target) -> str:
    return await door.ask(HOST, target.pid, "JFR.check")


async def test_one_machine_tells_its_lines() -> None:
    async with java() as (program, target):
        assert target.runtime == "java"
        await hot_line(program, target)
        await native_share(program, target)
        await waits_in_primes(program, target)
        await allocated_line(program, target)
        await reads_in_primes(program, target)
        await diagnosed(program, target)
        await cancelled(target)
        mapped = (await door.perf_map(HOST, target.pid)).decode()
        assert " KnownJava." in mapped or "KnownJava::" in mapped
        await deadlock(program, target)
        assert "No available recordings" in await recordings(target)
        assert left_behind(target.pid) == []
        await told(program, "burn 1")  # it works on as if nothing had been


async def meanwhile(question: Question, program: Workload, words: str) -> tuple[Evidence, list[str]]:
    """The evidence of a window that lies within what the program was told to do once it had begun; and its answer."""
    begun = anyio.Event()
    taken: list[Evidence] = []

    def hear(_elapsed: float, message: str) -> None:
        if message != "Flight Recorder starts":
            begun.set()

    async def measure() -> None:
        taken.append(await question(hear))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(measure)
        await begun.wait()
        await program.tell(words)
        answer = (await program.line(60)).split()
    return taken[0], answer


async def hot_line(program: Workload, target: Target) -> None:
    evidence, _ = await meanwhile(
        lambda progress: cpu.trace_cpu(HOST, target, seconds=1.5, progress=progress), program, "burn 2500"
    )
    profile, how = evidence.cpu, evidence.collections["cpu"]
    assert profile is not None
    assert (how.backend, how.exact, how.lost, how.not_understood, how.skipped) == ("jvm", False, 0, 0, ())
    burning = [row for row in profile.rows if row.stack and row.stack[0].function.startswith("KnownJava.burn")]
    share = sum(row.seconds for row in burning) / profile.cpu_seconds
    assert share > 0.6
    assert sum(row.seconds for row in burning if at(row.stack[0], "hot")) > 0.5 * sum(row.seconds for row in burning)
    assert sum(row.seconds for row in profile.rows) == approx(profile.cpu_seconds, rel=0.01)
    assert evidence.threads  # the engine's exact account stands beside


async def native_share(program: Workload, target: Target) -> None:
    """Flight Recorder finds a thread in native code, whether it works or sleeps there: the engine saw how much."""
    evidence, (*_, thousandths) = await meanwhile(
        lambda progress: cpu.trace_cpu(HOST, target, seconds=2.5, hz=499, progress=progress), program, "mix 2000"
    )
    rows = [row for row in (evidence.cpu.rows if evidence.cpu else ()) if row.stack]
    mine = [row for row in rows if any(frame.function == "KnownJava.mix" for frame in row.stack)]
    squeezing = [row for row in mine if row.stack[0].function == "java.util.zip.Deflater.deflateBytesBytes"]
    share = sum(row.seconds for row in squeezing) / sum(row.seconds for row in mine)
    assert share == approx(int(thousandths) / 1000, abs=0.1)
    assert all(any(at(frame, "squeezes") for frame in row.stack) for row in squeezing)


async def while_recording(question: Question, program: Workload, words: str) -> Evidence:
    """The evidence of a window in which the program did that, and nothing else."""
    recording = anyio.Event()
    taken: list[Evidence] = []

    def hear(_elapsed: float, message: str) -> None:
        if "is recording" in message:
            recording.set()

    async def measure() -> None:
        taken.append(await question(hear))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(measure)
        await recording.wait()
        await told(program, words)
        assert not taken, "it took longer than the window"
    return taken[0]


async def waits_in_primes(program: Workload, target: Target) -> None:
    evidence = await while_recording(
        lambda progress: locks.measure(HOST, target, seconds=3, progress=progress), program, "contend 17 13"
    )
    found, how = evidence.locks, evidence.collections["locks"]
    assert found is not None
    assert (how.backend, how.exact, how.lost, how.not_understood, how.missing_stacks) == ("jvm", True, 0, 0, 0)
    monitors = [(lock, wait) for lock in found.locks for wait in lock.waiters if enters(wait.waiter[0], "enters")]
    assert sum(wait.waits for _, wait in monitors) == 17
    assert {lock.kind for lock, _ in monitors} == {LockKind.MUTEX}
    assert all(lock.owner and lock.owner_confirmed == lock.waits for lock, _ in monitors)
    parked = [
        (lock, wait)
        for lock in found.locks
        for wait in lock.waiters
        if any(at(frame, "locks") for frame in wait.waiter)
    ]
    assert sum(wait.waits for _, wait in parked) == 13
    assert {lock.kind for lock, _ in parked} == {LockKind.MUTEX}
    assert sum(wait.seconds for _, wait in (*monitors, *parked)) >= 30 * 0.003


async def allocated_line(program: Workload, target: Target) -> None:
    evidence = await while_recording(
        lambda progress: allocations.measure(HOST, target, seconds=4, mode="objects", progress=progress),
        program,
        "allocate 1999",
    )
    profile = evidence.allocations
    assert profile is not None and evidence.collections["allocations"].backend == "jvm"
    mine = sum(row.bytes for row in profile.rows if row.stack and at(row.stack[0], "allocates"))
    assert mine == approx(1999 * 65_553, rel=0.25)
    assert mine > 0.8 * profile.bytes


async def reads_in_primes(program: Workload, target: Target) -> None:
    """The count is the engine's, and exact; the line is joined by time."""
    started = anyio.Event()
    taken: list[Evidence] = []

    async def measure() -> None:
        taken.append(
            await syscalls.trace_syscalls(HOST, target, seconds=3, progress=lambda at, _: started.set() if at else None)
        )

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(measure)
        await started.wait()
        await told(program, "read 23")
        assert not taken
    profile, how = taken[0].syscalls, taken[0].collections["syscalls"]
    assert profile is not None and how.exact and any("joined by time" in warning for warning in how.warnings)
    rows = [row for row in profile.rows if row.syscall == "read" and (row.object or "").endswith("/stat")]
    assert sum(row.calls for row in rows) == 23
    mine = sum(row.calls for row in rows if any(at(frame, "reads") for frame in row.stack))
    assert mine >= 20


async def diagnosed(program: Workload, target: Target) -> None:
    """All at once: samples, calls and locks of one window, by lines of Java."""
    evidence, _ = await meanwhile(
        lambda progress: ledger.observe(HOST, target, seconds=2, progress=progress), program, "burn 3000"
    )
    assert evidence.cpu and evidence.syscalls and evidence.network and evidence.locks and evidence.threads
    assert {evidence.collections[part].backend for part in ("cpu", "locks")} == {"jvm"}
    assert evidence.cpu.rows[0].stack[0].function == "KnownJava.burn"


async def cancelled(target: Target) -> None:
    """While Flight Recorder runs, and while it starts."""
    for after in (1.5, 0.15):
        with anyio.move_on_after(after):
            await cpu.trace_cpu(HOST, target, seconds=30)
        assert "No available recordings" in await recordings(target)
        assert left_behind(target.pid) == []


async def deadlock(program: Workload, target: Target) -> None:
    await told(program, "deadlock")
    await anyio.sleep(0.5)
    evidence = await thread_stacks.measure(HOST, target, seconds=1)
    found = evidence.thread_stacks
    assert found is not None and evidence.collections["thread_stacks"].backend == "jvm"
    assert evidence.collections["thread_stacks"].not_understood == 0
    names = {thread.tid: thread.name for thread in found.threads}
    assert [{names[tid] for tid in circle} for circle in found.deadlocks] == [{"left", "right"}]
    stuck = [thread for thread in found.threads if thread.name in ("left", "right")]
    assert all(enters(thread.stack[0], "stuck") for thread in stuck)
    assert "Deadlock: 2 threads" in threads_answer("r", evidence, rows=5, frames=3).summary


@pytest.mark.parametrize(
    ("option", "why"), [("-XX:+DisableAttachMechanism", "DisableAttachMechanism"), ("-Xrs", "SIGQUIT")]
)
async def test_a_machine_that_does_not_let_attach_is_left_alone(option: str, why: str) -> None:
    async with java(option) as (program, target):
        problem = door.unavailable(HOST, target)
        assert problem is not None and why in problem.why
        with pytest.raises(ProblemError, match=why):
            await thread_stacks.measure(HOST, target, seconds=0.2, backend="jvm")
        evidence = await thread_stacks.measure(HOST, target, seconds=0.2)
        how = evidence.collections["thread_stacks"]
        assert how.backend == "proc" and why in how.skipped[0].why
        await told(program, "burn 1")


async def test_an_operator_may_forbid_it() -> None:
    async with java() as (program, target):
        problem = door.unavailable(LocalHost(attach_runtimes=False), target)
        assert problem is not None and "attach_runtimes" in problem.why
        await told(program, "burn 1")


async def test_a_stopped_machine_is_not_waited_for() -> None:
    async with java() as (program, target):
        os.kill(target.pid, signal.SIGSTOP)
        began = time.monotonic()
        while Path(f"/proc/{target.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            await anyio.sleep(0.01)
        try:
            problem = door.unavailable(HOST, target)
            assert problem is not None and "stopped" in problem.why
            with pytest.raises(OSError, match="stopped"):  # also when it is stopped after that look
                await door.ask(HOST, target.pid, "Thread.print")
            assert time.monotonic() - began < 5
        finally:
            os.kill(target.pid, signal.SIGCONT)
        assert left_behind(target.pid) == []
        await told(program, "burn 1")  # and it printed no threads to its output


async def test_another_users_machine_is_asked_in_its_name() -> None:
    setpriv = shutil.which("setpriv")
    need(setpriv, "setpriv")
    async with java(prefix=(str(setpriv), "--reuid", "65534", "--regid", "65534", "--clear-groups")) as (_, target):
        evidence = await thread_stacks.measure(HOST, target, seconds=0.2)
        assert evidence.collections["thread_stacks"].backend == "jvm"
        assert any(frame.function == "KnownJava.main" for t in evidence.thread_stacks.threads for frame in t.stack)  # type: ignore[union-attr]
        door_of_it = TMP / f".java_pid{target.pid}"
        assert stat.S_ISSOCK(door_of_it.stat().st_mode) and door_of_it.stat().st_uid == 65534
        profile = (await cpu.trace_cpu(HOST, target, seconds=0.3)).collections["cpu"]
        assert (profile.backend, left_behind(target.pid)) == ("jvm", [])
