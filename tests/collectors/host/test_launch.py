"""A program under supervision: stopped before its first instruction, and gone with all that it started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from perfdoctor.collectors.host.base import Launch, Launched
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.schemas.problem import ProblemError
from tests.live.need import need

pytestmark = pytest.mark.anyio
HOST = LocalHost()
LEAVES = Path(__file__).parents[2] / "workloads" / "leaves_group.py"
CONTAINED = pytest.mark.parametrize("contained", [True, False], ids=["control group", "by parents"])


def python(program: str, *arguments: str, **more: object) -> Launch:
    argv = (sys.executable, "-I", "-S", "-c", program, *arguments)
    return Launch(argv, {"PATH": os.environ["PATH"]}, **more)  # type: ignore[arg-type]


class Leaving:
    """leaves_group.py, and the process that got away."""

    def __init__(self, folder: Path, *how: str, contained: bool) -> None:
        self._file = folder / "pids"
        argv = (sys.executable, "-I", "-S", str(LEAVES), str(self._file), *how)
        self.launch = Launch(argv, contained=contained)

    def pids(self) -> list[int]:
        return [int(word) for word in self._file.read_text().split()]

    async def away(self, program: Launched) -> int:
        """Started, and away: nothing but its memory says where it came from."""
        need(program.contained or not self.launch.contained, "no control group can be made here")
        await program.go()
        while not self._file.exists() or not self._file.read_text().endswith("\n"):
            await anyio.sleep(0.005)
        (pid,) = self.pids()
        assert os.getsid(pid) != program.pid
        return pid


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


async def soon(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not holds():
            await anyio.sleep(0.005)


async def test_it_waits_before_its_first_instruction(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    async with HOST.launch(python("import sys; open(sys.argv[1], 'w')", str(mark))) as program:
        assert b"supervisor.py" in Path(f"/proc/{program.pid}/cmdline").read_bytes()
        assert not mark.exists()
        await program.go()
        ended = await program.ended()
        assert mark.exists() and ended.status == 0 and ended.at > program.began_at


async def test_what_it_says_and_how_it_ends() -> None:
    said: list[tuple[int, bytes]] = []
    says = "import os, sys; os.write(1, b'out'); os.write(2, b'err' + sys.stdin.read().encode()); sys.exit(7)"
    async with HOST.launch(python(says)) as program, anyio.create_task_group() as tasks:
        tasks.start_soon(program.read, lambda number, chunk: said.append((number, chunk)))
        await program.go()
        assert os.waitstatus_to_exitcode((await program.ended()).status) == 7
    assert sorted(said) == [(1, b"out"), (2, b"err")]


async def test_it_gets_its_environment_and_no_more() -> None:
    said: list[bytes] = []
    launch = Launch(
        (sys.executable, "-I", "-S", "-c", "import os; print(sorted(os.environ), os.getcwd())"), {"A": "1"}, "/"
    )
    async with HOST.launch(launch) as program, anyio.create_task_group() as tasks:
        tasks.start_soon(program.read, lambda _number, chunk: said.append(chunk))
        await program.go()
        await program.ended()
    # (the interpreter itself sets LC_CTYPE where there is no language)
    assert b"".join(said).replace(b", 'LC_CTYPE'", b"") == b"['A'] /\n"


@CONTAINED
async def test_time_of_descendants_counts_also_of_those_that_got_away(contained: bool) -> None:
    burns = """
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        while time.process_time() < 0.11: pass
        os._exit(0)
    os._exit(0)
os.wait()
while time.process_time() < 0.07: pass
time.sleep(0.4)
"""
    async with HOST.launch(python(burns, contained=contained)) as program:
        need(program.contained or not contained, "no control group can be made here")
        await program.go()
        await soon(lambda: len(descendants(program)) == 1)
        ended = await program.ended()
        assert sum(ended.cpu) >= 0.17
        assert sum(await program.cpu()) >= sum(ended.cpu)


def descendants(program: Launched) -> list[int]:
    told = subprocess.run(["ps", "-o", "pid=", "--ppid", str(program.supervisor)], capture_output=True, check=False)
    return [int(word) for word in told.stdout.split()]


@CONTAINED
@pytest.mark.parametrize("how", ["waits", "ends", "starts-another"])
async def test_ending_it_ends_also_what_left_its_group_and_session(tmp_path: Path, contained: bool, how: str) -> None:
    leaving = Leaving(tmp_path, how, contained=contained)
    async with HOST.launch(leaving.launch) as program:
        away = await leaving.away(program)
        if how == "ends":
            await program.ended()
            assert not is_gone(away)
        there, left = await program.end(0.3)
        assert there >= 1 and left == 0
        assert all(map(is_gone, [*leaving.pids(), program.pid]))
        assert len(leaving.pids()) == (1 if how != "starts-another" else len(leaving.pids()))
        assert (await program.end(0.1)) == (0, 0)
    assert not Path(f"/proc/{program.supervisor}").exists()


@CONTAINED
async def test_cancelling_ends_everything(tmp_path: Path, contained: bool) -> None:
    leaving = Leaving(tmp_path, contained=contained)
    pids: list[int] = []
    started = anyio.Event()

    async def run() -> None:
        async with HOST.launch(leaving.launch) as program:
            pids.extend([await leaving.away(program), program.pid, program.supervisor])
            started.set()
            await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await started.wait()
        before = time.monotonic()
        tasks.cancel_scope.cancel()
    assert time.monotonic() - before < 5
    assert all(map(is_gone, pids))


@CONTAINED
async def test_an_error_in_the_block_ends_everything_and_comes_out_as_it_is(tmp_path: Path, contained: bool) -> None:
    leaving = Leaving(tmp_path, contained=contained)
    with pytest.raises(ValueError, match="ours"):
        async with HOST.launch(leaving.launch) as program:
            away = await leaving.away(program)
            raise ValueError("ours")
    assert is_gone(away) and is_gone(program.pid)


@CONTAINED
async def test_when_we_are_killed_everything_ends(tmp_path: Path, contained: bool) -> None:
    """By SIGKILL, which no program survives to clean up."""
    leaving = Leaving(tmp_path, contained=contained)
    ours = f"""
import anyio
from perfdoctor.collectors.host.base import Launch
from perfdoctor.collectors.host.local import LocalHost
async def main():
    async with LocalHost().launch(Launch({leaving.launch.argv!r}, contained={contained})) as program:
        await program.go()
        print(program.pid, program.supervisor, flush=True)
        await anyio.sleep_forever()
anyio.run(main)
"""
    with subprocess.Popen([sys.executable, "-c", ours], stdout=subprocess.PIPE, text=True) as we:
        assert we.stdout is not None
        pids = [int(word) for word in we.stdout.readline().split()]
        await soon(lambda: (tmp_path / "pids").exists() and bool(leaving.pids()))
        we.kill()
    await soon(lambda: all(map(is_gone, [*pids, *leaving.pids()])))


async def test_when_the_supervisor_is_killed_the_program_ends_and_that_is_told(tmp_path: Path) -> None:
    leaving = Leaving(tmp_path, contained=True)
    async with HOST.launch(leaving.launch) as program:
        away = await leaving.away(program)
        os.kill(program.supervisor, signal.SIGKILL)
        with pytest.raises(ProblemError, match="is not known"):
            await program.ended()
        await soon(lambda: is_gone(program.pid))
    await soon(lambda: is_gone(away))


async def test_no_group_is_left_behind(tmp_path: Path) -> None:
    leaving = Leaving(tmp_path, contained=True)
    async with HOST.launch(leaving.launch) as program:
        away = await leaving.away(program)
        line = next(line for line in Path(f"/proc/{away}/cgroup").read_text().splitlines() if line.startswith("0::"))
        group = line.rpartition("/")[2]
        assert group == f"perfdoctor-run-{program.supervisor}"
    assert not [found for found in Path("/sys/fs/cgroup").rglob(group) if found.is_dir()]


@pytest.mark.parametrize(
    ("launch", "why"),
    [
        (Launch(("no-such-program",)), "there is no such program"),
        (Launch(("/etc/passwd",)), "there is no such program that may be executed"),
        (Launch((sys.executable,), folder="/no/such/folder"), "No such file"),
    ],
)
async def test_what_cannot_be_started_is_a_problem(launch: Launch, why: str) -> None:
    with pytest.raises(ProblemError, match=why):
        async with HOST.launch(launch):
            raise AssertionError("it was started")


async def test_what_cannot_be_executed_is_a_problem(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    async with HOST.launch(Launch((str(script),))) as program:
        with pytest.raises(ProblemError, match="No such file"):
            await program.go()


async def test_it_runs_as_somebody_else(tmp_path: Path) -> None:
    need(os.geteuid() == 0, "only root may run programs as somebody else")
    system = next((path for path in ("/usr/bin/id", "/bin/id") if os.access(path, os.X_OK)), None)
    need(system, "there is no id")
    said: list[bytes] = []
    copied: list[bytes] = []
    nobody = (65534, 65534, (65534,))
    async with HOST.launch(Launch((str(system),), user=nobody)) as program, anyio.create_task_group() as tasks:
        tasks.start_soon(program.read, lambda _number, chunk: said.append(chunk))
        await program.go()
        await program.ended()
    async with (
        HOST.launch(Launch(("cp", "/etc/passwd", "/dev/stdout"), {"PATH": "/bin:/usr/bin"}, user=nobody)) as program,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(program.read, lambda _number, chunk: copied.append(chunk))
        await program.go()
        await program.ended()
    assert b"".join(copied) == Path("/etc/passwd").read_bytes()
    assert b"uid=65534" in said[0] and b"groups=65534" in said[0] and b"(root)" not in said[0]
