"""What threads do and whom they wait for: real processes whose threads are known."""

import os
import subprocess
import sys
from typing import Any

import anyio
import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.progress import silent
from perfdoctor.collectors.syscall_names import name_of
from perfdoctor.collectors.target import find_target
from perfdoctor.collectors.thread_stacks import measure
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.thread_stacks import ThreadStacks, ThreadStand, ThreadState, WaitKind
from perfdoctor.schemas.thread_stacks_answer import ThreadsAnswer
from perfdoctor.server.answers.thread_stacks import threads_answer
from perfdoctor.server.formatters.thread_stacks import say
from perfdoctor.server.instruments import ThisMachine
from tests.live.need import need
from tests.live.workload import WORKLOADS, python_interpreters, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]

HOST = LocalHost()
NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc")


async def looked_at(pid: int, *, seconds: float = 0.5, **options: Any) -> Evidence:
    need(os.geteuid() == 0, "memory of other processes needs root")
    return await measure(HOST, find_target(HOST, pid), seconds=seconds, **options)


async def settled(pid: int, call: str, threads: int) -> None:
    """Wait until so many threads are in this system call."""
    with anyio.fail_after(30):
        while True:
            calls = [HOST.read_file(f"/proc/{pid}/task/{tid}/syscall") for tid in HOST.list_folder(f"/proc/{pid}/task")]
            numbers = [text.split()[0] for text in calls]
            if sum(number.isdigit() and name_of(int(number)) == call for number in numbers) == threads:
                return
            await anyio.sleep(0.02)


def inside(evidence: Evidence) -> ThreadStacks:
    found = evidence.thread_stacks
    assert found is not None
    assert evidence.collections["thread_stacks"].not_understood == 0
    for row in found.threads:
        parts = row.running + row.runnable + row.sleeping + row.uninterruptible
        assert parts == pytest.approx(row.seen) and row.stack is not None
    return found


def answered(evidence: Evidence) -> ThreadsAnswer:
    answer = threads_answer("r-x", evidence, rows=10, frames=8)
    assert len(say(answer)) < 6000
    return answer


def named(found: ThreadStacks, name: str) -> ThreadStand:
    (row,) = [row for row in found.threads if row.name == name]
    return row


def marked(source: str, word: str) -> int:
    """The line of a workload that is marked so."""
    text = (WORKLOADS / source).read_text().split("\n")
    (line,) = [number for number, line in enumerate(text, 1) if f"line: {word}" in line]
    return line


def lines(row: ThreadStand) -> list[int | None]:
    """Of the workload: the C library has lines too, where its debug files are installed."""
    return [frame.line for frame in row.stack if frame.line and frame.file and "/workloads/" in frame.file]


@pytest.mark.parametrize(
    ("prefix", "flags"), [((), ()), (NAMESPACE, ()), ((), ("-O2", "-fomit-frame-pointer"))], ids=["", "inside", "O2"]
)
async def test_a_deadlock_is_found_with_both_lines(prefix: tuple[str, ...], flags: tuple[str, ...]) -> None:
    async with workload("waiting_threads.c", "abba", prefix=prefix, c_flags=flags) as program:
        await settled(program.pid, "futex", 2)
        evidence = await looked_at(program.pid)
    found, answer = inside(evidence), answered(evidence)
    forth, back = named(found, "forwards"), named(found, "backwards")
    assert found.deadlocks == ((min(forth.tid, back.tid), max(forth.tid, back.tid)),)
    assert {(edge.waiter, edge.holder, edge.stands) for edge in found.edges} == {
        (forth.tid, back.tid, True),
        (back.tid, forth.tid, True),
    }
    assert (forth.own_tid == forth.tid) == (not prefix)
    told = {member.name: member.location.line for member in answer.deadlocks[0] if member.location}
    assert told == {word: marked("waiting_threads.c", word) for word in ("forwards", "backwards")}
    assert forth.rested and forth.sleeping == pytest.approx(forth.seen) and forth.waits
    assert forth.waits.call == "futex"
    assert answer.summary.startswith("Deadlock: 2 threads") and not found.stuck
    assert [(pool.entry, pool.threads, pool.idle) for pool in found.pools] == [("idle", 3, 3)]


async def test_a_thread_that_locks_twice_waits_for_itself() -> None:
    async with workload("waiting_threads.c", "self") as program:
        await settled(program.pid, "futex", 1)
        found = inside(await looked_at(program.pid))
    twice = named(found, "twice")
    assert found.deadlocks == ((twice.tid,),)
    assert lines(twice)[0] == marked("waiting_threads.c", "twice")


async def test_a_slow_queue_that_moves_is_no_deadlock() -> None:
    async with workload("waiting_threads.c", "convoy") as program:
        evidence = await looked_at(program.pid, seconds=2.0)  # 100 turns: each of the 11 had some
    found, answer = inside(evidence), answered(evidence)
    assert not found.deadlocks and not found.stuck
    holders = {edge.holder for edge in found.edges}
    assert len(holders) <= 1 and all(not edge.stands for edge in found.edges)
    assert {edge.kind for edge in found.edges} <= {WaitKind.MUTEX}
    for edge in found.edges:
        waiter = next(row for row in found.threads if row.tid == edge.waiter)
        assert lines(waiter)[0] == marked("waiting_threads.c", "turn")
    assert answer.next[0].tool in ("trace-syscalls", "diagnose")


async def test_who_sleeps_with_a_lock_is_named() -> None:
    async with workload("waiting_threads.c", "stuck") as program:
        await settled(program.pid, "futex", 5)
        evidence = await looked_at(program.pid)
    found, answer = inside(evidence), answered(evidence)
    holder = named(found, "holder")
    (stuck,) = found.stuck
    assert stuck.tid == holder.tid and len(stuck.waiters) == 5 and not found.deadlocks
    assert marked("waiting_threads.c", "holds") in lines(holder)
    (line,) = answer.waits
    assert (line.total_waiters, line.stands, line.doing) == (5, 5, "clock_nanosleep")
    assert line.location and line.location.line == marked("waiting_threads.c", "holds")
    assert line.at and line.at.line == marked("waiting_threads.c", "wants")


async def test_who_waits_for_the_end_of_a_thread() -> None:
    async with workload("waiting_threads.c", "join") as program:
        await settled(program.pid, "futex", 1)
        found = inside(await looked_at(program.pid))
        pid = program.pid
    (edge,) = found.edges
    assert (edge.kind, edge.waiter, edge.stands) == (WaitKind.JOIN, pid, True)
    main = next(row for row in found.threads if row.tid == pid)
    assert marked("waiting_threads.c", "join") in lines(main) and not found.stuck


async def test_hundreds_of_threads() -> None:
    async with workload("waiting_threads.c", "many") as program:
        await settled(program.pid, "pause", 503)
        evidence = await looked_at(program.pid, seconds=1.0)
    found, answer = inside(evidence), answered(evidence)
    assert len(found.threads) == 504 and found.looks >= 3 and not found.omitted
    assert [(pool.name, pool.threads, pool.idle) for pool in found.pools] == [("idle-#", 503, 503)]
    assert answer.groups[0].threads == 503 and answer.total_groups == 2
    assert evidence.window.seconds < 6


async def test_a_thread_that_ends_in_the_window() -> None:
    async with workload("waiting_threads.c", "dying") as program, anyio.create_task_group() as tasks:

        async def end_it() -> None:
            await anyio.sleep(0.7)
            await program.tell("go")
            assert await program.line() == "gone"

        tasks.start_soon(end_it)
        found = inside(await looked_at(program.pid, seconds=2.0))
    gone = named(found, "dies")
    assert gone.ended and gone.state is ThreadState.ENDED and gone.seen < 2
    assert marked("waiting_threads.c", "dies") in lines(gone)
    assert gone.waits and gone.waits.call == "read" and gone.waits.object.startswith("pipe:")


async def test_a_name_cannot_mislead() -> None:
    async with workload("waiting_threads.c", "hostile") as program:
        await settled(program.pid, "pause", 1)
        evidence = await looked_at(program.pid)
    row = next(row for row in inside(evidence).threads if row.tid != row.pid)
    assert row.name.isprintable() and row.name.startswith("a) R `|") and row.state is ThreadState.SLEEPING
    text = say(answered(evidence), full=True)
    assert "\033" not in text and "a) R `" not in text


@pytest.mark.parametrize("version", sorted(set(python_interpreters()) & {f"3.{minor}" for minor in range(8, 15)}))
async def test_pools_of_python(version: str) -> None:
    async with workload("python_pools.py", interpreter=python_interpreters()[version]) as program:
        evidence = await looked_at(program.pid, seconds=1.0)
    found, answer = inside(evidence), answered(evidence)
    assert evidence.collections["thread_stacks"].backend == "proc"
    pools = {pool.name: pool for pool in found.pools}
    assert (pools["idle_#"].threads, pools["idle_#"].idle, pools["idle_#"].entry) == (7, 7, "_worker")
    assert (pools["busy_#"].threads, pools["busy_#"].idle) == (3, 0)
    assert sum(row.running for row in found.threads) > 0.1
    for number in range(3):
        busy = named(found, f"busy_{number}")
        assert "compute" in [frame.function for frame in busy.stack]
        assert not busy.rested and busy.involuntary + busy.voluntary > 0
    idle = next(group for group in answer.groups if group.threads == 7)
    assert idle.moved == 0 and idle.stack[0].function == "_worker" and idle.shares[0] == 0
    assert not found.deadlocks and not found.stuck
    assert "who holds the GIL" in evidence.collections["thread_stacks"].lacks


async def test_pyspy_reads_what_our_own_walk_cannot() -> None:
    old = python_interpreters().get("3.7")
    need(old, "an interpreter that our own walk does not know")
    async with workload("python_pools.py", interpreter=str(old)) as program:
        evidence = await looked_at(program.pid)
    how = evidence.collections["thread_stacks"]
    assert how.backend == "py-spy" and how.skipped[0].backend == "proc"
    main = next(row for row in inside(evidence).threads if row.tid == row.pid)
    assert [frame.function for frame in main.stack] == ["main", "<module>"]
    assert {pool.name for pool in inside(evidence).pools} == {"idle_#", "busy_#"}


async def test_pyspy_by_name() -> None:
    async with workload("python_pools.py") as program:
        evidence = await looked_at(program.pid, backend="py-spy")
        mine = await looked_at(program.pid, backend="proc")
    assert evidence.collections["thread_stacks"].backend == "py-spy"
    for number in range(7):
        assert named(inside(evidence), f"idle_{number}").stack == named(inside(mine), f"idle_{number}").stack


async def test_without_pyspy_the_states_are_told() -> None:
    old = python_interpreters().get("3.7")
    need(old, "an interpreter that our own walk does not know")
    async with workload("python_pools.py", interpreter=str(old)) as program:
        evidence = await looked_at(program.pid, backend="proc")
    assert any("no Python lines" in lack for lack in evidence.collections["thread_stacks"].lacks)
    assert len(inside(evidence).threads) == 11


async def test_the_target_may_end() -> None:
    async with workload("waiting_threads.c", "abba") as program, anyio.create_task_group() as tasks:

        async def end_it() -> None:
            await anyio.sleep(0.5)
            await program.tell("stop")

        tasks.start_soon(end_it)
        evidence = await looked_at(program.pid, seconds=20.0)
    assert evidence.window.partial == "the target ended" and evidence.window.seconds < 15
    assert {row.name for row in inside(evidence).threads} >= {"forwards", "backwards"}
    assert not inside(evidence).deadlocks


def test_another_users_process_is_refused_and_its_states_can_still_be_told() -> None:
    need(os.geteuid() == 0, "only root can become nobody")
    text = f"""
import anyio, os
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.target import find_target
from perfdoctor.collectors.thread_stacks import measure
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
anyio.run(anyio.sleep, 0)  # loads what nobody may not read
target = find_target(LocalHost(), {os.getpid()}, children=False)
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    find_target(LocalHost(), {os.getpid()})
except ProblemError as error:
    print(error.problem.what)
evidence = anyio.run(lambda: measure(LocalHost(), target, seconds=0.3, backend="proc"))
print(len(evidence.thread_stacks.threads), evidence.collections["thread_stacks"].lacks)
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    refusal, told = done.stdout.splitlines()
    assert "may not be inspected" in refusal
    assert int(told.split()[0]) >= 1 and "the kernel does not let us" in told


async def test_what_is_refused() -> None:
    target = find_target(HOST, os.getpid())
    for options in ({"backend": "bpf", "seconds": 1.0}, {"seconds": 0.0}):
        with pytest.raises(ProblemError):
            await measure(HOST, target, **options)  # type: ignore[arg-type]
    gone = target.model_copy(update={"pid": 2**22 - 3})
    with pytest.raises(ProblemError):
        await measure(HOST, gone, seconds=0.2)


async def test_the_server_asks_it_like_any_question() -> None:
    machine = ThisMachine()
    target = find_target(HOST, os.getpid(), children=False)
    evidence = await machine.measure("thread_stacks", target, seconds=0.3, backend="auto", progress=silent)
    assert os.getpid() in {row.tid for row in inside(evidence).threads}
