"""Node.js through its inspector: right lines, exact counts, and a target that is as it was before."""

import base64
import json
import re
import shutil
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from perfdoctor.collectors import allocations, ledger
from perfdoctor.collectors.backends.node import backend as node
from perfdoctor.collectors.backends.node import reach
from perfdoctor.collectors.backends.node.inspector import attached
from perfdoctor.collectors.backends.node.waking import wake
from perfdoctor.collectors.cpu import trace_cpu
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.syscalls import trace_syscalls
from perfdoctor.collectors.target import find_target
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import THREAD_POOL, FrameKind, Stack
from perfdoctor.schemas.problem import ProblemError
from tests.live.workload import WORKLOADS, Workload, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
SOURCE = (WORKLOADS / "known_node.js").read_text().splitlines()
SECONDS = 5.0


def beginning(function: str) -> int:
    return next(
        i
        for i, line in enumerate(SOURCE, 1)
        if line.startswith((f"function {function}(", f"async function {function}("))
    )


def of_ours(stack: Stack) -> tuple[str, int | None] | None:
    """The innermost frame of the workload."""
    return next(((f.function, f.line) for f in stack if f.file and f.file.endswith("known_node.js")), None)


def is_as_before(program: Workload) -> None:
    assert not reach.listening(HOST, program.pid)
    assert psutil.Process(program.pid).status() != psutil.STATUS_ZOMBIE


async def while_it_works(
    program: Workload, question: str, host: LocalHost = HOST, *, seconds: float = SECONDS
) -> tuple[Evidence, dict[str, Any]]:
    target = find_target(host, program.pid)
    begun = anyio.Event()
    found: list[Evidence] = []

    async def ask() -> None:
        def hear(_elapsed: float, _message: str) -> None:
            begun.set()

        ways = {"cpu": trace_cpu, "syscalls": trace_syscalls, "all": ledger.observe}
        found.append(await ways[question](host, target, seconds=seconds, progress=hear))  # type: ignore[operator]

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await begun.wait()
        truth = await program.work()
    return found[0], truth


async def test_cpu_time_is_named_by_line() -> None:
    async with workload("known_node.js") as program:
        evidence, _ = await while_it_works(program, "cpu")
        is_as_before(program)
    assert evidence.cpu is not None and evidence.collections["cpu"].backend == "node"
    by_line: Counter[tuple[str, int | None] | None] = Counter()
    for row in evidence.cpu.rows:
        by_line[of_ours(row.stack)] += row.samples
    hot = sum(n for place, n in by_line.items() if place and place[0] == "hot")
    assert hot > 0.5 * sum(by_line.values())
    marked = next(i for i, line in enumerate(SOURCE, 1) if "// hot line" in line)
    assert by_line["hot", marked] + by_line["hot", marked - 1] > 0.5 * hot
    assert 0.5 < evidence.cpu.cpu_seconds < 2 * SECONDS
    assert sum(row.seconds for row in evidence.cpu.rows) == pytest.approx(evidence.cpu.cpu_seconds)


@pytest.mark.parametrize("question", ["syscalls", "all"])
async def test_calls_are_counted_exactly_and_named_by_line(question: str) -> None:
    async with workload("known_node.js") as program:
        evidence, truth = await while_it_works(program, question)
        is_as_before(program)
    profile = evidence.syscalls
    assert profile is not None
    counts: Counter[str] = Counter()
    places: dict[str, Counter[tuple[str, int | None] | None]] = {}
    for row in profile.rows:
        if row.object == truth["file"]:
            counts[row.syscall] += row.calls
            places.setdefault(row.syscall, Counter())[of_ours(row.stack)] += row.calls
    assert counts["statx"] == truth["stats"] + truth["reads"]  # (each read asks for the size first)
    assert counts["openat"] == truth["reads"]
    assert counts["access"] + counts["faccessat"] == truth["accesses"]
    lines = {word: i for i, line in enumerate(SOURCE, 1) for word in re.findall(r"// waiting line: (\w+)", line)}
    for function, word, syscall, calls in (
        ("stats", "stat", "statx", truth["stats"]),
        ("reads", "read", "openat", truth["reads"]),
    ):
        own = {place[1]: n for place, n in places[syscall].items() if place and place[0] == function}
        assert own.keys() == {lines[word]}
        assert own[lines[word]] > 0.3 * calls  # (by samples)
    assert not any(row.syscall == "rt_sigreturn" for row in profile.rows)
    assert not any("ProfEvnt" in thread.name for thread in evidence.threads or ())
    assert "sampled by V8" in " ".join(evidence.collections["syscalls"].warnings)
    if question == "all":
        assert evidence.memory and evidence.memory.heap
        heap = evidence.memory.heap
        assert all(one.reserved >= one.used > 0 for one in heap)
        # (a small heap is collected when the window begins, and when it ends)
        assert [at for at, one in enumerate(heap) if one.collected] == [1, len(heap) - 1]


async def test_a_heap_of_middle_size_is_told_by_its_own_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "SMALL_HEAP", 0)
    async with workload("known_node.js") as program:
        evidence = await ledger.observe(HOST, find_target(HOST, program.pid), seconds=1.0)
    assert evidence.memory and evidence.memory.heap and evidence.living is not None
    assert not any(one.collected for one in evidence.memory.heap)


async def test_a_large_heap_is_not_collected_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "MOST_HEAP", 0)
    async with workload("known_node.js") as program:
        evidence = await ledger.observe(HOST, find_target(HOST, program.pid), seconds=1.0)
        is_as_before(program)
    assert evidence.memory and evidence.memory.heap and evidence.living is None
    assert not any(one.collected for one in evidence.memory.heap)
    assert any("collect its whole heap" in lack for lack in evidence.collections["syscalls"].lacks)


async def test_what_does_not_handle_the_signal_is_refused_and_lives(tmp_path: Path) -> None:
    fake = shutil.copy(str(shutil.which("sleep")), tmp_path / "node")
    async with await anyio.open_process([str(fake), "60"]) as process:
        try:
            await anyio.sleep(0.1)
            with pytest.raises(ProblemError, match="SIGUSR1"):
                await trace_cpu(HOST, find_target(HOST, process.pid), seconds=0.5, backend="node")
            await anyio.sleep(0.1)
            assert process.returncode is None
        finally:
            process.kill()


async def test_a_read_that_the_signal_would_break_off_goes_on() -> None:
    async with workload("reading_node.js") as program:
        for _ in range(3):
            with pytest.raises(ProblemError, match="stands in read"):
                async with attached(HOST, find_target(HOST, program.pid)):
                    pass
            is_as_before(program)


async def test_a_thread_of_libuvs_pool_takes_the_signal_while_another_reads() -> None:
    async with workload("reading_node.js", environment={"POOL": "1"}) as program:
        target = find_target(HOST, program.pid)
        for _ in range(10):
            async with attached(HOST, target):
                assert reach.listening(HOST, program.pid)
            await anyio.sleep(0.03)
            is_as_before(program)


async def test_what_is_not_node_is_refused() -> None:
    async with workload("one_hot_line.py") as program:
        with pytest.raises(ProblemError, match=r"Node\.js"):
            await trace_cpu(HOST, find_target(HOST, program.pid), seconds=0.5, backend="node")


async def test_an_operator_may_forbid_it() -> None:
    host = LocalHost(attach_runtimes=False)
    async with workload("known_node.js") as program:
        target = find_target(host, program.pid)
        with pytest.raises(ProblemError, match="operator"):
            await trace_cpu(host, target, seconds=0.5, backend="node")
        evidence = await trace_syscalls(host, target, seconds=0.5)
        assert any("attach_runtimes" in lack for lack in evidence.collections["syscalls"].lacks)
        assert not reach.listening(host, program.pid)


async def test_an_inspector_that_was_open_stays_open_and_one_in_use_is_left_alone() -> None:
    async with workload("known_node.js") as program:
        target = find_target(HOST, program.pid)
        wake(HOST, target)
        with anyio.fail_after(10):
            while not reach.listening(HOST, program.pid):
                await anyio.sleep(0.02)
        await trace_cpu(HOST, target, seconds=0.3, backend="node")
        places = reach.listening(HOST, program.pid)
        assert len(places) == 1
        with reach.connect(HOST, program.pid, min(places)):
            await anyio.sleep(0.1)
            with pytest.raises(ProblemError, match="debugger"):
                await trace_cpu(HOST, target, seconds=0.3, backend="node")
        assert reach.listening(HOST, program.pid) == places


async def test_a_cancelled_call_closes_what_it_opened() -> None:
    async with workload("known_node.js") as program:
        target = find_target(HOST, program.pid)
        for question in (trace_cpu, trace_syscalls):
            async with anyio.create_task_group() as tasks:

                def hear(_elapsed: float, _message: str, tasks: anyio.abc.TaskGroup = tasks) -> None:
                    tasks.cancel_scope.cancel()

                tasks.start_soon(partial(question, HOST, target, seconds=30, progress=hear))
            is_as_before(program)
        assert (await program.work())["stats"] == 5003


async def test_an_error_in_the_window_closes_it_too() -> None:
    async with workload("known_node.js") as program:
        with pytest.raises(RuntimeError, match="on purpose"):
            async with attached(HOST, find_target(HOST, program.pid)):
                raise RuntimeError("on purpose")
        is_as_before(program)


async def test_a_target_that_ends_ends_the_window() -> None:
    async with workload("known_node.js") as program:
        target = find_target(HOST, program.pid)

        def hear(elapsed: float, _message: str) -> None:
            if elapsed > 0.3:
                with suppress(psutil.NoSuchProcess):
                    psutil.Process(program.pid).kill()

        with anyio.fail_after(20):
            evidence = await trace_syscalls(HOST, target, seconds=30, progress=hear)
    assert evidence.window.partial


async def test_source_maps_lead_to_what_was_written(tmp_path: Path) -> None:
    script = tmp_path / "dist" / "app.js"
    script.parent.mkdir()
    lines = [
        "function busy(n) {",
        "  let s = 0;",
        "  for (let i = 0; i < n; i++) s += Math.sqrt(i) % 7;",
        "  return s;",
        "}",
    ]
    lines += ["setInterval(() => busy(2000003), 1);", 'console.log("ready " + process.pid);']
    # Every line i was written in line i + 10 of src/app.ts: the first moves by 10, each other by 1.
    mappings = ";".join(["AAUA"] + ["AACA"] * (len(lines) - 1))
    made = {"version": 3, "sources": ["../src/app.ts"], "names": [], "mappings": mappings}
    inline = base64.b64encode(json.dumps(made).encode()).decode()
    script.write_text("\n".join([*lines, f"//# sourceMappingURL=data:application/json;base64,{inline}"]))
    async with await anyio.open_process(["node", str(script)], stderr=None) as process:
        try:
            await anyio.sleep(0.7)
            evidence = await trace_cpu(HOST, find_target(HOST, process.pid), seconds=1.0, hz=499)
        finally:
            process.kill()
    assert evidence.cpu is not None
    top = evidence.cpu.rows[0].stack[0]
    assert (top.function, top.file) == ("busy", str(tmp_path / "src" / "app.ts"))
    assert top.line in (12, 13, 14) and top.module and top.module.startswith(str(script))


async def test_without_the_inspector_perf_maps_name_what_was_compiled() -> None:
    host = LocalHost(attach_runtimes=False)
    async with workload("known_node.js", prefix=("env", "NODE_OPTIONS=--perf-basic-prof")) as program:
        evidence, _ = await while_it_works(program, "cpu", host)
        Path(f"/tmp/perf-{program.pid}.map").unlink(missing_ok=True)
    assert evidence.cpu is not None
    own = {f.function for row in evidence.cpu.rows for f in row.stack if f.kind is FrameKind.JAVASCRIPT}
    assert "hot" in own
    assert evidence.collections["cpu"].skipped[0].backend == "node"


async def test_what_lives_is_named_by_the_function_that_allocated_it() -> None:
    async with workload("known_node.js") as program:
        target = find_target(HOST, program.pid)
        begun = anyio.Event()
        found: list[Evidence] = []

        async def ask() -> None:
            found.append(
                await allocations.measure(
                    HOST, target, seconds=SECONDS, mode="objects", progress=lambda _elapsed, _message: begun.set()
                )
            )

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await begun.wait()
            await program.work()
        is_as_before(program)
    profile = found[0].allocations
    assert profile is not None and found[0].collections["allocations"].backend == "node"
    kept = sum(row.outstanding_bytes for row in profile.rows if (of_ours(row.stack) or ("",))[0] == "keeps")
    # 1009 arrays of 1009 elements, 8 bytes each (4 where pointers are compressed)
    assert 0.5 * 1009 * 1009 * 4 < kept < 2 * 1009 * 1009 * 8
    assert kept > 0.5 * profile.outstanding_bytes


async def test_what_libuvs_pool_does_is_named_by_the_line_that_asked_for_it() -> None:
    source = (WORKLOADS / "known_node_pool.js").read_text().splitlines()
    lines = {word: i for i, line in enumerate(source, 1) for word in re.findall(r"// pool: (.+)", line)}
    async with workload("known_node_pool.js") as program:
        evidence, truth = await while_it_works(program, "syscalls", seconds=20.0)
        is_as_before(program)
    assert evidence.syscalls is not None
    found: dict[tuple[str, str], Counter[int | None]] = {}
    for row in evidence.syscalls.rows:
        if any(frame.function == THREAD_POOL for frame in row.stack):
            own = next((f.line for f in row.stack if (f.file or "").endswith("known_node_pool.js")), None)
            found.setdefault((row.syscall, Path(row.object or "").name), Counter())[own] += row.calls
    syncs, times = truth["syncs"], truth["times"]
    notes, saves = (times + 1) // 2, times // 2
    known = {
        ("write", "journal.log"): ("write", syncs),
        ("fdatasync", "journal.log"): ("fdatasync", syncs),
        ("fsync", "state.json"): ("fsync", syncs),
        ("statx", "list.txt"): ("statx", times),
        **{(call, "notes.txt"): ("open read close", times) for call in ("openat", "statx", "read", "close")},
        **{(call, "notes.txt.more"): ("append", notes) for call in ("openat", "write", "close")},
        **{(call, "state.json"): ("save", saves) for call in ("openat", "write", "close")},
    }
    for what, (word, calls) in known.items():
        assert found[what] == {lines[word]: calls}, what
    # Two lines ask for the same of the same file: both are known, and who asks more often.
    both = found["access", "list.txt"]
    assert both.keys() == {lines["access often"], lines["access seldom"]}
    assert both.total() == truth["accesses"]
    assert 0.2 < both[lines["access seldom"]] / both.total() < 0.5  # (it is a third)
    assert "found by samples of the main thread" in " ".join(evidence.collections["syscalls"].warnings)
