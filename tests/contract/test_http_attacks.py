"""Attacks on the HTTP server, by a client of sockets: each is refused or cut off, others are answered meanwhile, and
memory stays within bounds."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import pytest

from perfdoctor.server.policy import Role
from perfdoctor.server.tokens import Tokens
from perfdoctor.server.transports.limits import MOST_BODY, MOST_HEADER_BYTES, MOST_HEADERS
from tests.contract.connections import http_process, network_client
from tests.server.samples import PID

pytestmark = pytest.mark.anyio
MODERN = "2026-07-28"
ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
CUT_OFF = 15.0
"""seconds; the limits are half a second here, and machines may be busy"""


@dataclass(frozen=True)
class Server:
    url: str
    token: str
    pid: int
    state: Path

    @property
    def headers(self) -> dict[str, str]:
        return {**ACCEPT, "Authorization": f"Bearer {self.token}"}

    def connect(self, receive_buffer: int | None = None) -> socket.socket:
        made = socket.socket()
        if receive_buffer is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        made.settimeout(CUT_OFF)
        made.connect(("127.0.0.1", int(self.url.rpartition(":")[2])))
        return made

    def lines(self, path: str, *more: str, method: str = "POST") -> bytes:
        """The head of a request that is in order, and ``more``; its end is left out."""
        host = self.url.partition("//")[2]
        named = [f"{name}: {value}" for name, value in {**self.headers, "Host": host}.items()]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *named, *more, ""]).encode()

    def answers(self) -> None:
        """Somebody else is answered, and soon."""
        asked = time.monotonic()
        assert httpx2.get(f"{self.url}/healthz", timeout=CUT_OFF).status_code == 200
        assert time.monotonic() - asked < CUT_OFF

    def refused(self) -> dict[str, float]:
        text = httpx2.get(f"{self.url}/metrics", headers=self.headers, timeout=CUT_OFF).text
        rows = (line for line in text.splitlines() if line.startswith("perfdoctor_refused_total{"))
        return {line.split('"')[1]: float(line.rpartition(" ")[2]) for line in rows}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "secret.txt").write_text("the crown jewels")
    token = Tokens(folder).create("anna", Role.ADMIN)
    options = ("--hurry", "max_requests_per_second=500", "max_traces=16", "max_traces_each=16")
    with http_process(folder / "events", folder, *options) as (process, url):
        yield Server(url, token, process.pid, folder)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def until_closed(connection: socket.socket) -> bytes:
    """All that is sent before the other side closes; TimeoutError when it does not."""
    received = b""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while chunk := connection.recv(65536):
            received += chunk
    return received


BODIES = {
    "broken": b'{"jsonrpc":',
    "empty": b"",
    "not UTF-8": b'{"jsonrpc":"2.0","id":1,"method":"\xff\xfe"}',
    "lists 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "objects 50,000 deep": b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":' + b'{"a":' * 50_000
    + b"1" + b"}" * 50_001,
    "a number of 10,000 digits": b'{"jsonrpc":"2.0","id":' + b"9" * 10_000 + b',"method":"tools/list"}',
    "half a character": rb'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\ud800"}}',
    "wrong types": b'{"jsonrpc":2,"id":{},"method":[]}',
    "a batch": b'[{"jsonrpc":"2.0","id":1,"method":"tools/list"},{"jsonrpc":"2.0","id":2,"method":"tools/list"}]',
    "null": b"null",
    "no method": b'{"jsonrpc":"2.0","id":1}',
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_malformed_bodies_are_refused(server: Server, body: bytes) -> None:
    with httpx2.Client(headers=server.headers, timeout=CUT_OFF) as client:
        for era in ({}, {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/list"}):
            answer = client.post(f"{server.url}/mcp", content=body, headers=era)
            assert answer.status_code == 400
            assert "Traceback" not in answer.text
        with client.stream("GET", f"{server.url}/sse") as stream:
            lines = stream.iter_lines()  # (kept: the stream is closed with it)
            endpoint = next(line[6:] for line in lines if line.startswith("data: "))
            assert client.post(server.url + endpoint, content=body).status_code == 400
    server.answers()


def test_what_is_too_large_is_refused_before_it_is_read(server: Server) -> None:
    before = psutil.Process(server.pid).memory_info().rss
    for path in ("/mcp", "/messages/?session_id=" + "0" * 32):
        # Said to be large: refused at once. Not said: refused when it has become large.
        with server.connect() as declared:
            declared.sendall(server.lines(path, f"Content-Length: {1 << 40}") + b"\r\n")
            assert status(declared.recv(4096)) == 413
        with server.connect() as endless, contextlib.suppress(ConnectionResetError, BrokenPipeError):
            endless.sendall(server.lines(path, "Transfer-Encoding: chunked") + b"\r\n")
            block = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
            for _ in range(2 * MOST_BODY // 0x10000):
                endless.sendall(block)
            assert status(endless.recv(4096)) == 413
    with server.connect() as wide:
        wide.sendall(server.lines("/mcp", *(f"X-{number}: 1" for number in range(MOST_HEADERS))) + b"\r\n")
        assert status(wide.recv(4096)) == 431
    for size in (MOST_HEADER_BYTES, 1 << 20):
        with server.connect() as long, contextlib.suppress(ConnectionResetError, BrokenPipeError):
            long.sendall(server.lines("/mcp", "X-Long: " + "x" * size) + b"\r\n")
            assert status(long.recv(4096)) in (400, 431)
    assert psutil.Process(server.pid).memory_info().rss - before < 64 << 20
    assert server.refused()["too large"] >= 4


@pytest.mark.parametrize(
    ("reason", "sent"),
    [
        ("headers too slow", b""),
        ("headers too slow", b"POST /mcp HTTP/1.1\r\nHost: x\r\nX-A"),
        ("body too slow", b"body"),
    ],
)
def test_slow_senders_are_cut_off_and_hold_nobody_up(server: Server, reason: str, sent: bytes) -> None:
    before = server.refused()[reason]
    if sent == b"body":
        sent = server.lines("/mcp", "Content-Length: 1000") + b"\r\n{"
    slow = [server.connect() for _ in range(40)]
    for connection in slow:
        connection.sendall(sent)
    server.answers()
    for connection in slow:
        with connection, contextlib.suppress(ConnectionResetError, BrokenPipeError):
            # A byte now and then does not make the time longer.
            connection.sendall(b"a" if sent else b"")
            until_closed(connection)
    assert server.refused()[reason] - before == len(slow)
    server.answers()


def test_a_keep_alive_connection_has_no_more_time_for_its_next_request(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(server.lines("/healthz", method="GET") + b"\r\n")
        assert status(connection.recv(4096)) == 200
        connection.sendall(b"GET /healthz HT")
        until_closed(connection)


def test_who_never_reads_is_cut_off_and_holds_no_memory(server: Server) -> None:
    before, cut = psutil.Process(server.pid).memory_info().rss, server.refused()["does not read"]
    with server.connect(receive_buffer=4096) as deaf, server.connect(receive_buffer=4096) as deaf_at_progress:
        call = {
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {
                "name": "trace-cpu", "arguments": {"pid": PID, "seconds": 2},
                "_meta": {
                    "progressToken": 7,
                    "io.modelcontextprotocol/protocolVersion": MODERN,
                    "io.modelcontextprotocol/clientInfo": {"name": "deaf", "version": "1"},
                    "io.modelcontextprotocol/clientCapabilities": {},
                },
            },
        }  # fmt: skip
        body = json.dumps(call).encode()
        modern = (f"MCP-Protocol-Version: {MODERN}", "Mcp-Method: tools/call", "Mcp-Name: trace-cpu")
        deaf_at_progress.sendall(server.lines("/mcp", *modern, f"Content-Length: {len(body)}") + b"\r\n" + body)
        # Pipelined requests whose answers nobody takes: more than all buffers hold.
        asked = server.lines("/metrics", method="GET") + b"\r\n"
        deaf.settimeout(1)
        with contextlib.suppress(TimeoutError, ConnectionResetError, BrokenPipeError):
            for _ in range(20_000):
                deaf.sendall(asked)
        server.answers()
        deadline = time.monotonic() + CUT_OFF
        while server.refused()["does not read"] == cut and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.refused()["does not read"] > cut
    assert psutil.Process(server.pid).memory_info().rss - before < 64 << 20


@pytest.mark.parametrize(
    "smuggled",
    [
        # Two lengths: a proxy may believe the one, we the other.
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Transfer-Encoding: identity, chunked",),
        ("Transfer-Encoding : chunked",),
        ("Content-Length: +5",),
        ("X-A: b\rTransfer-Encoding: chunked",),
        ("Host: evil.example",),
    ],
)
def test_what_two_servers_could_read_differently_is_refused(server: Server, smuggled: tuple[str, ...]) -> None:
    with server.connect() as connection:
        second = b"GET /metrics HTTP/1.1\r\nHost: " + server.url.partition("//")[2].encode() + b"\r\n\r\n"
        connection.sendall(server.lines("/mcp", *smuggled) + b"\r\n0\r\n\r\n" + second)
        answer = until_closed(connection)
    assert status(answer) in (400, 501)
    assert answer.count(b"HTTP/1.1 ") == 1  # the connection is closed: what follows is nobody's request


@pytest.mark.parametrize("path", ["/mcp", "/sse", "/messages/", "/metrics"])
def test_a_page_of_another_site_reaches_nothing(server: Server, path: str) -> None:
    """DNS rebinding: its name is resolved to us; the name stays its own."""
    method = "GET" if path in ("/sse", "/metrics") else "POST"
    port = server.url.rpartition(":")[2]
    for host in ("evil.example", f"evil.example:{port}", f"127.0.0.1.evil.example:{port}", f"127.0.0.1:{port}.evil"):
        answer = httpx2.request(method, server.url + path, headers={**server.headers, "Host": host}, timeout=CUT_OFF)
        assert answer.status_code == 421
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{port}.evil.example", "http://127.0.0.1"):
        answer = httpx2.request(method, server.url + path, headers={**server.headers, "Origin": origin})
        assert answer.status_code == 403
    assert server.refused()["host"] >= 4


async def test_no_uri_and_no_name_leads_out_of_its_folder(server: Server) -> None:
    secret = str(server.state / "secret.txt")
    inside = ["../secret.txt", "..%2fsecret.txt", "..%252fsecret.txt", "%2e%2e/secret.txt", secret, f"file://{secret}",
              "....//secret.txt", "..\\secret.txt", "x/../../secret.txt", "secret.txt%00", "tokens.json"]  # fmt: skip
    async with network_client("http", server.url, server.token, "auto") as client:
        for path in inside:
            for scheme in ("pattern://", "recording://", "guide://", "file://", ""):
                try:
                    read = await client.read_resource(scheme + path)
                except Exception as error:
                    assert "crown" not in str(error)
                else:
                    raise AssertionError(f"{scheme}{path} was read: {read}")
            for action in ("import", "export"):
                done = await client.call_tool("recordings", {"action": action, "file": path, "id": "r-22222222"})
                assert done.is_error
                assert "crown" not in done.content[0].text
    with httpx2.Client(headers=server.headers) as web:
        for path in ("/exports/../secret.txt", "/exports/secret.txt", "/../secret.txt", "/mcp/../secret.txt"):
            assert web.get(server.url + path).status_code == 404
    assert (server.state / "secret.txt").read_text() == "the crown jewels"


def test_who_asks_too_fast_is_told_when_to_come_again(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    hasty, other = tokens.create("hasty", Role.TRACE), tokens.create("other", Role.TRACE)
    with http_process(tmp_path / "events", tmp_path, "max_requests_per_second=0.5", "max_calls_each=1") as (_, url):

        def ask(token: str) -> httpx2.Response:
            return httpx2.post(f"{url}/mcp", content=b"{}", headers={**ACCEPT, "Authorization": f"Bearer {token}"})

        seen = [ask(hasty) for _ in range(3)]
        assert [answer.status_code for answer in seen] == [400, 400, 429]
        assert 1 <= int(seen[-1].headers["Retry-After"]) <= 3
        assert "Next: Send it again after" in seen[-1].text
        # Nobody else waits for it.
        assert ask(other).status_code == 400


async def test_one_identity_cannot_take_all_places(tmp_path: Path) -> None:
    import anyio

    token = Tokens(tmp_path).create("anna", Role.TRACE)
    with http_process(tmp_path / "events", tmp_path, "max_calls_each=1") as (_, url):
        async with network_client("sse", url, token, "auto") as client, anyio.create_task_group() as tasks:
            running = anyio.Event()

            async def progress(value: float, total: float | None, message: str | None) -> None:
                running.set()

            async def call() -> None:
                await client.call_tool("trace-cpu", {"pid": PID, "seconds": 20}, progress_callback=progress)

            tasks.start_soon(call)
            await running.wait()
            refused = await client.call_tool("tools-check", {})
            assert refused.is_error
            assert "1 calls are running" in refused.content[0].text
            tasks.cancel_scope.cancel()


def test_the_log_stays_small_and_holds_no_line_of_a_client(server: Server) -> None:
    with httpx2.Client(headers=server.headers, timeout=CUT_OFF) as client:
        for number in range(400):
            forged = f"{server.url}/messages/?session_id=x%0A2026-01-01%20ERROR%20forged-{number}"
            assert client.post(forged, content=b"{}").status_code == 400
    log = (server.state / "log").read_text()
    assert "\n2026-01-01 ERROR" not in log
    assert log.count("forged-") < 300
    assert len(log) < 200_000
