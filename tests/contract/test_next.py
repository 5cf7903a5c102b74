"""What follows each answer: calls that can be made, and a way from the first question to the proof, no dead ends."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from perfdoctor.server.tools.catalogue import TOOLS, find
from tests.contract.conftest import Connect
from tests.server.samples import PID

pytestmark = pytest.mark.anyio
MORE = {
    "compare": {"after": "r-after"},
    "code-edit": {"edits": [{"old": "a", "new": "b"}]},
    "workload-run": {"name": "shop"},
}
"""what only the caller can add to a call that is suggested"""
ENDS = ("workload-run",)


async def answers(connect: Connect, workspace: Path) -> dict[str, list[dict[str, Any]]]:
    """One answer or more of every tool."""
    found: dict[str, list[dict[str, Any]]] = {}
    (workspace / "shop").mkdir()
    file = workspace / "shop" / "search.py"
    file.write_text("\n" * 39 + "def rank(rows):\n    rows.index(1)\n")
    async with connect() as client:

        async def ask(name: str, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(name, arguments)
            assert not result.is_error and result.structured_content is not None, result.content
            found.setdefault(name, []).append(result.structured_content)
            return result.structured_content

        for tool in TOOLS:
            more: dict[str, Any] = {
                "trace-custom": {"program": "BEGIN { exit(); }"},
                "trace-function": {"function": "f"},
            }
            if "pid" in tool.arguments.model_fields:
                await ask(tool.name, pid=PID, seconds=0.1, **more.get(tool.name, {}))
        await ask("tools-check")
        await ask("proc-find", query="shop")
        recording = found["diagnose"][0]["recording"]
        await ask("compare", before=recording, after=recording)
        await ask("recordings")
        for action in ("show", "pin", "unpin", "export"):
            await ask("recordings", action=action, id=recording)
        await ask("recordings", action="tag", id=recording, label="before")
        await ask("recordings", action="query", sql=f"SELECT 1 FROM cpu WHERE recording = '{recording}'")
        await ask("recordings", action="query", sql="SELECT id FROM recordings")
        await ask("code-inspect", recording=recording, file=str(file), line=41)
        await ask("code-search", recording=recording, text="rows.index")
        await ask("code-search", recording=recording, text="nowhere to be found")
        shown = await ask(
            "code-edit", file=str(file), recording=recording, edits=[{"old": "rows.index(1)", "new": "1"}]
        )
        await ask("code-edit", **shown["next"][0]["arguments"])
        await ask("recordings", action="delete", id=recording)
        await ask("recordings", action="import", file=f"{recording}.perfdoctor")
    assert found.keys() == {tool.name for tool in TOOLS} - set(ENDS)
    return found


async def test_every_answer_leads_on(opened_up: Connect, tmp_path: Path) -> None:
    leads: dict[str, set[str]] = {}
    for name, given in (await answers(opened_up, tmp_path / "workspace")).items():
        for answer in given:
            if name != "tools-check":
                assert answer["next"], f"{name} is a dead end: {answer['summary']}"
            for call in answer.get("next", ()):
                tool = find(call["tool"])
                assert tool is not None, call
                assert set(call["arguments"]) <= set(tool.arguments.model_fields), call
                added = {} if "undo" in call["arguments"] or "token" in call["arguments"] else MORE.get(tool.name, {})
                tool.parse({**added, **call["arguments"]})
                leads.setdefault(name, set()).add(tool.name)
    # From the first question to the proof, and back to the next problem.
    way = ("proc-find", "proc-watch", "diagnose", "code-inspect", "code-edit", "compare", "diagnose")
    for before, after in itertools.pairwise(way):
        assert after in leads[before], f"{before} does not lead to {after}, but to {leads[before]}"
    assert "proc-find" in leads["code-edit"], "the pid is new after a restart"
    reached, new = {"proc-find"}, {"proc-find"}
    while new := {after for name in new for after in leads.get(name, ())} - reached:
        reached |= new
    assert {"proc-watch", "diagnose", "trace-cpu", "code-inspect", "code-edit", "compare"} <= reached
