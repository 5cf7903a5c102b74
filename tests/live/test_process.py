"""Real processes: found, described, watched, and refused for the right reason."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from perfdoctor.collectors.files import file_facts
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.memory import MemoryWatch
from perfdoctor.collectors.process import find_processes, watch
from perfdoctor.collectors.system import check_tools
from perfdoctor.collectors.target import find_target, still_there
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.process import ProcessRow
from tests.live.need import need

pytestmark = [pytest.mark.anyio, pytest.mark.live]

HOST = LocalHost()
NOBODY = 65534


@contextlib.contextmanager
def program(code: str, *arguments: str, folder: Path | None = None, user: int | None = None) -> Iterator[list[int]]:
    """A Python program that says its own pid and any other number when it is ready. It ends when its input does."""
    text = "import os, sys\ndef ready(*numbers):\n    print(os.getpid(), *numbers, flush=True)\n" + textwrap.dedent(
        code
    )
    started = subprocess.Popen(
        [sys.executable if user is None else "/usr/bin/python3", "-c", text, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder or "/",
        start_new_session=True,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    try:
        assert started.stdout is not None
        yield [int(word) for word in started.stdout.readline().split()]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.communicate()


WAITS = "ready(); sys.stdin.read()"


def refused(pid: int) -> Problem:
    with pytest.raises(ProblemError) as raised:
        find_target(HOST, pid)
    return raised.value.problem


def as_nobody(code: str) -> dict[str, object]:
    """What ``code`` prints (JSON) in a process that has imported us and then become nobody."""
    need(os.geteuid() == 0, "only root can become nobody")
    text = f"""
import json, os, sys, anyio
from perfdoctor.collectors import process, target, watch
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
anyio.run(anyio.sleep, 0)  # loads what nobody may not read
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
host = LocalHost()
{textwrap.dedent(code)}
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


async def only(**asked: Any) -> ProcessRow:
    answer = await find_processes(HOST, **asked)
    assert answer.total == 1, [(row.pid, row.command) for row in answer.processes]
    return answer.processes[0]


def test_a_live_process_is_described_as_psutil_sees_it(tmp_path: Path) -> None:
    code = "import threading\nfor i in range(4): threading.Thread(target=sys.stdin.read, daemon=True).start()\n" + WAITS
    with program(code, "--api-key", "hunter2", folder=tmp_path) as [pid]:
        target, known = find_target(HOST, pid), psutil.Process(pid)
        assert target.start_time == pytest.approx(known.create_time() - psutil.boot_time(), abs=2)
        assert (target.name, target.user, target.threads) == (known.name(), known.username(), known.num_threads())
        assert target.cwd == str(tmp_path)
        assert target.runtime == f"python3.{sys.version_info.minor}"
        assert target.command[-2:] == ("--api-key", "***") and "hunter2" not in str(target)
        assert still_there(HOST, target)
    assert not still_there(HOST, target)
    assert "no process" in refused(pid).what


def test_a_zombie_is_refused_and_its_parent_named() -> None:
    code = """
        child = os.fork()
        if child == 0:
            os._exit(7)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        ready(child)
        sys.stdin.read()
    """
    with program(code) as [pid, child]:
        problem = refused(child)
        assert "zombie" in problem.what and f"process {pid} (" in problem.why


def test_a_kernel_thread_is_refused() -> None:
    need(psutil.pid_exists(2) and psutil.Process(2).name() == "kthreadd", "pid 2 is a kernel thread outside containers")
    assert "kernel" in refused(2).what


def test_a_thread_is_refused_and_its_process_named() -> None:
    code = """
        import threading
        t = threading.Thread(target=sys.stdin.read, daemon=True)
        t.start()
        ready(t.native_id)
        t.join()
    """
    with program(code) as [pid, tid]:
        assert f"pid {pid}" in refused(tid).next_step


def test_what_never_was_is_refused() -> None:
    limit = int(Path("/proc/sys/kernel/pid_max").read_text())
    assert "proc-find" in refused(limit + 1).next_step


def test_perfdoctor_itself_is_a_target() -> None:
    assert find_target(HOST, os.getpid()).pid == os.getpid()


def test_what_calls_itself_by_another_number_is_found_by_ours() -> None:
    need(os.geteuid() == 0, "a pid namespace needs root")
    code = f"""
        import subprocess
        inner = subprocess.Popen(["unshare", "--pid", "--fork", {sys.executable!r}, "-c",
            "import os, time, sys; os.execlp('sleep', 'sleep', '1009')"])
        seen = []
        while not seen:
            for child in open(f"/proc/{{inner.pid}}/task/{{inner.pid}}/children").read().split():
                if open(f"/proc/{{child}}/comm").read().strip() == "sleep":
                    seen = [int(child)]
        ready(seen[0])
        sys.stdin.read()
    """
    with program(code) as [_, outer]:
        status = Path(f"/proc/{outer}/status").read_text()
        assert "NSpid:\t" + f"{outer}\t1" in status
        assert find_target(HOST, outer).name == "sleep"


def test_nobody_may_not_measure_roots_process() -> None:
    with program(WAITS) as [pid]:
        told = as_nobody(f"""
            try:
                target.find_target(host, {pid})
            except ProblemError as error:
                print(error.problem.model_dump_json())
        """)
    assert "may not be inspected" in str(told["what"])
    assert "belongs to root" in str(told["why"]) and "nobody" in str(told["why"])


def test_nobody_may_measure_their_own_process() -> None:
    need(os.access("/usr/bin/python3", os.X_OK), "a Python that every user may run")
    need(os.geteuid() == 0, "only root can become nobody")
    with program(WAITS, user=NOBODY) as [pid]:
        told = as_nobody(f"print(target.find_target(host, {pid}).model_dump_json())")
    assert told["pid"] == pid and str(told["runtime"]).startswith("python3.")


def test_what_nobody_may_not_read_of_roots_process_is_none_and_said() -> None:
    with program(WAITS) as [pid]:
        start = find_target(HOST, pid).start_time
        told = as_nobody(f"""
            who = Target(pid={pid}, start_time={start}, name="x")
            print(anyio.run(lambda: process.watch(host, who, seconds=0.4)).model_dump_json())
        """)
    readings, collection = told["readings"], told["collection"]
    assert isinstance(readings, list) and isinstance(collection, dict)
    last = readings[-1]
    assert last["rss"] > 1 << 20 and last["threads"] == 1
    assert last["fds"] is None and last["pss"] is None and last["read_calls"] is None
    assert "belongs to root" in collection["warnings"][0] and "fds" in collection["lacks"]


def test_what_nobody_cannot_judge_is_counted() -> None:
    code = """
        import socket
        server = socket.create_server(("127.0.0.1", 0))
        ready(server.getsockname()[1])
        sys.stdin.read()
    """
    with program(code) as [_, port]:
        told = as_nobody(f"print(anyio.run(lambda: process.find_processes(host, port={port})).model_dump_json())")
    assert told["total"] == 0 and int(str(told["unreadable"])) > 0
    assert f"Somebody listens on port {port}" in str(told["summary"])


FAMILY = """
    import signal, socket, time
    server = socket.create_server(("127.0.0.1", 0))
    pids = []
    for i in range(5):
        pid = os.fork()
        if pid == 0:
            if i == 0 and os.fork() == 0:
                signal.pause()
            if i != 0:
                server.close()
            while i == 1:
                sum(range(1000))
            signal.pause()
        pids.append(pid)
    def children(pid):
        return open(f"/proc/{pid}/task/{pid}/children").read().split()
    while not children(pids[0]):
        pass
    ready(server.getsockname()[1], *pids)
    sys.stdin.read()
"""


async def test_a_family_is_found_with_exact_counts_and_the_busy_one_first() -> None:
    with program(FAMILY, "shopfront-1009") as [boss, port, *pids]:
        answer = await find_processes(HOST, query="shopfront-1009")
        assert answer.total == 7
        rows = {row.pid: row for row in answer.processes}
        assert rows[boss].children == 6 and rows[pids[0]].children == 1
        assert all(rows[pid].children == 0 for pid in pids[1:])
        assert answer.processes[0].pid == pids[1] and answer.processes[0].cpu_share > 0.2
        assert rows[boss].ports == (port,) and rows[pids[2]].ports == ()
        assert rows[boss].command.endswith("shopfront-1009")
        listening = await find_processes(HOST, port=port)
        inner = int(Path(f"/proc/{pids[0]}/task/{pids[0]}/children").read_text())
        assert {row.pid for row in listening.processes} == {boss, pids[0], inner}


async def test_found_by_folder_user_and_runtime(tmp_path: Path) -> None:
    with program(WAITS, folder=tmp_path) as [pid]:
        assert (await only(cwd=str(tmp_path))).pid == pid
        assert (await only(cwd=str(tmp_path), runtime="python", user=str(os.geteuid()))).pid == pid
        assert (await find_processes(HOST, cwd=str(tmp_path), runtime="node")).total == 0
    assert (await find_processes(HOST, cwd=str(tmp_path))).total == 0


async def test_perfdoctor_and_those_who_started_it_come_last() -> None:
    answer = await find_processes(HOST, limit=5000)
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    shown = [row.pid for row in answer.processes]
    assert set(shown[-len(ours & set(shown)) :]) == ours & set(shown)
    assert next(row for row in answer.processes if row.pid == os.getpid()).why == "perfdoctor itself"


async def test_a_sweep_leaves_the_event_loop_free() -> None:
    late = []

    async def tick() -> None:
        while True:
            before = time.monotonic()
            await anyio.sleep(0.01)
            late.append(time.monotonic() - before)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        await find_processes(HOST, runtime="java")
        tasks.cancel_scope.cancel()
    assert len(late) >= 5


async def test_cpu_of_a_family_is_what_the_kernel_charged() -> None:
    """Children come and go: each burns 0.05 s of CPU time, one after the other."""
    code = """
        import time
        ready()
        while True:
            if os.fork() == 0:
                while time.process_time() < 0.05:
                    sum(range(1000))
                os._exit(0)
            os.wait()
    """
    with program(code) as [pid]:
        target = find_target(HOST, pid)
        answer = await watch(HOST, target, seconds=2)
        known = psutil.Process(pid).cpu_times()
        mean = next(trend.mean for trend in answer.trends if trend.metric == "cpu")
        spent = mean * answer.window.seconds
        since_birth = known.user + known.system + known.children_user + known.children_system
        assert 0.3 < spent <= since_birth + 0.1
        alone = await watch(HOST, target.model_copy(update={"children": False}), seconds=0.4)
        assert next(trend.mean for trend in alone.trends if trend.metric == "cpu") < mean


async def test_calls_and_files_are_counted() -> None:
    """After each word, 1009 reads of one byte."""
    code = """
        held = [open("/dev/null") for i in range(23)]
        import socket
        pair = socket.socketpair()
        ready()
        for line in sys.stdin:
            for i in range(1009):
                os.pread(held[0].fileno(), 1, 0)
            break
        sys.stdin.read()
    """
    with program(code) as [pid]:
        target = find_target(HOST, pid)
        told: list[tuple[float, str]] = []

        def progress(elapsed: float, message: str) -> None:
            if not told:
                os.write(write_end, b"go\n")
            told.append((elapsed, message))

        write_end = os.open(f"/proc/{pid}/fd/0", os.O_WRONLY)
        try:
            answer = await watch(HOST, target, seconds=1.2, progress=progress)
        finally:
            os.close(write_end)
        means = {trend.metric: trend.mean for trend in answer.trends}
        assert 1009 <= round(means["read_calls"] * answer.window.seconds) <= 1009 + 5
        assert means["fds"] == len(os.listdir(f"/proc/{pid}/fd")) and means["sockets"] == 2
        assert means["pss"] > 1 << 20 and means["rss"] >= means["pss"]
        gaps = [later - earlier for (earlier, _), (later, _) in pairwise(told)]
        assert len(told) >= 4 and max(gaps) < 0.5 and "open files" in told[-1][1]
        assert answer.window.partial is None and answer.window.seconds == pytest.approx(1.2, abs=0.2)
        assert answer.collection.warnings == () and answer.collection.lacks == ()


async def test_a_target_that_ends_gives_what_was_seen() -> None:
    with program(WAITS) as [pid]:
        target = find_target(HOST, pid)

        def progress(elapsed: float, _message: str) -> None:
            if elapsed > 0.3:
                os.kill(pid, signal.SIGKILL)

        begun = time.monotonic()
        answer = await watch(HOST, target, seconds=30, progress=progress)
        assert time.monotonic() - begun < 25  # and not the 30 seconds asked for
        assert answer.window.partial == "the target ended" and answer.window.seconds < 5
        assert len(answer.readings) >= 1


async def test_a_watch_that_is_cancelled_stops_at_once() -> None:
    with program(WAITS) as [pid]:
        target = find_target(HOST, pid)
        with anyio.move_on_after(0.5) as scope:
            await watch(HOST, target, seconds=30)
        assert scope.cancelled_caught and anyio.current_time() - scope.deadline < 0.5
        assert still_there(HOST, target)


GROWS = """
    import mmap, time
    kind = sys.argv[1]
    held = [bytearray(b"x") * (8 << 20)] if kind == "plateau" else []
    ready()
    for turn in range(100_000):
        if kind == "growth" or (kind == "sawtooth" and len(held) < 13):
            held.append(mmap.mmap(-1, 1 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
            held[-1].write(b"x" * (1 << 20))
        elif kind == "sawtooth":
            for piece in held:
                piece.close()
            held.clear()
        time.sleep(0.02)
"""


@pytest.mark.parametrize(("kind", "grows"), [("growth", True), ("sawtooth", False), ("plateau", False)])
async def test_growing_memory_and_what_looks_like_it(kind: str, grows: bool) -> None:
    with program(GROWS, kind) as [pid]:
        memory = MemoryWatch(HOST, find_target(HOST, pid))
        began = anyio.current_time()
        while (at := anyio.current_time() - began) < 2.5:
            memory.sample(at)
            await anyio.sleep(0.1)
        trend = memory.trend()
        assert (trend.confidence > 0.8) == grows, trend
        if grows:
            assert 10e6 < trend.bytes_per_second < 60e6  # at most 50 MiB a second
            assert trend.minor_faults > 256 * 10


def test_files_are_seen_through_the_targets_root(tmp_path: Path) -> None:
    need(os.geteuid() == 0, "chroot needs root")
    for folder in ("etc", "run", "var"):
        (tmp_path / folder).mkdir()
    (tmp_path / "etc" / "shop.conf").write_bytes(b"x" * 1009)
    (tmp_path / "run" / "state").write_bytes(b"x" * 23)
    (tmp_path / "var" / "run").symlink_to("/run")  # as on every distribution
    (tmp_path / "etc" / "passwd").symlink_to("../../../../../../etc/hostname")
    (tmp_path / "etc" / "outside").symlink_to("/etc/passwd")
    with program(f"os.chroot({str(tmp_path)!r}); os.chdir('/etc'); ready(); sys.stdin.read()") as [pid]:
        target = find_target(HOST, pid)
        paths = ["/etc/shop.conf", "shop.conf", "/var/run/state", "/etc/passwd", "/etc/outside", "/etc/os-release"]
        facts = file_facts(HOST, target, paths, since=0)
    assert [(fact.kind, fact.size) for fact in facts[:3]] == [("file", 1009), ("file", 1009), ("file", 23)]
    # A link that climbs out ends at the target's root; what only we have is not there for it.
    assert [fact.kind for fact in facts[3:]] == ["missing"] * 3


PROGRAMS = {"bpftrace", "perf", "strace", "ltrace", "py-spy"}


async def test_tools_check_names_what_is_here() -> None:
    answer = await check_tools(HOST)
    states = {state.backend: state for state in answer.backends}
    assert set(states) == {*PROGRAMS, "bpf", "jvm", "node", "sockets", "proc"}
    for state in states.values():
        assert state.available or state.unlock, state
        if state.available and state.backend in PROGRAMS:
            assert state.version and state.version[0].isdigit()
    assert states["proc"].available
    assert any(f"python3.{sys.version_info.minor} (" in runtime for runtime in answer.runtimes)
