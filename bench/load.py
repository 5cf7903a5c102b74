"""How many clients does one server process bear at once, and does it grow while it is left running?

    python bench/load.py                 200 clients, each with progress of a real measurement
    python bench/load.py --soak 10       ten minutes of clients that come, ask, cancel and go
    ... --write                          keep the figures in bench/results/load.md

The server is ``perfdoctor serve`` as a team runs it: one process, one token for each client. The clients are the Python
SDK's, a third each on the current protocol, the older one and SSE, all in the process of this program; it needs more of
the machine than the server does, and both share its cores. Each client asks proc-watch of a sleeping process, which
reads /proc and keeps a recording. What happens inside the server is read from its /metrics.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx2
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import TextContent

from perfdoctor.server.policy import Role
from perfdoctor.server.tokens import Tokens

RESULTS = Path(__file__).parent / "results" / "load.md"
KINDS = ("http, current", "http, older", "sse")
TARGET = "import time; print('ready', flush=True); time.sleep(36000)"
AT_ONCE = 20
"""clients that connect at the same time: all 200 in one moment would measure the client"""
SCRAPE = 10
"""seconds between two readings of the figures, as of a Prometheus in a hurry: making them holds the loop up too"""
PATIENCE = 300.0
"""seconds that a client waits: what is slow shall be seen as slow, not fail"""
_SAMPLE = re.compile(r"^(\w+)(?:\{([^}]*)\})? (\S+)$", re.MULTILINE)


@dataclass
class Server:
    pid: int
    url: str
    tokens: list[str]
    target: int

    def metrics(self) -> dict[str, float]:
        """By name and labels as they are written, such as ``perfdoctor_sessions{transport="sse"}``."""
        text = httpx2.get(f"{self.url}/metrics", timeout=PATIENCE).text
        return {
            f"{name}{{{labels}}}" if labels else name: float(value) for name, labels, value in _SAMPLE.findall(text)
        }


@dataclass
class Seen:
    """What one client got."""

    kind: str
    messages: int = 0
    gaps: list[float] = field(default_factory=list)
    answered: bool = False
    seconds: float = 0.0


@contextmanager
def serving(clients: int, **settings: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        tokens = Tokens(Path(folder))
        made = [tokens.create(f"client-{number}", Role.TRACE) for number in range(clients)]
        environment = {**os.environ, "PERFDOCTOR_STATE": folder, **settings}
        target = subprocess.Popen([sys.executable, "-c", TARGET], stdout=subprocess.PIPE)
        assert target.stdout is not None
        target.stdout.readline()
        command = [sys.executable, "-m", "perfdoctor", "serve", "--port", "0"]
        with open(Path(folder) / "log", "w+") as log:
            server = subprocess.Popen(command, stderr=log, env=environment)
            try:
                while "perfdoctor serves" not in (said := (Path(folder) / "log").read_text()):
                    if server.poll() is not None:
                        raise RuntimeError(said)
                    time.sleep(0.05)
                url = said[said.index("http://") :].split()[0].removesuffix("/mcp")
                yield Server(server.pid, url, made, target.pid)
            finally:
                server.terminate()
                server.wait(timeout=20)
                target.kill()
                target.wait()
                if problems := (Path(folder) / "log").read_text().splitlines()[1:]:
                    print("the server said:", *problems[:20], sep="\n  ")


@asynccontextmanager
async def connected(server: Server, kind: str, token: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    if kind == "sse":
        stream = sse_client(f"{server.url}/sse", headers=headers, timeout=PATIENCE)
        async with Client(stream, mode="legacy") as client:
            yield client
        return
    mode = "auto" if kind == "http, current" else "legacy"
    async with (
        httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(PATIENCE)) as http,
        Client(streamable_http_client(f"{server.url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


async def watch(client: Client, server: Server, seconds: float, seen: Seen) -> None:
    last = time.monotonic()

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        nonlocal last
        now = time.monotonic()
        seen.messages += 1
        seen.gaps.append(now - last)
        last = now

    began = time.monotonic()
    asked = {"pid": server.target, "seconds": seconds, "detail": "brief"}
    result = await client.call_tool("proc-watch", asked, progress_callback=progress)
    seen.seconds = time.monotonic() - began
    seen.answered = not result.is_error
    if result.is_error:
        print("refused:", *(each.text for each in result.content if isinstance(each, TextContent)))


async def at_once(clients: int, seconds: float, spread: float) -> dict[str, object]:
    """All clients connect, then all ask, within ``spread`` seconds."""
    with serving(clients, PERFDOCTOR_MAX_TRACES=str(clients + 10)) as server:
        async with connected(server, KINDS[0], server.tokens[0]) as first:  # what is loaded once is nobody's share
            await first.list_tools()
            await watch(first, server, 1, Seen(KINDS[0]))
        empty = server.metrics()
        everybody = [Seen(KINDS[number % len(KINDS)]) for number in range(clients)]
        ready = anyio.CapacityLimiter(AT_ONCE)
        all_connected, go, all_answered = anyio.Event(), anyio.Event(), anyio.Event()
        connections = answers = 0

        async def one(seen: Seen, token: str, wait: float) -> None:
            nonlocal connections, answers
            async with AsyncExitStack() as stack:
                async with ready:
                    client = await stack.enter_async_context(connected(server, seen.kind, token))
                    await client.list_tools()
                connections += 1
                if connections == clients:
                    all_connected.set()
                await go.wait()
                await anyio.sleep(wait)
                await watch(client, server, seconds, seen)
                answers += 1
                if answers == clients:
                    all_answered.set()
                await all_answered.wait()

        during: list[dict[str, float]] = []
        async with anyio.create_task_group() as tasks:
            for number, seen in enumerate(everybody):
                tasks.start_soon(one, seen, server.tokens[number], spread * number / clients)
            await all_connected.wait()
            await anyio.sleep(1)
            idle = await anyio.to_thread.run_sync(server.metrics)
            began = time.monotonic()
            go.set()
            while not all_answered.is_set() or not during:
                with anyio.move_on_after(SCRAPE):
                    await all_answered.wait()
                during.append(await anyio.to_thread.run_sync(server.metrics))
            took = time.monotonic() - began
        return {"asked within, s": spread, **figures(clients, seconds, took, everybody, empty, idle, during)}


def figures(
    clients: int,
    seconds: float,
    took: float,
    everybody: list[Seen],
    empty: dict[str, float],
    idle: dict[str, float],
    during: list[dict[str, float]],
) -> dict[str, object]:
    rss, cpu = "perfdoctor_process_resident_memory_bytes", "perfdoctor_process_cpu_seconds_total"
    end = during[-1]
    sent = difference(idle, end, 'perfdoctor_progress_messages_total{outcome="sent"}')
    received = sum(seen.messages for seen in everybody)
    gaps = sorted(gap for seen in everybody for gap in seen.gaps[1:])
    peak = max(figure[rss] for figure in during)
    return {
        "clients": clients,
        "window": seconds,
        "answered": sum(seen.answered for seen in everybody),
        "progress sent": int(sent),
        "progress received": received,
        "progress lost": int(sent) - received,
        "progress given up": int(difference(idle, end, 'perfdoctor_progress_messages_total{outcome="given up"}')),
        "messages per client and second": round(received / clients / seconds, 2),
        "median gap between messages, s": round(statistics.median(gaps), 3),
        "99 % of gaps below, s": round(gaps[int(len(gaps) * 0.99)], 3),
        "event loop lag, median, ms": round(1000 * quantile(idle, end, 0.5), 1),
        "event loop lag, 99 %, ms": round(1000 * quantile(idle, end, 0.99), 1),
        "slowest call, s": round(max(seen.seconds for seen in everybody), 2),
        "server's CPU, cores": round(difference(idle, end, cpu) / took, 2),
        "memory of the server alone, MB": round(empty[rss] / 1e6, 1),
        "memory of a connected client, KB": round((idle[rss] - empty[rss]) / clients / 1e3),
        "memory of a client at the peak, KB": round((peak - empty[rss]) / clients / 1e3),
        "threads at the end": int(end["perfdoctor_threads"]),
    }


def difference(before: dict[str, float], after: dict[str, float], name: str) -> float:
    return after.get(name, 0.0) - before.get(name, 0.0)


def quantile(before: dict[str, float], after: dict[str, float], share: float) -> float:
    """Of the event loop's lag, interpolated within its bucket."""
    name = "perfdoctor_event_loop_lag_seconds_bucket"
    rows = [(float(key.split('"')[1]), difference(before, after, key)) for key in after if key.startswith(name)]
    rows.sort()
    wanted, below, lower = share * rows[-1][1], 0.0, 0.0
    for upper, count in rows:
        if count >= wanted:
            return lower if upper == float("inf") else lower + (upper - lower) * (wanted - below) / (count - below)
        below, lower = count, upper
    return lower


async def soak(minutes: float, clients: int) -> dict[str, object]:
    """Clients come, list, measure, cancel every fourth measurement, and go; again and again."""
    settings = {"PERFDOCTOR_MAX_TRACES": str(clients + 10), "PERFDOCTOR_KEEP_RECORDINGS": "50"}
    with serving(clients, **settings) as server:
        ends = time.monotonic() + 60 * minutes
        done = {"answered": 0, "cancelled": 0, "failed": 0, "fell while leaving": 0}

        async def one(number: int) -> None:
            turn = 0
            while time.monotonic() < ends:
                turn += 1
                kind, over = KINDS[(number + turn) % len(KINDS)], False
                try:
                    async with connected(server, kind, server.tokens[number]) as client:
                        await client.list_tools()
                        await client.read_resource("guide://workflow")
                        with anyio.move_on_after(0.7 if turn % 4 == 0 else PATIENCE) as patience:
                            await watch(client, server, 2, Seen(kind))
                        done["cancelled" if patience.cancelled_caught else "answered"] += 1
                        over = True
                except Exception as error:
                    # (the SDK's SSE client trips over what still arrives while it leaves)
                    done["fell while leaving" if over else "failed"] += 1
                    if not over:
                        print("failed:", kind, repr(error)[:200])

        readings: list[tuple[float, dict[str, float]]] = []
        began = time.monotonic()
        async with anyio.create_task_group() as tasks:
            for number in range(clients):
                tasks.start_soon(one, number)
            while time.monotonic() < ends:
                await anyio.sleep(min(10.0, 60 * minutes / 12))
                readings.append((time.monotonic() - began, await anyio.to_thread.run_sync(server.metrics)))
        return {"minutes": minutes, "clients": clients, **done, **growth(readings)}


def growth(readings: list[tuple[float, dict[str, float]]]) -> dict[str, object]:
    """The median of the second quarter and of the last: what is made once is there by then, what leaks goes on."""
    quarter = max(1, len(readings) // 4)
    early, late = readings[quarter : 2 * quarter], readings[-quarter:]
    told: dict[str, object] = {}
    memory = [_sum(figures, "perfdoctor_process_resident_memory_bytes") / 1e6 for _, figures in readings]
    told["memory over time, MB"] = " ".join(f"{value:.0f}" for value in memory[:: max(1, len(memory) // 20)])
    for name, key, unit, digits in (
        ("memory, MB", "perfdoctor_process_resident_memory_bytes", 1e6, 1),
        ("open files", "perfdoctor_process_open_fds", 1, 0),
        ("threads", "perfdoctor_threads", 1, 0),
        ("tasks", "perfdoctor_tasks", 1, 0),
        ("sessions", "perfdoctor_sessions", 1, 0),
    ):
        then, now = (statistics.median(_sum(figures, key) / unit for _, figures in part) for part in (early, late))
        told[name] = f"{then:.{digits}f} -> {now:.{digits}f}"
    return told


def _sum(figures: dict[str, float], key: str) -> float:
    return sum(value for name, value in figures.items() if name.partition("{")[0] == key)


def write(part: str, told: dict[str, object], title: str) -> None:
    """Replace one part of the results."""
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores shared by the server and its clients."
    rows = "\n".join(f"| {name} | {value} |" for name, value in told.items())
    block = f"<!-- {part} -->\n## {title}\n\n{machine}\n\n| | |\n|---|---|\n{rows}\n<!-- /{part} -->"
    text = RESULTS.read_text() if RESULTS.exists() else "# One server, many clients\n\n`python bench/load.py`\n"
    pattern = re.compile(rf"<!-- {part} -->.*?<!-- /{part} -->", re.DOTALL)
    text = pattern.sub(lambda _: block, text) if pattern.search(text) else f"{text.rstrip()}\n\n{block}"
    RESULTS.write_text(text.rstrip() + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clients", type=int, help="at once (200; of a soak 12)")
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement")
    parser.add_argument("--spread", type=float, default=5, help="seconds within which all ask (0: in one moment)")
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    parser.add_argument("--write", action="store_true", help=f"keep the figures in {RESULTS.name}")
    given = parser.parse_args()
    if given.soak:
        told = anyio.run(soak, given.soak, given.clients or 12)
        part, title = "soak", f"Left running for {given.soak:g} minutes"
    else:
        told = anyio.run(at_once, given.clients or 200, given.seconds, given.spread)
        moment = "" if given.spread else ", all asking in the same moment"
        part, title = "load" if given.spread else "moment", f"{given.clients or 200} clients at once{moment}"
    print(json.dumps(told, indent=1))
    if given.write:
        write(part, told, title)
    return 0


if __name__ == "__main__":
    sys.exit(main())
