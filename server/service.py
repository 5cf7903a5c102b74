"""What a running server holds, and what one call of a tool is given."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from perfdoctor.collectors.progress import Progress
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.target import Target
from perfdoctor.server.gate import Gate, Stops, never
from perfdoctor.server.instruments import Instruments, ThisMachine
from perfdoctor.server.policy import Caller, Role
from perfdoctor.server.settings import Settings
from perfdoctor.server.store.recordings import Recordings


class Service:
    """One per process, shared by every connection."""

    def __init__(self, settings: Settings, instruments: Instruments | None = None) -> None:
        self.settings = settings
        self.instruments = instruments or ThisMachine()
        self.recordings = Recordings(settings.state, keep=settings.keep_recordings, keep_bytes=settings.keep_bytes)
        self.gate = Gate(settings.max_traces)
        self._only_strace: bool | None = None

    async def strace_is_all_there_is(self) -> bool:
        """Whether ``auto`` would trace system calls by stopping the target. Asked of the machine once."""
        if self._only_strace is None:
            state = await self.instruments.check_tools()
            usable = {b.backend for b in state.backends if b.available and "trace-syscalls" in b.answers}
            self._only_strace = usable == {"strace"}
        return self._only_strace


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool: who asks, and whom to tell how it goes."""

    service: Service
    caller: Caller
    progress: Progress

    @asynccontextmanager
    async def window(self, pid: int, seconds: float, *, children: bool, stops: Stops = never) -> AsyncIterator[Target]:
        """All that must hold before a process is measured: the target, once the caller may, the window is not too long,
        the store can keep what is seen, and nothing runs that must not run beside it."""
        self.caller.must(Role.TRACE, "measure a process")
        longest = self.service.settings.max_seconds
        if seconds > longest:
            raise ProblemError(
                f"A window of {seconds:g} seconds is too long for this server.",
                f"Its operator allows {longest:g}.",
                f"Ask for at most {longest:g} seconds, or ask the operator to raise PERFDOCTOR_MAX_SECONDS.",
            )
        target = await self.service.instruments.find_target(pid, children=children)
        await self.service.recordings.ready()
        async with self.service.gate.enter(target.pid, stops):
            yield target
