"""A target whose every name is made to mislead: no tool, and no recording, lets it speak as anything but a quoted text.

Parametrised over the catalogue: a new tool is tested from its first day.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from perfdoctor.server.app import build
from perfdoctor.server.policy import LOCAL
from perfdoctor.server.service import Service
from perfdoctor.server.settings import Settings
from perfdoctor.server.tools.catalogue import TOOLS
from tests.live.need import need
from tests.live.workload import Workload, workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
TRACES = [tool.name for tool in TOOLS if "pid" in tool.arguments.model_fields]
OTHERS = (
    "proc-find",
    "recordings",
    "compare",
    "code-inspect",
    "code-search",
    "tools-check",
    "code-edit",
    "workload-run",
)
PROGRAM = """
tracepoint:syscalls:sys_enter_newfstatat {
    printf("%s %s\\n", comm, str(args->filename));
    @[comm, str(args->filename)] = count();
}
tracepoint:syscalls:sys_enter_write { @written[str(args->buf)] = count(); @u[ustack] = count(); }
"""
MORE: dict[str, list[dict[str, Any]]] = {
    "trace-custom": [{"program": PROGRAM}],
    "trace-function": [{"function": "read"}, {"function": "EVIL*"}],
    "trace-memory": [{"mode": "growth"}, {"mode": "objects"}],
}
"""further arguments of a tool, where a pid is not enough or there are several kinds"""
SECRET = "hunter2"
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
LONGEST = 4096
"""characters of one string of the structured answer"""
QUOTED = re.compile(r"`[^`\n]*`")
FALLBACKS = [
    (tool.name, backend)
    for tool in TOOLS
    if tool.name in TRACES
    for backend in tool.arguments.model_json_schema()["properties"].get("backend", {}).get("enum", ())
    if backend not in ("auto", "bpf", "memray")
]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    # (the program's own source is not to be shown: that says EVIL, and its password, by right)
    return Service(Settings(state=tmp_path, allow_custom=True, user_roots=(str(tmp_path),)))


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string of an answer, keys too, with the way to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield f"{path}.{{}}", str(key)
            yield from strings(item, f"{path}.{key[:40]}")
    elif isinstance(value, list):
        for item in value:
            yield from strings(item, f"{path}[]")


OURS = re.compile(r"\.(ran|program)$")
"""texts of ours that have lines"""


def hidden(text: str) -> list[str]:
    return [character for character in text if unicodedata.category(character) in INVISIBLE]


def must_be_tame(structured: Any) -> None:
    for path, text in strings(structured):
        shown = text.replace("\n", "") if OURS.search(path) else text
        assert not hidden(shown), f"{path}: {text!r}"
        assert SECRET not in text, f"{path}: {text!r}"
        assert len(text) <= LONGEST or OURS.search(path), f"{path}: {len(text)} characters"


def must_be_quoted(text: str) -> None:
    assert not hidden(text.replace("\n", "")), hidden(text)
    assert SECRET not in text
    assert len(text) <= 48_000
    for line in text.split("\n"):
        assert "EVIL" not in QUOTED.sub("", line), f"not quoted: {line!r}"


class Asking:
    def __init__(self, service: Service, client: Client) -> None:
        self._service, self._client = service, client
        self.seen = 0
        self.kept: list[str] = []

    async def ask(self, tool: str, arguments: dict[str, Any]) -> None:
        """All that a client is told: the progress, the text and the structure; and what is kept of it."""
        told: list[str] = []

        async def progress(_done: float, _total: float | None, message: str | None) -> None:
            told.append(message or "")

        result = await self._client.call_tool(tool, arguments, progress_callback=progress)
        for message in told:
            must_be_tame(message)
            must_be_quoted(message)
        text = result.content[0].text
        must_be_quoted(text)
        must_be_tame(result.structured_content)
        self.seen += text.count("EVIL") + json.dumps(result.structured_content).count("EVIL")
        recording = (result.structured_content or {}).get("recording")
        if recording:
            self.kept.append(recording)
            must_be_tame(json.loads(await self._service.recordings_of(LOCAL).json(recording)))
        assert not result.is_error or "problem" in (result.structured_content or {})


async def hostile_program(program: Workload) -> None:
    need(Path(f"/proc/{program.pid}/comm").read_bytes().startswith(b"EVIL\n"), "the workload must have renamed itself")


@pytest.mark.parametrize("tool", TRACES)
async def test_of_a_hostile_target_only_quoted_texts_are_told(tool: str, service: Service) -> None:
    async with workload("hostile.py") as program, Client(build(service)) as client:
        await hostile_program(program)
        asking = Asking(service, client)
        for more in MORE.get(tool, [{}]):
            await asking.ask(tool, {"pid": program.pid, "seconds": 1, "detail": "full", **more})
        assert asking.seen, "it says nothing of the target at all"


@pytest.mark.parametrize(("tool", "backend"), FALLBACKS)
async def test_by_every_backend(tool: str, backend: str, service: Service) -> None:
    async with workload("hostile.py") as program, Client(build(service)) as client:
        asking = Asking(service, client)
        more = MORE.get(tool, [{}])[0]
        await asking.ask(tool, {"pid": program.pid, "seconds": 0.5, "backend": backend, **more})


async def test_whatever_else_is_asked(service: Service) -> None:
    assert {tool.name for tool in TOOLS} <= {*TRACES, *OTHERS}, "give the new tool its arguments here"
    async with workload("hostile.py") as program, Client(build(service)) as client:
        asking = Asking(service, client)
        for tool in ("trace-cpu", "trace-cpu", "diagnose"):
            await asking.ask(tool, {"pid": program.pid, "seconds": 1})
        first, second, third = asking.kept
        for detail in ("normal", "full"):
            await asking.ask("proc-find", {"query": "EVIL", "detail": detail})
            await asking.ask("proc-find", {"detail": detail})
            await asking.ask("recordings", {"detail": detail})
            await asking.ask("compare", {"before": first, "after": second, "detail": detail})
            await asking.ask("tools-check", {"detail": detail})
            for recording in (first, third):
                await asking.ask("code-inspect", {"recording": recording, "detail": detail})
                await asking.ask("code-inspect", {"recording": recording, "file": "/etc/shadow", "detail": detail})
                await asking.ask("code-inspect", {"recording": recording, "file": "EVIL\n", "detail": detail})
            await asking.ask("code-search", {"recording": first, "text": "EVIL", "detail": detail})
        await asking.ask("recordings", {"action": "show", "id": first})
        for wrong in ({"name": "EVIL\n\x1b[31m"}, {"pid": program.pid, "EVIL\n\x1b": 1}, {"pid": "EVIL\n\x1b`"}):
            refused = await client.call_tool("trace-cpu", wrong)  # the caller's own words, which may be the target's
            must_be_tame(refused.structured_content)
            assert refused.is_error and not hidden(refused.content[0].text.replace("\n", ""))
        await asking.ask("trace-custom", {"pid": program.pid, "program": "EVIL\n\x1b[31m` { }"})
        await asking.ask("trace-custom", {"pid": program.pid, "program": "uprobe:libEVIL:x { }"})
        await asking.ask("trace-custom", {"pid": program.pid, "program": "tracepoint:EVIL:x { }"})
        await asking.ask("recordings", {"action": "query", "sql": "SELECT * FROM recordings"})
        await asking.ask("code-edit", {"file": "EVIL\n\x1b[31m", "edits": [{"old": "EVIL", "new": "`EVIL\x1b"}]})
        await asking.ask("workload-run", {"name": "EVIL\n\x1b[31m`"})
        await asking.ask("recordings", {"action": "delete", "id": first})
