"""Asks the Java machine itself, by its Flight Recorder: which lines of Java run, wait for locks, and allocate."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.jvm import door
from perfdoctor.collectors.backends.jvm.chunks import Chunk, Event, chunks
from perfdoctor.collectors.backends.jvm.frames import Frames, Sources
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.standing.states import StateWatch
from perfdoctor.collectors.target import still_there
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.target import Target

NAME = door.NAME
unavailable = door.unavailable
_LOOK_SECONDS = 0.25
_LOST = "jdk.DataLoss"
_PARKS = "jdk.ThreadPark"
_MOST = {f"jdk.{name}": 10_000 for name in ("FileRead", "FileWrite", "FileForce", "SocketRead", "SocketWrite")} | {
    _PARKS: 30_000
}
"""events of one name that are read of a chunk. Of calls, which are counted elsewhere, many say no more than some; what
parks is scaled up."""
LIVING = "jdk.OldObjectSample"
"""told when the recording ends, of objects of the whole window"""
_ROOM = 8 << 20
"""bytes of a recording from which on some of it may have been overwritten: 10 MiB is what the machine keeps"""


@dataclass(frozen=True, slots=True)
class Heard:
    """One event of Flight Recorder. ``at`` is Unix time, when it ended; ``thread`` its name, ``own_tid`` its number as
    the target has it; it stands for ``weight`` of its name."""

    name: str
    at: float
    seconds: float
    thread: str
    own_tid: int
    stack: Stack
    cut: bool
    values: dict[str, Any]
    weight: int = 1


@dataclass(slots=True)
class Told:
    """One window. ``threads`` are those of the kernel, with their exact CPU time; ``beside`` is the evidence of the
    engine for the same time, where it could run."""

    window: Window
    threads: StateWatch
    heard: list[Heard] = field(default_factory=list)
    lost: int = 0
    not_understood: int = 0
    beside: Evidence | None = None
    why_not_beside: str = ""
    full: bool = False
    """there was more than the machine keeps in memory: it forgets the oldest"""

    def collection(
        self, *, lacks: tuple[str, ...] = (), warnings: tuple[str, ...] = (), exact: bool = False
    ) -> Collection:
        with_stack = [one for one in self.heard if one.name != _LOST]
        said = list(warnings)
        if self.full:
            said.append("more happened than Flight Recorder keeps in memory: the oldest of it is missing")
        if self.why_not_beside:
            said.append(f"the engine could not count beside it: {self.why_not_beside}")
        scaled = any(one.weight > 1 for one in self.heard if one.name == _PARKS)
        if scaled:
            said.append("threads parked more often than could be read: one of several was, and stands for the others")
        return Collection(
            backend=NAME,
            exact=exact and not self.lost and not self.full and not scaled,
            lost=self.lost,
            truncated_stacks=sum(one.cut for one in with_stack),
            missing_stacks=sum(not one.stack for one in with_stack),
            not_understood=self.not_understood,
            lacks=lacks,
            warnings=tuple(said),
            cost=TargetCost(kind="perturbs", events=sum(one.weight for one in self.heard)),
        )


def settings(events: dict[str, dict[str, str]]) -> str:
    """A settings file for Flight Recorder: these events, and no others."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<configuration version="2.0">']
    for name, chosen in events.items():
        lines.append(f'<event name="{name}">')
        lines += [f'<setting name="{key}">{value}</setting>' for key, value in ({"enabled": "true"} | chosen).items()]
        lines.append("</event>")
    return "\n".join([*lines, "</configuration>", ""])


async def trace(
    host: Host,
    target: Target,
    events: dict[str, dict[str, str]],
    *,
    seconds: float,
    progress: Progress,
    beside: Callable[[], Awaitable[Evidence]] | None = None,
) -> Told:
    """One window of these events, and the engine's evidence of the same time. OSError where the machine cannot record;
    ends early, marked partial, when it ends."""
    told = Told(Window(started=0.0, seconds=0.0), StateWatch(host, target))
    ended = False

    async def watch(length: float) -> None:
        began = time.monotonic()
        await to_thread.run_sync(told.threads.look, 0.0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(look_on, began)
            await wait(length, began)
            tasks.cancel_scope.cancel()
        await to_thread.run_sync(told.threads.look, time.monotonic() - began)

    async def look_on(began: float) -> None:
        while True:
            await anyio.sleep(2 * _LOOK_SECONDS)
            await to_thread.run_sync(told.threads.look, time.monotonic() - began)

    async def wait(length: float, began: float) -> None:
        nonlocal ended
        if beside is not None:
            try:
                told.beside = await beside()
            except (OSError, ProblemError) as error:
                told.why_not_beside = clean(str(error), 300)
            else:
                return
        while (elapsed := time.monotonic() - began) < length and not ended:
            progress(elapsed, "Flight Recorder is recording")
            await anyio.sleep(min(_LOOK_SECONDS, length - elapsed))
            ended = not still_there(host, target)

    progress(0.0, "Flight Recorder starts")
    recording = await door.record(host, target.pid, settings(events), seconds=seconds, meanwhile=watch)
    partial = "the target ended" if ended else told.beside.window.partial if told.beside else None
    told.window = Window(started=recording.began, seconds=recording.seconds, partial=partial)
    await to_thread.run_sync(_read, host, target, recording, frozenset(events), told)
    return told


def _read(host: Host, target: Target, recording: door.Recording, wanted: frozenset[str], told: Told) -> None:
    frames = Frames(Sources(host, target))
    told.full = len(recording.data) >= _ROOM
    try:
        for chunk in chunks(recording.data):
            reader = _Reader(chunk, frames)
            for event in chunk.events(wanted | {_LOST}, _MOST):
                try:
                    one = reader.hear(event)
                except (KeyError, TypeError, ValueError, AttributeError):
                    told.not_understood += 1
                    continue
                if one.name == _LOST:
                    told.lost += 1
                elif recording.began <= one.at and (one.at <= recording.ended or one.name == LIVING):
                    told.heard.append(one)
    except (ValueError, IndexError, OverflowError):
        told.not_understood += 1


class _Reader:
    def __init__(self, chunk: Chunk, frames: Frames) -> None:
        self._chunk, self._frames = chunk, frames
        self._stacks: dict[object, tuple[Stack, bool]] = {}

    def hear(self, event: Event) -> Heard:
        values = event.values
        thread = self._chunk.fields(values.get("sampledThread", values.get("eventThread")))
        stack, cut = self._stack(values.get("stackTrace"))
        lasted = self._chunk.seconds(max(0, values.get("duration", 0)))
        return Heard(
            name=event.name,
            at=self._chunk.time_of(values["startTime"]) + lasted,
            seconds=lasted,
            thread=clean(self._chunk.text(thread.get("javaName")) or self._chunk.text(thread.get("osName")), 64),
            own_tid=int(thread.get("osThreadId", 0)),
            stack=stack,
            cut=cut,
            values=self._plain(values),
            weight=event.weight,
        )

    def _plain(self, values: dict[str, Any]) -> dict[str, Any]:
        """Numbers as they are; a class as its name, a thread as its number, before or after a collection in words."""
        plain: dict[str, Any] = {}
        for name, value in values.items():
            if name in ("stackTrace", "eventThread", "sampledThread"):
                continue
            found = self._chunk.look_up(value)
            if isinstance(found, dict):
                found = (
                    found["osThreadId"]
                    if "osThreadId" in found
                    else self._chunk.text(found.get("name", found.get("when")))
                )
            plain[name] = found
        return plain

    def _stack(self, key: object) -> tuple[Stack, bool]:
        if key not in self._stacks:
            told = self._chunk.fields(key)
            stack = tuple(self._frame(frame) for frame in told.get("frames", ()))
            self._stacks[key] = stack, bool(told.get("truncated"))
        return self._stacks[key]

    def _frame(self, told: dict[str, Any]) -> Any:
        method = self._chunk.fields(told["method"])
        kind = self._chunk.fields(method.get("type"))
        package = self._chunk.fields(kind.get("package"))
        module = self._chunk.text(self._chunk.fields(package.get("module")).get("name")) or None
        name = self._chunk.text(kind.get("name")) or "[unknown]"
        return self._frames.make(name, self._chunk.text(method.get("name")), told["lineNumber"] & 0xFFFFFFFF, module)
