"""Follow a program that measures for one window: read what it says, tell how it goes, end it, hear its last word."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
from anyio import to_thread

from perfdoctor.collectors.host.base import Program
from perfdoctor.collectors.text import clean

_LOOK_SECONDS = 0.02
_TELL_SECONDS = 0.25
_ATTACH_SECONDS = 20.0
_LAST_WORD_SECONDS = 20.0
"""perf trace needed 12.6 s to sum up one second of 32 busy threads."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How it went. ``started`` is Unix time, ``seconds`` from then to the end of the window. ``by_itself``: the program
    ended before it was asked to. ``enough``: the window was cut short on our side."""

    started: float
    seconds: float
    code: int
    errors: str
    by_itself: bool
    enough: bool


async def follow(
    program: Program,
    feed: Callable[[bytes], object],
    *,
    seconds: float,
    attached: Callable[[], Awaitable[bool]],
    tell: Callable[[float], object],
    enough: Callable[[], bool] = lambda: False,
) -> Followed:
    """One window of ``seconds`` from the moment that ``attached`` says yes.

    ``feed`` takes the output, chunk by chunk, in a worker thread; ``tell`` is called in one four times a second with
    the seconds that have passed, and once at the end; ``enough`` ends the window early. OSError with the program's own
    words when it ends before it is attached, or never is."""
    ended = anyio.Event()

    async def read() -> None:
        async for chunk in program.output():
            await to_thread.run_sync(feed, chunk)
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        refusal = await _until_attached(program, attached, ended, tell)
        started, began = time.time(), time.monotonic()
        cut = False
        while not refusal and not ended.is_set() and (elapsed := time.monotonic() - began) < seconds:
            await to_thread.run_sync(tell, elapsed)
            if cut := enough():
                break
            with anyio.move_on_after(min(_TELL_SECONDS, seconds - elapsed)):
                await ended.wait()
        length = time.monotonic() - began
        by_itself = ended.is_set()
        await program.interrupt()
        asked = time.monotonic()
        while not refusal:
            await to_thread.run_sync(tell, length)
            if ended.is_set() or time.monotonic() - asked > _LAST_WORD_SECONDS:
                break
            with anyio.move_on_after(_TELL_SECONDS):
                await ended.wait()
        if ended.is_set():  # it said its last word and is about to end: a signal now would only lose its code
            with anyio.move_on_after(1):
                await program.wait()
        await program.stop()
        code = await program.wait()
        tasks.cancel_scope.cancel()
    if refusal:  # raised here: a group of tasks would wrap it
        raise OSError(f"{refusal}: {await words(program)}")
    return Followed(started, length, code, await words(program), by_itself=by_itself, enough=cut)


async def _until_attached(
    program: Program, attached: Callable[[], Awaitable[bool]], ended: anyio.Event, tell: Callable[[float], object]
) -> str | None:
    """What kept it from attaching; None when it has."""
    began = time.monotonic()
    told = 0.0
    while not await attached():
        now = time.monotonic()
        if ended.is_set() and not await attached():
            code = await program.wait()
            return f"it ended with code {code} before it measured anything"
        if now - began > _ATTACH_SECONDS:
            return f"it did not attach within {_ATTACH_SECONDS:.0f} s"
        if now - told > _TELL_SECONDS:
            told = now
            await to_thread.run_sync(tell, 0.0)
        with anyio.move_on_after(_LOOK_SECONDS):
            await ended.wait()
    return None


async def words(program: Program) -> str:
    """What the program complained of, in one line fit to show."""
    lines = (await program.errors()).decode("utf-8", "replace").split("\n")
    return clean("; ".join(line.strip() for line in lines if line.strip()) or "it gave no reason", 600)
