"""As an unprivileged user with the helper running: every tool on that user's own processes, and on no others."""

import os
import random
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from perfdoctor.collectors.backends.bpf import command, decode
from perfdoctor.collectors.syscall_names import name_of
from tests.live.helped import ask, attacker, opening, plain, probe, program, programs_of, server, start_of
from tests.live.second_user import NOBODY, RunningHelper, SecondUser, running_helper, second_user
from tests.live.workload import Workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]


@pytest.fixture(scope="module")
def user() -> Iterator[SecondUser]:
    with second_user() as one:
        yield one


@pytest.fixture(scope="module")
def helper(user: SecondUser) -> Iterator[RunningHelper]:
    with running_helper(user) as one:
        yield one


async def test_counts_are_exact_by_line(user: SecondUser, helper: RunningHelper) -> None:
    """(of compiled code, too: its user's server reads its files and its memory)"""
    async with (
        program(user, "known_counts.py") as interpreted,
        program(user, "known_counts.c") as compiled,
        server(user, helper) as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(counted_by_line, client, interpreted, user)
        tasks.start_soon(counted_by_line, client, compiled, user)


async def counted_by_line(client: Client, target: Workload, user: SecondUser) -> None:
    assert f"Uid:\t{user.uid}\t{user.uid}\t{user.uid}" in Path(f"/proc/{target.pid}/status").read_text()
    answers: list[dict[str, Any]] = []
    attached = anyio.Event()

    async def progress(_done: float, _total: float | None, message: str | None) -> None:
        if message != "starting":
            attached.set()

    async def trace() -> None:
        arguments = {"pid": target.pid, "seconds": 8, "limit": 50}
        answers.append(await ask(client, "trace-syscalls", arguments, progress_callback=progress))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trace)
        with anyio.fail_after(60):
            await attached.wait()
        truth = await target.go()
        await target.stop()
    [answer] = answers
    assert answer["collection"]["backend"] == "bpf" and answer["collection"]["exact"], answer["collection"]
    expected = {line.line: line.calls for line in truth.values() if "sendto" in line.syscalls}
    by_line = "SELECT code_line, sum(calls) FROM syscalls WHERE recording = '{}' AND syscall = 'sendto' GROUP BY 1"
    sql = by_line.format(answer["recording"])
    queried = await ask(client, "recordings", {"action": "query", "sql": sql, "limit": 100})
    assert expected and {row[0]: row[1] for row in queried["rows"]} == expected


TOOLS: dict[str, dict[str, Any]] = {
    "trace-cpu": {},
    "trace-syscalls": {},
    "trace-files": {},
    "trace-io": {},
    "trace-network": {},
    "trace-locks": {},
    "trace-memory": {"mode": "growth"},
    "trace-function": {"function": "malloc"},
    "diagnose": {},
}
"""every tool that needs privilege, once"""
READS = ("proc-threads", "proc-memory", "proc-watch")


@pytest.mark.timeout(400)
async def test_every_tool_on_ones_own_and_none_on_others(user: SecondUser, helper: RunningHelper) -> None:
    async with program(user, "problems/bytewise_parser.py") as target, server(user, helper) as client:
        told: dict[str, dict[str, Any]] = {}
        refused: dict[str, str] = {}
        at_once = anyio.CapacityLimiter(3)

        async def on_ones_own(tool: str, arguments: dict[str, Any]) -> None:
            async with at_once:
                told[tool] = await ask(client, tool, {"pid": target.pid, "seconds": 0.5, **arguments})

        async def on_roots(tool: str, arguments: dict[str, Any]) -> None:
            result = await client.call_tool(tool, {"pid": os.getpid(), "seconds": 1, **arguments})
            assert result.is_error, tool
            refused[tool] = result.content[0].text  # type: ignore[union-attr]

        async with anyio.create_task_group() as tasks:
            for tool, arguments in TOOLS.items():
                tasks.start_soon(on_ones_own, tool, arguments)
                tasks.start_soon(on_roots, tool, arguments)
            for tool in READS:
                tasks.start_soon(on_roots, tool, {})
        await on_ones_own("trace-memory", {"mode": "allocations"})
    for tool in TOOLS:
        collections = list(told[tool]["collections"].values()) if tool == "diagnose" else [told[tool]["collection"]]
        assert any(one["backend"] == "bpf" for one in collections), (tool, collections)
    assert refused.keys() == TOOLS.keys() | set(READS)
    assert all("may not be inspected" in text and "belongs to root" in text for text in refused.values()), refused


async def test_what_the_helper_itself_refuses(user: SecondUser, helper: RunningHelper) -> None:
    """Not through our server, which would not ask."""
    async with program(user, "problems/bytewise_parser.py") as target, attacker(user) as say:
        me, roots = [target.pid, start_of(target.pid)], [os.getpid(), start_of(os.getpid())]
        await say({"connect": str(helper.path)})
        assert "not yours" in (await say(opening(roots)))["header"]["refused"]
        assert "no process" in (await say(opening([me[0], me[1] - 1])))["header"]["refused"]
        memory = {"ask": "memory", "pid": roots[0], "started": roots[1]}
        assert "not yours" in (await say(memory))["header"]["refused"]
        assert (await say(opening(me, roots)))["header"]["left_out"] == [os.getpid()]
        assert "no file" in (await say(probe(me, "/etc/shadow", 0)))["header"]["why"]
        libc = next(
            line.split()[-1] for line in Path(f"/proc/{target.pid}/maps").read_text().splitlines() if "libc" in line
        )
        inside = f"/proc/{target.pid}/root{libc}"
        assert "no function" in (await say(probe(me, inside, 0x1001)))["header"]["why"]
        assert "not yours" in (await say(probe(roots, inside, 0x1001)))["header"]["refused"]
        async with program(user, "problems/bytewise_parser.py") as other:
            for _ in range(17):  # (places are given back when a connection ends)
                await say({"connect": str(helper.path)})
                assert (await say({"ask": "hello"}))["header"]["version"] == 1
            assert other.pid


async def test_others_are_measured_and_their_code_stays_unread(user: SecondUser) -> None:
    """``[others]`` is about the helper. Names take what only their user may read, so the server does not begin."""
    policy = f'allow = [{user.uid}]\n[others]\n{user.uid} = ["root"]\n'
    with running_helper(user, policy) as open_to_more:
        async with attacker(user) as say, server(user, open_to_more) as client:
            await say({"connect": str(open_to_more.path)})
            assert (await say(opening([os.getpid(), start_of(os.getpid())])))["header"]["left_out"] == []
            said = await client.call_tool("trace-cpu", {"pid": os.getpid(), "seconds": 1})
            text = said.content[0].text  # type: ignore[union-attr]
            assert said.is_error and "may not be inspected" in text and "without CAP_SYS_PTRACE" in text


async def test_who_may_not_connect_is_told_so(user: SecondUser) -> None:
    with running_helper(user, "allow = []\n") as shut:
        async with attacker(user) as say:
            await say({"connect": str(shut.path)})
            said = (await say({"ask": "hello"}))["header"]
            assert "closed" in said or "may not use" in said["refused"]


async def test_a_process_that_gains_privilege_is_let_go(user: SecondUser, helper: RunningHelper) -> None:
    """Its number was checked, its pidfd still holds: only the kernel knows that it is another program by now."""
    raised = user.folder / "raised"
    raised.write_bytes(Path(os.path.realpath(str(shutil.which("sleep")))).read_bytes())
    raised.chmod(0o4755)
    becomes = f"import os; print('ready', os.getpid(), flush=True); input(); os.execv({str(raised)!r}, ['sleep', '30'])"
    for when in ("before", "after"):
        async with attacker(user) as say, plain(user, becomes) as (pid, go_on):
            await say({"connect": str(helper.path)})
            mine = [pid, start_of(pid)]
            assert (await say(opening(mine, name="watch")))["header"]["left_out"] == []
            await say({"ask": "attach", "programs": list(command.OBJECTS["watch"].attachable), "hz": 0})
            if when == "before":
                await go_on()
                await say({"ask": "iterate", "program": "begin"})
            else:
                await say({"ask": "iterate", "program": "begin"})
                await go_on()
            status = Path(f"/proc/{pid}/status").read_text()
            assert f"Uid:\t{user.uid}\t0\t0\t0" in status, "it is root by now, under the same number"
            await say({"ask": "iterate", "program": "finish"})
            raised_count = decode.COUNTERS.index("raised").to_bytes(4, "little").hex()
            told = bytes.fromhex((await say({"ask": "get", "map": "counters", "data": raised_count}))["data"])
            assert any(told), "it was let go"
            rows = bytes.fromhex((await say({"ask": "read", "map": "calls"}))["data"])
            sleep = {call for call in range(512) if name_of(call) in ("clock_nanosleep", "nanosleep")}
            size = decode.CALL_KEY.size + decode.CALL_VALUE.size
            calls = {decode.CALL_KEY.unpack_from(rows, at)[3] for at in range(0, len(rows), size)}
            assert not calls & sleep and (when == "after" or not rows)
            memory = {"ask": "memory", "pid": pid, "started": mine[1]}
            assert "not yours" in (await say(memory))["header"]["refused"]
            os.kill(pid, signal.SIGKILL)


async def test_killed_at_random_nothing_stays_attached(user: SecondUser, helper: RunningHelper) -> None:
    order = random.Random(20)
    async with program(user, "problems/bytewise_parser.py") as target:
        for turn in range(3):
            async with attacker(user) as say:
                await say({"connect": str(helper.path)})
                steps = [
                    opening([target.pid, start_of(target.pid)], name="watch"),
                    {"ask": "attach", "programs": list(command.OBJECTS["watch"].attachable), "hz": 99},
                    {"ask": "iterate", "program": "begin"},
                    {"ask": "take"},
                ]
                for step in steps[: order.randrange(1, 5)]:
                    assert "refused" not in (await say(step))["header"]
                assert programs_of(NOBODY), "it is attached"
                if turn % 2:
                    helper.stop(signal.SIGKILL)
                    helper.start()
            with anyio.fail_after(10):  # (the client has gone, too: attacker kills it)
                while programs_of(NOBODY):
                    await anyio.sleep(0.02)
        before = Path(f"/proc/{target.pid}/io").read_text()
        await anyio.sleep(0.3)
        assert Path(f"/proc/{target.pid}/io").read_text() != before, "it works on"
        assert "TracerPid:\t0" in Path(f"/proc/{target.pid}/status").read_text()


async def test_cancelled_ended_and_killed_windows(user: SecondUser, helper: RunningHelper) -> None:
    """What every Host promises: nothing is left when the caller gives up, the target ends, or the helper is killed."""
    async with program(user, "targets/many_threads.py", "1", "1") as target, server(user, helper) as client:

        async def trace(then: Callable[[], Awaitable[object]]) -> Any:
            attached, told = anyio.Event(), []

            async def progress(_done: float, _total: float | None, message: str | None) -> None:
                if message != "starting":
                    attached.set()

            async def ask_for_it() -> None:
                arguments = {"pid": target.pid, "seconds": 40, "backend": "bpf"}
                told.append(await client.call_tool("trace-syscalls", arguments, progress_callback=progress))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask_for_it)
                with anyio.fail_after(40):
                    await attached.wait()
                assert programs_of(NOBODY)
                if await then() == "cancel":
                    tasks.cancel_scope.cancel()
            with anyio.fail_after(10):
                while programs_of(NOBODY):
                    await anyio.sleep(0.02)
            return told[0] if told else None

        async def cancel() -> str:
            return "cancel"

        async def kill() -> None:
            helper.stop(signal.SIGKILL)

        assert await trace(cancel) is None
        said = await trace(kill)
        assert said.is_error and "the privileged helper" in said.content[0].text, said
        assert "TracerPid:\t0" in Path(f"/proc/{target.pid}/status").read_text()
        helper.start()
        said = await trace(target.stop)
        assert not said.is_error and said.structured_content["window"]["partial"] == "the target ended"
