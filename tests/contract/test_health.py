"""What who watches the server is told: alive, ready, and what it counts."""

import re
import signal
from pathlib import Path

import anyio
import httpx2
import pytest

from perfdoctor.server.policy import Role
from perfdoctor.server.service import Service
from perfdoctor.server.settings import Settings
from perfdoctor.server.tokens import Tokens
from perfdoctor.server.transports.http import Shared, application
from tests.contract.connections import Events, http_process, network_client
from tests.server.fakes import FakeInstruments
from tests.server.samples import PID

pytestmark = pytest.mark.anyio
HOST = "perf.example"


def client(tmp_path: Path, *, guarded: bool = True, open_metrics: bool = False) -> tuple[httpx2.AsyncClient, Shared]:
    service = Service(Settings(state=tmp_path / "state"), FakeInstruments())
    shared, tokens = Shared.of(service), Tokens(tmp_path / "state") if guarded else None
    app = application(service, hosts=[HOST], tokens=tokens, shared=shared, open_metrics=open_metrics)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=f"http://{HOST}"), shared


async def test_ready_means_that_calls_are_taken_and_can_be_kept(tmp_path: Path) -> None:
    asking, shared = client(tmp_path)
    async with asking:
        answer = await asking.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"ready": True})
        assert not list((tmp_path / "state").glob(".ready-*"))
        shared.calls.ending = True
        answer = await asking.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"ready": False, "lacks": "stopping"})
        assert (await asking.get("/healthz")).status_code == 200


async def test_not_ready_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    asking, _ = client(tmp_path, guarded=False)
    async with asking:
        answer = await asking.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["lacks"] == "the store of recordings cannot be opened"


async def test_who_may_read_the_figures(tmp_path: Path) -> None:
    token = {"Authorization": f"Bearer {Tokens(tmp_path / 'state').create('anna', Role.OBSERVE)}"}
    asking, _ = client(tmp_path)
    async with asking:
        assert (await asking.get("/metrics")).status_code == 401
        assert (await asking.get("/metrics", headers=token)).status_code == 200
        assert (await asking.get("/metrics", headers={**token, "Host": "evil.example"})).status_code == 421
    asking, _ = client(tmp_path, open_metrics=True)
    async with asking:
        assert (await asking.get("/metrics")).status_code == 200
        assert (await asking.get("/metrics", headers={"Host": "evil.example"})).status_code == 421
        assert (await asking.get("/metrics", headers={"Origin": "http://evil.example"})).status_code == 403


async def test_what_is_counted(tmp_path: Path, events: Events) -> None:
    token = Tokens(tmp_path).create("anna", Role.ADMIN)
    with http_process(events.path, tmp_path) as (process, url):

        def figures() -> dict[str, float]:
            text = httpx2.get(f"{url}/metrics").text
            return {name: float(value) for name, value in re.findall(r"^(perfdoctor\S+) (\S+)$", text, re.MULTILINE)}

        async with (
            network_client("http", url, token, "legacy") as http,
            network_client("sse", url, token, "auto") as sse,
        ):
            running = anyio.Event()

            async def progress(value: float, total: float | None, message: str | None) -> None:
                running.set()

            async def call() -> None:
                await sse.call_tool("trace-cpu", {"pid": PID, "seconds": 40}, progress_callback=progress)

            await http.call_tool("tools-check", {})
            await http.call_tool("diagnose", {"pid": 999})
            await http.call_tool("x" * 5000, {})
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call)
                await running.wait()
                with anyio.fail_after(10):  # (the first call of all opens the store before it measures)
                    while not (during := figures())["perfdoctor_measurements_running"]:
                        await anyio.sleep(0.01)
                tasks.cancel_scope.cancel()
            with anyio.fail_after(5):
                while not events.times("cleaned") or figures()["perfdoctor_calls_running"]:
                    await anyio.sleep(0.01)
        assert during["perfdoctor_calls_running"] == during["perfdoctor_measurements_running"] == 1
        assert during['perfdoctor_sessions{transport="http"}'] == during['perfdoctor_sessions{transport="sse"}'] == 1
        assert during['perfdoctor_progress_messages_total{outcome="sent"}'] >= 1
        httpx2.post(f"{url}/mcp", json={})
        httpx2.get(f"{url}/metrics", headers={"Host": "evil.example"})
        after = figures()
        process.send_signal(signal.SIGTERM)
    counted = {name: value for name, value in after.items() if name.startswith("perfdoctor_calls_total")}
    assert counted == {
        'perfdoctor_calls_total{outcome="answered",tool="tools-check"}': 1,
        'perfdoctor_calls_total{outcome="refused",tool="diagnose"}': 1,
        'perfdoctor_calls_total{outcome="failed",tool="other"}': 1,
        'perfdoctor_calls_total{outcome="cancelled",tool="trace-cpu"}': 1,
    }
    assert after["perfdoctor_calls_running"] == after["perfdoctor_measurements_running"] == 0
    assert after['perfdoctor_refused_total{reason="token"}'] == 1
    assert after['perfdoctor_refused_total{reason="host"}'] == 1
    assert after["perfdoctor_event_loop_lag_seconds_count"] > 0
    assert after["perfdoctor_process_resident_memory_bytes"] > 0
    assert "x" * 100 not in str(after)
