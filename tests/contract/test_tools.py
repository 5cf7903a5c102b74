"""The tools as a model sees them. ``UPDATE_SNAPSHOTS=1`` rewrites the snapshots, to be reviewed as a diff."""

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest

from perfdoctor.collectors.capabilities import ABILITIES
from perfdoctor.server.tools.catalogue import TOOLS
from tests.contract.conftest import Connect
from tests.server.samples import PID

pytestmark = pytest.mark.anyio

SNAPSHOTS = Path(__file__).parent / "tools"
TOKENS, ANSWER_TOKENS = 6000, 7000
"""of the whole list without output schemas, and of those; at four characters a token"""
CHANGE = ("recordings", "code-edit", "workload-run")
"""tools that do more than measure"""
NEED_MORE = ("trace-function", "trace-custom")
"""tools for which a pid is not enough"""


async def listed(connect: Connect) -> list[dict[str, object]]:
    async with connect() as client:
        tools = (await client.list_tools()).tools
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]


async def test_every_tool_is_as_it_was_agreed(memory: Connect) -> None:
    tools = {str(tool["name"]): json.dumps(tool, indent=2, ensure_ascii=False) + "\n" for tool in await listed(memory)}
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        SNAPSHOTS.mkdir(exist_ok=True)
        for old in SNAPSHOTS.glob("*.json"):
            old.unlink()
        for name, text in tools.items():
            (SNAPSHOTS / f"{name}.json").write_text(text)
    assert {path.stem for path in SNAPSHOTS.glob("*.json")} == set(tools)
    for name, text in tools.items():
        assert (SNAPSHOTS / f"{name}.json").read_text() == text, f"{name} changed: UPDATE_SNAPSHOTS=1, and review"


async def test_the_list_fits_its_budget(memory: Connect) -> None:
    tools = await listed(memory)
    answers = [tool.pop("outputSchema") for tool in tools]
    for part, most in ((tools, TOKENS), (answers, ANSWER_TOKENS)):
        assert len(json.dumps(part, ensure_ascii=False, separators=(",", ":"))) / 4 < most


async def test_every_tool_says_what_a_client_needs(memory: Connect) -> None:
    for tool in await listed(memory):
        assert tool["title"], tool["name"]
        assert tool["description"].startswith(("Costs ", "Touches no process")), "the cost comes first"
        hints = {"readOnlyHint": tool["name"] not in CHANGE, "openWorldHint": False}
        changes = {"destructiveHint": True, "idempotentHint": False}
        assert tool["annotations"] == (hints if hints["readOnlyHint"] else {**hints, **changes})
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["outputSchema"]["type"] == "object"
        for argument in tool["inputSchema"]["properties"].values():
            assert argument["description"]


async def test_schemas_name_every_argument_and_accept_what_the_tool_accepts(memory: Connect) -> None:
    tools = {tool["name"]: tool for tool in await listed(memory)}
    given: dict[str, list[dict[str, object]]] = {
        "tools-check": [{}],
        "proc-find": [{}, {"query": "shop", "port": 8080}],
        "proc-watch": [{"pid": PID, "seconds": 2.5}],
        "proc-memory": [{"pid": PID, "seconds": 0.5, "working_set": True}],
        "proc-threads": [{"pid": PID, "backend": "py-spy"}],
        "diagnose": [{"pid": PID}, {"recording": "r-abcd"}],
        "trace-cpu": [{"pid": PID, "hz": 199, "backend": "py-spy"}, {"pid": PID, "native": True}],
        "trace-syscalls": [{"pid": PID, "children": False, "detail": "full", "limit": 3}],
        "trace-memory": [{"pid": PID, "mode": "allocations"}],
        "trace-network": [{"pid": PID, "backend": "strace", "limit": 3}],
        "trace-function": [{"pid": PID, "function": "deflate*", "value": "arg1"}],
        "trace-io": [{"pid": PID, "backend": "bpf"}],
        "trace-files": [{"pid": PID, "backend": "proc"}],
        "trace-custom": [{"pid": PID, "program": "BEGIN { exit(); }", "anywhere": False}],
        "code-inspect": [{"recording": "r-a"}, {"recording": "r-a", "file": "shop.py", "line": 41}],
        "code-search": [{"recording": "r-a", "text": "rank(", "word": True}],
        "code-edit": [
            {"file": "shop.py", "edits": [{"old": "a", "new": "b"}]},
            {"file": "shop.py", "diff": "@@ -1 +1 @@", "dry_run": False, "token": "0-0", "recording": "r-a"},
            {"undo": "e-1"},
        ],
        "trace-locks": [{"pid": PID, "backend": "strace", "limit": 3}],
        "workload-run": [{"name": "shop"}, {"name": "shop", "against": "fast", "repeats": 7, "trace": "none"}],
        "compare": [{"before": "r-a", "after": "r-b"}, {"before": ["r-a", "r-c"], "after": "r-b,r-d"}],
        "recordings": [
            {},
            {"action": "show", "id": "r-a"},
            {"action": "tag", "id": "r-a", "label": ""},
            {"action": "export", "label": "before", "file": "before.perfdoctor"},
            {"action": "query", "sql": "SELECT 1"},
        ],
    }
    assert set(given) == set(tools)
    for tool in TOOLS:
        schema = tools[tool.name]["inputSchema"]
        assert set(schema["properties"]) == set(tool.arguments.model_fields)
        for arguments in given[tool.name]:
            jsonschema.validate(arguments, schema)
            tool.parse(arguments)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**given[tool.name][0], "nonsense": 1}, schema)


async def test_each_answer_keeps_its_output_schema(memory: Connect, tmp_path: Path) -> None:
    tools = {tool["name"]: tool for tool in await listed(memory)}
    async with memory() as client:

        async def structured(tool: str, /, **arguments: object) -> dict[str, object]:
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, result.content
            assert result.structured_content is not None
            jsonschema.validate(result.structured_content, tools[tool]["outputSchema"])
            return result.structured_content

        await structured("tools-check")
        await structured("proc-find", query="shop")
        kept = 1  # the diagnosis below
        for tool in TOOLS:
            if "pid" in tool.arguments.model_fields and tool.name not in (*NEED_MORE, "diagnose"):
                await structured(tool.name, pid=PID, seconds=0.1)
                kept += 1
        await structured("trace-custom", pid=PID, program="BEGIN { exit(); }", seconds=0.1)
        kept += 1
        turns = await structured("workload-run", name="shop", against="fast", repeats=2, seconds=0.1)
        assert turns["recordings"].keys() == {"shop", "shop/fast"}
        kept += 4
        first = await structured("diagnose", pid=PID, seconds=0.1)
        assert first["recording"] == first["recording_id"]
        again = await structured("diagnose", recording=first["recording"])
        assert again["recording"] == first["recording"]
        compared = await structured("compare", before=first["recording"], after=again["recording"])
        assert compared["verdict"] == "improved"
        assert compared["omitted_stacks"] == 20 - len(compared["comparison"]["stacks"]) > 0
        assert (await structured("recordings"))["total"] == kept
        of_cpu = (
            f"SELECT code_line, sum(seconds) FROM cpu WHERE recording = '{first['recording']}' GROUP BY 1 ORDER BY 2"
        )
        asked = await structured("recordings", action="query", sql=of_cpu)
        assert asked["rows"] == [[13, 3.0], [41, 4.0]] and asked["columns"] == ["code_line", "sum(seconds)"]
        await structured("recordings", action="pin", id=first["recording"])
        await structured("recordings", action="tag", id=first["recording"], label="before")
        await structured("recordings", action="export", id=first["recording"])
        await structured("recordings", action="delete", id=first["recording"])
        workspace = tmp_path / "workspace"
        (workspace / "a.py").write_text("old\n")
        shown = await structured("code-edit", file="a.py", edits=[{"old": "old", "new": "new"}])
        await structured("code-edit", **shown["next"][0]["arguments"])
        assert (workspace / "a.py").read_text() == "new\n"
        file = f"{first['recording']}.perfdoctor"
        taken = await structured("recordings", action="import", file=file)
        assert (taken["recordings"][0]["label"], taken["recordings"][0]["pinned"]) == ("before", False)


async def test_the_findings_of_diagnose_have_the_agreed_form(memory: Connect) -> None:
    async with memory() as client:
        answer = (await client.call_tool("diagnose", {"pid": PID, "seconds": 0.1})).structured_content
    finding = answer["findings"][0]
    agreed = {"pattern", "title", "severity", "share", "confidence", "location", "stack", "evidence", "fix", "verify"}
    assert agreed <= set(finding)
    assert finding["location"] == {"file": "/srv/shop/search.py", "line": 41, "function": "rank"}
    assert answer["not_checked"][0]["pattern"] == "memory-growth"
    assert answer["ledger"]["busy_seconds"] == 7.1


async def test_a_name_with_underscores_is_understood(memory: Connect) -> None:
    async with memory() as client:
        result = await client.call_tool("tools_check", {})
        assert not result.is_error
        unknown = await client.call_tool("trace_everything", {})
    assert unknown.is_error
    assert "There is no tool 'trace_everything'" in unknown.content[0].text
    assert "trace-cpu" in unknown.content[0].text


async def test_a_fault_of_ours_is_said_without_its_inside(memory: Connect, caplog: pytest.LogCaptureFixture) -> None:
    async with memory() as client:
        result = await client.call_tool("proc-find", {"query": "crash"})
    assert result.is_error
    text = result.content[0].text
    assert text.startswith("proc-find failed.\nWhy: ")
    assert "secret" not in text
    assert "a secret of the server" in caplog.text


async def test_a_problem_out_of_a_task_group_is_a_refusal_too(memory: Connect) -> None:
    async with memory() as client:
        result = await client.call_tool("proc-find", {"query": "group"})
    assert result.is_error
    assert result.content[0].text == "It is refused.\nWhy: Because.\nNext: Do this."


async def test_the_default_answer_is_short(memory: Connect) -> None:
    async with memory() as client:
        for tool in TOOLS:
            if "pid" not in tool.arguments.model_fields or tool.name in NEED_MORE:
                continue
            name = tool.name
            result = await client.call_tool(name, {"pid": PID, "seconds": 0.1})
            assert len(result.content[0].text) / 4 < 1500, name


COSTS = re.compile(r"%|µs|microsecond|times|slow|engine")
"""words by which a description says what a call costs, or by which backend it costs what it says"""


async def test_what_costs_much_says_so(memory: Connect) -> None:
    """Above 5 % of a busy but ordinary program, by any backend: the tool says the figure, or whose figure it says."""
    tools = {str(tool["name"]): tool for tool in await listed(memory)}
    for ability in ABILITIES:
        assert ability.tool in tools
        if ability.dear:
            assert COSTS.search(str(tools[ability.tool]["description"])), ability.tool
