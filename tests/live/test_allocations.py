"""trace-memory on programs whose every allocation and page is known."""

import json
import os
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from perfdoctor.collectors import allocations
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf import uprobe_multi
from perfdoctor.collectors.backends.perf import backend as perf
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.allocations import AllocationRow, MappedKind
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.answers.allocations import memory_answer
from perfdoctor.server.formatters.allocations import say
from tests.live.need import need
from tests.live.workload import WORKLOADS, Workload, compiled, python_interpreters, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
WALKABLE = [version for version in VERSIONS if version in python_interpreters()]


@pytest.fixture(autouse=True)
def engine_runs_here() -> None:
    problem = bpf.unavailable(HOST)
    need(problem is None, f"the engine cannot run: {problem}")


async def trace_its_work(program: Workload, *, settle: float = 0.0, **options: Any) -> tuple[Evidence, dict[str, Any]]:
    """Attach, let it do its work once, and end it, which closes the window."""
    found: list[Evidence] = []
    truth: dict[str, Any] = {}
    heard = anyio.Event()

    def hear(elapsed: float, message: str) -> None:
        nonlocal heard
        if elapsed or message == "attached":
            heard.set()
            heard = anyio.Event()

    async with anyio.create_task_group() as tasks:

        async def trace() -> None:
            target = find_target(HOST, program.pid, children=True)
            found.append(await allocations.measure(HOST, target, seconds=60, progress=hear, **options))

        tasks.start_soon(trace)
        await heard.wait()
        await anyio.sleep(settle)
        await program.tell("go")
        truth.update(json.loads(await program.line()))
        await heard.wait()
        await heard.wait()
        await program.stop()
    return found[0], truth


def at_line(evidence: Evidence, line: int, function: str = "") -> list[AllocationRow]:
    assert evidence.allocations is not None
    return [
        row for row in evidence.allocations.rows if any(f.line == line and function in f.function for f in row.stack)
    ]


def assert_exact(evidence: Evidence, truth: dict[str, Any]) -> None:
    for line, known in truth.items():
        rows = at_line(evidence, int(line), known["function"])
        assert sum(row.calls for row in rows) == known["calls"], (line, rows)
        assert sum(row.bytes for row in rows) == known["bytes"], (line, rows)
        assert sum(row.frees for row in rows) == known["frees"], (line, rows)
        assert sum(row.freed_bytes for row in rows) == known["freed_bytes"], (line, rows)
        assert sum(row.outstanding_bytes for row in rows) == known["bytes"] - known["freed_bytes"], (line, rows)
        assert sum(row.outstanding for row in rows) == known["calls"] - known["frees"], (line, rows)
        assert all(sum(row.sizes) == row.calls and sum(row.lives) == row.frees for row in rows)
    how = evidence.collections["allocations"]
    assert (how.backend, how.exact, how.lost) == ("bpf", True, 0)


async def test_every_line_of_a_c_program_in_threads_and_a_child() -> None:
    async with workload("allocations.c", "--fork") as program:
        evidence, truth = await trace_its_work(program, mode="allocations")
    assert len(truth) == 11
    assert_exact(evidence, truth)
    profile = evidence.allocations
    assert profile is not None
    assert profile.unknown_frees >= 1
    assert {allocator.library.rpartition("/")[2] for allocator in profile.allocators} == {"libc.so.6"}
    assert len(profile.allocators) == 2
    assert evidence.window.partial == "the target ended"


async def test_probes_that_come_one_by_one_on_an_older_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uprobe_multi, "supported", lambda: False)
    async with workload("allocations.c") as program:
        evidence, truth = await trace_its_work(program, mode="allocations")
    assert_exact(evidence, truth)


async def test_a_child_that_executes_another_program_is_probed_anew_and_once() -> None:
    async with workload("allocating_child.c") as program:
        evidence, truth = await trace_its_work(program, mode="allocations")
    assert_exact(evidence, truth)


async def test_a_static_program_has_a_malloc_of_its_own() -> None:
    async with workload("allocations_static.c") as program:
        evidence, truth = await trace_its_work(program, mode="allocations")
    assert_exact(evidence, truth)
    assert evidence.allocations is not None
    assert evidence.allocations.allocators[0].library.endswith("/allocations_static")


async def test_cpp_is_charged_to_the_line_that_says_new() -> None:
    async with workload("new_delete.cpp") as program:
        evidence, truth = await trace_its_work(program, mode="allocations")
    assert_exact(evidence, truth)


async def test_rust_is_charged_to_the_line_that_makes_a_box_or_a_vector() -> None:
    async with workload("allocations.rs") as program:
        evidence, truth = await trace_its_work(program, mode="allocations")
    assert_exact(evidence, truth)


async def test_an_allocator_that_replaces_the_c_librarys(tmp_path: Path) -> None:
    other = tmp_path / "libmimalloc.so.2"
    shutil.copy(compiled(WORKLOADS / "other_malloc.c"), other)
    async with workload("new_delete.cpp", environment={"LD_PRELOAD": str(other)}) as program:
        evidence, truth = await trace_its_work(program, mode="allocations")
    assert_exact(evidence, truth)
    assert evidence.allocations is not None
    assert evidence.allocations.allocators[0].functions == ("malloc", "calloc", "realloc", "free")


@pytest.mark.parametrize("version", WALKABLE)
async def test_python_lines_of_larger_objects(version: str) -> None:
    async with workload("allocations.py", interpreter=python_interpreters()[version]) as program:
        evidence, truth = await trace_its_work(program, mode="allocations")
    for name, left in (("retained", True), ("passing", False)):
        known = truth[name]
        (row,) = [row for row in at_line(evidence, known["line"]) if row.function == "calloc"]
        assert (row.calls, row.bytes) == (known["calls"], known["bytes"])
        assert row.outstanding_bytes == (known["bytes"] if left else 0)
    assert not [row for row in at_line(evidence, truth["small"]["line"]) if row.function == "calloc"]
    assert "512 bytes" in evidence.collections["allocations"].lacks[0]


@pytest.mark.parametrize("version", WALKABLE[-1:])
async def test_pythons_small_objects_when_they_are_asked_for(version: str) -> None:
    async with workload("allocations.py", interpreter=python_interpreters()[version]) as program:
        evidence, truth = await trace_its_work(program, mode="objects")
    need(any("_PyObject_Malloc" in a.functions for a in evidence.allocations.allocators), "a stripped interpreter")  # type: ignore[union-attr]
    for name, left in (("retained", True), ("passing", False), ("small", True)):
        known = truth[name]
        (row,) = [row for row in at_line(evidence, known["line"]) if row.function == "_PyObject_Calloc"]
        assert (row.calls, row.bytes) == (known["calls"], known["bytes"])
        assert row.outstanding_bytes == (known["bytes"] if left else 0)


async def test_a_leak_is_told_from_a_cache_that_fills_and_a_queue() -> None:
    text = (WORKLOADS / "cache_fills.c").read_text().split("\n")
    lines = {match[1]: i for i, line in enumerate(text, 1) if (match := re.search(r"/\* <- (\w+) \*/", line))}
    async with workload("cache_fills.c") as program:
        evidence = await measured(program, 3.0, mode="allocations", after=partial(program.tell, "go"))
    answer = memory_answer("r-test", evidence, rows=10, frames=8)
    kept = {line.location.line: line for line in answer.lines if line.location}
    assert kept[lines["leak"]].keeps == "grows"
    assert kept[lines["cache"]].keeps == "levelled off"
    assert kept[lines["cache"]].left == 97
    assert kept[lines["queue"]].keeps in ("passes", "in use")
    assert kept[lines["queue"]].left == 11
    text_of_it = say(answer, stacks=True)
    assert "lose" in text_of_it
    assert answer.omitted_lines == 0


async def measured(
    program: Workload, seconds: float, *, after: Callable[[], Any] | None = None, **options: Any
) -> Evidence:
    """A window of ``seconds``; ``after`` is called once it is attached."""
    found: list[Evidence] = []
    attached = anyio.Event()
    async with anyio.create_task_group() as tasks:

        async def trace() -> None:
            target = find_target(HOST, program.pid, children=True)
            hear = lambda _elapsed, _message: attached.set()  # noqa: E731
            found.append(await allocations.measure(HOST, target, seconds=seconds, progress=hear, **options))

        tasks.start_soon(trace)
        await attached.wait()
        if after:
            await after()
    return found[0]


async def test_the_budget_ends_the_trace_and_keeps_what_was_seen() -> None:
    async with workload("problems/leaky_parser.c") as program:
        evidence = await measured(program, 30, mode="allocations", most_events=500)
    assert evidence.window.seconds < 20
    assert evidence.window.partial is not None
    assert "budget" in evidence.window.partial
    assert evidence.allocations is not None
    assert 100 < evidence.allocations.calls < 10_000


async def test_probes_that_cost_too_much_of_a_core_end_early() -> None:
    async with workload("problems/leaky_parser.c") as program:
        evidence = await measured(program, 30, mode="allocations", most_share=0.0001)
    assert "of a core" in (evidence.window.partial or "")


async def test_growth_names_the_lines_that_touch_new_memory_and_map_it() -> None:
    async with workload("memory_growth.py") as program:
        evidence, truth = await trace_its_work(program, mode="growth")
    assert evidence.faults is not None
    assert evidence.allocations is not None

    def faults(mark: str) -> int:
        return sum(r.faults for r in evidence.faults or () if r.stack and r.stack[0].line == truth[mark]["line"])

    def mapped(mark: str, kind: MappedKind) -> tuple[int, int]:
        rows = [r for r in evidence.allocations.mapped if r.stack and r.stack[0].line == truth[mark]["line"]]  # type: ignore[union-attr]
        rows = [row for row in rows if row.kind is kind]
        return sum(row.calls for row in rows), sum(row.bytes for row in rows)

    assert faults("touched") == truth["touched"]["count"]
    assert faults("read") == truth["read"]["count"]
    large = (67 << 20) + os.sysconf("SC_PAGESIZE")
    assert mapped("mapped", MappedKind.ANONYMOUS) == (7, 7 * large)
    assert mapped("mapped", MappedKind.UNMAPPED) == (0, 0)
    assert mapped("passing", MappedKind.ANONYMOUS) == mapped("passing", MappedKind.UNMAPPED) == (13, 13 * large)
    answer = memory_answer("r-test", evidence, rows=10, frames=8)
    assert {line.location.line for line in answer.touched if line.location} >= {w["line"] for w in truth.values()}
    assert "page faults" in say(answer)


async def test_growth_says_that_a_leak_grows_and_that_a_loop_does_not() -> None:
    async with workload("problems/leaky_parser.c") as program:
        evidence = await measured(program, 3, mode="growth")
    answer = memory_answer("r-test", evidence, rows=3, frames=4)
    assert answer.grows
    assert answer.touched[0].location is not None
    assert answer.touched[0].location.function == "parse"
    async with workload("repaired/leaky_parser.c") as program:
        evidence = await measured(program, 2, mode="growth")
    assert not memory_answer("r-test", evidence, rows=3, frames=4).grows


async def test_a_target_that_ends_meanwhile_leaves_a_partial_answer() -> None:
    async with workload("allocations.c") as program:
        evidence, _ = await trace_its_work(program, mode="growth")
    assert evidence.window.partial == "the target ended"


async def test_nothing_stays_attached_when_it_is_cancelled() -> None:
    async with workload("allocations.c") as program:
        target = find_target(HOST, program.pid, children=True)
        attached = anyio.Event()
        async with anyio.create_task_group() as tasks:
            hear = lambda _elapsed, _message: attached.set()  # noqa: E731
            tasks.start_soon(lambda: allocations.measure(HOST, target, seconds=60, mode="allocations", progress=hear))
            await attached.wait()
            tasks.cancel_scope.cancel()
        held = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _exists(fd)]
        assert not [name for name in held if "bpf" in name or "perf_event" in name]
        await program.tell("go")
        assert json.loads(await program.line())


def _exists(fd: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}")


@pytest.mark.parametrize("options", [{"backend": "nonsense"}, {"seconds": -1.0}, {"mode": "everything"}])
async def test_what_cannot_be_asked_is_refused(options: dict[str, Any]) -> None:
    target = find_target(HOST, os.getpid(), children=False)
    with pytest.raises(ProblemError):
        await allocations.measure(HOST, target, **{"seconds": 1.0, **options})


async def test_a_go_program_is_refused() -> None:
    target = find_target(HOST, os.getpid(), children=False).model_copy(update={"runtime": "go"})
    with pytest.raises(ProblemError, match="Go"):
        await allocations.measure(HOST, target, seconds=1, mode="allocations")


async def test_perf_counts_the_same_page_faults_where_the_engine_cannot() -> None:
    problem = perf.unavailable(HOST)
    need(problem is None, f"perf cannot run: {problem}")
    async with workload("page_steps.c") as program:
        # perf enables its events a moment after it has opened them, and does not say when
        evidence, truth = await trace_its_work(program, settle=0.7, mode="growth", backend="perf")
    assert evidence.faults is not None
    for line, known in truth.items():
        faults = sum(row.faults for row in evidence.faults if any(f.line == int(line) for f in row.stack[:2]))
        assert faults == known["faults"]
    how = evidence.collections["allocations"]
    assert (how.backend, how.exact, how.not_understood) == ("perf", True, 0)


async def test_the_engine_counts_them_exactly_at_the_same_lines() -> None:
    async with workload("page_steps.c") as program:
        evidence, truth = await trace_its_work(program, mode="growth")
    for line, known in truth.items():
        rows = [row for row in evidence.faults or () if any(f.line == int(line) for f in row.stack[:2])]
        assert sum(row.faults for row in rows) == known["faults"]


async def test_proc_alone_tells_the_trend_and_says_what_it_lacks() -> None:
    async with workload("problems/leaky_parser.c") as program:
        evidence = await measured(program, 2, mode="growth", backend="proc")
    answer = memory_answer("r-test", evidence, rows=3, frames=4)
    assert answer.grows, evidence.memory
    assert answer.collection.lacks
    assert "cannot be told" in answer.summary
    async with workload("allocations.c") as program:
        evidence, _ = await trace_its_work(program, mode="growth", backend="proc")
    assert evidence.window.partial == "the target ended"
