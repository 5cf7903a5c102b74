"""A program under supervision, as the server sees it: what is said to ``supervisor.py``, and what it says."""

import json
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread
from anyio.abc import ByteReceiveStream, Process

from perfdoctor.collectors.host.base import Ended, Launch
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError

_CHUNK = 64 << 10
_ALSO_GROWS = 64 << 10
"""bytes: what a program has before its first instruction; below so many more its peak cannot be told from it"""
_ABANDON_SECONDS = 7.0
"""The supervisor kills for five seconds; who has not answered after this long is killed."""


class SupervisedProgram:
    """See ``Launched``. ``listen`` runs beside everything; ``prepare`` comes first, and ``close`` always."""

    def __init__(self, process: Process, control: socket.socket) -> None:
        self._process, self._control = process, control
        control.setblocking(False)
        self.pid = 0
        self.supervisor = process.pid
        self.contained = False
        self._argv: tuple[str, ...] = ()
        self._group: Path | None = None
        self._resident_before = 0
        self._said: dict[str, dict[str, Any]] = {}
        self._news = anyio.Event()
        self._over = False
        """the supervisor has gone, or its socket has"""
        self.began_at = 0.0
        self.output_ended = anyio.Event()

    async def listen(self) -> None:
        rest = b""
        try:
            while chunk := await self._receive():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    told = json.loads(line)
                    self._said[next(iter(told))] = told
                    self._tell()
        finally:
            self._over = True
            self._tell()

    async def prepare(self, wanted: Launch, groups: Sequence[str]) -> None:
        """``groups``: folders of control groups that one of its own may be made in. ProblemError when it cannot be
        started."""
        self._argv = wanted.argv
        user = wanted.user and (wanted.user[0], wanted.user[1], list(wanted.user[2]))
        asked = {
            "argv": wanted.argv,
            "environment": wanted.environment,
            "folder": wanted.folder,
            "user": user,
            "parents": list(groups),
        }
        await self._send(json.dumps(asked))
        told = await self._heard("ready", "failed")
        if "ready" not in told:
            raise self._refused(told)
        self.pid = int(told["ready"])
        self._group = Path(told["group"]) if told["group"] else None
        self.contained = self._group is not None
        self._resident_before = int(told["resident"])

    async def go(self) -> None:
        await self._send("go")
        told = await self._heard("executed", "failed")
        if "executed" not in told:
            raise self._refused(told)
        self.began_at = told["executed"] * 1e-9

    async def read(self, feed: Callable[[int, bytes], object]) -> None:
        async def one(number: int, stream: ByteReceiveStream | None) -> None:
            assert stream is not None
            with suppress(anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
                while True:
                    chunk = await stream.receive(_CHUNK)
                    await to_thread.run_sync(feed, number, chunk)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one, 1, self._process.stdout)
            tasks.start_soon(one, 2, self._process.stderr)
        self.output_ended.set()

    async def ended(self) -> Ended:
        told = await self._heard("ended")
        if "ended" not in told:
            raise ProblemError(
                f"How {self._name()} ended is not known.",
                "The process that supervised it was killed; what it had started was ended.",
                "Run it again; if this happens again, the machine may be short of memory (see its kernel log).",
            )
        resident = int(told["resident"])
        user, system = told["cpu"]
        return Ended(
            status=int(told["ended"]),
            at=told["at"] * 1e-9,
            cpu=(float(user), float(system)),
            resident=resident if resident > self._resident_before + _ALSO_GROWS else 0,
        )

    async def cpu(self) -> tuple[float, float]:
        self._said.pop("cpu", None)
        await self._send("cpu")
        told = await self._heard("cpu")
        user, system = told.get("cpu", (0.0, 0.0))
        return float(user), float(system)

    async def end(self, grace: float) -> tuple[int, int]:
        self._said.pop("gone", None)
        await self._send(f"end {grace}")
        with anyio.move_on_after(grace + _ABANDON_SECONDS):
            there, left = (await self._heard("gone")).get("gone", (0, 0))
            return int(there), int(left)
        return 1, 1

    async def close(self) -> None:
        """End everything. The supervisor does when it sees its socket closed, whoever closes it."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        with anyio.move_on_after(_ABANDON_SECONDS):
            await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await self._end_group()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                await stream.aclose()

    async def _end_group(self) -> None:
        """Where the supervisor was killed, its group is left: with all that it started, apart from the program itself,
        which ends with it."""
        for _ in range(100):
            if self._group is None or not self._group.exists():
                return
            with suppress(OSError):
                (self._group / "cgroup.kill").write_text("1")
                self._group.rmdir()
            await anyio.sleep(0.01)

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _receive(self) -> bytes:
        while True:
            try:
                return self._control.recv(_CHUNK)
            except BlockingIOError:
                await anyio.wait_readable(self._control)
            except OSError:
                return b""

    async def _send(self, words: str) -> None:
        data = words.encode() + b"\n"
        while data:
            try:
                data = data[self._control.send(data) :]
            except BlockingIOError:
                await anyio.wait_writable(self._control)
            except OSError:
                return  # it has gone: whoever waits for its answer hears so

    async def _heard(self, *kinds: str) -> dict[str, Any]:
        """The first thing said of one of these kinds; nothing once nothing can be said any more."""
        while True:
            for kind in kinds:
                if kind in self._said:
                    return self._said[kind]
            if self._over:
                return {}
            await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    def _name(self) -> str:
        return clean(self._argv[0], 80)

    def _refused(self, told: dict[str, Any]) -> ProblemError:
        return ProblemError(
            f"{self._name()} could not be started.",
            f"{clean(str(told.get('failed', 'The process that was to supervise it ended')), 300)}.",
            "Correct argv, cwd, environment or user where the workload is declared.",
        )
