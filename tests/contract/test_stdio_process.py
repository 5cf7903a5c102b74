"""The server as a client starts it: what mcp.json says, and that no way to end it leaves anything behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters

from perfdoctor import __version__
from perfdoctor.server.tools.catalogue import TOOLS
from tests.contract.connections import ROOT, Events, fake_server
from tests.server.samples import PID

pytestmark = pytest.mark.anyio

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
TRACE = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "trace-cpu", "arguments": {"pid": PID, "seconds": 40}, "_meta": {"progressToken": 7}},
}


class Server:
    """A server process with a trace running in it."""

    def __init__(self, events: Events, state: Path) -> None:
        command = fake_server("stdio", events.path, state)
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self.send(HELLO)
        assert "result" in self.receive()
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.send(TRACE)
        assert self.receive()["method"] == "notifications/progress"

    def send(self, message: dict[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, object]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_what_runs_and_cleans_up_first(tmp_path: Path, events: Events, number: signal.Signals) -> None:
    server = Server(events, tmp_path / "state")
    told = time.monotonic()
    server.process.send_signal(number)
    # Our end of its input stays open: it must not wait for that.
    assert server.process.wait(timeout=5) == 128 + number
    assert time.monotonic() - told < 1.5
    assert len(events.times("cancelled")) == len(events.times("cleaned")) == 1
    server.process.communicate()


def test_a_client_that_leaves_ends_the_server(tmp_path: Path, events: Events) -> None:
    server = Server(events, tmp_path / "state")
    assert server.process.stdin is not None
    server.process.stdin.close()
    server.process.stdin = None
    server.process.communicate(timeout=5)
    assert server.process.returncode == 0
    assert len(events.times("cancelled")) == len(events.times("cleaned")) == 1


def test_a_client_that_does_not_read_does_not_stop_the_measurement(tmp_path: Path, events: Events) -> None:
    command = fake_server("stdio", events.path, tmp_path / "state")
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(HELLO) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        # From here on nothing is read. The lists fill the pipe; then the trace begins.
        for number in range(20):
            process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 100 + number, "method": "tools/list"}) + "\n")
        process.stdin.write(json.dumps(TRACE).replace('"seconds": 40', '"seconds": 2') + "\n")
        process.stdin.flush()
        deadline = time.monotonic() + 15
        while not events.times("ended") and time.monotonic() < deadline:
            time.sleep(0.02)
        assert events.times("ended")[0] - events.times("began")[0] < 2.5
        process.kill()


async def test_what_mcp_json_says_works() -> None:
    servers = json.loads((ROOT / "mcp.json").read_text())["mcpServers"]
    entry = servers["perfdoctor"]
    assert entry["command"] == "perfdoctor"
    # The installed script may not be on PATH here; it is the same main().
    command = StdioServerParameters(command=sys.executable, args=["-m", "perfdoctor", *entry["args"]], cwd=ROOT)
    with anyio.fail_after(30):
        async with Client(command) as client:
            assert client.server_info is not None
            assert client.server_info.version == __version__
            assert "proc-find" in (client.instructions or "")
            assert len((await client.list_tools()).tools) == len(TOOLS)
    kinds = {name: (entry.get("type"), entry.get("url", "").rpartition("/")[2]) for name, entry in servers.items()}
    assert kinds == {
        "perfdoctor": ("stdio", ""),
        "perfdoctor-team": ("http", "mcp"),
        "perfdoctor-team-sse": ("sse", "sse"),
    }


def test_http_ends_in_order_too(tmp_path: Path, events: Events) -> None:
    command = fake_server("http", events.path, tmp_path / "state", "--no-token")
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=os.environ)
    assert process.stderr is not None
    url = process.stderr.readline().split()[2]

    async def trace() -> None:
        running, answered = anyio.Event(), anyio.Event()

        async def progress(value: float, total: float | None, message: str | None) -> None:
            running.set()

        async with Client(url) as client, anyio.create_task_group() as tasks:

            async def call() -> None:
                result = await client.call_tool("trace-cpu", {"pid": PID, "seconds": 40}, progress_callback=progress)
                assert result.is_error
                assert "The measurement was stopped." in result.content[0].text
                answered.set()

            tasks.start_soon(call)
            await running.wait()
            process.send_signal(signal.SIGTERM)
            with anyio.fail_after(2):
                await answered.wait()

    anyio.run(trace)
    assert process.wait(timeout=10) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
    process.communicate()
    assert len(events.times("cancelled")) == len(events.times("cleaned")) == 1
