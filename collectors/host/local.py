"""The machine that we run on, directly: programs, files and memory, with our own privileges."""

import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio
from anyio.abc import Process

from perfdoctor.collectors.cgroups.where import groups_of
from perfdoctor.collectors.host import private_tracefs, supervisor
from perfdoctor.collectors.host.base import Helper, Launch, Launched, Memory, Program
from perfdoctor.collectors.host.launched import SupervisedProgram
from perfdoctor.schemas.problem import ProblemError

_ERRORS_KEPT = 64 << 10
_CHUNK = 64 << 10
_PAGE = os.sysconf("SC_PAGE_SIZE")
_FIRST_READ, _MOST_READ = 4 << 10, 1 << 20
"""bytes asked for at once: of the beginning of a file, and at most of what follows"""
_GRACE = {signal.SIGINT: 0.2, signal.SIGTERM: 0.1, signal.SIGKILL: 5.0}
"""Seconds to wait after each signal. Short: who wants the program's answer interrupts it and reads to the end first."""
_PATIENT = {signal.SIGINT: 3.0, signal.SIGTERM: 3.0}
"""For a program that may not be killed: it has to put its target in order."""


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
            # A grandchild may hold the pipe open: what has come within a second is all.
            with anyio.move_on_after(1):
                await self._errors_ended.wait()
        return bytes(self._errors)

    async def collect_errors(self) -> None:
        """Read standard error to its end, so that the program never waits for us; the first 64 KiB are kept."""
        assert self._process.stderr is not None
        try:
            with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
                async for chunk in self._process.stderr:
                    self._errors += chunk[: max(0, _ERRORS_KEPT - len(self._errors))]
        finally:
            self._errors_ended.set()

    async def interrupt(self) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    async def stop(self) -> None:
        for sign, grace in (_GRACE if self._kill else _PATIENT).items():
            if self._process.returncode is not None:
                return
            with suppress(ProcessLookupError):
                self._process.send_signal(sign)
            with anyio.move_on_after(grace):
                await self._process.wait()

    async def wait(self) -> int:
        return await self._process.wait()


class LocalMemory:
    """/proc/PID/mem, for reading."""

    def __init__(self, pid: int, *, fd: int | None = None) -> None:
        """``fd``: a descriptor of it that is open already, and is ours from here on."""
        self._pid, self._pages = pid, -1
        self._fd = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC) if fd is None else fd

    def read(self, address: int, size: int) -> bytes:
        try:
            data = os.pread(self._fd, size, address)
        except (OverflowError, ValueError) as error:
            raise OSError(14, "not an address") from error
        if len(data) != size:
            raise OSError(14, f"{size} bytes at {address:#x} are not all there")
        return data

    def resident(self, address: int, size: int) -> list[bool]:
        if self._pages < 0:
            self._pages = os.open(f"/proc/{self._pid}/pagemap", os.O_RDONLY | os.O_CLOEXEC)
        pages = -(-size // _PAGE)
        try:
            told = os.pread(self._pages, pages * 8, address // _PAGE * 8)
        except (OverflowError, ValueError) as error:
            raise OSError(14, "not an address") from error
        if len(told) != pages * 8:
            raise OSError(14, f"the pages at {address:#x} are not all told")
        return [byte & 0x80 != 0 for byte in told[7::8]]  # bit 63: present (little endian)

    def close(self) -> None:
        for fd in (self._fd, self._pages):
            if fd >= 0:
                os.close(fd)
        self._fd = self._pages = -1


class LocalHost:
    """See ``Host``."""

    helper: Helper | None = None

    def __init__(self, *, attach_runtimes: bool = True) -> None:
        self.attach_runtimes = attach_runtimes

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
        tracefs: bool = False,
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
            [*_dying_with_us(kill), *(_seeing_tracefs() if tracefs else ()), path, *argv[1:]],
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C at our terminal is for us: we end it in order
        )
        program = LocalProgram(process, kill)
        try:
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
        except BaseExceptionGroup as group:
            # Our own task raises nothing: a lone error is the block's, and is its caller's to catch by its type.
            if len(group.exceptions) == 1:
                raise group.exceptions[0] from group.exceptions[0].__cause__
            raise

    @asynccontextmanager
    async def launch(self, wanted: Launch) -> AsyncIterator[Launched]:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = await anyio.open_process(
                    # Isolated and without site, as for tracefs above.
                    [sys.executable, "-I", "-S", str(supervisor.__file__), str(theirs.fileno())],
                    stdin=DEVNULL,
                    stdout=PIPE,
                    stderr=PIPE,
                    pass_fds=[theirs.fileno()],
                    env={},
                    start_new_session=True,
                )
            program = SupervisedProgram(process, ours)
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(program.listen)
                    try:
                        await program.prepare(wanted, self._groups() if wanted.contained else ())
                        yield program
                    finally:
                        with anyio.CancelScope(shield=True):
                            await program.close()
                        tasks.cancel_scope.cancel()
            except BaseExceptionGroup as group:
                # As in ``run``: a lone error is the block's.
                if len(group.exceptions) == 1:
                    raise group.exceptions[0] from group.exceptions[0].__cause__
                raise

    def read_file(self, path: str, limit: int = 16 << 20) -> bytes:
        # (the system's own calls: most are files of /proc that hold a line, and are read some thousand times a second)
        chunks, left, room = [], limit, _FIRST_READ
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while left > 0 and (chunk := os.read(file, min(left, room))):
                chunks.append(chunk)
                left -= len(chunk)
                room = min(4 * room, _MOST_READ)
        finally:
            os.close(file)
        return b"".join(chunks)

    def list_folder(self, path: str) -> list[str]:
        return os.listdir(path)  # noqa: PTH208 - names only, as fast as the system gives them

    def read_link(self, path: str) -> str:
        return os.readlink(path)  # noqa: PTH115 - the text itself: Path would change "a//b" and "(deleted)" suffixes

    def memory(self, pid: int) -> Memory:
        return LocalMemory(pid)

    def _groups(self) -> list[str]:
        """Below which a control group for a program of ours may be made: the one that we are in."""
        with suppress(OSError):
            return [group.folder for group in groups_of(self, os.getpid()).unified[:1]]
        return []

    def forget_references(self, pid: int) -> None:
        Path(f"/proc/{pid}/clear_refs").write_text("1")


def _dying_with_us(kill: bool) -> list[str]:
    """When we are killed, the kernel ends the program (PR_SET_PDEATHSIG), which lets go of its target.

    setpriv of util-linux asks for that: a preexec_fn would run our code between fork and exec, under locks that our
    threads may hold. The signal is KILL where that is harmless, because bpftrace ignores others while it compiles.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None or Path(setpriv).resolve().name == "busybox":  # whose setpriv has no such option
        return []
    return [setpriv, "--pdeathsig", "KILL" if kill else "INT", "--"]


def _seeing_tracefs() -> list[str]:
    if os.access(f"{private_tracefs.FOLDER}/events", os.F_OK):
        return []
    # Isolated and without site: as fast as Python starts, and nothing of the user's environment runs.
    return [sys.executable, "-I", "-S", str(private_tracefs.__file__)]
