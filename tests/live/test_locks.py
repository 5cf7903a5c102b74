"""trace-locks on real programs whose every wait is known."""

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import anyio
import psutil
import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.locks import measure
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.locks import Lock, LockKind, LockProfile, LockWait
from perfdoctor.schemas.locks_answer import LockRole
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.answers.locks import locks_answer
from tests.live.test_ladder_steps import Machine
from tests.live.workload import WORKLOADS, Workload, python_interpreters, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
WALKABLE = [version for version in VERSIONS if version in python_interpreters()]


@dataclass(frozen=True, slots=True)
class Worked:
    evidence: Evidence
    truth: dict[str, list[int]]

    @property
    def profile(self) -> LockProfile:
        assert self.evidence.locks is not None
        return self.evidence.locks


async def trace_its_work(program: Workload, *, backend: str = "bpf", lives_on: float = 0.0) -> Worked:
    """Attach, let it work once, and end it after ``lives_on`` seconds: that closes the window. It lives until the next
    word of progress at least: code is named while the process is there to be asked."""
    truth: dict[str, list[int]] = {}
    found: list[Evidence] = []
    attached, told = anyio.Event(), anyio.Event()
    target = find_target(HOST, program.pid)

    def hear(elapsed: float, message: str) -> None:
        if message == "attached" or elapsed:
            attached.set()
        told.set()

    async def trace() -> None:
        found.append(await measure(HOST, target, seconds=60, backend=backend, progress=hear))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trace)
        await attached.wait()
        await program.tell("go")
        truth.update(json.loads(await program.line(60)))
        told = anyio.Event()
        await told.wait()
        await anyio.sleep(lives_on)
        await program.stop()
    return Worked(found[0], truth)


def line_of(file: str, marker: str) -> int:
    lines = (WORKLOADS / file).read_text().split("\n")
    return next(number for number, text in enumerate(lines, 1) if text.endswith(marker))


def at(profile: LockProfile, address: int, size: int = 1) -> list[Lock]:
    return [lock for lock in profile.locks if lock.address and address <= lock.address < address + size]


def functions(stack: Stack) -> list[str]:
    return [frame.function for frame in stack]


def summed(waits: Iterable[LockWait], waiter: str, holder: str) -> int:
    return sum(w.waits for w in waits if waiter in functions(w.waiter) and holder in functions(w.holder))


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def known() -> Worked:
    async with workload("known_locks.c") as program:
        return await trace_its_work(program)


async def test_every_wait_of_a_c_program_is_counted_with_both_ends(known: Worked) -> None:
    profile, truth = known.profile, known.truth
    kinds = {
        "ledger_lock": (LockKind.MUTEX, [("take_ledger", "leave_ledger")]),
        "index_lock": (LockKind.MUTEX, [("want_index", "hold_index")]),
        "table_lock": (LockKind.RWLOCK, [("want_write", "hold_write"), ("want_read", "hold_read")]),
        "urgent_lock": (LockKind.PRIORITY, [("want_urgent", "hold_urgent")]),
        "slots": (LockKind.SEMAPHORE, [("want_slots", "hold_slots")]),
        "queue_filled": (LockKind.CONDITION, [("consume", "produce")]),
    }
    for name, (kind, ends) in kinds.items():
        waits, address = truth[name]
        (lock,) = at(profile, address)
        assert (lock.kind, lock.waits, lock.timeouts, lock.unfinished) == (kind, waits, 0, 0), name
        assert lock.name.startswith(f"{name} in /")
        assert sum(lock.histogram) == waits
        assert sum(summed(lock.waiters, *pair) for pair in ends) == waits, name
        assert lock.seconds == pytest.approx(sum(wait.seconds for wait in lock.waiters))
    (ledger,) = at(profile, truth["ledger_lock"][1])
    # the one that has it stays 2 ms more once the other sleeps; the other gives it back at once
    held = {
        name: hold
        for hold in ledger.holders
        for name in ("hold_ledger", "want_ledger")
        if name in functions(hold.stack)
    }
    assert (held["hold_ledger"].holds, held["hold_ledger"].whole) == (41, 0)
    assert held["hold_ledger"].seconds > 41 * 0.002
    assert (held["want_ledger"].holds, held["want_ledger"].whole) == (41, 41)
    assert ledger.owner_confirmed == 41
    how = known.evidence.collections["locks"]
    assert (how.exact, how.lost) == (True, 0)
    assert any("free" in lack for lack in how.lacks)


async def test_a_file_lock_is_seen_from_both_processes(known: Worked) -> None:
    files = [lock for lock in known.profile.locks if lock.kind is LockKind.FILE]
    (waited,) = (lock for lock in files if lock.waits)
    assert (waited.waits, waited.acquired) == (5, 5)
    assert summed(waited.waiters, "want_file", "hold_file") == 5
    assert waited.waiters[0].waker == f"known_locks (pid {known.evidence.target.pid})"
    held = [hold for lock in files for hold in lock.holders if functions(hold.stack)[1] == "hold_file"]
    assert sum(hold.whole for hold in held) == 5
    assert sum(hold.seconds for hold in held) > 5 * 0.02


async def test_who_waits_for_work_is_not_listed_as_contention(known: Worked) -> None:
    answer = locks_answer("r-x", known.evidence, rows=50)
    assert not any("queue_filled" in row.lock for row in answer.locks)
    assert answer.work.waits >= 38
    assert {row.lock.split()[0]: row.waited.waits for row in answer.locks}.items() >= {
        "ledger_lock": 41, "index_lock": 23, "table_lock": 24, "urgent_lock": 7,
    }.items()  # fmt: skip
    (chain,) = (chain for chain in answer.chains if chain.lock.startswith("ledger_lock"))
    assert chain.waiter and chain.holder
    assert (chain.waiter.function, chain.holder.function, chain.waits) == ("take_ledger", "leave_ledger", 41)


@pytest.mark.parametrize("version", WALKABLE)
async def test_every_wait_of_a_python_program_has_its_lines(version: str) -> None:
    async with workload("known_locks.py", interpreter=python_interpreters()[version]) as program:
        worked = await trace_its_work(program)
    waits, lets_go = line_of("known_locks.py", "# <- waits"), line_of("known_locks.py", "# <- lets go")
    ((ledger, wait),) = ((lock, w) for lock in worked.profile.locks if lock.kind is not LockKind.INTERPRETER
                         for w in lock.waiters if w.waiter and w.waiter[0].line == waits)  # fmt: skip
    assert (wait.waits, wait.timeouts) == (31, 0)
    # (since 3.14 a waiter has a place of its own, which does not tell which lock it waits for)
    assert ledger.threads == 1 or ledger.kind is LockKind.PARKED
    assert (wait.holder[0].line, wait.holder[0].function) == (lets_go, "hold")
    assert wait.seconds > 31 * 0.002
    told = [w for lock in worked.profile.locks for w in lock.waiters
            if "expect" in functions(w.waiter) and lock.kind is not LockKind.INTERPRETER]  # fmt: skip
    how = worked.evidence.collections["locks"]
    assert sum(w.waits for w in told if "tell" in functions(w.holder)) == 17, (worked.profile.locks, how)
    answer = locks_answer("r-x", worked.evidence, rows=50)
    (row,) = (row for row in answer.locks if row.line and row.line.line == waits and row.role != LockRole.INTERPRETER)
    assert row.waited.waits == 31
    assert not any(chain.waiter and chain.waiter.function == "expect" and "GIL" not in chain.lock
                   for chain in answer.chains)  # fmt: skip


async def window(arguments: tuple[str, ...], *, backend: str = "bpf", seconds: float = 1.5) -> Evidence:
    """A window that begins when the program has been told to work, and that it outlives."""
    async with workload("known_locks.py", *arguments) as program:
        await program.tell("go")
        await program.line()
        return await measure(HOST, find_target(HOST, program.pid), seconds=seconds, backend=backend)


async def test_two_computing_threads_wait_for_the_gil_and_one_does_not() -> None:
    two, one = await window(("--gil", "2")), await window(("--gil", "1"))
    waited = []
    for evidence in (two, one):
        assert evidence.locks is not None
        waited.append(sum(lock.seconds for lock in evidence.locks.locks if lock.name == "the GIL"))
    # (a thread that only computes gives it up when another asks for it, and nobody asks)
    assert waited[0] > 0.3 * two.window.seconds
    assert waited[1] < 0.1 * one.window.seconds
    assert two.locks and one.locks
    (use,) = two.locks.gil
    assert use.samples > 50 and use.held > 0.8 * use.samples
    computing = [holder for holder in use.holders if any("compute" in functions(s) for s, _ in holder.lines)]
    assert len(computing) == 2
    assert all(holder.tid for holder in computing)
    (use,) = one.locks.gil
    assert len([holder for holder in use.holders if holder.samples > 0.1 * use.samples]) == 1
    answer = locks_answer("r-x", two, rows=10)
    assert (answer.locks[0].role, answer.locks[0].waited.threads) == (LockRole.INTERPRETER, 2)
    assert "for the GIL of" in answer.summary
    assert "next to nothing" in (said := locks_answer("r-x", one, rows=10).summary) or said.startswith("No wait")


async def test_an_idle_pool_is_silent() -> None:
    evidence = await window(("--idle",))
    answer = locks_answer("r-x", evidence, rows=50)
    assert not [row for row in answer.locks if row.role is not LockRole.INTERPRETER]
    assert answer.summary.startswith(("No wait", "Locks held up next to nothing"))
    assert answer.work.waits >= 4  # three workers of the queue and one of the pool, since before the window
    assert answer.work.seconds > 3.5 * evidence.window.seconds


@pytest.mark.parametrize("backend", ["bpf", "bpftrace", "strace"])
async def test_who_waits_for_ever_is_named_with_whom_it_waits_for(backend: str) -> None:
    async with workload("stuck_locks.c") as program:
        patient, left, right, idle = map(int, (await program.line()).split())
        evidence = await measure(HOST, find_target(HOST, program.pid), seconds=0.7, backend=backend)
    assert evidence.locks is not None
    standing = {wait.tid: wait for wait in evidence.locks.standing}
    assert {tid: wait.owner for tid, wait in standing.items()} == {
        patient: program.pid, left: right, right: left, idle: None,
    }  # fmt: skip
    assert standing[left].name.startswith("right_lock in ")
    if backend == "bpf":
        unfinished = {lock.name.split()[0]: (lock.kind, lock.unfinished) for lock in evidence.locks.locks}
        assert unfinished == {
            "gate": (LockKind.MUTEX, 1), "left_lock": (LockKind.MUTEX, 1), "right_lock": (LockKind.MUTEX, 1),
            "job_there": (LockKind.CONDITION, 1),
        }  # fmt: skip
        answer = locks_answer("r-x", evidence, rows=10)
        assert (answer.work.waits, len(answer.locks), len(answer.standing.rows)) == (1, 3, 3)
        assert answer.seconds == pytest.approx(3 * evidence.window.seconds, rel=0.05)


@pytest.mark.parametrize("backend", ["bpftrace", "strace"])
async def test_without_the_engine_the_waits_are_the_same_by_address(backend: str) -> None:
    async with workload("known_locks.c") as program:
        worked = await trace_its_work(program, backend=backend)
    size = {"table_lock": 16, "queue_filled": 48}
    for name, (waits, address) in worked.truth.items():
        if address:
            locks = at(worked.profile, address, size.get(name, 1))
            assert sum(lock.waits for lock in locks) == waits, name
            assert sum(sum(lock.histogram) for lock in locks) == waits, name
    kinds = {name: {lock.kind for lock in at(worked.profile, worked.truth[name][1])} for name in worked.truth}
    assert kinds["ledger_lock"] == kinds["index_lock"] == {LockKind.MUTEX}
    assert kinds["urgent_lock"] == {LockKind.PRIORITY}
    files = [lock for lock in worked.profile.locks if lock.kind is LockKind.FILE]
    assert sum(lock.acquired or 0 for lock in files) == 10
    assert sum(lock.waits for lock in files) >= 5
    how = worked.evidence.collections["locks"]
    assert (how.backend, how.exact, how.lost, how.not_understood) == (backend, True, 0, 0)
    assert any("lines" in lack for lack in how.lacks)
    assert all(not wait.waiter for lock in worked.profile.locks for wait in lock.waiters)


async def test_pyspy_sees_who_holds_the_gil_and_says_that_it_sees_no_waits() -> None:
    evidence = await window(("--gil", "2"), backend="py-spy")
    assert evidence.locks is not None and not evidence.locks.sees_waits
    (use,) = evidence.locks.gil
    assert len(use.holders) == 2
    assert all(functions(holder.lines[0][0])[0] == "compute" for holder in use.holders)
    assert "Waits were not measured" in locks_answer("r-x", evidence, rows=10).summary


async def test_perf_gives_the_sum_of_all_and_says_so() -> None:
    evidence = await window(("--gil", "2"), backend="perf")
    assert evidence.locks is not None
    futexes = [lock for lock in evidence.locks.locks if lock.kind is LockKind.FUTEX]
    assert sum(lock.waits for lock in futexes) > 10
    how = evidence.collections["locks"]
    assert not how.exact
    assert "which lock" in how.lacks


@pytest.mark.parametrize(
    ("hidden", "used"),
    [((), "bpf"), (("bpf",), "bpftrace"), (("bpf", "bpftrace"), "strace"), (("bpf", "bpftrace", "strace"), "perf")],
)
async def test_it_steps_down_and_says_why(hidden: tuple[str, ...], used: str) -> None:
    host = Machine(*hidden)
    async with workload("stuck_locks.c") as program:
        evidence = await measure(host, find_target(host, program.pid), seconds=0.3)
    collection = evidence.collections["locks"]
    assert collection.backend == used
    assert [skipped.backend for skipped in collection.skipped] == list(hidden)


async def test_what_cannot_be_asked_is_refused() -> None:
    async with workload("stuck_locks.c") as program:
        target = find_target(HOST, program.pid)
        for asked in ({"backend": "magic"}, {"seconds": 0.0}, {"backend": "py-spy"}):
            with pytest.raises(ProblemError):
                await measure(HOST, target, **{"seconds": 1.0, **asked})  # type: ignore[arg-type]
        nothing = Machine("bpf", "bpftrace", "strace", "perf", "py-spy")
        with pytest.raises(ProblemError, match="No backend"):
            await measure(nothing, target, seconds=1)
    for backend in ("bpftrace", "strace"):
        with pytest.raises(ProblemError):
            await measure(HOST, target, seconds=1, backend=backend)


@pytest.mark.parametrize("backend", ["bpf", "bpftrace", "strace"])
async def test_cancelling_leaves_nothing_behind(backend: str) -> None:
    async with workload("known_locks.py", "--gil", "1") as program:
        before = {child.pid for child in psutil.Process().children(recursive=True)}
        attached = anyio.Event()

        def hear(elapsed: float, message: str) -> None:
            if message == "attached" or elapsed:
                attached.set()

        async with anyio.create_task_group() as tasks:

            async def trace() -> None:
                await measure(HOST, find_target(HOST, program.pid), seconds=60, backend=backend, progress=hear)

            tasks.start_soon(trace)
            await attached.wait()
            cancelled = time.monotonic()
            tasks.cancel_scope.cancel()
        assert time.monotonic() - cancelled < 5
        assert "TracerPid:\t0" in Path(f"/proc/{program.pid}/status").read_text()
        assert not [thread for thread in threading.enumerate() if thread.name == "gil-watch"]
        assert {child.pid for child in psutil.Process().children(recursive=True)} == before
