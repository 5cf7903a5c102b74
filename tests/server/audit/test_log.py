"""Every call leaves its line, whatever becomes of it; and nothing in it is a secret or too long."""

import json
import os
import time
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.app import build
from perfdoctor.server.audit import log
from perfdoctor.server.audit.book import KEY, WRITTEN, read_key
from perfdoctor.server.audit.check import verify
from perfdoctor.server.audit.log import Audit
from perfdoctor.server.audit.shown import shown
from perfdoctor.server.policy import Caller, Role
from perfdoctor.server.rules import Rule
from perfdoctor.server.service import Service
from perfdoctor.server.settings import Settings
from tests.server.fakes import FakeInstruments
from tests.server.samples import PID

pytestmark = pytest.mark.anyio
ANNA = Caller("anna", Role.TRACE)


def said(state: Path) -> list[dict[str, Any]]:
    file = state / "audit" / WRITTEN
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def calls(state: Path) -> list[dict[str, Any]]:
    return [one for one in said(state) if one["event"] == "call"]


def settings(state: Path, **changes: Any) -> Settings:
    return Settings(**{"state": state, "audit": "all", **changes})


async def test_a_call_has_two_lines_with_all_that_matters(tmp_path: Path) -> None:
    async with Client(build(Service(settings(tmp_path), FakeInstruments()))) as client:
        made = await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})
    start, begin, end = said(tmp_path)
    assert start["event"] == "start" and start["server"] == os.getpid()
    assert begin["event"] == "begin" and begin["arguments"] == {"pid": PID, "seconds": 0.1}
    assert (end["who"], end["role"], end["via"], end["what"]) == ("local", "admin", "stdio", "tools/call trace-cpu")
    assert end["targets"] == [{"pid": PID, "started": 12.5, "user": "web", "name": "shop"}]
    assert end["made"] == [made.structured_content["recording"]]
    assert (end["decision"], end["outcome"]) == ("allowed", "answered")
    assert end["seconds"] >= 0.1
    assert end["call"] == begin["call"]
    assert not verify(tmp_path / "audit", read_key(tmp_path / KEY)).broken


async def test_what_is_refused_or_fails_or_is_cancelled_is_told_apart(tmp_path: Path) -> None:
    rules = (Rule(identity="x", users=()),)
    async with Client(build(Service(settings(tmp_path, rules=rules), FakeInstruments()))) as client:
        await client.call_tool("trace-cpu", {"pid": 7})
        await client.call_tool("trace-cpu", {"pid": PID, "colour": "red"})
        await client.call_tool("no-tool", {})
        await client.call_tool("proc-find", {"query": "crash"})
        with anyio.move_on_after(0.3):
            await client.call_tool("trace-cpu", {"pid": PID, "seconds": 20})
        await client.call_tool("compare", {"before": "r-a", "after": "r-b"})
        with pytest.raises(MCPError):
            await client.read_resource("recording://r-none")
        await client.read_resource("guide://workflow")
        await client.get_prompt("optimize", {"process": "shop"})
    told = {one["what"]: one["outcome"] for one in calls(tmp_path)[1:]}
    first = calls(tmp_path)[0]
    assert (first["outcome"], first["decision"], first["why"]) == ("refused", "allowed", "There is no process 7.")
    assert told == {
        "tools/call trace-cpu": "cancelled",
        "tools/call no-tool": "refused",
        "tools/call proc-find": "failed",
        "tools/call compare": "refused",
        "resources/read recording://r-none": "refused",
        "resources/read guide://workflow": "answered",
        "prompts/get optimize": "answered",
    }
    assert next(one for one in calls(tmp_path) if "compare" in one["what"])["recordings"] == ["r-a", "r-b"]
    assert len([one for one in calls(tmp_path) if one["what"] == "tools/call trace-cpu"]) == 3


async def test_what_is_refused_on_the_way_to_its_tool_has_a_line_too(tmp_path: Path) -> None:
    async def full(ctx: Any, call_next: Any) -> Any:
        refused = {"content": [{"type": "text", "text": "too many"}], "isError": True, "resultType": "complete"}
        return refused if ctx.method == "tools/call" else await call_next(ctx)

    server = build(Service(settings(tmp_path), FakeInstruments()))
    async with Client(server) as client:
        await client.call_tool("proc-find", {})
        server.middleware.append(full)
        assert (await client.call_tool("proc-find", {"query": "x"})).is_error
    first, second = calls(tmp_path)
    assert (first["outcome"], second["outcome"]) == ("answered", "refused")
    assert second["arguments"] == {"arguments": {"query": "x"}}
    assert "before it reached its tool" in second["why"]


async def test_what_a_policy_decided_is_called_denied(tmp_path: Path) -> None:
    from tests.server.test_rules import as_caller

    async with Client(build(Service(settings(tmp_path), FakeInstruments()))) as client:
        await client.list_tools()
    rules = (Rule(identity="anna", users=()),)
    with as_caller(Caller("anna", Role.OBSERVE)):
        async with Client(build(Service(settings(tmp_path, rules=rules), FakeInstruments()))) as client:
            await client.call_tool("trace-cpu", {"pid": PID})
            with pytest.raises(MCPError):
                await client.read_resource("recording://r-hers")
    end, resource = calls(tmp_path)
    assert (resource["decision"], resource["outcome"]) == ("denied", "refused")
    assert (end["who"], end["decision"], end["outcome"]) == ("anna", "denied", "refused")
    assert "targets" not in end


@pytest.mark.parametrize(
    ("which", "via", "kept"), [("http", "stdio", 0), ("http", "http", 1), ("all", "shell", 1), ("off", "http", 0)]
)
async def test_of_which_calls_a_line_is_kept(tmp_path: Path, which: str, via: str, kept: int) -> None:
    audit = Audit(settings(tmp_path, audit=which))
    async with audit.call(ANNA, via, "x", {}):
        pass
    await audit.stranger(via, "10.0.0.7", "/mcp", "")
    assert len(calls(tmp_path)) == kept
    assert (tmp_path / "audit").exists() is bool(kept)


class FullBook:
    """A disk without room."""

    def __init__(self) -> None:
        self.full = True
        self.kept: list[Any] = []

    def write(self, entries: list[Any]) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.kept += entries


def on_a_full_disk(state: Path, **changes: Any) -> tuple[Service, FullBook]:
    service = Service(settings(state, **changes), FakeInstruments())
    service.audit._book = book = FullBook()  # type: ignore[assignment]
    return service, book


async def test_on_a_full_disk_calls_are_refused_before_they_begin(tmp_path: Path, capsys: Any) -> None:
    events: list[str] = []
    service, book = on_a_full_disk(tmp_path)
    service.instruments.note = lambda event, _at: events.append(event)  # type: ignore[attr-defined]
    async with Client(build(service)) as client:
        refused = await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})
        assert refused.is_error and "no line of it can be kept" in refused.content[0].text
        assert not events
        observed = await client.call_tool("proc-find", {})
        assert observed.is_error and "shop" not in observed.content[0].text, "an answer without a line does not leave"
        with pytest.raises(MCPError, match="no line of it can be kept"):
            await client.read_resource("guide://workflow")
        book.full = False
        assert not (await client.call_tool("proc-find", {})).is_error
    assert [one["event"] for one in book.kept] == ["start", "unwritten", "call"]
    assert book.kept[1]["calls"] == 3
    assert capsys.readouterr().err.count("No space left on device") == 1


async def test_an_operator_may_want_calls_to_go_on(tmp_path: Path) -> None:
    service, book = on_a_full_disk(tmp_path, audit_when_full="go-on")
    async with Client(build(service)) as client:
        assert not (await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})).is_error
        book.full = False
        await client.call_tool("proc-find", {})
    assert book.kept[1]["calls"] == 2, "and what is missing is said"


async def test_a_disk_that_hangs_does_not_hang_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_PATIENCE", 0.2)
    service, book = on_a_full_disk(tmp_path)
    answers = Event()
    book.full = False
    monkeypatch.setattr(book, "write", lambda _entries: answers.wait(30) and None)
    try:
        with anyio.fail_after(20):
            async with Client(build(service)) as client:
                for _ in range(4):
                    assert (await client.call_tool("proc-find", {})).is_error
    finally:
        answers.set()


async def test_a_disk_that_is_really_full_leaves_no_half_lines(tmp_path: Path) -> None:
    import resource

    audit = Audit(settings(tmp_path))
    async with audit.call(ANNA, "http", "x", {}):
        pass
    size = (tmp_path / "audit" / WRITTEN).stat().st_size
    import signal

    before, limits = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limits[1]))
    try:
        with pytest.raises(ProblemError, match="no line of it can be kept"):
            async with audit.call(ANNA, "http", "y", {}):
                pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    async with audit.call(ANNA, "http", "z", {}):
        pass
    assert [one["what"] for one in calls(tmp_path)] == ["x", "z"]
    assert not verify(tmp_path / "audit", read_key(tmp_path / KEY)).broken


async def test_many_at_once_wait_for_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = Audit(settings(tmp_path))
    writes: list[int] = []
    inner = audit._book.write
    monkeypatch.setattr(audit._book, "write", lambda entries: (writes.append(len(entries)), inner(entries))[1])

    async def one(number: int) -> None:
        async with audit.call(ANNA, "http", f"call {number}", {}):
            pass

    async with anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(one, number)
    assert sum(writes) == 101
    assert len(writes) < 10
    assert {one["what"] for one in calls(tmp_path)} == {f"call {number}" for number in range(100)}


async def test_who_knocks_without_end_fills_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = Audit(settings(tmp_path))
    began = time.monotonic()
    for _ in range(500):
        await audit.stranger("http", "10.0.0.7", "/mcp", "no token was sent")
    passed = time.monotonic() - began
    kept = len([one for one in said(tmp_path) if one["event"] == "stranger"])
    assert log._STRANGERS <= kept <= log._STRANGERS + passed + 1
    audit._strangers_at -= 60
    await audit.stranger("http", "10.0.0.7", "/mcp", "no token was sent")
    last = said(tmp_path)[-1]
    assert last["more"] == 500 - kept
    assert (last["from"], last["decision"]) == ("10.0.0.7", "refused")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"pid": 7, "name": "shop"}, {"pid": 7, "name": "shop"}),
        ({"token": "pd_abc", "password": "x"}, {"token": "***", "password": "***"}),
        ({"query": "mysql --password hunter2"}, {"query": "mysql --password ***"}),
        ({"file": "/srv/\u202eevil\n"}, {"file": "/srv/�evil�"}),
        ({"n": 1 << 80, "x": float("inf"), "y": True}, {"n": "a number beyond 64 bits", "x": "inf", "y": True}),
        ({"a": {"b": {"c": {"d": {"e": 1}}}}}, {"a": {"b": {"c": {"d": "…"}}}}),
    ],
)
def test_arguments_as_they_are_kept(given: Any, kept: Any) -> None:
    assert shown(given) == kept


def test_long_arguments_are_cut_and_can_be_told_all_the_same() -> None:
    diff = "-old\n+new\n" * 10_000
    kept = shown({"diff": diff, "edits": [{"old": "a"}] * 50})
    assert len(json.dumps(kept)) < 4096
    assert kept["diff"]["length"] == len(diff)
    assert kept["diff"]["sha256"] != shown({"diff": diff + " "})["diff"]["sha256"]
    assert kept["edits"][-1] == "… 38 more"
    flood = shown({f"k{number}" * 20: ["x" * 300] * 12 for number in range(12)})
    assert len(json.dumps(flood)) < 4096 and "sha256" in flood
