"""What a tool refuses, and how: what is wrong, why, and what would be right."""

import math

import pytest

from tests.contract.conftest import Connect
from tests.server.samples import PID

pytestmark = pytest.mark.anyio

BAD = (
    ({"pid": PID, "seconds": 0}, "seconds = 0 is not accepted.", "greater than or equal to 0.1", "from 0.1 to 45"),
    ({"pid": PID, "seconds": -1}, "seconds = -1 is not accepted.", "greater than or equal to 0.1", "from 0.1 to 45"),
    ({"pid": PID, "seconds": 10**6}, "seconds = 1000000 is not", "less than or equal to 45", "from 0.1 to 45"),
    # JSON has no NaN and no infinity: the client sends null.
    ({"pid": PID, "seconds": math.nan}, "seconds = None is not accepted.", "valid number", "from 0.1 to 45"),
    ({"pid": PID, "seconds": "NaN"}, "seconds = 'NaN' is not accepted.", "finite number", "from 0.1 to 45"),
    ({"pid": PID, "seconds": "inf"}, "seconds = 'inf' is not accepted.", "finite number", "from 0.1 to 45"),
    ({"pid": PID, "seconds": True}, "seconds = True is not accepted.", "number, not true or false", "0.1 to 45"),
    ({"pid": True}, "pid = True is not accepted.", "number, not true or false", "from 1 to"),
    ({"pid": 0}, "pid = 0 is not accepted.", "greater than or equal to 1", "from 1 to"),
    ({"pid": "shop"}, "pid = 'shop' is not accepted.", "valid integer", "from 1 to"),
    ({}, "trace-syscalls cannot be asked this way.", "Give either pid or name", "with other arguments"),
    ({"pid": PID, "name": "x"}, "trace-syscalls cannot be asked", "Give either pid or name", "with other arguments"),
    ({"pid": PID, "second": 3}, "trace-syscalls has no argument second.", "Its arguments are: ", "Use seconds instead"),
    ({"pid": PID, "zzz": 3}, "trace-syscalls has no argument zzz.", "Its arguments are: ", "without zzz"),
    ({"pid": PID, "backend": "dtrace"}, "backend = 'dtrace' is not", "'auto', 'bpf', 'bpftrace'", "Give backend"),
    ({"pid": PID, "limit": 0}, "limit = 0 is not accepted.", "greater than or equal to 1", "from 1 to 200"),
    ({"pid": PID, "detail": "all"}, "detail = 'all' is not accepted.", "'brief', 'normal' or 'full'", "Give detail"),
)


@pytest.mark.parametrize(("arguments", "what", "why", "step"), BAD, ids=[str(case[0]) for case in BAD])
async def test_bad_arguments(memory: Connect, arguments: dict[str, object], what: str, why: str, step: str) -> None:
    async with memory() as client:
        result = await client.call_tool("trace-syscalls", arguments)
    assert result.is_error
    problem = result.structured_content["problem"]
    assert problem["what"].startswith(what)
    assert why in problem["why"]
    assert step in problem["next_step"]
    assert result.content[0].text == f"{problem['what']}\nWhy: {problem['why']}\nNext: {problem['next_step']}"


async def test_hostile_values_are_repeated_harmlessly(memory: Connect) -> None:
    async with memory() as client:
        value = await client.call_tool("trace-syscalls", {"pid": "\x1b[2J\n" + "x" * 10_000})
        name = await client.call_tool("trace-syscalls", {"pid": PID, "\x1b]0;" + "y" * 10_000: 1})
    for result in (value, name):
        assert result.is_error
        assert len(result.content[0].text) < 800
        assert "\x1b" not in result.content[0].text


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("diagnose", {}, "Give one of pid, name"),
        ("diagnose", {"pid": PID, "recording": "r-a"}, "Give one of pid, name"),
        ("recordings", {"action": "show"}, "Action show needs id."),
        ("recordings", {"id": "r-a"}, "Action list takes no id."),
        ("recordings", {"action": "tag", "id": "r-a"}, "Action tag needs id and label."),
        ("recordings", {"action": "export"}, "Action export needs id or label."),
        ("recordings", {"action": "export", "id": "r-a", "label": "x"}, "Action export needs id or label."),
        ("recordings", {"action": "import", "file": "x", "sql": "SELECT 1"}, "Action import takes no sql."),
        ("recordings", {"action": "query"}, "Action query needs sql."),
    ],
)
async def test_arguments_that_do_not_go_together(
    memory: Connect, tool: str, arguments: dict[str, object], why: str
) -> None:
    async with memory() as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert why in result.structured_content["problem"]["why"]


async def test_an_unknown_recording(memory: Connect) -> None:
    async with memory() as client:
        made = (await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})).structured_content["recording"]
        result = await client.call_tool("compare", {"before": "r-nothing", "after": made})
    problem = result.structured_content["problem"]
    assert problem["what"] == "There is no recording 'r-nothing'."
    assert made in problem["why"]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ([], "r-b", "at least 1 item"),
        ("r-a,,r-c", "r-b", "at least 1 character"),
        (["r-a", "r-c"], ["r-b", "r-a"], "one observation"),
        ("r-a,r-a", "r-b", "one observation"),
        (7, "r-b", "the id of a recording, or a list of ids"),
        ([7], "r-b", "valid string"),
        ([f"r-{i}" for i in range(51)], "r-b", "at most 50 items"),
        (["x" * 41], "r-b", "at most 40 characters"),
    ],
)
async def test_sets_that_cannot_be_compared(memory: Connect, before: object, after: object, why: str) -> None:
    async with memory() as client:
        result = await client.call_tool("compare", {"before": before, "after": after})
    assert result.is_error
    assert why in result.structured_content["problem"]["why"]


async def test_sets_of_recordings_are_compared(memory: Connect) -> None:
    async with memory() as client:
        made = [
            (await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})).structured_content["recording"]
            for _ in range(4)
        ]
        listed = await client.call_tool("compare", {"before": made[:2], "after": made[2:]})
        joined = await client.call_tool("compare", {"before": ", ".join(made[:2]), "after": ",".join(made[2:])})
    assert not listed.is_error, listed.content
    assert listed.structured_content["before"] == f"{made[0]}, {made[1]}"
    assert joined.structured_content == listed.structured_content


async def test_a_watch_cannot_be_diagnosed(memory: Connect) -> None:
    async with memory() as client:
        watched = await client.call_tool("proc-watch", {"pid": PID, "seconds": 0.1})
        result = await client.call_tool("diagnose", {"recording": watched.structured_content["recording"]})
    assert result.is_error
    assert "proc-watch" in result.structured_content["problem"]["why"]
