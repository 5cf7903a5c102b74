"""A client that says on which folders it works: its code is the user's own, and may be shown to the local user."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import ListRootsResult, Root

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.server.app import build
from perfdoctor.server.policy import LOCAL
from perfdoctor.server.service import Service
from perfdoctor.server.settings import Settings
from tests.contract.connections import ROOT, fake_server
from tests.server.fakes import WORKLOADS, FakeInstruments
from tests.server.samples import PID

pytestmark = pytest.mark.anyio
MODES = pytest.mark.parametrize("mode", ["auto", "legacy"])


class Asked:
    """The client's answer to roots/list, and how often it was asked."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders, self.times = folders, 0

    async def __call__(self, _context: Any) -> ListRootsResult:
        self.times += 1
        return ListRootsResult(roots=[Root(uri=folder.as_uri()) for folder in self.folders])


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace with the file of the sample window's costliest line."""
    folder = tmp_path / "my code"
    (folder / "shop").mkdir(parents=True)
    (folder / "shop" / "search.py").write_text("\n" * 40 + "    rows.index(1)\n")
    return folder


def service(tmp_path: Path, **settings: Any) -> Service:
    return Service(Settings(state=tmp_path / "state", **settings), FakeInstruments())


async def measured(client: Client) -> str:
    result = await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})
    assert not result.is_error and result.structured_content is not None
    return str(result.structured_content["recording"])


async def kept(of: Service, recording: str) -> Evidence:
    return await of.recordings_of(LOCAL).evidence(recording)


@MODES
async def test_a_workspace_is_honoured(tmp_path: Path, shop: Path, mode: str) -> None:
    mine = service(tmp_path)
    asked = Asked([shop, Path("/etc"), Path("/")])
    async with Client(build(mine), mode=mode, list_roots_callback=asked) as client:
        recording = await measured(client)
        assert (await kept(mine, recording)).user_roots == (str(shop),)
        result = await client.call_tool("code-inspect", {"recording": recording, "file": "search.py", "line": 41})
        assert not result.is_error and "rows.index(1)" in result.content[0].text
        found = await client.call_tool("code-search", {"recording": recording, "text": "rows.index"})
        assert found.structured_content is not None and found.structured_content["total"] == 1
        refused = await client.call_tool("code-inspect", {"recording": recording, "file": "/etc/hostname"})
        assert refused.is_error
        times = asked.times
        assert times == 4
        await client.call_tool("tools-check", {})
        assert asked.times == times


@MODES
async def test_runs_of_a_workload_know_the_workspace_too(tmp_path: Path, shop: Path, mode: str) -> None:
    mine = service(tmp_path, workloads=WORKLOADS)
    async with Client(build(mine), mode=mode, list_roots_callback=Asked([shop])) as client:
        result = await client.call_tool("workload-run", {"name": "shop", "repeats": 1, "warm_up": 0})
        assert not result.is_error and result.structured_content is not None, result.content
        (recording,) = result.structured_content["recordings"]["shop"]
        assert (await kept(mine, recording)).user_roots == (str(shop),)


@MODES
async def test_without_a_workspace_nobody_is_asked(tmp_path: Path, mode: str) -> None:
    mine = service(tmp_path)
    async with Client(build(mine), mode=mode) as client:
        assert (await kept(mine, await measured(client))).user_roots == ()


@MODES
async def test_the_operators_word_comes_first(tmp_path: Path, shop: Path, mode: str) -> None:
    mine = service(tmp_path, user_roots=("/srv/elsewhere",))
    async with Client(build(mine), mode=mode, list_roots_callback=Asked([shop])) as client:
        recording = await measured(client)
        assert (await kept(mine, recording)).user_roots == ("/srv/elsewhere",)
        file = str(shop / "shop" / "search.py")
        refused = await client.call_tool("code-inspect", {"recording": recording, "file": file})
        assert refused.is_error and "rows.index" not in refused.content[0].text


@MODES
async def test_over_stdio(tmp_path: Path, shop: Path, mode: str) -> None:
    from mcp import StdioServerParameters

    command, *arguments = fake_server("stdio", tmp_path / "events", tmp_path / "state")
    server = StdioServerParameters(command=command, args=arguments, cwd=ROOT)
    async with Client(server, mode=mode, list_roots_callback=Asked([shop])) as client:
        recording = await measured(client)
        result = await client.call_tool("code-inspect", {"recording": recording, "file": "search.py", "line": 41})
        assert not result.is_error and "rows.index(1)" in result.content[0].text
