"""Files of a program whose every access is known."""

import shutil

import pytest

from perfdoctor.collectors import file_use
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.progress import silent
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.file_use import FileAct, FileRow
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.answers.file_use import files_answer
from tests.live.need import need
from tests.live.while_it_works import while_it_works
from tests.live.workload import workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()


async def traced(backend: str, *, children: bool = True) -> tuple[Evidence, dict[str, str]]:
    async with workload("known_files.py") as program:
        target = find_target(HOST, program.pid, children=children)
        [evidence], [paths] = await while_it_works(
            lambda progress: file_use.measure(HOST, target, seconds=60, backend=backend, progress=progress),
            programs=[program],
        )
    return evidence, paths


def acts(evidence: Evidence, path: str, act: FileAct) -> list[FileRow]:
    assert evidence.file_use is not None
    return [row for row in evidence.file_use.rows if row.path == path and row.act is act]


def total(rows: list[FileRow]) -> tuple[int, int, int]:
    """calls, errors, bytes"""
    return sum(r.calls for r in rows), sum(r.errors for r in rows), sum(r.bytes for r in rows)


def assert_counts(evidence: Evidence, paths: dict[str, str]) -> None:
    assert total(acts(evidence, paths["absent"], FileAct.LOOK)) == (307, 307, 0)
    assert total(acts(evidence, paths["again"], FileAct.OPEN)) == (53, 0, 0)
    assert total(acts(evidence, paths["again"], FileAct.READ)) == (53, 0, 53 * 64_000)
    assert total(acts(evidence, paths["walk"], FileAct.READ)) == (211, 0, 211 * 128)
    assert total(acts(evidence, paths["jump"], FileAct.READ)) == (101, 0, 101 * 128)
    assert total(acts(evidence, paths["log"], FileAct.WRITE)) == (36, 0, 17 * 64 + 19 * 32)
    assert total(acts(evidence, paths["log"], FileAct.SYNC)) == (17, 0, 0)
    assert total(acts(evidence, paths["before"], FileAct.READ)) == (13, 0, 13 * 128), "it was open before the window"


async def test_the_engine_counts_every_access_at_its_line() -> None:
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    evidence, paths = await traced("bpf")
    assert_counts(evidence, paths)
    how = evidence.collections["file_use"]
    assert how.exact and how.lacks == ()
    (walk,) = acts(evidence, paths["walk"], FileAct.READ)
    (jump,) = acts(evidence, paths["jump"], FileAct.READ)
    assert (walk.sequential, walk.random) == (210, 0)
    assert (jump.sequential, jump.random) == (0, 100)
    assert [frame.function for frame in walk.stack] == ["read_in_order", "main", "<module>"]
    assert sum(walk.histogram) == 211
    child = [row for row in acts(evidence, paths["log"], FileAct.WRITE) if row.stack[0].function == "child_writes"]
    assert total(child) == (19, 0, 608)
    answer = files_answer("r-x", evidence, rows=20, frames=4)
    files = {file.path: file for file in answer.files}
    assert files[paths["again"]].times_read == pytest.approx(53)
    assert files[paths["walk"]].sequential == 1.0 and files[paths["jump"]].sequential == 0.0
    assert files[paths["log"]].syncs == 17 and files[paths["log"]].sync_seconds > 0
    lines = {(line.location.function, line.act): line for line in answer.lines if line.location}
    assert lines["write_log", "sync"].calls == 17
    assert lines["look_for", "look"].errors == 307
    assert answer.missing >= 307
    assert answer.unnamed == 0


async def test_strace_counts_the_same_without_lines() -> None:
    need(shutil.which("strace"), "strace is not installed")
    evidence, paths = await traced("strace")
    assert_counts(evidence, paths)
    assert "source lines" in evidence.collections["file_use"].lacks
    assert "sequential and random access" in evidence.collections["file_use"].lacks


async def test_without_children_theirs_are_left_out() -> None:
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    evidence, paths = await traced("bpf", children=False)
    assert total(acts(evidence, paths["log"], FileAct.WRITE)) == (17, 0, 17 * 64)


async def test_proc_sees_how_far_open_files_are_read() -> None:
    async with workload("targets/slow_reader.py") as program:
        target = find_target(HOST, program.pid)
        [evidence], [truth] = await while_it_works(
            lambda progress: file_use.measure(HOST, target, seconds=60, backend="proc", progress=progress),
            programs=[program],
        )
    (row,) = acts(evidence, truth["path"], FileAct.READ)
    assert row.bytes == truth["bytes"]
    how = evidence.collections["file_use"]
    assert not how.exact and how.lacks
    assert evidence.window.partial == "the target ended"


async def test_a_program_without_files_is_silent() -> None:
    need(bpf.unavailable(HOST) is None, "the engine cannot run")
    async with workload("one_hot_line.c") as program:
        evidence = await file_use.measure(HOST, find_target(HOST, program.pid), seconds=0.5, progress=silent)
    answer = files_answer("r-x", evidence, rows=5, frames=4)
    assert answer.summary == "It used no file in this window."
    assert answer.files == () and answer.unnamed == 0


async def test_bad_questions() -> None:
    async with workload("targets/many_threads.py", "1", "1") as program:
        target = find_target(HOST, program.pid)
        for asked in ({"backend": "perf"}, {"seconds": 0.0}, {"seconds": float("nan")}):
            with pytest.raises(ProblemError):
                await file_use.measure(HOST, target, **{"seconds": 1.0, **asked})  # type: ignore[arg-type]
