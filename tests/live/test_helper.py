"""As an unprivileged user with the helper running: every tool on that user's own processes, and on no others."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from tests.live.second_user import RunningHelper, SecondUser, running_helper, second_user
from tests.live.workload import Workload, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]


@pytest.fixture(scope="module")
def user() -> Iterator[SecondUser]:
    with second_user() as one:
        yield one


@pytest.fixture(scope="module")
def helper(user: SecondUser) -> Iterator[RunningHelper]:
    with running_helper(user) as one:
        yield one


@asynccontextmanager
async def server(user: SecondUser, helper: RunningHelper) -> AsyncIterator[Client]:
    """A client of a server that runs as the user."""
    argv = user.argv(user.python, "-m", "perfdoctor.server.cli", "serve", "--stdio")
    environment = user.environment(PERFDOCTOR_HELPER=str(helper.path))
    async with Client(StdioServerParameters(command=argv[0], args=argv[1:], env=environment)) as client:
        yield client


async def ask(client: Client, tool: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments, **more)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


@asynccontextmanager
async def program(user: SecondUser, source: str, *arguments: str) -> AsyncIterator[Workload]:
    """A workload of that user's."""
    file = str(user.checkout / "tests" / "workloads" / source)
    async with workload(
        source, file, *arguments, program=user.python, prefix=user.argv(), environment=user.environment()
    ) as one:
        yield one


async def test_counts_are_exact_by_line(user: SecondUser, helper: RunningHelper) -> None:
    async with program(user, "known_counts.py") as target, server(user, helper) as client:
        assert f"Uid:\t{user.uid}\t{user.uid}\t{user.uid}" in Path(f"/proc/{target.pid}/status").read_text()
        answers: list[dict[str, Any]] = []
        attached = anyio.Event()

        async def progress(_done: float, _total: float | None, message: str | None) -> None:
            if message != "starting":
                attached.set()

        async def trace() -> None:
            arguments = {"pid": target.pid, "seconds": 8, "limit": 50}
            answers.append(await ask(client, "trace-syscalls", arguments, progress_callback=progress))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(trace)
            with anyio.fail_after(60):
                await attached.wait()
            truth = await target.go()
            await target.stop()
        [answer] = answers
        assert answer["collection"]["backend"] == "bpf" and answer["collection"]["exact"], answer["collection"]
        expected = {line.line: line.calls for line in truth.values() if "sendto" in line.syscalls}
        by_line = "SELECT code_line, sum(calls) FROM syscalls WHERE recording = '{}' AND syscall = 'sendto' GROUP BY 1"
        sql = by_line.format(answer["recording"])
        queried = await ask(client, "recordings", {"action": "query", "sql": sql, "limit": 100})
        assert {row[0]: row[1] for row in queried["rows"]} == expected
