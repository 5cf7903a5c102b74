"""The whole way, nothing replaced: a real client, the server that mcp.json starts, the engine, a real process."""

import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from difflib import unified_diff
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from perfdoctor.collectors.code_version import commit_at
from tests.live.workload import Workload, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
ROOT = Path(__file__).resolve().parents[2]
WORKLOADS = ROOT / "tests" / "workloads"


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    return {"PERFDOCTOR_STATE": str(tmp_path / "state"), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@asynccontextmanager
async def server(state: dict[str, str]) -> AsyncIterator[Client]:
    """A client of the server, started as mcp.json says."""
    entry = json.loads((ROOT / "mcp.json").read_text())["mcpServers"]["perfdoctor"]
    parameters = StdioServerParameters(
        command=entry["command"], args=entry["args"], env={**os.environ, **entry.get("env", {}), **state}
    )
    async with Client(parameters) as client:
        yield client


async def ask(client: Client, tool: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments, **more)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


def is_untouched(program: Workload) -> bool:
    return "TracerPid:\t0" in Path(f"/proc/{program.pid}/status").read_text()


async def test_counts_are_exact_from_end_to_end(state: dict[str, str]) -> None:
    async with workload("known_counts.py") as program, server(state) as client:
        answers: list[dict[str, Any]] = []
        attached = anyio.Event()

        async def progress(_done: float, _total: float | None, message: str | None) -> None:
            if message != "starting":
                attached.set()

        async with anyio.create_task_group() as tasks:

            async def trace() -> None:
                arguments = {"pid": program.pid, "seconds": 4, "limit": 50}
                answers.append(await ask(client, "trace-syscalls", arguments, progress_callback=progress))

            tasks.start_soon(trace)
            await attached.wait()
            truth = await program.go()
        answer = answers[0]
        assert answer["collection"]["backend"] == "bpf" and answer["collection"]["exact"]
        expected = sum(line.calls for line in truth.values() if "sendto" in line.syscalls)
        (sent,) = [total["calls"] for total in answer["totals"] if total["syscall"] == "sendto"]
        assert sent == expected
        lines = {line["location"]["line"] for line in answer["lines"] if line["location"]}
        assert {line.line for line in truth.values() if line.marker in ("send", "stat")} <= lines
        by_line = "SELECT code_line, sum(calls) FROM syscalls WHERE recording = '{}' AND syscall = 'sendto' GROUP BY 1"
        sql = by_line.format(answer["recording"])
        queried = await ask(client, "recordings", {"action": "query", "sql": sql, "limit": 100})
        assert {row[0]: row[1] for row in queried["rows"]} == {
            line.line: line.calls for line in truth.values() if "sendto" in line.syscalls
        }
        shown = await ask(client, "recordings", {"action": "show", "id": answer["recording"]})
        target = shown["recordings"][0]["target"]
        assert target["commit"] == commit_at(str(Path(__file__).parent))
        assert target["build_id"] is None or bytes.fromhex(target["build_id"])


async def test_progress_comes_twice_a_second_and_cancelling_ends_it_in_half_a_second(state: dict[str, str]) -> None:
    async with workload("problems/bytewise_parser.py") as program, server(state) as client:
        heard: list[tuple[float, str]] = []
        enough = anyio.Event()

        async def progress(_done: float, _total: float | None, message: str | None) -> None:
            heard.append((time.monotonic(), message or ""))
            if len(heard) == 6:
                enough.set()

        async with anyio.create_task_group() as tasks:

            async def trace() -> None:
                arguments = {"pid": program.pid, "seconds": 40}
                await client.call_tool("trace-syscalls", arguments, progress_callback=progress)

            tasks.start_soon(trace)
            await enough.wait()
            tasks.cancel_scope.cancel()
        # The next answer shows that the server is free again: the trace has ended.
        cancelled = time.monotonic()
        await ask(client, "recordings", {"action": "list"})
        assert time.monotonic() - cancelled < 5  # of the seconds asked for; see bench/overhead.py
        assert is_untouched(program)
        assert max(later - earlier for (earlier, _), (later, _) in pairwise(heard)) < 0.6
        assert any("system calls, most read" in message for _, message in heard)


async def test_the_whole_workflow_names_the_line_changes_it_and_proves_the_fix(
    state: dict[str, str], tmp_path: Path
) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    source = shop / "dedupe_import.py"
    problem, repaired = ((WORKLOADS / kind / source.name).read_text() for kind in ("problems", "repaired"))
    source.write_text(problem)
    async with server({**state, "PERFDOCTOR_USER_ROOTS": str(shop), "PERFDOCTOR_WRITABLE_ROOTS": str(shop)}) as client:
        answers = []
        for kind in ("problems", "repaired"):
            async with workload(str(source)) as program:
                found = await ask(client, "proc-find", {"query": str(source)})
                assert found["processes"][0]["pid"] == program.pid
                watched = await ask(client, "proc-watch", {"pid": program.pid, "seconds": 1})
                assert watched["readings"]
                diagnosed = await ask(client, "diagnose", {"pid": program.pid, "seconds": 3})
                assert diagnosed["recording"] == diagnosed["recording_id"]
                answers.append(diagnosed)
                assert is_untouched(program)
            if kind == "problems":
                (first, *_) = diagnosed["findings"]
                assert first["pattern"] == "hot-loop" and first["severity"] == "critical"
                assert "# <- cost" in problem.splitlines()[first["location"]["line"] - 1]
                await change(client, diagnosed, unified_diff(problem.splitlines(), repaired.splitlines(), lineterm=""))
                assert source.read_text() == repaired
        before, after = (answer["recording"] for answer in answers)
        compared = await ask(client, "compare", {"before": before, "after": after})
        assert compared["verdict"] == "improved", compared["summary"]
        # Their targets are gone: what was recorded says all of it again.
        for answer in answers:
            assert await ask(client, "diagnose", {"recording": answer["recording"]}) == answer


async def change(client: Client, diagnosed: dict[str, Any], diff: Iterable[str]) -> None:
    """From the finding to the changed code, along what each answer suggests."""

    def suggested(answer: dict[str, Any], tool: str) -> dict[str, Any]:
        return next(call["arguments"] for call in answer["next"] if call["tool"] == tool)

    inspected = await ask(client, "code-inspect", suggested(diagnosed, "code-inspect"))
    assert any("# <- cost" in line["text"] and line["cpu_seconds"] for line in inspected["lines"])
    edit = {**suggested(inspected, "code-edit"), "diff": "\n".join(list(diff)[2:])}
    shown = await ask(client, "code-edit", edit)
    assert (shown["added"], shown["removed"]) == (4, 4)
    applied = await ask(client, "code-edit", suggested(shown, "code-edit"))
    assert suggested(applied, "compare") == {"before": diagnosed["recording"]}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"pid": 4_194_303}, "4194303"),
        ({"pid": 2}, "kernel"),
        ({"pid": 1, "backend": "dtrace"}, "dtrace"),
        ({"pid": 1, "seconds": 0}, "seconds"),
        ({"pid": 1, "seconds": -1}, "seconds"),
        ({"pid": 1, "seconds": 10**6}, "seconds"),
        ({"pid": 1, "second": 1}, "second"),
        ({"pid": "one"}, "pid"),
    ],
)
async def test_bad_input_gets_what_why_and_next_step(
    state: dict[str, str], arguments: dict[str, Any], word: str
) -> None:
    async with server(state) as client:
        result = await client.call_tool("trace-syscalls", arguments)
    assert result.is_error
    told = (result.structured_content or {})["problem"]
    assert set(told) == {"what", "why", "next_step"}
    assert all(told[part] for part in ("what", "why", "next_step"))
    assert word in f"{told['what']} {told['why']}"
    assert told["next_step"] in result.content[0].text


async def test_a_target_that_exits_during_the_trace_gives_what_was_seen(state: dict[str, str]) -> None:
    async with workload("known_counts.py") as program, server(state) as client:
        attached = anyio.Event()
        answers: list[dict[str, Any]] = []

        async def progress(_done: float, _total: float | None, message: str | None) -> None:
            if message != "starting":
                attached.set()

        async with anyio.create_task_group() as tasks:

            async def trace() -> None:
                arguments = {"pid": program.pid, "seconds": 30}
                answers.append(await ask(client, "trace-syscalls", arguments, progress_callback=progress))

            tasks.start_soon(trace)
            await attached.wait()
            await program.go()
            await program.stop()
        assert answers[0]["window"]["partial"] == "the target ended"
        assert answers[0]["window"]["seconds"] < 20
        assert answers[0]["calls"] > 1000
