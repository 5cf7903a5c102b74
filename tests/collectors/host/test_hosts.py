"""Every Host keeps the same contract: the machine itself, and what was recorded of it."""

import ctypes
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from perfdoctor.collectors.host.base import Host, Program
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.host.recorded import RecordedHost, RecordingHost
from perfdoctor.schemas.problem import ProblemError

pytestmark = pytest.mark.anyio

SAYS = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"
HUGE = "import os\nfor _ in range(512): os.write(2, b'e' * 8192); os.write(1, b'o' * 8192)"
ANSWERS = """
import os, signal
def answer(*_):
    os.write(1, b'answer\\n')
    os._exit(3)
signal.signal(signal.SIGINT, answer)
print('ready', flush=True)
while True:
    signal.pause()
"""
DEAF = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('ready', flush=True)
while True:
    signal.pause()
"""
DEAF_TO_INT = DEAF.replace("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n", "")

Use = Callable[[Host], Awaitable[None]]


def python(program: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", program]


async def all_of(program: Program) -> bytes:
    return b"".join([chunk async for chunk in program.output()])


async def until_ready(program: Program) -> None:
    async for chunk in program.output():
        assert chunk == b"ready\n"
        return
    raise AssertionError("it ended before it was ready")


@dataclass
class On:
    """Does the same on one kind of host."""

    kind: str
    folder: Path

    async def do(self, use: Use) -> None:
        if self.kind == "local":
            await use(LocalHost())
            return
        recording = RecordingHost(LocalHost(), self.folder)
        await use(recording)
        recording.save()
        await use(RecordedHost(self.folder))


@pytest.fixture(params=["local", "recorded"])
def on(request: pytest.FixtureRequest, tmp_path: Path) -> On:
    return On(request.param, tmp_path / "transcript")


async def test_a_program_says_what_it_says_and_its_code(on: On) -> None:
    async def use(host: Host) -> None:
        async with host.run(python(SAYS)) as program:
            assert await all_of(program) == b"out\n"
            assert await program.wait() == 7
            assert await program.errors() == b"err\n"

    await on.do(use)


async def test_huge_output_on_both_pipes_blocks_nobody(on: On) -> None:
    async def use(host: Host) -> None:
        async with host.run(python(HUGE)) as program:
            assert len(await all_of(program)) == 512 * 8192
            assert await program.wait() == 0
            assert await program.errors() == b"e" * (64 << 10)

    await on.do(use)


async def test_standard_input_is_empty(on: On) -> None:
    async def use(host: Host) -> None:
        async with host.run(python("import sys; print(len(sys.stdin.read()))")) as program:
            assert await all_of(program) == b"0\n"

    await on.do(use)


async def test_an_interrupted_program_gives_its_answer(on: On) -> None:
    async def use(host: Host) -> None:
        async with host.run(python(ANSWERS)) as program:
            said = b""
            async for chunk in program.output():
                said += chunk
                if said == b"ready\n":
                    await program.interrupt()
            assert said == b"ready\nanswer\n"
            assert await program.wait() == 3

    await on.do(use)


async def test_a_program_that_ignores_interrupts_ends_all_the_same(on: On) -> None:
    async def use(host: Host) -> None:
        async with host.run(python(DEAF_TO_INT)) as program:
            await until_ready(program)
            await program.stop()
            assert await program.wait() == -15
            await program.stop()  # once more does no harm

    await on.do(use)


async def test_a_program_that_ignores_everything_is_killed_within_half_a_second(on: On) -> None:
    async def use(host: Host) -> None:
        async with host.run(python(DEAF)) as program:
            await until_ready(program)
            left = time.monotonic()
        assert time.monotonic() - left < 5
        assert await program.wait() == -9

    await on.do(use)


async def test_an_error_in_the_block_leaves_no_program_behind(on: On) -> None:
    async def use(host: Host) -> None:
        started: list[int] = []
        with pytest.raises(ValueError, match="ours"):
            async with host.run(python(DEAF)) as program:
                started.append(program.pid)
                await until_ready(program)
                raise ValueError("ours")
        assert_gone(*started)

    await on.do(use)


async def test_cancelling_leaves_no_program_behind(on: On) -> None:
    async def use(host: Host) -> None:
        started: list[int] = []
        ready = anyio.Event()

        async def run() -> None:
            async with host.run(python(ANSWERS)) as program:
                started.append(program.pid)
                await until_ready(program)
                ready.set()
                await anyio.sleep_forever()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await ready.wait()
            before = time.monotonic()
            tasks.cancel_scope.cancel()
        assert time.monotonic() - before < 5
        assert_gone(*started)

    await on.do(use)


async def test_a_missing_program_is_a_problem_with_a_next_step(on: On) -> None:
    async def use(host: Host) -> None:
        assert host.which("no-such-program") is None
        with pytest.raises(ProblemError) as raised:
            async with host.run(["no-such-program"]):
                pass
        assert raised.value.problem.next_step

    await on.do(use)


async def test_files_folders_and_links(on: On, tmp_path: Path) -> None:
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "one").write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to("nowhere//here")

    async def use(host: Host) -> None:
        assert host.read_file(f"{tmp_path}/things/one") == b"0123456789"
        assert host.read_file(f"{tmp_path}/things/one", 4) == b"0123"
        assert host.list_folder(f"{tmp_path}/things") == ["one"]
        assert host.read_link(f"{tmp_path}/link") == "nowhere//here"
        for ask in (host.read_file, host.list_folder, host.read_link):
            with pytest.raises(OSError):
                ask(f"{tmp_path}/missing")

    await on.do(use)


async def test_programs_are_found_beside_our_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    name = Path(sys.executable).name
    assert LocalHost().which(name) == str(Path(sys.executable).parent / name)


async def test_a_program_hears_no_language_but_c(on: On) -> None:
    async def use(host: Host) -> None:
        asked = python("import os; print(os.environ['LC_ALL'], os.environ['PERFDOCTOR_TEST'])")
        async with host.run(asked, extra_environment={"PERFDOCTOR_TEST": "seen"}) as program:
            assert await all_of(program) == b"C seen\n"

    await on.do(use)


async def test_memory_is_read_exactly_or_not_at_all() -> None:
    memory = LocalHost().memory(os.getpid())
    word = bytearray(b"remembered")
    assert memory.read(address_of(word), 10) == b"remembered"
    for nowhere in (0, 1 << 47, 1 << 70):
        with pytest.raises(OSError):
            memory.read(nowhere, 8)
    memory.close()
    memory.close()


def address_of(word: bytearray) -> int:
    return ctypes.addressof((ctypes.c_char * len(word)).from_buffer(word))


async def test_a_recorded_command_matches_whatever_pid_it_had(tmp_path: Path) -> None:
    recording = RecordingHost(LocalHost(), tmp_path)
    async with recording.run(python("print('as ever')")) as program:
        assert await all_of(program) == b"as ever\n"
    recording.save()
    transcript = tmp_path / "machine.json"
    transcript.write_text(transcript.read_text().replace("'as ever'", "*"))
    async with RecordedHost(tmp_path).run(python("print('another')")) as again:
        assert await all_of(again) == b"as ever\n"


def assert_gone(*pids: int) -> None:
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
