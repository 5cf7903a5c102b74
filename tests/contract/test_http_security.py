"""Who is let in over HTTP: tokens, roles, Host and Origin."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from perfdoctor.server.policy import Role
from perfdoctor.server.tokens import Tokens
from tests.contract.connections import ROOT, Events, http_server, network_client
from tests.server.samples import PID

pytestmark = pytest.mark.anyio

PING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("http")


@pytest.fixture(scope="module")
def token(folder: Path) -> str:
    return Tokens(folder).create("anna", Role.ADMIN)


@pytest.fixture(scope="module")
def url(folder: Path, token: str) -> Iterator[str]:
    with http_server(folder / "events", folder) as url:
        yield url


def ask(url: str, path: str, **headers: str) -> int:
    """The status of a request to ``path``; for /sse the stream is left at once."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx2.Client(timeout=10) as client:
        if path == "/sse":
            with client.stream("GET", url + path, headers=names) as response:
                return response.status_code
        if path == "/healthz":
            return client.get(url + path, headers=names).status_code
        return client.post(url + path, json=PING, headers={**ACCEPT, **names}).status_code


@pytest.mark.parametrize("path", ["/mcp", "/sse", "/messages/?session_id=0123456789abcdef0123456789abcdef"])
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer pd_wrong"}, {"Authorization": "Basic abc"}])
def test_without_the_right_token_nobody_gets_in(url: str, path: str, header: dict[str, str]) -> None:
    assert ask(url, path, **header) == 401


@pytest.mark.parametrize("path", ["/mcp", "/sse"])
def test_host_and_origin_are_checked(url: str, token: str, path: str) -> None:
    right = {"Authorization": f"Bearer {token}"}
    assert ask(url, path, **right, Host="evil.example") == 421
    assert ask(url, path, **right, Host="127.0.0.1:1") == 421
    assert ask(url, path, **right, Origin="http://evil.example") == 403
    port = url.rpartition(":")[2]
    accepted = {200, 400}  # 400: a bare tools/list without a session is not a client's
    assert ask(url, path, **right, Host=f"localhost:{port}", Origin=f"http://localhost:{port}") in accepted


def test_health_needs_no_token_and_says_little(url: str) -> None:
    response = httpx2.get(f"{url}/healthz")
    assert response.status_code == 200
    assert set(response.json()) == {"ok", "name", "version"}


@pytest.mark.parametrize("way", ["http", "sse"])
async def test_a_role_decides_what_is_listed_and_allowed(url: str, folder: Path, way: str) -> None:
    tokens = Tokens(folder)
    observer = tokens.create(f"observer-{way}", Role.OBSERVE)
    tracer = tokens.create(f"tracer-{way}", Role.TRACE)
    async with network_client(way, url, observer, "auto") as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert names == {"tools-check", "proc-find", "compare", "recordings"}
        refused = await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})
        assert refused.is_error
        assert "role observe; this needs trace" in refused.content[0].text
    async with network_client(way, url, tracer, "auto") as client:
        traced = await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})
        recording = traced.structured_content["recording"]
        refused = await client.call_tool("recordings", {"action": "delete", "id": recording})
        assert refused.is_error
        assert "this needs operate" in refused.content[0].text
        kept = await client.call_tool("recordings", {"action": "show", "id": recording})
        assert kept.structured_content["recordings"][0]["caller"] == f"tracer-{way}"


def test_a_revoked_token_is_refused_at_once(url: str, folder: Path) -> None:
    tokens = Tokens(folder)
    token = tokens.create("leaver", Role.TRACE)
    assert ask(url, "/mcp", Authorization=f"Bearer {token}") != 401
    tokens.revoke("leaver")
    assert ask(url, "/mcp", Authorization=f"Bearer {token}") == 401


async def test_without_tokens_the_checks_remain(tmp_path: Path, events: Events) -> None:
    with http_server(events.path, tmp_path / "state", "--no-token") as url:
        assert ask(url, "/mcp", Host="evil.example") == 421
        assert ask(url, "/mcp", Origin="http://evil.example") == 403
        async with network_client("http", url, None, "auto") as client:
            assert not (await client.call_tool("tools-check", {})).is_error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0", "--no-token"), "Not serving on 0.0.0.0 without tokens."),
        (("--port", "0"), "There is no token yet"),
        (("--host", "192.0.2.1", "--port", "0"), "Cannot listen on 192.0.2.1:0."),
        (("--host", "127.0.0.1", "--port", "70000"), "Cannot listen on 127.0.0.1:70000."),
    ],
)
def test_what_is_not_served(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    if "192.0.2.1" in arguments or "70000" in arguments:
        Tokens(tmp_path).create("anna", Role.TRACE)
    done = serve(tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "why: " in done.stderr
    assert "next: " in done.stderr


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = serve(tmp_path, "--port", str(taken.getsockname()[1]), "--no-token")
    assert done.returncode == 2
    assert "in use" in done.stderr


def serve(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perfdoctor", "serve", *arguments],
        cwd=ROOT,
        env={"PERFDOCTOR_STATE": str(state), "PATH": "/usr/bin:/bin", "HOME": str(state)},
        capture_output=True,
        text=True,
        timeout=60,
    )
