"""What a running server holds, and what one call of a tool is given."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from perfdoctor.collectors.progress import Progress
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.system import BackendState
from perfdoctor.schemas.target import Target
from perfdoctor.server.consent import Ask, nobody
from perfdoctor.server.gate import Gate, Stops, never
from perfdoctor.server.guard import Guarded
from perfdoctor.server.instruments import Instruments, ThisMachine
from perfdoctor.server.meters import Meters
from perfdoctor.server.policy import LOCAL, Caller, Role
from perfdoctor.server.readable import list_readable, readable
from perfdoctor.server.rules import Access, access
from perfdoctor.server.settings import Settings
from perfdoctor.server.store.edits import Edits
from perfdoctor.server.store.recording import About, Quota, Recording
from perfdoctor.server.store.recordings import Recordings, Store
from perfdoctor.server.trail import Trail

if TYPE_CHECKING:
    from perfdoctor.server.audit.log import Audit

STOPPING = frozenset({"strace", "ltrace", "memray"})
"""backends that stop their target"""
OF_ONE_RUNTIME = frozenset({"jvm"})
"""backends that answer for programs of one runtime only: for others, auto may come to one that stops them"""
LAST_CHOICE = {"trace-locks": frozenset({"perf", "py-spy"})}
"""backends that auto takes after those that stop the target, for they answer a part of the question only"""
CLEANUP = 5.0
"""seconds that running calls have to undo what they did, when the server is told to end"""


class Service:
    """One per process, shared by every connection."""

    def __init__(self, settings: Settings, instruments: Instruments | None = None) -> None:
        self.settings = settings
        self.instruments = instruments or ThisMachine(attach_runtimes=settings.attach_runtimes)
        self.recordings = Store(settings.state, _quota(settings), settings.postgresql)
        self.edits = Edits(settings.state)
        self.gate = Gate(settings.max_traces, settings.max_traces_each)
        self.meters = Meters()
        self._audit: Audit | None = None
        self._workload = ""
        self._workload_ended: anyio.Event
        self._usable: list[BackendState] | None = None
        self._running: set[anyio.CancelScope] = set()
        self._all_ended: anyio.Event | None = None

    @property
    def audit(self) -> "Audit":
        """Of every call (imported at the first: `initialize` is answered before)."""
        if self._audit is None:
            from perfdoctor.server.audit.log import Audit

            self._audit = Audit(self.settings)
        return self._audit

    @property
    def calls_running(self) -> int:
        return len(self._running)

    @contextmanager
    def running(self) -> Iterator[anyio.CancelScope]:
        """Around a call: ``stop`` cancels the scope, and waits until it has been left."""
        with anyio.CancelScope() as scope:
            self._running.add(scope)
            try:
                yield scope
            finally:
                self._running.discard(scope)
                if self._all_ended is not None and not self._running:
                    self._all_ended.set()

    @asynccontextmanager
    async def workload(self, name: str) -> AsyncIterator[None]:
        """Around all runs of one call. ProblemError while others run: beside each other they would measure each
        other. One that was just cancelled is given the time to end."""
        with anyio.move_on_after(CLEANUP):
            while self._workload:
                await self._workload_ended.wait()
        if self._workload:
            raise ProblemError(
                f"The workload {self._workload} is being run, and no other may run beside it.",
                "Each would take time from the other.",
                "Call again when it has ended.",
            )
        self._workload, self._workload_ended = name, anyio.Event()
        try:
            yield
        finally:
            self._workload = ""
            self._workload_ended.set()

    async def stop(self) -> None:
        """Cancel every call, and wait until each has cleaned up. Event loops and web servers that end cancel tasks a
        second time, in the middle of their cleaning up: this must have happened before."""
        self._all_ended = anyio.Event()
        for scope in self._running:
            scope.cancel()
        if self._running:
            with anyio.move_on_after(CLEANUP, shield=True):
                await self._all_ended.wait()

    def recordings_of(self, caller: Caller) -> Recordings:
        """Those that ``caller`` may see: their own and shared ones; all, with the role admin or at this machine."""
        return self.recordings.seen_by(caller.name, everything=caller.may(Role.ADMIN))

    def code_roots(self, caller: Caller, target: Target, offered: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Below which folders source code may be shown: those that the operator set; without any the local user sees
        the workspace that the client offers, and the folders in which the process runs and its script lies; others
        nothing."""
        if self.settings.user_roots or caller != LOCAL:
            return self.settings.user_roots
        from perfdoctor.collectors.source import default_roots

        return tuple(dict.fromkeys((*offered, *default_roots(target.cwd, target.command))))

    def stops(self, tool: str, backend: str) -> Stops:
        """Whether ``tool`` by ``backend`` stops its target at each event; ``auto`` does where nothing else can answer.
        The machine is asked once."""

        async def answer() -> bool:
            if backend != "auto":
                return backend in STOPPING
            if self._usable is None:
                state = await self.instruments.check_tools()
                self._usable = [usable for usable in state.backends if usable.available]
            able = {usable.backend for usable in self._usable if tool in usable.answers} - OF_ONE_RUNTIME
            first = able - LAST_CHOICE.get(tool, frozenset()) or able
            return bool(first) and first <= STOPPING

        return answer


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool: who asks, and whom to tell how it goes. ``offered`` are the folders that a local client says
    it works on. ``ask_user`` puts a question to the user, where there is a way. ``tool`` is the tool's name, as which
    rules allow or refuse; ``trail`` is told what is touched."""

    service: Service
    caller: Caller
    progress: Progress
    offered: tuple[str, ...] = ()
    ask_user: Ask = nobody
    tool: str = ""
    trail: Trail = field(default_factory=Trail)

    @property
    def access(self) -> Access:
        """What this caller may touch by this tool."""
        return access(self.service.settings.rules, self.caller, self.tool)

    @property
    def instruments(self) -> Guarded:
        """Those that look at processes, as this caller may use them."""
        return Guarded(self.service.instruments, self.access, self.trail.note)

    async def must_read(self, identities: Iterable[str]) -> None:
        """Note which recordings are read; ProblemError for one that rules hide from this caller."""
        allowed = self.access
        for identity in identities:
            self.trail.recordings.append(identity)
            if allowed.restricted:
                await readable(self.recordings, allowed, identity)

    def only_readable(self, found: Iterable[Recording]) -> tuple[Recording, ...]:
        allowed = self.access
        return tuple(one for one in found if allowed.reads(About.of(one.target), one.caller))

    async def list_recordings(self, most: int) -> tuple[tuple[Recording, ...], int]:
        """The newest that this caller may read, and how many they are."""
        return await list_readable(self.recordings, self.access, most)

    @property
    def recordings(self) -> Recordings:
        """Those that this caller may see."""
        return self.service.recordings_of(self.caller)

    def code_roots(self, target: Target) -> tuple[str, ...]:
        """Below which folders this caller may see source code."""
        return self.service.code_roots(self.caller, target, self.offered)

    @property
    def user_roots(self) -> tuple[str, ...]:
        """Below which folders code is the user's own, as far as somebody has said it."""
        return self.service.settings.user_roots or self.offered

    @asynccontextmanager
    async def window(
        self, who: int | str, seconds: float, *, children: bool, stops: Stops = never
    ) -> AsyncIterator[Target]:
        """All that must hold before a process (by pid), or all of one name, is measured: the window is not too long,
        the target is there, the store can keep what is seen, and nothing runs that must not run beside it."""
        longest = self.service.settings.max_seconds
        if seconds > longest:
            raise ProblemError(
                f"A window of {seconds:g} seconds is too long for this server.",
                f"Its operator allows {longest:g}.",
                f"Ask for at most {longest:g} seconds, or ask the operator to raise PERFDOCTOR_MAX_SECONDS.",
            )
        target = await self.instruments.find_target(who, children=children)
        await self.service.recordings.ready()
        async with self.service.gate.enter(target.pids, stops, self.share):
            yield target

    @property
    def share(self) -> str | None:
        """As whom measurements are counted; nobody limits those of the local user but ``max_traces``."""
        return None if self.caller == LOCAL else self.caller.name


def _quota(settings: Settings) -> Quota:
    number, size = settings.keep_recordings, settings.keep_bytes
    each, each_size = settings.keep_recordings_each or number, settings.keep_bytes_each or size
    return Quota(number, size, min(each, number), min(each_size, size))
