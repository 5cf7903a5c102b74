"""Two servers, one database: what is measured through one is there through the other, for whom it belongs to."""

import os
import signal
from pathlib import Path

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceTemplateReference

from tests.contract.connections import network_client
from tests.contract.replicas import Callers, made_callers, replica
from tests.server.samples import PID
from tests.server.stores import Postgres

pytestmark = pytest.mark.anyio


@pytest.fixture
def callers(tmp_path: Path) -> Callers:
    return made_callers(tmp_path / "tokens")


async def called(client: Client, tool: str, **arguments: object) -> dict[str, object]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error and result.structured_content is not None, result.content
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: object) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0].text)


async def test_what_one_measured_the_other_has(tmp_path: Path, postgres: Postgres, callers: Callers) -> None:
    database = f"database_url={postgres.database()}"
    with (
        replica(tmp_path / "one", callers.file, database) as one,
        replica(tmp_path / "other", callers.file, database) as other,
    ):
        async with network_client("http", one.url, callers.anna, "auto") as client:
            made = str((await called(client, "diagnose", pid=PID, seconds=0.1))["recording"])
        async with network_client("http", other.url, callers.anna, "auto") as client:
            second = str((await called(client, "diagnose", pid=PID, seconds=0.1))["recording"])
            assert second != made
            assert (await called(client, "recordings"))["total"] == 2
            assert (await called(client, "diagnose", recording=made))["recording"] == made
            assert (await called(client, "compare", before=made, after=second))["verdict"]
            sql = f"SELECT sum(seconds) FROM cpu WHERE recording = '{made}'"
            assert (await called(client, "recordings", action="query", sql=sql))["rows"]
            assert made in (await client.read_resource(f"recording://{made}")).contents[0].text
        await _hidden_until_shared(one.url, other.url, callers, made)
        # One dies in the middle of a window: the other goes on, and nothing half is there.
        os.kill(one.process.pid, signal.SIGKILL)
        async with network_client("http", other.url, callers.anna, "auto") as client:
            assert (await called(client, "recordings", action="show", id=made))["total"] == 1
            assert (await called(client, "recordings"))["total"] == 2
    assert not any(path.name == "recordings.db" for path in tmp_path.rglob("*")), "nothing is kept beside the database"


async def _hidden_until_shared(one: str, other: str, callers: Callers, made: str) -> None:
    ids = ResourceTemplateReference(type="ref/resource", uri="recording://{id}")
    async with network_client("http", other, callers.ben, "auto") as ben:
        assert (await called(ben, "recordings"))["total"] == 0
        assert "There is no recording" in await refused(ben, "recordings", action="show", id=made)
        with pytest.raises(MCPError, match="There is no recording"):
            await ben.read_resource(f"recording://{made}")
        assert (await ben.complete(ids, {"name": "id", "value": "r-"})).completion.values == []
        async with network_client("http", one, callers.anna, "auto") as anna:
            await called(anna, "recordings", action="share", id=made)
        assert [row["id"] for row in (await called(ben, "recordings"))["recordings"]] == [made]  # type: ignore[attr-defined]
        assert made in (await ben.read_resource(f"recording://{made}")).contents[0].text
        assert (await ben.complete(ids, {"name": "id", "value": "r-"})).completion.values == [made]
        assert "not yours to change" in await refused(ben, "recordings", action="delete", id=made)


async def test_where_the_database_is_away(tmp_path: Path, callers: Callers) -> None:
    """The server answers what needs no store; a window is refused before it begins, without a password in the words."""
    gone = "database_url=postgresql://perfdoctor:hunter2secret@127.0.0.1:9/nowhere"
    with replica(tmp_path / "one", callers.file, gone) as one:
        async with network_client("http", one.url, callers.anna, "auto") as client:
            assert (await called(client, "proc-find"))["total"]
            said = await refused(client, "diagnose", pid=PID, seconds=0.1)
    assert "store of recordings cannot be used" in said and "127.0.0.1:9/nowhere" in said
    assert "hunter2" not in said + (tmp_path / "one" / "log").read_text()
    assert not (tmp_path / "one" / "events").read_text(), "nothing was measured that could not be kept"
