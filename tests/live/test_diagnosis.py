"""Is a planted problem named, at its line, and is a healthy program left in peace?

Each program below tests/workloads/problems says in its first line what must be found (``expect: pattern=small-io``) and
marks the lines that cost (``<- cost``). Its twin in repaired/ does the same work without the problem; those in healthy/
never had one. Those whose first line ends in ``bench`` are left to bench/diagnosis.py.
"""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ledger import observe
from perfdoctor.collectors.target import find_target
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.second_look import wants_locks
from perfdoctor.schemas.finding import Diagnosis, Finding, Severity
from tests.live.need import need
from tests.live.verdict import verdict
from tests.live.workload import WORKLOADS, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]

SECONDS = 2.5
AMONG = 3
"""the planted problem must be one of the first so many findings"""


def programs(*folders: str) -> list[str]:
    return sorted(
        f"{folder}/{path.name}"
        for folder in folders
        for path in (WORKLOADS / folder).iterdir()
        if path.is_file() and not for_the_bench_only(path)
    )


def for_the_bench_only(source: Path) -> bool:
    first = source.read_text().partition("\n")[0]
    return "bench" in first.removesuffix("*/").split()[-1:]


def expected(source: Path) -> tuple[str, set[int]]:
    """The pattern of the first line, and the numbers of the marked lines."""
    lines = source.read_text().splitlines()
    named = re.search(r"expect: pattern=([\w-]+)", lines[0])
    assert named, f"{source} does not say what to expect"
    return named[1], {number for number, line in enumerate(lines, 1) if re.search(r"(#|//) <- cost$", line)}


@asynccontextmanager
async def judged(source: str) -> AsyncIterator[Diagnosis]:
    need(shutil.which("unshare"), "live tests run on Linux")
    host = LocalHost()
    async with workload(source) as program:
        evidence = await observe(host, find_target(host, program.pid), seconds=SECONDS, closer=wants_locks)
        yield diagnose(evidence)


def told(findings: tuple[Finding, ...]) -> str:
    return "; ".join(f"{f.severity} {f.pattern} {f.share} {f.title}" for f in findings) or "nothing found"


@pytest.mark.parametrize("source", programs("problems"))
async def test_a_planted_problem_is_named_at_its_line(source: str) -> None:
    pattern, lines = expected(WORKLOADS / source)

    async def look() -> str:
        async with judged(source) as diagnosis:
            first = diagnosis.findings[:AMONG]
        found = [f for f in first if f.pattern == pattern and f.severity is not Severity.INFO]
        if not found and any(one.pattern == pattern and "no names" in one.why for one in diagnosis.not_checked):
            return ""  # (the interpreter at hand is stripped, and the answer says so)
        if not found:
            return f"{pattern} is not among: {told(first)}"
        at = found[0].location
        right = at is not None and at.file and Path(at.file).name == Path(source).name and at.line in lines
        return "" if right or not lines else f"{pattern} at {at}, not one of {sorted(lines)}"

    assert not await verdict(source, look)


@pytest.mark.parametrize("source", programs("repaired", "healthy"))
async def test_a_healthy_program_is_left_in_peace(source: str) -> None:
    async def look() -> str:
        async with judged(source) as diagnosis:
            alarms = tuple(f for f in diagnosis.findings if f.severity is not Severity.INFO)
        return told(alarms) if alarms else ""

    assert not await verdict(source, look)
