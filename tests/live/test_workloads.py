"""Declared workloads on the real machine: every call from the first instruction on, and nothing left behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import anyio
import pytest

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.progress import silent
from perfdoctor.collectors.workloads.declared import prepared
from perfdoctor.collectors.workloads.run import Outcome, run_once
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.work import Work
from perfdoctor.schemas.workload import Load, Metric, Origin, Ready, Take, Trace, Unit, Workload
from tests.live.need import need
from tests.live.test_over_mcp import ask, server
from tests.live.workload import WORKLOADS, compiled

pytestmark = [pytest.mark.anyio, pytest.mark.live]
HOST = LocalHost()
EXACT = {"getppid": 23, "getuid": 17, "write": 5, "exit_group": 1}
CALLS = sum(EXACT.values())
REQUESTS = 31


@pytest.fixture(autouse=True)
def engine_runs_here() -> None:
    problem = bpf.unavailable(HOST)
    need(problem is None, f"the engine cannot run: {problem}")


@pytest.fixture
def exact() -> str:
    return str(compiled(WORKLOADS / "exact_start.c"))


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def python(program: str, *arguments: str, **more: Any) -> Workload:
    return Workload(argv=(sys.executable, "-I", "-S", "-c", program, *arguments), **more)


def asked(port: int, **more: Any) -> Workload:
    """The server under its load of 31 requests."""
    program = (sys.executable, "-I", "-S", str(WORKLOADS / "asked_server.py"))
    return Workload(
        argv=(*program, "serve", str(port)),
        ready=Ready(port=port),
        load=Load(argv=(*program, "ask", str(port), str(REQUESTS))),
        **more,
    )


async def run(
    workload: Workload, trace: Trace = Trace.COUNTS, seconds: float | None = None, within: float = inf
) -> Outcome:
    declared = prepared("it", workload, None, folder=Path("/"), owner=None, where="this test")
    return await run_once(HOST, declared, repeat=1, trace=trace, seconds=seconds, within=within, progress=silent)


def calls_of(evidence: Evidence) -> dict[str, int]:
    assert evidence.syscalls is not None
    counted: Counter[str] = Counter()
    for row in evidence.syscalls.rows:
        counted[row.syscall] += row.calls
    return dict(counted)


# -- from the first instruction on -----------------------------------------------------------------------------------


@pytest.mark.parametrize("trace", [Trace.COUNTS, Trace.SYSCALLS, Trace.DIAGNOSE])
async def test_every_call_counts_from_the_first_instruction_to_the_last(exact: str, trace: Trace) -> None:
    outcome = await run(Workload(argv=(exact,)), trace)
    assert outcome.failure is None
    assert calls_of(outcome.evidence) == EXACT
    result = outcome.evidence.run
    assert result is not None and (result.syscalls, result.ended) == (CALLS, "exit 0")
    assert outcome.evidence.window.partial is None
    assert outcome.evidence.work == Work(unit="run", count=1)
    how = outcome.evidence.collections["syscalls"]
    assert how.exact and how.reason == "from its first instruction on" and how.lost == 0


async def test_what_it_starts_is_counted_too(exact: str) -> None:
    """A child that is forked and executed at once, and one that leaves its session."""
    starts = """
import os, sys
for _ in range(2):
    if os.fork() == 0:
        os.setsid()
        os.execv(sys.argv[1], ["x", "7"])
os.wait(), os.wait()
"""
    outcome = await run(python(starts, exact))
    calls = calls_of(outcome.evidence)
    assert outcome.failure is None
    assert calls["getppid"] == 2 * 7 * EXACT["getppid"]
    assert calls["setsid"] == 2


async def test_lines_are_named_as_soon_as_they_can_be() -> None:
    looks = (
        "import os, time\ntime.sleep(0.5)\nfor _ in range(53):\n    os.path.exists('/no/such/file')\ntime.sleep(0.3)"
    )
    outcome = await run(python(looks), Trace.DIAGNOSE)
    assert outcome.evidence.syscalls and outcome.evidence.run
    rows = [row for row in outcome.evidence.syscalls.rows if row.object == "/no/such/file"]
    assert sum(row.calls for row in rows) == 53
    assert {frame.line for row in rows for frame in row.stack if frame.function == "<module>"} == {4}
    assert outcome.evidence.target.runtime.startswith("python3.")
    assert any("without their line" in note for note in outcome.evidence.run.notes)
    assert outcome.evidence.age is not None and outcome.evidence.age < 60


async def test_without_the_engine_the_stopwatch_runs(exact: str) -> None:
    outcome = await run(Workload(argv=(exact,)), Trace.NONE)
    assert outcome.evidence.run and outcome.evidence.run.syscalls is None
    assert outcome.evidence.run.seconds > 0 and outcome.evidence.collections == {}


async def test_memory_at_its_highest_is_seen_also_between_two_looks() -> None:
    outcome = await run(python("b'x' * (300 << 20)"), Trace.NONE)
    assert outcome.evidence.run and outcome.evidence.run.peak_bytes
    assert 300 << 20 < outcome.evidence.run.peak_bytes < 400 << 20


# -- a server and its load ---------------------------------------------------------------------------------------------


async def test_a_server_is_measured_while_its_load_runs(port: int) -> None:
    unit = Unit(name="request", pattern=r"asked (\d+)", origin=Origin.LOAD)
    slowest = Metric(pattern=r"slowest ([\d.]+) ms", origin=Origin.LOAD, unit="ms", take=Take.MAX)
    outcome = await run(asked(port, unit=unit, metrics={"slowest": slowest}), Trace.DIAGNOSE)
    evidence, result = outcome.evidence, outcome.evidence.run
    assert outcome.failure is None and result is not None and evidence.syscalls is not None
    assert (result.units, result.unit) == (REQUESTS, "request")
    assert evidence.work == Work(unit="request", count=REQUESTS)
    assert 0 < result.metrics["slowest"] / 1000 < result.seconds
    assert result.ready_seconds and not result.from_start
    assert calls_of(evidence)["accept4"] == REQUESTS
    rows = [row for row in evidence.syscalls.rows if row.object == "/no/such/file"]
    assert sum(row.calls for row in rows) == 3 * REQUESTS
    assert {row.stack[1].function for row in rows} >= {"Answer.do_GET"} or all(row.stack for row in rows)


async def test_lines_of_javascript_are_named_under_load(port: int, tmp_path: Path) -> None:
    need(shutil.which("node"), "there is no node")
    script = tmp_path / "server.js"
    script.write_text(
        """const fs = require('fs')
function look() {
    for (let i = 0; i < 3000; i++) fs.existsSync('/no/such/file')
}
require('http').createServer((_, answer) => { look(); answer.end('ok') }).listen(Number(process.argv[2]))
"""
    )
    served = asked(port).model_copy(update={"argv": ("node", str(script), str(port))})
    outcome = await run(served, Trace.SYSCALLS)
    assert outcome.failure is None and outcome.evidence.syscalls and outcome.evidence.run
    rows = [row for row in outcome.evidence.syscalls.rows if row.object == "/no/such/file"]
    assert sum(row.calls for row in rows) == 3000 * REQUESTS
    placed = [row for row in rows if row.stack and any(frame.function == "look" for frame in row.stack)]
    assert sum(row.calls for row in placed) > 1500 * REQUESTS
    assert outcome.evidence.run.notes == ()


@pytest.mark.parametrize(("what", "trace"), [("accepts", Trace.COUNTS), ("responses", Trace.DIAGNOSE)])
async def test_units_of_work_can_be_seen_by_the_engine(port: int, what: Any, trace: Trace) -> None:
    outcome = await run(asked(port, unit=Unit(seen=what)), trace)
    assert outcome.evidence.run and outcome.evidence.run.units == REQUESTS, outcome.evidence.run


async def test_a_server_can_be_measured_from_its_first_instruction_on(port: int) -> None:
    outcome = await run(asked(port, measure="start"))
    assert outcome.evidence.run and outcome.evidence.run.from_start
    calls = calls_of(outcome.evidence)
    assert calls["accept4"] == REQUESTS and calls["bind"] == 1 and calls["listen"] == 1


async def test_a_server_without_load_is_measured_for_a_while(port: int) -> None:
    workload = asked(port).model_copy(update={"load": None, "ready": Ready(line="^listening$"), "measure": "ready"})
    outcome = await run(workload, seconds=0.5)
    assert outcome.failure is None and outcome.evidence.run
    assert 0.5 <= outcome.evidence.run.seconds < 5
    assert outcome.evidence.run.ended == "stopped: measured for as long as was asked"


# -- what goes wrong is told as what it is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "said", "ended"),
    [
        ("print('no orders'); raise SystemExit(3)", "it ended with exit 3", "exit 3"),
        (
            "import os; print('no orders', flush=True); os.kill(os.getpid(), 11)",
            "killed by SIGSEGV",
            "killed by SIGSEGV",
        ),
        ("import time; print('no orders', flush=True); time.sleep(60)", "longer than 0.6 s", "stopped: it took longer"),
    ],
)
async def test_a_run_that_fails(program: str, said: str, ended: str) -> None:
    outcome = await run(python(program, timeout=0.6 if "sleep" in program else 30))
    assert outcome.failure is not None and said in outcome.failure
    assert outcome.last_words == "no orders"
    assert outcome.evidence.run and outcome.evidence.run.ended.startswith(ended)
    assert outcome.evidence.window.partial == outcome.failure
    assert calls_of(outcome.evidence)["write"] >= 1


async def test_a_run_that_takes_longer_than_its_call_may() -> None:
    outcome = await run(python("import time; time.sleep(60)"), within=0.6)
    assert outcome.failure == "it took longer than 0.6 s (what was left of the longest call)"


async def test_a_code_that_is_declared_good_is_good() -> None:
    outcome = await run(python("raise SystemExit(3)", exit_codes=(0, 3)))
    assert outcome.failure is None and outcome.evidence.run and outcome.evidence.run.ended == "exit 3"


async def test_a_server_that_never_gets_ready(port: int) -> None:
    workload = python("import time; time.sleep(60)", ready=Ready(port=port), measure="ready", timeout=0.6)
    outcome = await run(workload)
    assert outcome.failure == "it was not ready within 0.6 s (its timeout)"


async def test_a_load_that_fails(port: int) -> None:
    outcome = await run(asked(port).model_copy(update={"load": Load(argv=("false",))}), Trace.NONE)
    assert outcome.failure == "its load failed: exit 1 (good are: 0)"


async def test_a_server_that_ends_under_its_load(port: int) -> None:
    ends = "import socket, sys\ns = socket.create_server(('', int(sys.argv[1])))\ns.accept()"
    workload = python(ends, str(port), ready=Ready(port=port), load=asked(port).load)
    outcome = await run(workload)
    assert outcome.failure is not None and "load" in outcome.failure


async def test_a_port_that_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ProblemError, match="is taken"):
        await run(asked(taken.getsockname()[1]))


async def test_children_that_are_left_are_ended_and_told(tmp_path: Path) -> None:
    leaves = (sys.executable, "-I", "-S", str(WORKLOADS / "leaves_group.py"), str(tmp_path / "pids"), "ends")
    outcome = await run(Workload(argv=leaves))
    assert outcome.evidence.run
    assert (
        "1 processes that it had started were still there when it ended; they were ended" in outcome.evidence.run.notes
    )
    assert is_gone(int((tmp_path / "pids").read_text()))


# -- through the server ------------------------------------------------------------------------------------------------


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


@pytest.fixture
def state(tmp_path: Path, exact: str) -> dict[str, str]:
    """The environment of a server whose operator declared some."""
    leaves = [sys.executable, "-I", "-S", str(WORKLOADS / "leaves_group.py"), str(tmp_path / "pids")]
    config = tmp_path / "config.toml"
    config.write_text(
        f"""
[workloads.exact]
argv = {json.dumps([exact])}
[workloads.exact.variants.more]
argv = {json.dumps([exact, "3"])}
[workloads.leaves]
argv = {json.dumps(leaves)}
[workloads.fails]
argv = ["false"]
[workloads.naps]
argv = ["sleep", "0.3"]
"""
    )
    return {
        "PERFDOCTOR_STATE": str(tmp_path / "state"),
        "PERFDOCTOR_CONFIG": str(config),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


async def test_two_variants_take_turns_and_are_held_against_each_other(state: dict[str, str]) -> None:
    async with server(state) as client:
        answer = await ask(client, "workload-run", {"name": "exact", "against": "more", "repeats": 6})
        changes = {change["figure"]: change for change in answer["comparison"]["changes"]}
        calls = changes["system calls"]
        assert (calls["before"], calls["after"]) == (CALLS, 3 * CALLS - 2)
        assert (calls["low"], calls["high"], calls["better"]) == (2 * CALLS - 2, 2 * CALLS - 2, False)
        assert [len(ids) for ids in answer["recordings"].values()] == [6, 6]
        listed = await ask(client, "recordings", {"limit": 20})
        made = [row["summary"].partition(":")[0] for row in reversed(listed["recordings"])]
        order = [name.partition(",")[0].removeprefix("exact") for name in made]
        # The warm-up came before: more and exact take turns at beginning.
        assert order == ["/more", "", "", "/more"] * 3
        # Each is a recording like any other.
        judged = await ask(client, "diagnose", {"recording": answer["recordings"]["exact"][0]})
        assert judged["recording"] == answer["recordings"]["exact"][0]


async def test_a_failure_says_what_it_was_and_keeps_what_was_seen(state: dict[str, str]) -> None:
    async with server(state) as client:
        result = await client.call_tool("workload-run", {"name": "fails", "warm_up": 0})
        assert result.is_error
        text = result.content[0].text  # type: ignore[union-attr]
        assert "fails failed in its repeat 1 of 6: it ended with exit 1 (good are: 0)." in text
        kept = (await ask(client, "recordings", {}))["recordings"]
        assert [row["state"] for row in kept] == ["partial"] and kept[0]["id"] in text


async def test_more_repeats_than_fit_are_refused_with_how_many_fit(state: dict[str, str]) -> None:
    async with server({**state, "PERFDOCTOR_MAX_SECONDS": "4"}) as client:
        before = time.monotonic()
        result = await client.call_tool("workload-run", {"name": "naps", "repeats": 90, "trace": "none"})
        assert result.is_error and "Ask for at most" in result.content[0].text  # type: ignore[union-attr]
        assert time.monotonic() - before < 30


async def test_cancelling_the_call_ends_the_whole_tree(state: dict[str, str], tmp_path: Path) -> None:
    async with server(state) as client:
        async with anyio.create_task_group() as tasks:

            async def call() -> None:
                await client.call_tool("workload-run", {"name": "leaves"})

            tasks.start_soon(call)
            await soon(lambda: away(tmp_path))
            tasks.cancel_scope.cancel()
        await soon(lambda: all(map(is_gone, pids(tmp_path))))
        again = await ask(client, "workload-run", {"name": "exact", "repeats": 1, "warm_up": 0})
        assert again["runs"][0]["syscalls"] == CALLS


@pytest.mark.parametrize("how", ["the client leaves", "SIGTERM", "SIGKILL"])
async def test_losing_the_client_or_the_server_ends_the_whole_tree(
    state: dict[str, str], tmp_path: Path, how: str
) -> None:
    command = [sys.executable, "-m", "perfdoctor.server.cli", "serve", "--stdio"]
    environment = {**os.environ, **state}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as served:
        assert served.stdin and served.stdout
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        call = {"name": "workload-run", "arguments": {"name": "leaves"}}
        for message in (
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
        ):
            served.stdin.write(json.dumps(message) + "\n")
            served.stdin.flush()
        await soon(lambda: away(tmp_path))
        if how == "the client leaves":
            served.stdin.close()
            served.stdin = None
        else:
            served.send_signal(getattr(signal, how))
        await soon(lambda: all(map(is_gone, pids(tmp_path))))
        served.communicate()


def test_at_the_shell(state: dict[str, str]) -> None:
    command = ["perfdoctor", "workload-run", "exact", "--repeats", "2", "--json"]
    told = subprocess.run(command, env={**os.environ, **state}, capture_output=True, text=True, check=True)
    answer = json.loads(told.stdout)
    assert [row["syscalls"] for row in answer["runs"]] == [CALLS, CALLS]


def pids(folder: Path) -> list[int]:
    return [int(word) for word in (folder / "pids").read_text().split()]


def away(folder: Path) -> bool:
    return (folder / "pids").exists() and (folder / "pids").read_text().endswith("\n")


async def soon(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(90):  # (a machine may be busy with other things)
        while not holds():
            await anyio.sleep(0.01)
