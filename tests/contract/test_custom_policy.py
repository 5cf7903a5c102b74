"""Who may run a program of their own: nobody, until the operator says so, and then not everybody."""

from pathlib import Path

import pytest
from mcp import Client

from perfdoctor.server.app import build
from perfdoctor.server.policy import Caller, Role
from perfdoctor.server.service import Call, Service
from perfdoctor.server.settings import Settings, load
from perfdoctor.server.tools import trace_custom
from perfdoctor.server.tools.outcome import run
from tests.server.fakes import FakeInstruments
from tests.server.samples import PID

pytestmark = pytest.mark.anyio
ASKED = {"pid": PID, "program": "BEGIN { exit(); }", "seconds": 0.1}


def service(state: Path, **allowed: bool) -> Service:
    return Service(Settings(state=state, **allowed), FakeInstruments())


async def test_it_is_off_unless_the_operator_allows_it(tmp_path: Path) -> None:
    async with Client(build(service(tmp_path))) as client:
        refused = await client.call_tool("trace-custom", ASKED)
    assert refused.is_error
    problem = refused.structured_content["problem"]
    assert "allow_custom" in problem["why"] and "PERFDOCTOR_ALLOW_CUSTOM=true" in problem["next_step"]


async def test_allowing_it_does_not_open_the_machine(tmp_path: Path) -> None:
    async with Client(build(service(tmp_path, allow_custom=True))) as client:
        assert not (await client.call_tool("trace-custom", ASKED)).is_error
        refused = await client.call_tool("trace-custom", {**ASKED, "anywhere": True})
    assert "PERFDOCTOR_CUSTOM_ANYWHERE=true" in refused.structured_content["problem"]["next_step"]
    async with Client(build(service(tmp_path, allow_custom=True, custom_anywhere=True))) as client:
        assert not (await client.call_tool("trace-custom", {**ASKED, "anywhere": True})).is_error


@pytest.mark.parametrize(("role", "may"), [(Role.OBSERVE, False), (Role.TRACE, False), (Role.OPERATE, True)])
async def test_a_token_must_allow_it_too(tmp_path: Path, role: Role, may: bool) -> None:
    call = Call(service(tmp_path, allow_custom=True), Caller("x", role), lambda _elapsed, _message: None)
    outcome = await run(trace_custom.TOOL, call, ASKED)
    assert outcome.refused is not may
    assert may or "operate" in outcome.structured["problem"]["why"]


def test_the_settings_come_from_the_environment(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    assert not load(environment).allow_custom and not load(environment).custom_anywhere
    assert load({**environment, "PERFDOCTOR_ALLOW_CUSTOM": "true"}).allow_custom


async def test_the_answer_says_what_was_cut(tmp_path: Path) -> None:
    async with Client(build(service(tmp_path, allow_custom=True))) as client:
        result = await client.call_tool("trace-custom", ASKED)
    answer, text = result.structured_content, result.content[0].text
    assert (answer["total_lines"], answer["omitted_lines"], answer["cut_lines"]) == (43, 20, 3)
    assert answer["maps"][0]["omitted_rows"] == 6
    assert "3 lines (311 characters) were too many" in text and "`shop` | 211" in text
    assert "- 0 to 1: 96 ########################" in text
