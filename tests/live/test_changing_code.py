"""Programs whose code is replaced while they are traced: a call is charged to the line that made it, or to none."""

import os
import shutil
import time
from pathlib import Path

import pytest

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.runtimes.native import CUT, REPLACED
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.syscalls import SyscallRow
from tests.live.need import need
from tests.live.test_engine import trace_while
from tests.live.workload import WORKLOADS, compiled, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
PLUGIN = WORKLOADS / "changing_plugin.c"
CALLS = {"getppid": "first", "getuid": "second"}
LINES = {
    mark: number
    for number, line in enumerate(PLUGIN.read_text().split("\n"), 1)
    for mark in CALLS.values()
    if line.endswith(f"/* @{mark} */")
}


@pytest.fixture(autouse=True)
def engine_runs_here() -> None:
    problem = bpf.unavailable(HOST)
    need(problem is None, f"the engine cannot run: {problem}")


def library(which: str) -> Path:
    return compiled(PLUGIN, ("-O2", "-shared", "-fPIC", *(["-DSECOND"] if which == "second" else [])))


def program(which: str, folder: Path) -> Path:
    """At a fixed address, so that two programs lie at the same."""
    built = compiled(PLUGIN, ("-O2", "-no-pie", "-DPROGRAM", *(["-DSECOND"] if which == "second" else [])))
    shutil.copy(built, folder / which)
    return folder / which


def rows_of(evidence: Evidence, call: str) -> list[SyscallRow]:
    assert evidence.syscalls
    return [row for row in evidence.syscalls.rows if row.syscall == call]


def named_lines(row: SyscallRow) -> list[tuple[str, int | None]]:
    """Of the plugin's source: (function, line)."""
    return [(f.function, f.line) for f in row.stack if (f.file or "").endswith(PLUGIN.name) and f.function != "ask"]


def assert_no_wrong_line(evidence: Evidence) -> None:
    for call, function in CALLS.items():
        for row in rows_of(evidence, call):
            wrong = [place for place in named_lines(row) if place[0] != "main" and place != (function, LINES[function])]
            assert not wrong, row


def calls_of(evidence: Evidence, call: str) -> int:
    return sum(row.calls for row in rows_of(evidence, call))


@pytest.mark.parametrize("how", ["libraries", "copied code"])
async def test_code_that_takes_the_place_of_other_code(how: str) -> None:
    more = ("copy",) if how == "copied code" else ()
    arguments = (str(library("first")), str(library("second")), *more)
    async with workload("changing_code.c", *arguments) as running:
        evidence, told = await trace_while(running, Wanted(), running.work)
    need(told["same"], "the loader puts a library where the one before was")
    assert_no_wrong_line(evidence)
    assert (calls_of(evidence, "getppid"), calls_of(evidence, "getuid")) == (told["first"], told["second"])
    stacks = [row.stack for call in CALLS for row in rows_of(evidence, call)]
    assert all(REPLACED in stack and (stack[-1] == CUT or stack[-1].function == "_start") for stack in stacks), stacks


async def test_a_program_that_becomes_another(tmp_path: Path) -> None:
    arguments = (str(program("second", tmp_path)),)
    first = program("first", tmp_path)
    async with workload(PLUGIN.name, *arguments, program=str(first)) as running:

        async def work() -> int:
            await running.tell("go")
            await running.ready()
            calls, until = 0, time.monotonic() + 0.7
            while time.monotonic() < until:  # (some of it before the engine knows the new program, most of it after)
                calls += (await running.work())["calls"]
            return calls

        evidence, calls = await trace_while(running, Wanted(), work)
    assert_no_wrong_line(evidence)
    assert calls_of(evidence, "getuid") == calls
    rows = rows_of(evidence, "getppid")
    assert sum(row.calls for row in rows if ("first", LINES["first"]) in named_lines(row)) == 101
    known = [row for row in rows_of(evidence, "getuid") if ("second", LINES["second"]) in named_lines(row)]
    assert sum(row.calls for row in known) > 0


async def test_a_program_that_was_upgraded_on_disk(tmp_path: Path) -> None:
    path = program("first", tmp_path)
    async with workload(PLUGIN.name, program=str(path)) as running:
        os.replace(program("second", tmp_path), path)
        evidence, told = await trace_while(running, Wanted(), running.work)
    assert_no_wrong_line(evidence)
    rows = [row for row in rows_of(evidence, "getppid") if ("first", LINES["first"]) in named_lines(row)]
    assert sum(row.calls for row in rows) == told["calls"] == 101
