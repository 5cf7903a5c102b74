"""A machine that was written down: what programs said and what files held, for tests without the machine.

A transcript is a folder: ``machine.json`` (see ``Transcript``) and the bytes that it names, one file each. It is made
by ``RecordingHost`` around a real host, never typed.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import anyio
from pydantic import Field

from perfdoctor.collectors.host.base import Host, Launch, Launched, Memory, Program
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.problem import ProblemError

_CHUNK = 64 << 10


class Command(Model):
    """One run of a program. In ``argv``, ``*`` stands for anything (a pid, a temporary file). ``asked_after``: so many
    bytes of its output had come when it was interrupted or stopped; None when it ended by itself."""

    argv: tuple[str, ...]
    pid: int
    code: int
    asked_after: int | None
    stdout: str
    stderr: str

    def matches(self, argv: Sequence[str]) -> bool:
        return len(argv) == len(self.argv) and all(
            re.fullmatch(re.escape(known).replace(r"\*", ".*"), word, re.DOTALL)
            for known, word in zip(self.argv, argv, strict=True)
        )


class Transcript(Model):
    """``programs`` by name, where they were found. ``files`` and ``folders``: every answer in its order, None where it
    was an error; the last answer is repeated."""

    programs: dict[str, str | None] = Field(default_factory=dict)
    commands: tuple[Command, ...] = ()
    files: dict[str, tuple[str | None, ...]] = Field(default_factory=dict)
    folders: dict[str, tuple[tuple[str, ...] | None, ...]] = Field(default_factory=dict)
    links: dict[str, str | None] = Field(default_factory=dict)


class RecordedProgram:
    """Says again what it said, and waits to be asked where it had to be asked; see ``Program``."""

    def __init__(self, command: Command, stdout: bytes, stderr: bytes) -> None:
        self._command, self._stdout, self._stderr = command, stdout, stderr
        self.pid = command.pid
        self._asked = anyio.Event()

    async def output(self) -> AsyncIterator[bytes]:
        at = self._command.asked_after
        for part in (self._stdout,) if at is None else (self._stdout[:at], self._stdout[at:]):
            for begin in range(0, len(part), _CHUNK):
                yield part[begin : begin + _CHUNK]
            await self.wait()

    async def errors(self) -> bytes:
        return self._stderr

    async def interrupt(self) -> None:
        self._asked.set()

    async def stop(self) -> None:
        self._asked.set()

    async def wait(self) -> int:
        if self._command.asked_after is not None:
            await self._asked.wait()
        return self._command.code


class RecordedHost:
    """Replays a transcript; see ``Host``. What was not asked when it was recorded is an error here."""

    attach_runtimes = True
    helper = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._said = Transcript.model_validate_json((folder / "machine.json").read_bytes())
        self._asked: dict[tuple[str, str], int] = {}

    def which(self, program: str) -> str | None:
        return self._said.programs.get(program)

    @asynccontextmanager
    async def run(
        self,
        argv: Sequence[str],
        *,
        kill: bool = True,
        tracefs: bool = False,
        extra_environment: dict[str, str] | None = None,
    ) -> AsyncIterator[Program]:
        found = [command for command in self._said.commands if command.matches(argv)]
        if not found:
            raise ProblemError(
                f"The program {argv[0]} could not be started.",
                f"This recording does not have the command: {' '.join(argv)[:400]}",
                "Make the recording again with the command as it is now.",
            )
        command = found[min(self._turn("command", " ".join(argv)), len(found) - 1)]
        stdout, stderr = ((self._folder / name).read_bytes() for name in (command.stdout, command.stderr))
        program = RecordedProgram(command, stdout, stderr)
        try:
            yield program
        finally:
            await program.stop()

    def launch(self, wanted: Launch) -> AbstractAsyncContextManager[Launched]:
        raise ProblemError(
            f"The program {wanted.argv[0]} could not be started.",
            "This machine is a recording: what was launched is not in it.",
            "Run it on a machine.",
        )

    def read_file(self, path: str, limit: int = 16 << 20) -> bytes:
        answers = self._said.files.get(path, (None,))
        name = answers[min(self._turn("file", path), len(answers) - 1)]
        if name is None:
            raise FileNotFoundError(2, "could not be read when this was recorded", path)
        return (self._folder / name).read_bytes()[:limit]

    def list_folder(self, path: str) -> list[str]:
        answers = self._said.folders.get(path, (None,))
        names = answers[min(self._turn("folder", path), len(answers) - 1)]
        if names is None:
            raise FileNotFoundError(2, "could not be listed when this was recorded", path)
        return list(names)

    def read_link(self, path: str) -> str:
        target = self._said.links.get(path)
        if target is None:
            raise FileNotFoundError(2, "could not be read when this was recorded", path)
        return target

    def memory(self, pid: int) -> Memory:
        raise FileNotFoundError(2, "memory is not recorded", f"/proc/{pid}/mem")

    def forget_references(self, pid: int) -> None:
        raise PermissionError(1, "a recording cannot be written to", f"/proc/{pid}/clear_refs")

    def _turn(self, kind: str, what: str) -> int:
        """How often this was asked before."""
        turn = self._asked.get((kind, what), 0)
        self._asked[kind, what] = turn + 1
        return turn


class _RecordingProgram:
    """Passes everything on and keeps it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.pid = program.pid
        self.said = bytearray()
        self.asked_after: int | None = None
        self.ended = False

    async def output(self) -> AsyncIterator[bytes]:
        async for chunk in self._program.output():
            self.said += chunk
            yield chunk
        self.ended = True

    async def errors(self) -> bytes:
        return await self._program.errors()

    def _note(self) -> None:
        if self.asked_after is None and not self.ended:
            self.asked_after = len(self.said)

    async def interrupt(self) -> None:
        self._note()
        await self._program.interrupt()

    async def stop(self) -> None:
        self._note()
        await self._program.stop()

    async def wait(self) -> int:
        code = await self._program.wait()
        self.ended = True
        return code


class RecordingHost:
    """Asks another host and writes down what it says; ``save`` makes the transcript."""

    helper = None

    def __init__(self, host: Host, folder: Path) -> None:
        self._host, self._folder = host, folder
        folder.mkdir(parents=True, exist_ok=True)
        self._programs: dict[str, str | None] = {}
        self._commands: list[Command] = []
        self._files: dict[str, list[str | None]] = {}
        self._folders: dict[str, list[tuple[str, ...] | None]] = {}
        self._links: dict[str, str | None] = {}
        self._kept: dict[bytes, str] = {}

    def which(self, program: str) -> str | None:
        self._programs[program] = self._host.which(program)
        return self._programs[program]

    @asynccontextmanager
    async def run(
        self,
        argv: Sequence[str],
        *,
        kill: bool = True,
        tracefs: bool = False,
        extra_environment: dict[str, str] | None = None,
    ) -> AsyncIterator[Program]:
        async with self._host.run(argv, kill=kill, tracefs=tracefs, extra_environment=extra_environment) as started:
            program = _RecordingProgram(started)
            try:
                yield program
            finally:
                with anyio.CancelScope(shield=True):
                    if not program.ended:
                        await program.stop()
                    self._commands.append(
                        Command(
                            argv=tuple(argv),
                            pid=program.pid,
                            code=await started.wait(),
                            asked_after=program.asked_after,
                            stdout=self._keep(bytes(program.said)),
                            stderr=self._keep(await started.errors()),
                        )
                    )

    def launch(self, wanted: Launch) -> AbstractAsyncContextManager[Launched]:
        return self._host.launch(wanted)  # (what it did is not written down)

    def read_file(self, path: str, limit: int = 16 << 20) -> bytes:
        answers = self._files.setdefault(path, [])
        try:
            content = self._host.read_file(path, limit)
        except OSError:
            answers.append(None)
            raise
        answers.append(self._keep(content))
        return content

    def list_folder(self, path: str) -> list[str]:
        answers = self._folders.setdefault(path, [])
        try:
            names = self._host.list_folder(path)
        except OSError:
            answers.append(None)
            raise
        answers.append(tuple(names))
        return names

    def read_link(self, path: str) -> str:
        self._links[path] = None
        self._links[path] = target = self._host.read_link(path)
        return target

    def memory(self, pid: int) -> Memory:
        return self._host.memory(pid)

    def _keep(self, content: bytes) -> str:
        """The name of a file of the transcript with this content; equal contents are kept once."""
        name = self._kept.setdefault(content, f"{len(self._kept):04}")
        (self._folder / name).write_bytes(content)
        return name

    def save(self) -> None:
        """Write ``machine.json``; the rest is there already."""
        said = Transcript(
            programs=self._programs,
            commands=tuple(self._commands),
            files={path: tuple(answers) for path, answers in self._files.items()},
            folders={path: tuple(answers) for path, answers in self._folders.items()},
            links=self._links,
        )
        (self._folder / "machine.json").write_text(said.model_dump_json(indent=1) + "\n")
