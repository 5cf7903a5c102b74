"""Targets as people have them: families, sets, containers, many threads, static and stripped programs, and several
questions at once. Every count is known."""

import os
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.cpu import trace_cpu
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.processes.named import find_named
from perfdoctor.collectors.syscalls import trace_syscalls
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
from tests.live.need import need
from tests.live.while_it_works import Measure, while_it_works
from tests.live.workload import workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()


@pytest.fixture(autouse=True)
def engine_runs_here() -> None:
    problem = bpf.unavailable(HOST)
    need(problem is None, f"the engine cannot run: {problem}")


def calls_of(target: Target) -> Measure:
    return lambda progress: trace_syscalls(HOST, target, seconds=60, backend="bpf", progress=progress)


def stats(evidence: Evidence) -> int:
    assert evidence.syscalls is not None
    assert evidence.collections["syscalls"].lost == 0
    return sum(row.calls for row in evidence.syscalls.rows if row.syscall in ("newfstatat", "stat", "statx"))


def stats_at(evidence: Evidence, function: str) -> int:
    assert evidence.syscalls is not None
    return sum(
        row.calls
        for row in evidence.syscalls.rows
        if row.syscall in ("newfstatat", "stat", "statx") and function in functions(row.stack)
    )


def functions(stack: Stack) -> list[str]:
    return [frame.function for frame in stack]


def programs_loaded() -> int:
    return sum("bpf-prog" in os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink())


async def test_workers_are_measured_through_their_parent() -> None:
    async with workload("targets/prefork.py", "7", "1009") as program:
        [evidence], [truth] = await while_it_works(calls_of(find_target(HOST, program.pid)), programs=[program])
    assert stats_at(evidence, "work") == truth["calls"] == 7063
    assert evidence.syscalls
    assert len({row.pid for row in evidence.syscalls.rows if "work" in functions(row.stack)}) >= 1


async def test_without_children_only_the_parent_is() -> None:
    async with workload("targets/prefork.py", "3", "1009") as program:
        alone = find_target(HOST, program.pid, children=False)
        [evidence], _ = await while_it_works(calls_of(alone), programs=[program])
    assert evidence.syscalls
    assert {row.pid for row in evidence.syscalls.rows} == {program.pid}


async def test_all_of_one_name_are_one_target() -> None:
    """Three processes without a common parent, and one of another name."""
    async with AsyncExitStack() as stack:
        several = [
            await stack.enter_async_context(workload("targets/prefork.py", "2", n)) for n in ("101", "211", "307")
        ]
        other = await stack.enter_async_context(workload("targets/many_threads.py", "2", "503"))
        target = find_named(HOST, "prefork.py")
        assert set(target.pids) >= {program.pid for program in several}
        assert other.pid not in target.pids
        [evidence], truth = await while_it_works(calls_of(target), programs=[*several, other])
    assert stats_at(evidence, "work") == sum(each["calls"] for each in truth[:3]) == 1238
    assert evidence.window.partial == "the target ended"


def test_a_name_that_nobody_has_is_refused() -> None:
    with pytest.raises(ProblemError, match="No process is called 'no-such-name'"):
        find_named(HOST, "no-such-name")


async def test_five_hundred_threads() -> None:
    async with workload("targets/many_threads.py", "500", "53") as program:
        target = find_target(HOST, program.pid)
        assert target.threads == 501
        [evidence], [truth] = await while_it_works(calls_of(target), programs=[program])
    assert stats_at(evidence, "work") == truth["calls"] == 26_500
    assert evidence.threads
    assert sum(thread.count for thread in evidence.threads) >= 501


async def test_a_thousand_short_lived_children() -> None:
    async with workload("targets/fork_storm.c", "500") as program:
        [evidence], [truth] = await while_it_works(calls_of(find_target(HOST, program.pid)), programs=[program])
    # /bin/true makes stat calls of its own, which have no stack; ours are in look().
    assert stats_at(evidence, "look") == truth["calls"] == 7274
    assert evidence.children
    assert sum(child.started for child in evidence.children) == 1009
    by_program = {child.program: child.started for child in evidence.children}
    assert by_program["/bin/true"] == 337
    assert evidence.collections["syscalls"].lost == 0


@pytest.mark.parametrize("flags", [("-static",), ("-s",), ("-static", "-s")], ids=["static", "stripped", "both"])
async def test_static_and_stripped_programs(flags: tuple[str, ...]) -> None:
    async with workload("targets/hot_pair.c", c_flags=flags) as program:
        target = find_target(HOST, program.pid)
        [calls, cpu], [truth] = await while_it_works(
            calls_of(target),
            lambda progress: trace_cpu(HOST, target, seconds=60, hz=199, backend="bpf", progress=progress),
            programs=[program],
        )
    assert calls.syscalls and cpu.cpu
    asked = [row for row in calls.syscalls.rows if row.syscall == "getppid"]
    assert sum(row.calls for row in asked) == truth["calls"]
    shares = dict.fromkeys(("burn_twice", "burn_once"), 0.0)
    for row in cpu.cpu.rows:
        for name in shares:
            shares[name] += row.seconds if name in functions(row.stack) else 0.0
    if "-s" in flags:  # nobody knows the names any more: the program at least is said
        assert not any(shares.values())
        assert {row.stack[0].module for row in cpu.cpu.rows if row.stack} >= {program.executable}
    else:
        assert all("ask_often" in functions(row.stack) for row in asked)
        assert shares["burn_twice"] / sum(shares.values()) == pytest.approx(truth["first"], abs=0.1)


async def test_a_container_with_its_own_users_mounts_and_pids() -> None:
    """What a container is made of: user, pid and mount namespaces, and a root of its own."""
    inside = ("unshare", "--user", "--map-root-user", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child")
    allowed = subprocess.run([*inside, "true"], capture_output=True, check=False).returncode == 0
    need(allowed, "user namespaces are not allowed here")
    async with workload("targets/prefork.py", "3", "211", prefix=inside) as program:
        assert program.inner_pid != program.pid
        [evidence], [truth] = await while_it_works(calls_of(find_target(HOST, program.pid)), programs=[program])
    assert stats_at(evidence, "work") == truth["calls"] == 633


async def test_two_questions_at_once_on_one_target() -> None:
    async with workload("targets/many_threads.py", "5", "4001") as program:
        target = find_target(HOST, program.pid)
        [calls, again, cpu], [truth] = await while_it_works(
            calls_of(target),
            calls_of(target),
            lambda progress: trace_cpu(HOST, target, seconds=60, hz=99, backend="bpf", progress=progress),
            programs=[program],
        )
    assert stats_at(calls, "work") == stats_at(again, "work") == truth["calls"] == 20_005
    assert cpu.cpu is not None


async def test_ten_questions_on_ten_targets() -> None:
    before = len(os.listdir("/proc/self/fd"))
    async with AsyncExitStack() as stack:
        numbers = (101, 211, 307, 401, 503, 601, 701, 809, 907, 1009)
        programs = [
            await stack.enter_async_context(workload("targets/many_threads.py", "2", str(number))) for number in numbers
        ]
        measures = [calls_of(find_target(HOST, program.pid)) for program in programs]
        found, truth = await while_it_works(*measures, programs=programs)
    assert [stats_at(evidence, "work") for evidence in found] == [each["calls"] for each in truth]
    assert [each["calls"] for each in truth] == [2 * number for number in numbers]
    assert len(os.listdir("/proc/self/fd")) == before, "every program and table is gone"
    assert programs_loaded() == 0
