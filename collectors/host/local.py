"""The machine that we run on, directly: programs, files and memory, with our own privileges."""

import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio
from anyio.abc import Process

from perfdoctor.collectors.host.base import Memory, Program
from perfdoctor.schemas.problem import ProblemError

_ERRORS_KEPT = 64 << 10
_CHUNK = 64 << 10
_GRACE = {signal.SIGINT: 3.0, signal.SIGTERM: 1.0, signal.SIGKILL: 2.0}
"""Seconds to wait after each signal: a tracer writes its answer when it is interrupted."""


class LocalProgram:
    """A child process of ours; see ``Program``."""

    def __init__(self, process: Process, kill: bool) -> None:
        self._process, self._kill = process, kill
        self.pid = process.pid
        self._errors = bytearray()
        self._errors_ended = anyio.Event()

    async def output(self) -> AsyncIterator[bytes]:
        assert self._process.stdout is not None
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            while True:
                try:
                    yield await self._process.stdout.receive(_CHUNK)
                except anyio.EndOfStream:
                    return

    async def errors(self) -> bytes:
        if self._process.returncode is not None:
            with anyio.move_on_after(1):
                await self._errors_ended.wait()
        return bytes(self._errors)

    async def collect_errors(self) -> None:
        """Read standard error to its end, so that the program never waits for us; the first 64 KiB are kept."""
        assert self._process.stderr is not None
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            async for chunk in self._process.stderr:
                self._errors += chunk[: max(0, _ERRORS_KEPT - len(self._errors))]
        self._errors_ended.set()

    async def interrupt(self) -> None:
        """Ask it to end and to say what it has: SIGINT, once."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    async def stop(self) -> None:
        for sign, grace in _GRACE.items():
            if self._process.returncode is not None or (sign is signal.SIGKILL and not self._kill):
                return
            with suppress(ProcessLookupError):
                self._process.send_signal(sign)
            with anyio.move_on_after(grace):
                await self._process.wait()

    async def wait(self) -> int:
        return await self._process.wait()


class LocalMemory:
    """/proc/PID/mem, for reading."""

    def __init__(self, pid: int) -> None:
        self._fd = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)

    def read(self, address: int, size: int) -> bytes:
        try:
            data = os.pread(self._fd, size, address)
        except (OverflowError, ValueError) as error:
            raise OSError(14, "not an address") from error
        if len(data) != size:
            raise OSError(14, f"{size} bytes at {address:#x} are not all there")
        return data

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class LocalHost:
    """See ``Host``."""

    def which(self, program: str) -> str | None:
        # py-spy is installed beside our interpreter, which need not be on PATH.
        beside = Path(sys.executable).parent / program
        return shutil.which(program) or (str(beside) if os.access(beside, os.X_OK) else None)

    @asynccontextmanager
    async def run(
        self,
        argv: Sequence[str],
        *,
        kill: bool = True,
        extra_environment: dict[str, str] | None = None,
    ) -> AsyncIterator[Program]:
        path = self.which(argv[0])
        if path is None:
            raise ProblemError(
                f"The program {argv[0]} could not be started.",
                "It is not installed, or not on PATH.",
                "Call tools-check: it names the command that installs it.",
            )
        # A program's words are parsed: they must not depend on the user's language.
        environment = {**os.environ, "LC_ALL": "C", **(extra_environment or {})}
        process = await anyio.open_process(
            [*self._dying_with_us(), path, *argv[1:]],
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=environment,
            start_new_session=True,
        )
        program = LocalProgram(process, kill)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(program.collect_errors)
            try:
                yield program
            finally:
                with anyio.CancelScope(shield=True):
                    await program.stop()
                    for stream in (process.stdout, process.stderr):
                        if stream is not None:
                            await stream.aclose()
                tasks.cancel_scope.cancel()

    @staticmethod
    def _dying_with_us() -> list[str]:
        """When we are killed, the program is interrupted and detaches from its target (PR_SET_PDEATHSIG). setpriv of
        util-linux asks for that; a preexec_fn would run our code between fork and exec, under our threads' locks."""
        setpriv = shutil.which("setpriv")
        return [setpriv, "--pdeathsig", "INT", "--"] if setpriv else []

    def read_file(self, path: str, limit: int = 16 << 20) -> bytes:
        chunks, left = [], limit
        with Path(path).open("rb", buffering=0) as file:
            while left > 0 and (chunk := file.read(min(left, 1 << 20))):
                chunks.append(chunk)
                left -= len(chunk)
        return b"".join(chunks)

    def list_folder(self, path: str) -> list[str]:
        return os.listdir(path)  # noqa: PTH208 - names only, as fast as the system gives them

    def read_link(self, path: str) -> str:
        return os.readlink(path)  # noqa: PTH115 - the text itself: Path would change "a//b" and "(deleted)" suffixes

    def memory(self, pid: int) -> Memory:
        return LocalMemory(pid)
