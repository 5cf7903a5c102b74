"""Tasks of asyncio and what they wait for: their program's memory tells it, without a thread that waits."""

import os

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ledger import observe
from perfdoctor.collectors.locks import measure
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.locks import LockKind, Waiting
from tests.live.need import need
from tests.live.test_tasks import READABLE
from tests.live.workload import WORKLOADS, python_interpreters, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
SOURCE = "contended_tasks.py"
HOST = LocalHost()


@pytest.fixture(autouse=True)
def memory_may_be_read() -> None:
    need(os.geteuid() == 0, "memory of other processes needs root")


def line_of(marker: str) -> int:
    lines = (WORKLOADS / SOURCE).read_text().splitlines()
    return next(number for number, text in enumerate(lines, 1) if text.endswith(f"# <- {marker}"))


def own_lines(stack: Stack) -> list[int | None]:
    return [frame.line for frame in stack if (frame.file or "").endswith(SOURCE)]


@pytest.mark.parametrize("version", READABLE)
async def test_waits_are_told_with_their_lines(version: str) -> None:
    need(version, "no CPython whose tasks can be read")
    async with workload(SOURCE, interpreter=python_interpreters()[version]) as running:
        target = find_target(HOST, running.pid)
        evidence = await measure(HOST, target, seconds=1.0)
        seen = await observe(HOST, target, seconds=1.0)
    for locks, window in ((evidence.locks, evidence.window.seconds), (seen.locks, seen.window.seconds)):
        assert locks
        told = {lock.kind: lock for lock in locks.locks if lock.who is Waiting.TASKS}
        assert {kind: lock.threads for kind, lock in told.items()} == {
            LockKind.MUTEX: 7, LockKind.SEMAPHORE: 5, LockKind.POOL: 3 + 11}  # fmt: skip
        assert len([lock for lock in locks.locks if lock.who is Waiting.TASKS]) == 3
        mutex, semaphore, pool = told[LockKind.MUTEX], told[LockKind.SEMAPHORE], told[LockKind.POOL]
        assert (mutex.name, semaphore.name) == ("asyncio.Lock of Ledger", "asyncio.Semaphore of limited")
        assert pool.name == "contended_tasks.py, Pool.acquire"
        assert own_lines(mutex.waiters[0].waiter) == [line_of("lock")]
        assert own_lines(semaphore.waiters[0].waiter) == [line_of("semaphore")]
        assert [own_lines(wait.waiter) for wait in pool.waiters] == [
            [line_of("pool"), line_of("hands")],
            [line_of("pool"), line_of("asks")],
        ]
        assert (mutex.size, semaphore.size, mutex.present) == (None, 1, 1.0)
        for lock in (mutex, semaphore, pool):
            assert lock.threads and lock.waits == lock.threads
            assert 0.8 * window * lock.threads <= lock.seconds <= 1.1 * window * lock.threads
            assert 0.8 * window <= lock.max_seconds <= window
    assert not evidence.collections["locks"].exact
    assert evidence.locks and evidence.locks.gil  # (what the engine saw is told beside it)
    assert seen.collections["locks"].backend == "tasks"


@pytest.mark.parametrize("version", READABLE)
async def test_tasks_that_wait_for_work_wait_for_no_lock(version: str) -> None:
    async with workload("waiting_tasks.py", interpreter=python_interpreters()[version]) as program:
        await program.work()
        seen = await observe(HOST, find_target(HOST, program.pid), seconds=0.5)
        await program.tell("stop")
    assert seen.locks
    assert [(lock.kind, lock.threads) for lock in seen.locks.locks] == [(LockKind.MUTEX, 5)]
