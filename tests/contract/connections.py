"""One test, every way to reach the server: the real client over each transport, in both eras of the protocol."""

import os
import subprocess
import sys
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
    """The base URL of a server on a free port of the loopback, once it listens."""
    process = subprocess.Popen(
        fake_server("http", events, state, *rest), cwd=ROOT, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("perfdoctor serves http://"), line + process.stderr.read()
        yield line.split()[2].removesuffix("/mcp")
    finally:
        process.terminate()
        process.communicate(timeout=10)


@asynccontextmanager
async def stdio_client(events: Path, state: Path, mode: str) -> AsyncIterator[Client]:
    command, *arguments = fake_server("stdio", events, state)
    async with Client(StdioServerParameters(command=command, args=arguments, cwd=ROOT), mode=mode) as client:
        yield client


@asynccontextmanager
async def network_client(way: str, url: str, token: str | None, mode: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if way == "sse":
        async with Client(sse_client(f"{url}/sse", headers=headers), mode=mode) as client:
            yield client
    else:
        timeout = httpx2.Timeout(10, read=60)
        async with (
            httpx2.AsyncClient(headers=headers, timeout=timeout) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
        ):
            yield client
