"""trace-custom as an unprivileged user: the administrator's programs, by the helper, on that user's own processes."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from perfdoctor.collectors.helper import running, slots
from tests.live.helped import attacker, plain, program, programs_of, server, start_of
from tests.live.need import need
from tests.live.second_user import NOBODY, RunningHelper, SecondUser, running_helper, second_user
from tests.live.workload import Workload

pytestmark = [pytest.mark.anyio, pytest.mark.live]
STATS = """// system calls stat, by path
tracepoint:syscalls:sys_enter_newfstatat { @[str(args->filename)] = count(); @who[pid, comm] = count(); }"""
CALLS = """// all system calls, by process
tracepoint:raw_syscalls:sys_enter { @calls[pid] = count(); @reads[pid] = sum(args->id == 0); }"""
UNSAFE = {
    "names": 'BEGIN { printf("%s", ksym(0xffffffff81000000)); }',
    "memory": "tracepoint:sched:sched_switch { @[args->next_comm] = count(); }",
    "shell": 'BEGIN { system("id"); }',
    "kernel": "kprobe:vfs_read { @ = count(); }",
    "files": "uprobe:libc:malloc { @ = count(); }",
}
PROGRAMS = {"stats": STATS, "calls": CALLS, **UNSAFE}


@pytest.fixture(scope="module")
def user() -> Iterator[SecondUser]:
    need(any(Path(place).exists() for place in running.PLACES), "bpftrace must be installed")
    with second_user() as one:
        yield one


@pytest.fixture(scope="module")
def helper(user: SecondUser) -> Iterator[RunningHelper]:
    with running_helper(user, f"allow = [{user.uid}]\nprograms = [{user.uid}]\n") as one:
        for name, text in PROGRAMS.items():
            one.offer(name, text)
        yield one


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    assert not bpftraces(), "it outlived its window"


def bpftraces() -> list[int]:
    """Those that run with the helper's user."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if place.joinpath("comm").read_text() == "bpftrace\n" and place.stat().st_uid in (NOBODY, 0):
                status = place.joinpath("status").read_text()
                if f"Uid:\t{NOBODY}\t" in status:
                    found.append(int(place.name))
        except OSError:
            continue
    return found


async def test_by_the_server_counts_are_exact_and_others_are_not_seen(user: SecondUser, helper: RunningHelper) -> None:
    async with (
        program(user, "called_functions.c") as target,
        program(user, "called_functions.c") as twin,
        server(user, helper, PERFDOCTOR_ALLOW_CUSTOM="true") as client,
    ):

        async def refused(pid: int, text: str) -> str:
            said = await client.call_tool("trace-custom", {"pid": pid, "program": text, "seconds": 1})
            assert said.is_error, said.structured_content
            return str(said.content[0].text)  # type: ignore[union-attr]

        text = await refused(target.pid, STATS)
        assert "administrator's programs only" in text and "stats (system calls stat, by path)" in text
        assert "belongs to root" in await refused(os.getpid(), "stats")
        assert "may not be" in await refused(target.pid, "kernel")
        said, truth = await traced(client, target, twin, "stats")
    assert not said.is_error, said.content
    answer = said.structured_content
    assert answer["collection"]["backend"] == "bpftrace" and answer["collection"]["exact"], answer["collection"]
    maps = {one["name"]: {row["key"]: row["value"] for row in one["rows"]} for one in answer["maps"]}
    everywhere = truth["calls"] + truth["in_child"]
    # The kernel reads the path before the process has: on a page that is not in memory yet it is empty.
    unread = maps["@"].get("", 0)
    assert maps["@"]["/known/path"] + unread == everywhere and unread <= 2
    assert len(maps["@who"]) == 2 and sum(maps["@who"].values()) == everywhere
    assert str(twin.pid) not in {key.split(",")[0] for key in maps["@who"]}
    assert "real_cred" in answer["ran"]


async def traced(client: Client, target: Workload, twin: Workload, name: str) -> tuple[Any, dict[str, Any]]:
    """What the program said while both worked once, and what the target did."""
    answers: list[Any] = []
    attached = anyio.Event()

    async def progress(_done: float, _total: float | None, message: str | None) -> None:
        if message and "attached" in message:
            attached.set()

    async def trace() -> None:
        arguments = {"pid": target.pid, "program": name, "seconds": 20}
        answers.append(await client.call_tool("trace-custom", arguments, progress_callback=progress))
        attached.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trace)
        with anyio.fail_after(60):
            await attached.wait()
        assert not answers, answers[0].content
        truth = await target.work()
        await twin.work()
        await anyio.sleep(0.3)
        await target.stop()
    return answers[0], truth


async def test_what_the_helper_itself_refuses(user: SecondUser, helper: RunningHelper) -> None:
    async with program(user, "called_functions.c") as target, attacker(user) as say:
        mine, roots = [target.pid, start_of(target.pid)], [os.getpid(), start_of(os.getpid())]

        async def refusal(**header: Any) -> str:
            await say({"connect": str(helper.path)})
            said = (await say({"ask": "run", "program": "stats", "children": 0, "pids": [mine], **header}))["header"]
            assert "refused" in said, said
            return f"{said['refused']} {said['why']}"

        assert "not yours" in await refusal(pids=[roots])
        assert "no process" in await refusal(pids=[[mine[0], mine[1] - 1]])
        for name in ("/etc/passwd", "../helper", "stats.bt", "stats\n", "", "none", "x" * 200, STATS):
            assert "no program" in await refusal(program=name), name
        for other in ({"program": 1}, {"children": 2}, {"pids": []}, {"argv": ["-e"]}, {"data": "00"}):
            assert "not understood" in await refusal(**other), other
        for name in UNSAFE:
            assert "may not be" in await refusal(program=name), name
        written = helper.offer("written", STATS)
        written.chmod(0o646)
        assert "nobody else may write" in await refusal(program="written")
        written.chmod(0o644)
        os.chown(written, user.uid, user.gid)
        assert "nobody else may write" in await refusal(program="written")
        link = written.with_name("link.bt")
        link.symlink_to("/etc/shadow")
        assert "cannot be used" in await refusal(program="link")
        for file in (link, written):
            file.unlink()
        await say({"connect": str(helper.path)})
        assert "Nothing runs" in (await say({"ask": "output"}))["header"]["why"]


async def test_the_policy_must_allow_it(user: SecondUser) -> None:
    with running_helper(user) as shut:
        shut.offer("stats", STATS)
        async with program(user, "called_functions.c") as target, attacker(user) as say:
            await say({"connect": str(shut.path)})
            for request in ({"ask": "programs"}, run_request(target.pid)):
                assert "may not have programs run" in (await say(request))["header"]["refused"]
            assert shut.process is not None
            ambient = Path(f"/proc/{shut.process.pid}/status").read_text().partition("CapAmb:")[2].split()[0]
            assert int(ambient, 16) == 0, "nothing would be handed on"


async def test_a_program_that_gains_privilege_is_not_seen(user: SecondUser, helper: RunningHelper) -> None:
    """The same number, and by its start the same process: only the kernel knows that it is root's by now."""
    raised = user.folder / "raised"
    raised.write_bytes(Path(os.path.realpath(str(shutil.which("sleep")))).read_bytes())
    raised.chmod(0o4755)
    becomes = f"import os; print('ready', os.getpid(), flush=True); input(); os.execv({str(raised)!r}, ['sleep', '30'])"
    async with attacker(user) as say, plain(user, becomes) as (pid, go_on):
        await say({"connect": str(helper.path)})
        started = await say(run_request(pid, "calls"))
        assert "refused" not in started["header"], started
        mark = started["header"]["mark"]
        await until(say, mark)
        await go_on()
        await anyio.sleep(0.3)
        await say({"ask": "interrupt"})
        said = await until(say, None)
        os.kill(pid, signal.SIGKILL)
    assert f'"{pid}":' in said, "what it did before"
    # (its own interpreter reads once and executes; what follows, the start of `sleep`, is some fifty calls)
    calls = int(said.partition(f'"@calls": {{"{pid}": ')[2].partition("}")[0])
    assert calls < 12, said


async def test_it_is_confined_and_ends_with_its_client(user: SecondUser, helper: RunningHelper) -> None:
    async with program(user, "called_functions.c") as target:
        for end in ("client", "helper"):
            async with attacker(user) as say:
                await say({"connect": str(helper.path)})
                started = await say(run_request(target.pid))
                await until(say, started["header"]["mark"])
                [pid] = bpftraces()
                status = dict(line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
                held = {bit for bit in range(64) if int(status["CapPrm"], 16) >> bit & 1}
                assert held == {2, 38, 39} and int(status["CapBnd"], 16) and status["NoNewPrivs"].strip() == "1"
                assert status["Seccomp"].strip() == "2" and programs_of(NOBODY)
                limits = Path(f"/proc/{pid}/limits").read_text()
                assert f"Max address space         {1 << 30}" in limits and "Max file size             0" in limits
                if end == "helper":
                    helper.stop(signal.SIGKILL)
                    helper.start()
            with anyio.fail_after(5):
                while bpftraces() or programs_of(NOBODY):
                    await anyio.sleep(0.02)
        assert Path(f"/proc/{target.pid}").exists()


async def test_there_are_so_many_places(user: SecondUser, helper: RunningHelper) -> None:
    async with (
        program(user, "called_functions.c") as target,
        attacker(user) as one,
        attacker(user) as two,
        attacker(user) as three,
    ):
        for say in (one, two):
            await say({"connect": str(helper.path)})
            assert "mark" in (await say(run_request(target.pid)))["header"]
        assert slots.EACH == 2
        await three({"connect": str(helper.path)})
        assert "Too many" in (await three(run_request(target.pid)))["header"]["refused"]
        await one({"connect": str(helper.path)})
        with anyio.fail_after(5):
            while True:  # the place is given back
                await three({"connect": str(helper.path)})
                if "mark" in (await three(run_request(target.pid)))["header"]:
                    break
                await anyio.sleep(0.05)
    with anyio.fail_after(5):
        while bpftraces():
            await anyio.sleep(0.02)


def run_request(pid: int, name: str = "stats") -> dict[str, Any]:
    return {"ask": "run", "program": name, "children": 0, "pids": [[pid, start_of(pid)]]}


async def until(say: Any, mark: str | None) -> str:
    """What was printed until there is ``mark`` in it; None: until the end."""
    said = ""
    with anyio.fail_after(30):
        while True:
            answer = await say({"ask": "output"})
            assert "refused" not in answer["header"], answer
            said += bytes.fromhex(answer["data"]).decode()
            if "code" in answer["header"]:
                assert mark is None, (said, answer)
                return said
            if mark and mark in said:
                return said
            await anyio.sleep(0.05)
