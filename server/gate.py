"""Which measurements may run beside each other: only so many at once, and none beside one that stops its target."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from perfdoctor.schemas.problem import ProblemError

Stops = Callable[[], Awaitable[bool]]
"""Whether a measurement stops its target (strace does). Asked only when another runs on the same target."""


async def never() -> bool:
    return False


@dataclass(eq=False, slots=True)
class _Running:
    pids: frozenset[int]
    stops: Stops
    who: str | None


class Gate:
    """At most ``most`` measurements in all, and ``most_each`` of one identity."""

    def __init__(self, most: int, most_each: int | None = None) -> None:
        self._most = most
        self._most_each = most_each or most
        self._running: list[_Running] = []

    @property
    def running(self) -> int:
        """How many measurements hold a place."""
        return len(self._running)

    @asynccontextmanager
    async def enter(self, pids: Sequence[int], stops: Stops, who: str | None = None) -> AsyncIterator[None]:
        """Hold a place for one measurement of ``pids`` by ``who`` (None: by somebody whose share nobody limits).
        ProblemError at once when it may not run now: a caller knows better than we do whether to wait."""
        if len(self._running) >= self._most:
            raise ProblemError(
                f"{len(self._running)} measurements are running, and no more may run at once.",
                "Each costs its target and this machine something.",
                "Wait until one ends and call again, or ask the operator to raise PERFDOCTOR_MAX_TRACES.",
            )
        own = sum(running.who == who for running in self._running)
        if who is not None and own >= self._most_each:
            raise ProblemError(
                f"You have {own} measurements running, and may have no more at once.",
                "Others shall find room too.",
                "Wait until one of yours ends and call again, or ask the operator to raise PERFDOCTOR_MAX_TRACES_EACH.",
            )
        mine = _Running(frozenset(pids), stops, who)
        others = [running for running in self._running if running.pids & mine.pids]
        # In the list before the first await: two that arrive together see each other.
        self._running.append(mine)
        try:
            for measurement in (mine, *others) if others else ():
                if await measurement.stops():
                    raise ProblemError(
                        f"Process {pids[0]} is being measured already, and this may not run beside it.",
                        "One of the two stops the process at every system call, which would spoil both.",
                        "Call again when the other has ended.",
                    )
            yield
        finally:
            self._running.remove(mine)
