"""What reaches the disk, of a program of which that is known."""

import pytest

from perfdoctor.collectors import disk
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.disk import DiskOperation, DiskUse
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.answers.disk import disk_answer
from tests.live.need import need
from tests.live.while_it_works import while_it_works
from tests.live.workload import workload

DIRECT, HITS, MISSES, PAGE, SYNCS = 211, 1009, 307, 4096, 13
"""as in the workload"""

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()


async def traced(backend: str) -> tuple[Evidence, DiskUse, dict[str, str]]:
    async with workload("known_disk.py") as program:
        target = find_target(HOST, program.pid)
        [evidence], [paths] = await while_it_works(
            lambda progress: disk.measure(HOST, target, seconds=60, backend=backend, progress=progress),
            programs=[program],
        )
    assert evidence.disk is not None and evidence.disk.moved is not None
    return evidence, evidence.disk, paths


def reads_of(use: DiskUse, path: str) -> tuple[int, int]:
    rows = [row for row in use.rows if row.file == path and row.operation is DiskOperation.READ]
    return sum(row.requests for row in rows), sum(row.bytes for row in rows)


async def test_requests_are_counted_at_their_line_and_file() -> None:
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    evidence, use, paths = await traced("bpf")
    need(any(row.operation is DiskOperation.READ for row in use.rows), "the test's folder is on no block device")
    assert reads_of(use, paths["direct"]) == (DIRECT, DIRECT * PAGE)
    assert reads_of(use, paths["cold"]) == (MISSES, MISSES * PAGE)
    misses = [row for row in use.cache if row.file == paths["cold"]]
    assert sum(row.misses for row in misses) == MISSES
    assert {row.stack[0].function for row in misses} == {"read_cold"}
    direct = [row for row in use.rows if row.file == paths["direct"]]
    assert {row.stack[0].function for row in direct} == {"read_past_the_cache"}
    assert sum(sum(row.histogram) for row in direct) == DIRECT
    assert all(row.device and 0 < row.max_seconds <= row.seconds for row in direct)
    assert use.moved and use.moved.fetched >= (DIRECT + MISSES) * PAGE
    assert use.moved.asked_read >= HITS * PAGE
    assert use.file_read and use.file_read >= (DIRECT + HITS) * PAGE + MISSES * 100
    assert use.hit_share == pytest.approx(1 - use.moved.fetched / use.file_read)
    assert use.deepest and use.deepest >= 1 and use.mean_depth and use.mean_depth > 0
    answer = disk_answer("r-x", evidence, rows=20, frames=4)
    lines = {(line.location.function, line.operation): line for line in answer.lines if line.location}
    assert lines["sync_often", "sync"].requests == SYNCS
    assert lines["sync_often", "sync"].file == paths["log"]
    assert evidence.collections["disk"].lost == 0
    assert any("write" in lack for lack in evidence.collections["disk"].lacks)


async def test_proc_has_the_bytes() -> None:
    evidence, use, _ = await traced("proc")
    assert use.moved
    assert use.moved.asked_read >= (HITS + DIRECT) * PAGE + MISSES * 100
    assert use.moved.fetched >= (DIRECT + MISSES) * PAGE * 0.9
    assert use.moved.dirtied >= SYNCS * PAGE * 0.9
    assert use.rows == () and use.hit_share is None
    assert "source lines" in evidence.collections["disk"].lacks


async def test_who_waits_for_no_disk_is_told_so() -> None:
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    async with workload("one_hot_line.c") as program:
        evidence = await disk.measure(HOST, find_target(HOST, program.pid), seconds=0.4)
    answer = disk_answer("r-x", evidence, rows=5, frames=4)
    assert answer.summary.endswith("It waited for no disk.")
    assert answer.requests == 0 and answer.lines == ()


async def test_bad_questions() -> None:
    async with workload("targets/many_threads.py", "1", "1") as program:
        target = find_target(HOST, program.pid)
        with pytest.raises(ProblemError, match="no backend 'strace'"):
            await disk.measure(HOST, target, seconds=1, backend="strace")
    with pytest.raises(ProblemError):
        await disk.measure(HOST, target, seconds=0.2, backend="proc")
