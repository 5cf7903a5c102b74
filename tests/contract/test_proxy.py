"""The delivered configuration of nginx before two servers: TLS, progress as it comes, cancellation, one that dies."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from tests.contract.connections import ROOT
from tests.contract.replicas import Callers, Replica, made_callers, replica
from tests.server.samples import PID

pytestmark = pytest.mark.anyio
DELIVERED = ROOT / "deploy" / "proxy" / "nginx.conf"
WAYS = ("http", "http-legacy", "sse-legacy")


@dataclass
class Proxied:
    url: str
    trust: ssl.SSLContext
    callers: Callers
    replicas: tuple[Replica, Replica]

    @asynccontextmanager
    async def client(self, way: str) -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {self.callers.anna}"}
        mode = "legacy" if way.endswith("legacy") else "auto"

        def http_client(**given: object) -> httpx2.AsyncClient:
            return httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(10, read=60), verify=self.trust)

        if way.startswith("sse"):
            async with Client(sse_client(f"{self.url}/sse", httpx_client_factory=http_client), mode=mode) as client:
                yield client
        else:
            async with (
                http_client() as http,
                Client(streamable_http_client(f"{self.url}/mcp", http_client=http), mode=mode) as client,
            ):
                yield client

    def times(self, event: str) -> list[float]:
        return [at for one in self.replicas for at in one.events.times(event)]


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        if os.environ.get("PERFDOCTOR_LIVE") == "1":
            pytest.fail("nginx is not installed: scripts/setup --dev")
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("proxy")
    callers = made_callers(folder / "tokens")
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = asked.getsockname()[1]
    name = f"--allow-host=127.0.0.1:{port}"
    with replica(folder / "one", callers.file, name) as one, replica(folder / "other", callers.file, name) as other:
        _certificate(folder)
        command = [program, "-p", str(folder), "-c", str(_configuration(folder, port, (one, other)))]
        subprocess.run([*command, "-t"], check=True, capture_output=True)
        server = subprocess.Popen(command)
        try:
            _listens(port)
            trust = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
            yield Proxied(f"https://127.0.0.1:{port}", trust, callers, (one, other))
        finally:
            server.terminate()
            server.wait(10)


def _certificate(folder: Path) -> None:
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem"))
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    named = ("-subj", "/CN=perfdoctor.example", "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(["openssl", "req", "-x509", *kind, *files, *named], check=True, capture_output=True)


def _configuration(folder: Path, port: int, servers: tuple[Replica, Replica]) -> Path:
    """The delivered file with our names in it; what it is included in, nginx's own folders apart."""
    site = DELIVERED.read_text()
    for given, ours in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/perfdoctor", str(folder)),
        ("10.0.0.11:8077", servers[0].url.removeprefix("http://")),
        ("10.0.0.12:8077", servers[1].url.removeprefix("http://")),
    ):
        assert site.count(given) == (2 if "ssl/" in given else 1), given
        site = site.replace(given, ours)
    (folder / "site.conf").write_text(site)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    main = folder / "main.conf"
    main.write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{folders}include {folder}/site.conf;\n}}\n"
    )
    return main


def _listens(port: int) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < ends, "nginx does not listen"
            time.sleep(0.02)


@pytest.mark.parametrize("way", ("http", "sse-legacy"))
async def test_progress_comes_as_it_is_made(proxied: Proxied, way: str) -> None:
    arrivals: list[float] = []

    async def progress(value: float, total: float | None, message: str | None) -> None:
        arrivals.append(time.monotonic())

    async with proxied.client(way) as client:
        result = await client.call_tool("trace-cpu", {"pid": PID, "seconds": 1.6}, progress_callback=progress)
        again = await client.call_tool("recordings", {"action": "show", "id": result.structured_content["recording"]})
    ended = time.monotonic()
    assert not result.is_error and not again.is_error
    assert len(arrivals) >= 2
    assert ended - arrivals[0] > 0.8, "they were not collected until the window had ended"


@pytest.mark.parametrize("way", WAYS)
async def test_a_client_that_gives_up_ends_its_window(proxied: Proxied, way: str) -> None:
    running = anyio.Event()

    async def progress(value: float, total: float | None, message: str | None) -> None:
        running.set()

    before = len(proxied.times("cleaned"))
    async with proxied.client(way) as client:
        async with anyio.create_task_group() as tasks:

            async def call() -> None:
                await client.call_tool("trace-syscalls", {"pid": PID, "seconds": 40}, progress_callback=progress)

            tasks.start_soon(call)
            await running.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(10):
            while len(proxied.times("cleaned")) == before:
                await anyio.sleep(0.02)


async def test_what_the_proxy_keeps_to_itself(proxied: Proxied) -> None:
    async with httpx2.AsyncClient(verify=proxied.trust) as http:
        assert (await http.get(f"{proxied.url}/healthz")).status_code == 200
        for path in ("/metrics", "/readyz"):
            assert (await http.get(f"{proxied.url}{path}")).status_code == 404
        assert (await http.post(f"{proxied.url}/mcp", json={})).status_code == 401
        assert (await http.post(f"{proxied.url}/mcp", content=b"x" * (5 << 20))).status_code == 413
        refused = await http.get(f"{proxied.url}/healthz", headers={"Host": "evil.example"})
        assert "evil" not in refused.text
        assert (await http.post(f"{proxied.url}/mcp", json={}, headers={"Host": "evil.example"})).status_code >= 400


async def test_another_server_takes_over(proxied: Proxied) -> None:
    """(the last test: it kills the server that anna's calls went to)"""
    began = [len(one.events.times("began")) for one in proxied.replicas]
    assert sorted(began)[0] == 0 < sorted(began)[1], "all calls of one token went to one server"
    serving = proxied.replicas[began.index(max(began))]
    os.kill(serving.process.pid, signal.SIGKILL)
    serving.process.wait(10)
    async with proxied.client("http") as client:
        assert not (await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})).is_error
