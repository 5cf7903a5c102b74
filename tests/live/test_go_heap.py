"""What a Go program's heap keeps, against what its own runtime says of it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ledger import observe
from perfdoctor.collectors.runtimes.go_heap import GoHeapReader
from perfdoctor.collectors.target import find_target
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding
from tests.live.need import need
from tests.live.workload import WORKLOADS, workload

pytestmark = [pytest.mark.live, pytest.mark.anyio]

SAYS, KEEPS = "known_heap.go", "heap_that_keeps.go"
A_SPAN_EACH = 256 << 10
"""bytes: what is live is counted by whole spans, one for each size"""


def built(folder: Path, *flags: str) -> Path:
    go = shutil.which("go")
    need(go is not None, "the Go compiler (go)")
    assert go
    program = folder / "program"
    subprocess.run([go, "build", *flags, "-o", program, WORKLOADS / SAYS], check=True, cwd=folder)
    return program


@pytest.mark.parametrize("flags", [(), ("-ldflags=-s -w",), ("-buildmode=pie",)], ids=["plain", "stripped", "moved"])
async def test_what_is_read_is_what_the_runtime_says(flags: tuple[str, ...], tmp_path: Path) -> None:
    program = built(tmp_path, *flags)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdin and running.stdout
            reader, ended = None, 0
            for kept in (37, 48, 59):
                _, _, used, made, _ = running.stdout.readline().split()
                reader = reader or GoHeapReader(LocalHost(), running.pid)
                heap = reader.read()
                assert abs(heap.marked - int(used)) < 4096
                assert 0 <= heap.marked - (kept << 20) < 1 << 20
                assert 0 <= heap.live - heap.marked < A_SPAN_EACH
                assert abs(heap.made - int(made)) < 4096
                assert heap.ended > ended
                ended = heap.ended
                running.stdin.write("\n")
                running.stdin.flush()
        finally:
            running.kill()


async def seen(*arguments: str) -> tuple[Evidence, list[Finding]]:
    async with workload(KEEPS, *arguments) as running:
        evidence = await observe(LocalHost(), find_target(LocalHost(), running.pid), seconds=5.0)
    return evidence, [one for one in diagnose(evidence).findings if one.pattern == "memory-growth"]


async def test_a_heap_that_keeps_all_grows_from_the_line_that_makes_it() -> None:
    evidence, found = await seen()
    assert evidence.memory
    left = [reading.used for reading in evidence.memory.heap if reading.collected]
    assert left == sorted(left)
    assert len(left) >= 2
    (growth,) = found
    marked = (WORKLOADS / KEEPS).read_text().splitlines().index("\ttext := make([]byte, 1024) // @made") + 1
    assert growth.location and growth.location.line == marked
    (pace,) = [fact.value for fact in growth.evidence if fact.what.startswith("growth of the heap")]
    assert pace == pytest.approx(8000 * 1024, rel=0.15)


async def test_a_heap_that_keeps_the_last_ones_does_not_grow() -> None:
    evidence, found = await seen("last")
    assert evidence.memory
    assert sum(reading.collected for reading in evidence.memory.heap) >= 2
    assert found == []
