"""Where clients come in: a Unix socket, TLS; and how each way ends when the server is told to."""

import asyncio
import os
import signal
import socket
import ssl
import stat
import subprocess
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.policy import Role
from perfdoctor.server.tokens import Tokens
from perfdoctor.server.transports import listen
from tests.contract.connections import Events, http_process, network_client
from tests.server.samples import PID

pytestmark = pytest.mark.anyio
NOBODY = 65534


def over(path: Path) -> httpx2.AsyncHTTPTransport:
    return httpx2.AsyncHTTPTransport(uds=str(path))


def let_the_client_cancel() -> None:
    """anyio gives the loop ``Future.set_result`` for what comes through a Unix socket. If that comes in the very turn
    in which the call is cancelled, the future is done already, and the loop hears of an InvalidStateError: it is the
    client's library's, and nobody is harmed."""
    loop = asyncio.get_running_loop()
    told = loop.get_exception_handler()

    def handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), asyncio.InvalidStateError):
            if told is not None:
                told(loop, context)
            else:
                loop.default_exception_handler(context)

    loop.set_exception_handler(handler)


async def trace(client: Client, running: anyio.Event, seconds: float) -> str:
    async def progress(value: float, total: float | None, message: str | None) -> None:
        running.set()

    result = await client.call_tool("trace-cpu", {"pid": PID, "seconds": seconds}, progress_callback=progress)
    return str(result.content[0].text)


async def test_a_unix_socket_is_a_door_for_the_local_user(tmp_path: Path, events: Events) -> None:
    let_the_client_cancel()
    path = tmp_path / "deep" / "s.sock"
    with http_process(events.path, tmp_path / "state", f"--unix={path}") as (process, where):
        assert where == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        for way, mode in (("http", "auto"), ("http", "legacy"), ("sse", "legacy")):
            running = anyio.Event()
            async with network_client(way, "http://localhost", None, mode, over(path)) as client:
                assert "recording" in await trace(client, running, 0.6)
                assert running.is_set()
                async with anyio.create_task_group() as tasks:
                    running = anyio.Event()
                    tasks.start_soon(trace, client, running, 40)
                    await running.wait()
                    tasks.cancel_scope.cancel()
        with anyio.fail_after(5):
            while len(events.times("cancelled")) < 3:
                await anyio.sleep(0.01)
        process.terminate()
        process.wait(timeout=60)
        assert not path.exists()


def test_at_a_unix_socket_others_need_a_token(tmp_path: Path, events: Events) -> None:
    """Whoever the kernel says is not us, whom a proxy of ours hands on, and who comes with a token of their own."""
    path, state = tmp_path / "s.sock", tmp_path / "state"
    token = Tokens(state).create("anna", Role.OBSERVE)
    listed = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream"}

    def ask(**more: str) -> int:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(path)), timeout=10) as client:
            return client.post("http://localhost/mcp", json=listed, headers={**headers, **named}).status_code

    without_session = 400  # let in: but a bare tools/list is not how a session begins
    with http_process(events.path, state, f"--unix={path}", "--unix-mode=0666"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        assert ask() == without_session
        assert ask(Authorization="Bearer pd_wrong") == 401
        assert ask(Authorization=f"Bearer {token}") == without_session
        assert ask(X_Forwarded_For="192.0.2.7") == 401
        assert ask(Forwarded="for=192.0.2.7") == 401
        assert ask(Host="evil.example") == 421
        assert ask(Origin="http://evil.example") == 403
        if os.geteuid() == 0:
            for folder in (tmp_path, *tmp_path.parents[:2]):
                folder.chmod(0o711)
            assert _as_nobody(path) == b"HTTP/1.1 401"


def _as_nobody(path: Path) -> bytes:
    """How the door answers a process of another user."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            with socket.socket(socket.AF_UNIX) as door:
                door.connect(str(path))
                door.sendall(b"GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n")
                theirs.sendall(door.recv(12))
        finally:
            os._exit(0)
    theirs.close()
    os.waitpid(pid, 0)
    with ours:
        return ours.recv(100)


def test_where_no_unix_socket_is_made(tmp_path: Path) -> None:
    def refused(path: Path, **more: str) -> str:
        with pytest.raises(ProblemError) as raised, listen.unix(listen.UnixSocket(path, **more)):
            pass
        return raised.value.problem.why

    (tmp_path / "file").write_text("precious")
    assert "something else than a socket" in refused(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "precious"
    assert "at most 107 bytes" in refused(tmp_path / ("x" * 120))
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert "Others may write the folder" in refused(shared / "s")
    shared.chmod(0o1777)
    assert "no group 'nosuchgroup'" in refused(shared / "s", group="nosuchgroup")
    with listen.unix(listen.UnixSocket(shared / "s")):
        assert "Another server listens there" in refused(shared / "s")
    # One that was left behind by a server that was killed is no hindrance.
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "left"))
    left.close()
    with listen.unix(listen.UnixSocket(tmp_path / "left")):
        pass
    assert not (tmp_path / "left").exists()


def made_by(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
               "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
               "-keyout", key, "-out", certificate]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


async def test_tls_and_a_new_certificate_without_a_restart(tmp_path: Path, events: Events) -> None:
    state = tmp_path / "state"
    token = Tokens(state).create("anna", Role.TRACE)
    certificate, key = made_by(tmp_path, "first")
    ours, ours_key = made_by(tmp_path, "client")
    served, served_key = tmp_path / "served.pem", tmp_path / "served.key"
    served.write_bytes(certificate.read_bytes())
    served_key.write_bytes(key.read_bytes())
    options = (f"--tls-cert={served}", f"--tls-key={served_key}", f"--tls-client-ca={ours}")
    with http_process(events.path, state, *options) as (process, url):
        assert url.startswith("https://127.0.0.1:")

        def trusting(authority: Path, *, known: bool = True) -> ssl.SSLContext:
            context = ssl.create_default_context(cafile=authority)
            if known:
                context.load_cert_chain(ours, ours_key)
            return context

        def seen(expected: Path) -> str:
            with (
                socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as plain,
                trusting(expected).wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
            ):
                return str(wrapped.getpeercert()["subject"][0][0][1])  # type: ignore[index]

        transport = httpx2.AsyncHTTPTransport(verify=trusting(certificate))
        async with network_client("http", url, token, "auto", transport) as client:
            assert not (await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})).is_error
        with httpx2.Client(verify=trusting(certificate, known=False)) as stranger, pytest.raises(httpx2.TransportError):
            stranger.get(f"{url}/healthz")

        assert seen(certificate) == "first"
        new, new_key = made_by(tmp_path, "second")
        # Half of a new one: it is refused, and the old one stays.
        served.write_bytes(new.read_bytes())
        process.send_signal(signal.SIGHUP)
        with anyio.fail_after(20):
            while "ERROR" not in (state / "log").read_text():
                await anyio.sleep(0.02)
        assert seen(certificate) == "first"
        served_key.write_bytes(new_key.read_bytes())
        process.send_signal(signal.SIGHUP)
        with anyio.fail_after(20):
            while "WARNING" not in (state / "log").read_text():
                await anyio.sleep(0.02)
        assert seen(new) == "second"
        assert process.poll() is None


@pytest.mark.parametrize("way", ["http-legacy", "sse", "unix"])
async def test_each_way_ends_in_order(tmp_path: Path, events: Events, way: str) -> None:
    """(stdio and the current protocol over HTTP: test_stdio_process.py)"""
    path = tmp_path / "s.sock"
    options = [f"--unix={path}"] if way == "unix" else ["--no-token"]
    with http_process(events.path, tmp_path / "state", *options) as (process, url):
        transport = over(path) if way == "unix" else None
        base = "http://localhost" if way == "unix" else url
        kind, _, era = way.replace("unix", "http").partition("-")
        async with network_client(kind, base, None, "legacy" if era else "auto", transport) as client:
            running, said = anyio.Event(), list[str]()

            async def call() -> None:
                said.append(await trace(client, running, 40))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call)
                await running.wait()
                process.send_signal(signal.SIGTERM)
        assert "The measurement was stopped." in said[0]
        assert process.wait(timeout=60) == -signal.SIGTERM
        assert len(events.times("cancelled")) == len(events.times("cleaned")) == 1
        assert "Traceback" not in (tmp_path / "state" / "log").read_text()


def test_without_tls_a_closed_terminal_ends_it_in_order(tmp_path: Path, events: Events) -> None:
    with http_process(events.path, tmp_path / "state", "--no-token") as (process, _):
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=60) == 128 + signal.SIGHUP


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "choose either --stdio"),
        (("--stdio", "--unix", "/tmp/x/s"), "choose either --stdio"),
        (("--unix", "/tmp/x/s", "--no-token"), "--no-token is for a TCP port"),
        (("--port", "0", "--tls-cert", "c"), "both --tls-cert and --tls-key"),
        (("--port", "0", "--unix-mode", "0600"), "for --unix PATH"),
        (("--unix", "/tmp/x/s", "--unix-mode", "rwx"), "is not a mode"),
    ],
)
def test_what_does_not_fit_together(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    from perfdoctor.server.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())
