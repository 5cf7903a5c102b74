"""The administrator's programs, run by the privileged helper: we name one, and read what it prints."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.bpftrace import backend
from perfdoctor.collectors.backends.bpftrace.custom import Prepared, watch
from perfdoctor.collectors.host.base import Channel, Helper, Host
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.custom import CustomOutput
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.target import Target

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SHOWN = 12
_ASK_SECONDS = 0.05
_ADD = (
    "Ask the administrator to put one into the folder programs beside the helper's policy, as NAME.bt (docs/helper.md)."
)


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """As in ``backend``, or through the helper where the host has one."""
    if host.helper is None:
        return backend.unavailable(host, target)
    if (problem := host.helper.unavailable()) is not None:
        return problem
    try:
        return None if offered(host.helper) else _no_programs().problem
    except ProblemError as refusal:
        return refusal.problem
    except OSError as error:
        return Problem(
            what="The privileged helper does not say which programs it has.",
            why=f"{error.strerror or error}.",
            next_step="Call again in a moment; perfdoctor helper status says how it is.",
        )


def offered(helper: Helper) -> dict[str, str]:
    """The names of the programs, and what each says about itself. ProblemError when we may not have any run."""
    told, _, _ = _asked(helper, {"ask": "programs"})
    rows = told.get("programs")
    pairs = [row for row in rows if isinstance(row, list) and len(row) == 2] if isinstance(rows, list) else []
    return {str(name): clean(str(about), 100) for name, about in pairs if _NAME.fullmatch(str(name))}


def choose(helper: Helper, program: str, *, anywhere: bool) -> str:
    """The program that a caller names. ProblemError, with the names of all, when it is none: a text, for example."""
    if anywhere:
        raise ProblemError(
            "Programs may see nothing but their target here.",
            "They are run by the privileged helper, for processes of whoever asks.",
            "Leave anywhere out.",
        )
    name, known = program.strip(), offered(helper)
    if not known:
        raise _no_programs()
    if name not in known:
        shown = "; ".join(f"{one} ({known[one]})" if known[one] else one for one in list(known)[:_SHOWN])
        raise ProblemError(
            "The privileged helper runs the administrator's programs only, by their names.",
            f"{quoted(name, 60)} is none of them: a text of one's own would run with rights that nobody here has.",
            f"Call again with program set to one of these names: {shown}.",
        )
    return name


async def trace(
    host: Host,
    helper: Helper,
    target: Target,
    name: str,
    *,
    seconds: float,
    known: Callable[[Sequence[int]], list[list[int]]],
    there: Callable[[], bool],
    progress: Progress,
) -> Measured[CustomOutput]:
    """As ``custom.trace``, of the program that is called ``name``. ``known``: processes as the helper knows them."""
    pids = await to_thread.run_sync(tree, host, target)
    asked = {
        "ask": "run",
        "program": name,
        "children": int(target.children),
        "pids": await to_thread.run_sync(known, pids),
    }
    channel = await to_thread.run_sync(helper.connect)
    async with _ended(RemoteProgram(channel)) as running:
        told, data, _ = await to_thread.run_sync(lambda: channel.ask(asked, b""))
        prepared = Prepared(
            program=name,
            text=data.decode("utf-8", "replace"),
            probes=int(told["probes"]),
            mark=str(told["mark"]),
            kinds=frozenset(map(str, told["kinds"])),
            pids=tuple(pids),
        )
        measured = await watch(running, prepared, seconds=seconds, there=there, progress=progress)
        if running.gone is not None:
            raise running.gone
    left_out = len(told.get("left_out", ()))
    if not left_out:
        return measured
    warning = f"{left_out} child processes are left out: they are not their user's alone"
    collection = measured.collection.model_copy(update={"warnings": (*measured.collection.warnings, warning)})
    return Measured(measured.profile, collection, measured.window)


class RemoteProgram:
    """A program that the helper runs on a connection of its own; see ``Program``."""

    pid = 0

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._turn = anyio.Lock()
        self._closed = False
        self._code: int | None = None
        self._errors = b""
        self.gone: OSError | None = None
        """why we have not heard its end"""

    async def output(self) -> AsyncIterator[bytes]:
        while self._code is None:
            told, data = await self._ask("output")
            if data:
                yield data
            self._errors = str(told.get("errors", "")).encode()
            if "code" in told:
                self._code = int(told["code"])
            elif not data:
                await anyio.sleep(_ASK_SECONDS)

    async def _ask(self, what: str) -> tuple[dict[str, Any], bytes]:
        async with self._turn:
            if self._closed:
                return {"code": -9}, b""
            try:
                told, data, _ = await to_thread.run_sync(lambda: self._channel.ask({"ask": what}, b""))
            except ProblemError as refusal:
                self.gone = OSError(104, f"the privileged helper: {refusal}")
            except OSError as error:
                self.gone = error
            else:
                return told, data
        return {"code": -9, "errors": str(self.gone)}, b""

    async def errors(self) -> bytes:
        return self._errors

    async def interrupt(self) -> None:
        if self._code is None:
            await self._ask("interrupt")

    async def stop(self) -> None:
        async with self._turn:
            if not self._closed:
                self._closed = True
                await to_thread.run_sync(self._channel.close)  # it ends what runs
        self._code = -9 if self._code is None else self._code

    async def wait(self) -> int:
        while self._code is None:  # noqa: ASYNC110 - ``output`` finds it out by asking, too
            await anyio.sleep(_ASK_SECONDS)
        return self._code


@asynccontextmanager
async def _ended(program: RemoteProgram) -> AsyncIterator[RemoteProgram]:
    try:
        yield program
    finally:
        with anyio.CancelScope(shield=True):
            await program.stop()


def _asked(helper: Helper, header: dict[str, Any]) -> tuple[dict[str, Any], bytes, tuple[int, ...]]:
    channel = helper.connect()
    try:
        return channel.ask(header, b"")
    finally:
        channel.close()


def _no_programs() -> ProblemError:
    return ProblemError(
        "The privileged helper has no programs to run.", "It runs the administrator's only, and there are none.", _ADD
    )
