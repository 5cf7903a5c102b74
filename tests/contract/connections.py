"""One test, every way to reach the server: the real client over each transport, in both eras of the protocol."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

ROOT = Path(__file__).resolve().parents[2]
WAYS = ("memory", "memory-legacy", "stdio", "stdio-legacy", "http", "http-legacy", "sse", "sse-legacy")


@dataclass(frozen=True)
class Events:
    """What the server's instruments noticed, across processes."""

    path: Path

    def times(self, event: str) -> list[float]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [float(line.split()[1]) for line in lines if line.split()[0] == event]

    def note(self, event: str, at: float) -> None:
        with self.path.open("a") as file:
            file.write(f"{event} {at}\n")


def fake_server(transport: str, events: Path, state: Path, *rest: str) -> list[str]:
    return [sys.executable, "-m", "tests.contract.fake_server", transport, str(events), str(state), *rest]


@contextmanager
def http_server(events: Path, state: Path, *rest: str) -> Iterator[str]:
    """The base URL of a server on a free port of the loopback (unless ``rest`` says something else), once it
    listens."""
    with http_process(events, state, *rest) as (_, url):
        yield url


@contextmanager
def http_process(events: Path, state: Path, *rest: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The same, with its process, whose standard error goes on in the file ``log`` of the state folder."""
    state.mkdir(mode=0o700, exist_ok=True)
    with (state / "log").open("w+") as log:
        command = fake_server("http", events, state, *rest)
        process = subprocess.Popen(command, cwd=ROOT, stderr=log, text=True, env=os.environ)
        try:
            yield process, _where(process, state / "log")
        finally:
            process.terminate()
            process.wait(timeout=60)


def _where(process: subprocess.Popen[str], log: Path) -> str:
    while "\n" not in (said := log.read_text()) and process.poll() is None:
        time.sleep(0.01)
    lines = [line for line in said.splitlines() if line.startswith("perfdoctor serves ")]
    assert lines, said
    return lines[0].split()[2].removesuffix("/mcp")


@asynccontextmanager
async def stdio_client(events: Path, state: Path, mode: str) -> AsyncIterator[Client]:
    command, *arguments = fake_server("stdio", events, state)
    async with Client(StdioServerParameters(command=command, args=arguments, cwd=ROOT), mode=mode) as client:
        yield client


@asynccontextmanager
async def network_client(
    way: str, url: str, token: str | None, mode: str, transport: httpx2.AsyncBaseTransport | None = None
) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    def http_client(
        headers: dict[str, str] | None = None, timeout: object = None, auth: httpx2.Auth | None = None
    ) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(10, read=60), auth=auth, transport=transport)

    if way == "sse":
        stream = sse_client(f"{url}/sse", headers=headers, httpx_client_factory=http_client)
        async with Client(stream, mode=mode) as client:
            yield client
    else:
        async with (
            http_client(headers) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
        ):
            yield client
