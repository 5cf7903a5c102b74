"""Goroutines and the locks that they wait for: what their program's memory tells, without a thread that waits."""

import shutil
import subprocess
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ledger import observe
from perfdoctor.collectors.locks import measure
from perfdoctor.collectors.runtimes.goroutines import GoroutineReader
from perfdoctor.collectors.target import find_target
from perfdoctor.collectors.thread_stacks import measure as stacks
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.locks import LockKind
from perfdoctor.schemas.thread_stacks import TaskGroup
from tests.live.need import need
from tests.live.workload import WORKLOADS, workload

pytestmark = [pytest.mark.live, pytest.mark.anyio]

SOURCE = "parked_goroutines.go"


def line_of(marker: str) -> int:
    lines = (WORKLOADS / SOURCE).read_text().splitlines()
    return next(number for number, text in enumerate(lines, 1) if text.endswith(f"// @{marker}"))


def stands_at(stack: Stack, marker: str) -> bool:
    return any((f.file or "").endswith(SOURCE) and f.line == line_of(marker) for f in stack)


async def test_each_goroutine_stands_where_it_says() -> None:
    async with workload(SOURCE) as running:
        target = find_target(LocalHost(), running.pid)
        evidence = await stacks(LocalHost(), target, seconds=0.3)
    assert evidence.thread_stacks
    groups = evidence.thread_stacks.tasks

    def at(marker: str) -> TaskGroup:
        (one,) = [group for group in groups if stands_at(group.stack, marker) and "Lock" in str(group.stack)]
        return one

    assert at("mutex").tasks == 7
    assert at("read").tasks == 5
    assert sum(group.tasks for group in groups if stands_at(group.stack, "channel")) == 4
    assert {group.waits for group in groups if stands_at(group.stack, "channel")} == {"chan receive"}
    assert sum(group.tasks for group in groups if group.waits == "IO wait") == 1
    assert sum(group.tasks for group in groups if group.waits == "sleep") == 2
    assert sum(group.tasks for group in groups) == 7 + 5 + 4 + 3 + 1 + 2
    assert not evidence.collections["thread_stacks"].warnings


async def test_waits_for_locks_are_told_with_their_lines() -> None:
    async with workload(SOURCE) as running:
        target = find_target(LocalHost(), running.pid)
        evidence = await measure(LocalHost(), target, seconds=1.0)
        seen = await observe(LocalHost(), target, seconds=1.0)
    for window in (evidence, seen):
        locks, length = window.locks, window.window.seconds  # (a second, or more where the machine is loaded)
        assert locks
        mutex, reads = (
            next(lock for lock in locks.locks if lock.kind is kind) for kind in (LockKind.MUTEX, LockKind.RWLOCK)
        )
        assert (mutex.name, mutex.threads, mutex.waits) == ("sync.Mutex of main.(*ledger)", 7, 7)
        assert (reads.threads, reads.waits) == (5, 5)
        assert stands_at(mutex.waiters[0].waiter, "mutex")
        assert stands_at(reads.waiters[0].waiter, "read")
        assert 7 * 0.8 * length <= mutex.seconds <= 7 * 1.05 * length
        assert 0.8 * length <= mutex.max_seconds <= 1.05 * length
    assert not evidence.collections["locks"].exact
    assert seen.collections["locks"].backend == "goroutines"


@pytest.mark.parametrize("flags", [("-ldflags=-s -w",), ("-buildmode=pie",)], ids=["stripped", "moved"])
async def test_programs_without_symbols_and_moved_ones_tell_too(flags: tuple[str, ...], tmp_path: Path) -> None:
    go = shutil.which("go")
    need(go is not None, "the Go compiler (go)")
    assert go
    program = tmp_path / "parked"
    subprocess.run([go, "build", *flags, "-o", program, WORKLOADS / SOURCE], check=True, cwd=tmp_path)
    with subprocess.Popen([program], stdout=subprocess.PIPE) as running:
        try:
            assert running.stdout and running.stdout.readline()
            host = LocalHost()
            reader = GoroutineReader(host, running.pid, ("net.Listen", "net.NoSuch"))
            found = reader.read()
            reader.close()
        finally:
            running.kill()
    reasons = [one.reason for one in found.found]
    assert reasons.count("chan receive") == 4
    assert sum(one.reason in ("semacquire", "sync.Mutex.Lock", "sync.RWMutex.RLock", "sync.WaitGroup.Wait")
               for one in found.found) == 7 + 5 + 3  # fmt: skip
    assert all(one.sleep for one in found.found if one.reason == "sleep")
    assert found.torn == 0


async def test_goroutines_that_pile_up_are_counted_where_they_stand() -> None:
    """Two of three that ask are left behind each time."""
    async with workload("problems/first_answer.go") as running:
        seen = await observe(LocalHost(), find_target(LocalHost(), running.pid), seconds=2.0)
    assert seen.goroutines
    group, numbers = seen.goroutines.grown[0], [number for _, number in seen.goroutines.readings]
    assert group.waits == "chan send"
    assert any((f.file or "").endswith("first_answer.go") and f.function.startswith("main.first") for f in group.stack)
    assert numbers == sorted(numbers)
    # (readings are 0.2 s apart, and end before the last count)
    assert 0.7 * (group.after - group.before) <= numbers[-1] - numbers[0] <= group.after - group.before + 4


async def test_who_asks_for_collections_of_garbage_is_told_with_its_line() -> None:
    source = "fresh10/problems/filings_index.go"
    call = next(n for n, line in enumerate((WORKLOADS / source).read_text().splitlines(), 1) if "runtime.GC()" in line)
    async with workload(source) as running:
        seen = await observe(LocalHost(), find_target(LocalHost(), running.pid), seconds=2.0)
    assert seen.goroutines
    (wait,) = seen.goroutines.collects
    assert any(f.line == call and (f.file or "").endswith("filings_index.go") for f in wait.stack)
    assert 0.1 < wait.seconds < 2.0
