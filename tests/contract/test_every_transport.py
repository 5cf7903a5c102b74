"""What must hold whichever way a client comes: answers, progress, cancellation, refusals."""

import itertools
import time

import anyio
import pytest

from perfdoctor.server.tools.catalogue import TOOLS
from tests.contract.conftest import Connect
from tests.contract.connections import Events
from tests.server.samples import PID

pytestmark = pytest.mark.anyio


async def test_a_trace_answers_with_text_and_the_same_in_structure(connect: Connect) -> None:
    async with connect() as client:
        result = await client.call_tool("trace-syscalls", {"pid": PID, "seconds": 0.2})
        assert not result.is_error
        assert result.structured_content is not None
        recording = result.structured_content["recording"]
        assert result.structured_content["calls"] == 311
        assert f"recording {recording}" in result.content[0].text
        again = await client.call_tool("recordings", {"action": "show", "id": recording})
        assert again.structured_content["recordings"][0]["kind"] == "syscalls"


async def test_progress_comes_twice_a_second_and_always_increases(connect: Connect) -> None:
    seen: list[tuple[float, float, str | None]] = []

    async def progress(value: float, total: float | None, message: str | None) -> None:
        seen.append((time.monotonic(), value, message))

    async with connect() as client:
        asked = time.monotonic()
        await client.call_tool("trace-cpu", {"pid": PID, "seconds": 2}, progress_callback=progress)
        took = time.monotonic() - asked
    assert len(seen) >= 4
    values = [value for _, value, _ in seen]
    assert values == sorted(set(values))
    assert len(seen) <= took * 5 + 1
    arrivals = [at for at, _, _ in seen]
    assert max(later - earlier for earlier, later in itertools.pairwise(arrivals)) < 0.75
    assert any("events, most of them read" in (message or "") for _, _, message in seen)


async def test_cancelling_reaches_the_collector_within_half_a_second(connect: Connect, events: Events) -> None:
    running = anyio.Event()

    async def progress(value: float, total: float | None, message: str | None) -> None:
        running.set()

    async with connect() as client:
        async with anyio.create_task_group() as tasks:

            async def call() -> None:
                await client.call_tool("trace-syscalls", {"pid": PID, "seconds": 40}, progress_callback=progress)

            tasks.start_soon(call)
            await running.wait()
            cancelled = time.monotonic()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(5):
            while not events.times("cleaned"):
                await anyio.sleep(0.01)
        assert events.times("cancelled")[0] - cancelled < 0.5
        assert events.times("cleaned")[0] - cancelled < 0.5
        # Nothing was kept of it, and its place is free again.
        listed = await client.call_tool("recordings", {})
        assert listed.structured_content["total"] == 0


async def test_a_refusal_has_three_parts(connect: Connect) -> None:
    async with connect() as client:
        result = await client.call_tool("diagnose", {"pid": 999, "seconds": 1})
    assert result.is_error
    assert result.content[0].text == (
        "There is no process 999.\nWhy: It has ended, or never was.\nNext: Call proc-find to see which there are."
    )
    assert result.structured_content == {
        "problem": {
            "what": "There is no process 999.",
            "why": "It has ended, or never was.",
            "next_step": "Call proc-find to see which there are.",
        }
    }


async def test_the_same_tools_are_listed_in_the_same_order(connect: Connect) -> None:
    async with connect() as client:
        first = [tool.name for tool in (await client.list_tools()).tools]
        second = [tool.name for tool in (await client.list_tools()).tools]
    assert first == second
    assert first == [tool.name for tool in TOOLS]
