"""Every call, who made it and what became of it: written before its answer leaves, and off the event loop.

A call that touches a process, a program or a file has two lines: one before it begins (``begin``), so that a server
that is killed leaves a trace of it, and one with its outcome (``call``). Others have the second only.
"""

import hashlib
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import anyio
from anyio import to_thread

import perfdoctor
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
from perfdoctor.server.audit.book import KEY, Book
from perfdoctor.server.policy import Caller
from perfdoctor.server.settings import Settings
from perfdoctor.server.trail import Trail

_PATIENCE = 10.0
"""seconds for a write: a disk that hangs must not hang the server"""
_MOST_WRITERS = 2
_STRANGERS = 60
"""lines a minute about those who were not let in: more are counted, so that nobody fills the disk by knocking"""
_SAID_EVERY = 60.0
_MOST_NAMED = 64
"""targets, pids and recordings that one line names"""


@dataclass(slots=True)
class Entry:
    """What became of one call: set while it runs. ``decision`` is what the policy said."""

    trail: Trail = field(default_factory=Trail)
    decision: str = "allowed"
    outcome: str = "failed"
    why: str = ""


class Told(Protocol):
    """What became of a call of a tool."""

    @property
    def refused(self) -> bool: ...
    @property
    def denied(self) -> bool: ...
    @property
    def structured(self) -> dict[str, Any]: ...


def settle(entry: Entry, outcome: Told) -> None:
    entry.outcome = "refused" if outcome.refused else "answered"
    entry.decision = "denied" if outcome.denied else "allowed"
    if outcome.refused:
        entry.why = str(outcome.structured.get("problem", {}).get("what", ""))


@dataclass(slots=True, eq=False)
class _Waiting:
    says: dict[str, Any]
    error: OSError | ProblemError | None = None
    written: bool = False


class Audit:
    """``via`` is how a caller came: ``http``, ``stdio`` or ``shell``."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        self._which = settings.audit
        self._go_on = settings.audit_when_full == "go-on"
        self.folder = folder_of(settings)
        self._book = Book(
            self.folder, settings.state / KEY, most_bytes=settings.audit_bytes, most_files=settings.audit_files
        )
        self._rules = _digest_of_rules(settings)
        self._now = now
        self._waiting: list[_Waiting] = []
        self._writing = anyio.Lock()
        self._places: anyio.CapacityLimiter | None = None
        self._began = False
        self._unwritten = 0
        self._said = -_SAID_EVERY
        self._strangers = float(_STRANGERS)
        self._strangers_at = time.monotonic()
        self._uncounted = 0

    def covers(self, via: str) -> bool:
        return self._which == "all" or (self._which == "http" and via == "http")

    @asynccontextmanager
    async def call(
        self, caller: Caller, via: str, what: str, arguments: Mapping[str, Any], *, peer: str = "", acts: bool = False
    ) -> AsyncIterator[Entry]:
        """Around one call. ``acts``: it has a line before it begins too. ProblemError, instead of its beginning or its
        answer, when no line can be kept and the operator wants none without."""
        entry = Entry()
        if not self.covers(via):
            yield entry
            return
        from perfdoctor.server.audit.shown import shown

        identity, began = secrets.token_hex(8), time.monotonic()
        about: dict[str, Any] = {
            "call": identity,
            "who": clean(caller.name, 160),
            "role": caller.role.value,
            "via": via,
            **({"from": clean(peer, 80)} if peer else {}),
            "what": clean(what, 200),
            "arguments": shown(arguments),
        }
        if acts:
            await self._keep({"event": "begin", **about})
        try:
            yield entry
        except anyio.get_cancelled_exc_class():
            entry.outcome = "cancelled"
            raise
        finally:
            said = {"event": "call", **about, **_touched(entry.trail), "decision": entry.decision}
            said |= {"outcome": entry.outcome, "seconds": round(time.monotonic() - began, 4)}
            if entry.why:
                said["why"] = clean(entry.why, 300)
            if entry.outcome == "cancelled":
                with anyio.move_on_after(2 * _PATIENCE, shield=True):
                    await self._keep(said, must=False)
            else:
                await self._keep(said)

    async def stranger(self, via: str, peer: str, path: str, why: str) -> None:
        """Somebody was not let in. Never raises: there is nothing to be withheld from them."""
        if not self.covers(via):
            return
        now = time.monotonic()
        self._strangers = min(_STRANGERS, self._strangers + (now - self._strangers_at) * _STRANGERS / 60)
        self._strangers_at = now
        if self._strangers < 1:
            self._uncounted += 1
            return
        self._strangers -= 1
        said: dict[str, Any] = {"event": "stranger", "via": via, "from": clean(peer, 80), "what": clean(path, 200)}
        said |= {"decision": "refused", "why": clean(why, 200)}
        if self._uncounted:
            said["more"], self._uncounted = self._uncounted, 0
        await self._keep(said, must=False)

    async def _keep(self, says: dict[str, Any], *, must: bool = True) -> None:
        """Write one line, together with those of others that wait (one fdatasync for all of them)."""
        mine = _Waiting({"at": _time(self._now()), **says})
        self._waiting.append(mine)
        async with self._writing:
            if not mine.written and mine.error is None:
                batch, self._waiting = self._waiting, []
                await self._write_all(batch)
        if mine.error is None:
            return
        self._unwritten += 1
        self._complain(mine.error)
        if must and not self._go_on:
            raise ProblemError(
                "The call was not answered: no line of it can be kept.",
                "This server keeps an audit of every call, and its disk is full or cannot be written.",
                "Tell the operator of this server; its log (stderr) has the cause.",
            )

    async def _write_all(self, batch: list[_Waiting]) -> None:
        """In a thread, whatever becomes of the call that happens to write for all; for so long and no longer."""
        # A thread that hangs keeps its place among ours, so that others of the server are not used up.
        self._places = self._places or anyio.CapacityLimiter(_MOST_WRITERS)
        with anyio.move_on_after(_PATIENCE, shield=True):
            await to_thread.run_sync(self._write, batch, abandon_on_cancel=True, limiter=self._places)
        for one in batch:
            if not one.written and one.error is None:
                one.error = TimeoutError(f"the disk has not answered for {_PATIENCE:g} seconds")

    def _write(self, batch: list[_Waiting]) -> None:
        first: list[dict[str, Any]] = []
        if not self._began:
            about = {"version": perfdoctor.__version__, "server": os.getpid(), "uid": os.geteuid()}
            first.append({"at": _time(self._now()), "event": "start", **about, "rules": self._rules})
        lost = self._unwritten
        if lost:
            first.append({"at": _time(self._now()), "event": "unwritten", "calls": lost})
        try:
            turned = self._book.write([*first, *(one.says for one in batch)])
        except (OSError, ProblemError) as error:
            for one in batch:
                one.error = error
            return
        self._began = True
        self._unwritten -= lost
        for one in batch:
            one.written = True
        if turned is not None:
            # Where standard error is kept elsewhere (a journal on another machine), the past cannot be rewritten.
            sys.stderr.write(f"perfdoctor: audit at {turned.n}:{turned.hash}\n")

    def _complain(self, error: OSError | ProblemError) -> None:
        if time.monotonic() - self._said >= _SAID_EVERY:
            self._said = time.monotonic()
            sys.stderr.write(f"perfdoctor: the audit in {self.folder} cannot be written: {clean(str(error), 300)}\n")


def folder_of(settings: Settings) -> Path:
    return settings.audit_folder or settings.state / "audit"


def _touched(trail: Trail) -> dict[str, Any]:
    touched: dict[str, Any] = {}
    if trail.targets:
        touched["targets"] = [_target(one) for one in trail.targets[:_MOST_NAMED]]
    if trail.recordings:
        touched["recordings"] = [clean(one, 40) for one in trail.recordings[:_MOST_NAMED]]
    if trail.made:
        touched["made"] = [clean(one, 40) for one in trail.made[:_MOST_NAMED]]
    return touched


def _target(target: Target) -> dict[str, Any]:
    said: dict[str, Any] = {"pid": target.pid, "started": target.start_time, "user": clean(target.user, 64)}
    said["name"] = clean(target.name, 64)
    if target.others:
        said["others"] = list(target.others[:_MOST_NAMED])
    return said


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def _digest_of_rules(settings: Settings) -> str:
    """Which rules were in force: a change of them shows as another digest."""
    text = "\n".join(rule.model_dump_json() for rule in settings.rules)
    return hashlib.sha256(text.encode()).hexdigest()[:16] if settings.rules else "none"
