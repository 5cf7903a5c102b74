"""Whose process it is, on real ones: another user's through every tool, and a pid that changes hands."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.target import find_target
from perfdoctor.collectors.whose import Held, whose
from perfdoctor.server.instruments import ThisMachine
from perfdoctor.server.policy import LOCAL, Caller, Role
from perfdoctor.server.rules import Rule
from perfdoctor.server.service import Call, Service
from perfdoctor.server.settings import Settings
from perfdoctor.server.tools.catalogue import TOOLS, find
from perfdoctor.server.tools.outcome import Outcome, run
from tests.live.need import need

pytestmark = [pytest.mark.anyio, pytest.mark.live]

NOBODY, DAEMON = 65534, 1
CI = Caller("ci-7", Role.OPERATE)
NEEDED: dict[str, dict[str, Any]] = {
    "trace-function": {"function": "f"},
    "trace-custom": {"program": "BEGIN { exit(); }"},
}
ABSENT = 4_190_000
NAME = f"whose-{os.getpid()}"
"""what our programs call themselves"""
WAIT = "import sys, time; print('ready', flush=True); time.sleep(60)"
FAMILY = f"""
import os, time
child = os.fork()
user = {DAEMON} if child == 0 else {NOBODY}
os.setresgid(user, user, user), os.setresuid(user, user, user)
if child:
    time.sleep(0.2)
    print('ready', flush=True)
time.sleep(60)
"""
_CLONE3 = 435


@pytest.fixture(autouse=True)
def as_root() -> None:
    need(os.geteuid() == 0, "only root can start processes as others")


@contextmanager
def python(code: str, user: int | None) -> Iterator[int]:
    """A program that gives up root by itself: others may not even find our interpreter."""
    gone = f"import os; open('/proc/self/comm', 'w').write('{NAME}')\n"
    gone += f"os.setgroups([]); os.setresgid(*3 * [{user}]); os.setresuid(*3 * [{user}])\n"
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", (gone if user is not None else "") + code],
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


class Room:
    def __init__(self, state: Path, **rule: Any) -> None:
        rules = (Rule.model_validate({"identity": "ci-*", **rule}),) if rule else ()
        self.service = Service(Settings(state=state, allow_custom=True, rules=rules), ThisMachine())
        self.looked = False

    async def ask(self, tool: str, caller: Caller = CI, **arguments: Any) -> Outcome:
        definition = find(tool)
        assert definition is not None
        return await run(definition, Call(self.service, caller, self._see), arguments)

    def _see(self, elapsed: float, _message: str) -> None:
        self.looked |= elapsed > 1.0

    async def has_looked(self) -> None:
        """Until a window has been open for a second."""
        while not self.looked:
            await anyio.sleep(0.05)


async def test_anothers_process_is_not_there_by_any_tool(tmp_path: Path) -> None:
    room = Room(tmp_path, users=["nobody"])
    with python(WAIT, DAEMON) as theirs, python(WAIT, NOBODY) as mine:
        for tool in [tool.name for tool in TOOLS if "pid" in tool.arguments.model_fields]:
            asked = {"seconds": 0.1, **NEEDED.get(tool, {})}
            hidden = await room.ask(tool, pid=theirs, **asked)
            absent = await room.ask(tool, pid=ABSENT, **asked)
            assert hidden.denied
            assert hidden.text.replace(str(theirs), "") == absent.text.replace(str(ABSENT), "")
        assert not (await room.ask("proc-watch", pid=mine, seconds=0.1)).refused
        both = await Room(tmp_path).ask("proc-watch", LOCAL, name=NAME, seconds=0.1)
        one = await room.ask("proc-watch", name=NAME, seconds=0.1)
        assert {theirs, mine} <= {both.structured["target"]["pid"], *both.structured["target"]["others"]}
        assert one.structured["target"]["pid"] == mine
        assert theirs not in one.structured["target"]["others"]


async def test_proc_find_says_nothing_of_others(tmp_path: Path) -> None:
    room = Room(tmp_path, users=["nobody"])
    with python(WAIT, DAEMON) as theirs, python(WAIT, NOBODY) as mine:
        found = (await room.ask("proc-find", limit=200)).structured
        assert {row["user"] for row in found["processes"]} == {"nobody"}
        assert mine in {row["pid"] for row in found["processes"]}
        assert all(row["ppid"] == 0 for row in found["processes"] if row["pid"] == mine), "its parent is root's"
        assert found["total"] < (await room.ask("proc-find", LOCAL)).structured["total"]
        nothing = await room.ask("proc-find", query=str(theirs))
        assert nothing.structured["total"] == 0
        assert str(theirs) not in nothing.text.replace(f"`{theirs}`", "")


async def test_a_child_of_another_user(tmp_path: Path) -> None:
    room = Room(tmp_path, users=["nobody"])
    with python(FAMILY, None) as parent:
        refused = await room.ask("proc-watch", pid=parent, seconds=0.1)
        assert refused.denied and "children=false" in refused.text
        assert not (await room.ask("proc-watch", pid=parent, seconds=0.1, children=False)).refused
        both = Room(tmp_path, users=["nobody", "daemon"])
        assert not (await both.ask("proc-watch", pid=parent, seconds=0.1)).refused


async def test_a_child_that_becomes_root_in_the_window(tmp_path: Path) -> None:
    """A program with set-user-id, as sudo is one."""
    with TemporaryDirectory() as folder:
        need(not os.statvfs(folder).f_flag & os.ST_NOSUID, "set-user-id is not honoured here")
        os.chmod(folder, 0o711)
        program = Path(folder) / "as-root"
        shutil.copy("/bin/sleep", program)
        program.chmod(0o4755)
        await _window_of_one_that_starts(program, Room(tmp_path, users=["nobody"]))


async def _window_of_one_that_starts(program: Path, room: Room) -> None:
    code = f"""
import os, time
print('ready', flush=True)
time.sleep(0.6)
os.posix_spawn({str(program)!r}, ['as-root', '30'], {{}})
time.sleep(30)
"""
    with python(code, NOBODY) as parent, anyio.fail_after(30):
        refused = await room.ask("proc-watch", pid=parent, seconds=40)
    assert refused.denied
    assert "Not all children" in refused.text
    assert (await room.service.recordings_of(LOCAL).list(9))[1] == 0


class _CloneArguments(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in (
        "flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls", "set_tid",
        "set_tid_size", "cgroup",
    )]  # fmt: skip


def become(pid: int) -> bool:
    """Start `sleep` as process ``pid`` (clone3(2), set_tid); False when that number is taken."""
    wanted = (ctypes.c_int32 * 1)(pid)
    arguments = _CloneArguments(exit_signal=signal.SIGCHLD, set_tid=ctypes.addressof(wanted), set_tid_size=1)
    libc = ctypes.PyDLL(None, use_errno=True)  # (keeps the interpreter's lock: the child has it too)
    made = libc.syscall(_CLONE3, ctypes.byref(arguments), ctypes.sizeof(arguments))
    if made == 0:
        try:
            os.execv("/bin/sleep", ["sleep", "60"])
        finally:
            os._exit(1)
    need(made > 0 or ctypes.get_errno() == 17, f"clone3 cannot set a pid here (errno {ctypes.get_errno()})")
    return made == pid


class Handed:
    """A process whose number another one takes when ``over`` is called."""

    def __init__(self) -> None:
        self._first = subprocess.Popen(["/bin/sleep", "60"])
        self.pid = self._first.pid

    def over(self) -> None:
        self._first.kill()
        self._first.wait()
        need(become(self.pid), "somebody else was faster to take the number")

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


@pytest.fixture
def handed() -> Iterator[Handed]:
    one = Handed()
    try:
        yield one
    finally:
        one.end()


async def test_a_pid_that_changes_hands_between_check_and_trace(tmp_path: Path, handed: Handed) -> None:
    call = Call(Room(tmp_path).service, LOCAL, lambda _e, _m: None, tool="proc-watch")
    target = await call.instruments.find_target(handed.pid, children=True)
    await anyio.sleep(0.05)  # start times are told in hundredths of a second
    handed.over()
    with pytest.raises(Exception, match="another process has taken its number"):
        await call.instruments.watch(target, seconds=0.1, progress=call.progress)


async def test_a_pid_that_changes_hands_in_the_window(tmp_path: Path, handed: Handed) -> None:
    room = Room(tmp_path)

    async def later() -> None:
        await room.has_looked()
        handed.over()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(later)
        with anyio.fail_after(20):
            refused = await room.ask("proc-watch", LOCAL, pid=handed.pid, seconds=30)
    assert refused.refused
    assert "another process has taken its number" in refused.text
    assert (await room.service.recordings_of(LOCAL).list(9))[1] == 0


async def test_one_that_only_ends_has_its_evidence(tmp_path: Path, handed: Handed) -> None:
    room = Room(tmp_path)

    async def later() -> None:
        await room.has_looked()
        handed._first.kill()
        handed._first.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(later)
        watched = await room.ask("proc-watch", LOCAL, pid=handed.pid, seconds=30)
    assert not watched.refused
    assert watched.structured["window"]["partial"]


def test_what_is_held_is_let_go(handed: Handed) -> None:
    before = len(os.listdir("/proc/self/fd"))
    held = Held(LocalHost(), find_target(LocalHost(), handed.pid))
    assert held.check() and not held.any_ended
    handed._first.kill()
    handed._first.wait()
    assert held.check() and held.any_ended
    held.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_whose_we_are() -> None:
    us = whose(LocalHost(), os.getpid())
    assert us is not None
    assert ("root", "0") in us.users
    assert any(name.startswith("python") or name == "pytest" for name in us.names)
    assert us.containers
    assert whose(LocalHost(), ABSENT) is None
