"""Goroutines that sleep for a moment: how often, how long and what for, as a program counts itself."""

import anyio
import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ledger import observe
from perfdoctor.collectors.target import find_target
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.goroutines import GoroutineNap, NapLoop
from tests.live.workload import Workload, workload

pytestmark = [pytest.mark.live, pytest.mark.anyio]


def naps_of(seen: Evidence, function: str) -> GoroutineNap:
    assert seen.goroutines
    (one,) = [nap for nap in seen.goroutines.naps if function in {frame.function for frame in nap.stack}]
    return one


async def window(program: Workload, seconds: float) -> Evidence:
    return await observe(LocalHost(), find_target(LocalHost(), program.pid), seconds=seconds)


async def test_sleeps_are_as_many_as_the_program_counts() -> None:
    async with workload("problems/report_naps.go") as program:
        counted = list[int]()

        async def count() -> None:
            while True:
                counted.append(int((await program.line()).split()[1]))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(count)
            seen = await window(program, 4.0)
            tasks.cancel_scope.cancel()
    workers, requests = naps_of(seen, "main.worker"), naps_of(seen, "main.serve")
    assert workers.goroutines == 4
    assert (workers.nap_seconds, requests.nap_seconds) == pytest.approx((0.0002, 0.0002))
    assert (workers.loop, requests.loop) == (NapLoop.EMPTY, NapLoop.ASKS)
    assert workers.seconds <= 4 * 1.02 * seen.window.seconds
    # (how long a sleep of 0.2 ms lasts is the machine's matter, and varies with what else it does)
    a_second = (workers.naps + requests.naps) / seen.window.seconds
    assert 0.5 * min(counted) <= a_second <= 2 * max(counted)
    found = [finding for finding in diagnose(seen).findings if finding.pattern == "polling-loop"]
    assert {finding.location.function for finding in found if finding.location} >= {"main.worker"}


async def test_sleeps_that_are_a_pace_are_counted_and_left_in_peace() -> None:
    async with workload("healthy/paced_worlds.go") as program:
        seen = await window(program, 4.0)
    paces = {"main.simulate": 60, "main.batches": 50, "main.(*bucket).fill": 1000, "main.feed": 500}
    for function, at_most in paces.items():
        naps = naps_of(seen, function)
        assert naps.loop is NapLoop.PACED
        assert 0.2 * at_most <= naps.naps / seen.window.seconds <= 1.3 * at_most, function
    assert naps_of(seen, "main.batches").nap_seconds == pytest.approx(0.02)
    assert not [finding for finding in diagnose(seen).findings if finding.pattern == "polling-loop"]


async def test_reads_whose_time_is_over_are_told_from_those_that_wait() -> None:
    async with workload("known_deadlines.go") as program:
        seen = await window(program, 4.0)
    assert seen.syscalls
    reads = [row for row in seen.syscalls.rows if row.syscall == "read"]
    limited = [row for row in reads if "main.limited" in {frame.function for frame in row.stack}]
    patient = [row for row in reads if "main.patient" in {frame.function for frame in row.stack}]
    assert sum(row.errors for row in limited) > 4 * sum(row.calls - row.errors for row in limited) > 0
    # (a wait that had begun before the window, or ends behind it, has one of its two reads in it)
    waits, brought = sum(row.errors for row in patient), sum(row.calls - row.errors for row in patient)
    assert abs(waits - brought) <= 4
    found = [finding.location for finding in diagnose(seen).findings if finding.pattern == "polling-loop"]
    assert [(at.function, at.line) for at in found if at] == [("main.limited", 26)]
