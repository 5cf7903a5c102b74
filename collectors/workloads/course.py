"""How one run goes: from the first instruction over "ready" and its load to its end, each with its time."""

import time
from collections.abc import Callable

import anyio

from perfdoctor.collectors.host.base import Ended

_ASK_SECONDS = 0.02
"""between two looks at whether it listens by now"""


class Course:
    """``over`` says why there is nothing more to measure, ``failure`` why the run is no good one; both are said once
    and stay. Times are the monotonic clock's."""

    def __init__(self) -> None:
        self.over: str | None = None
        self.failure: str | None = None
        self.ended: Ended | None = None
        self.ready_at: float | None = None
        self.measured_from = self.measured_to = 0.0
        self.cpu_from = (0.0, 0.0)
        self.cpu_to: tuple[float, float] | None = None
        self._finished = anyio.Event()
        self._ready = anyio.Event()
        self.attached = anyio.Event()
        """the measurement has begun: now its load may"""

    def why_over(self) -> str | None:
        return self.over

    def finish(self, why: str, *, at: float | None = None) -> None:
        """Nothing more is to be measured."""
        if self.over is None:
            self.over = why
            self.measured_to = time.monotonic() if at is None else at
            self._finished.set()
            self._ready.set()

    def fail(self, why: str) -> None:
        if self.failure is None and self.over is None:
            self.failure = why
        self.finish(why)

    def is_ready(self) -> None:
        if self.ready_at is None:
            self.ready_at = time.monotonic()
            self._ready.set()

    async def until_ready(self) -> bool:
        """Whether it became ready; False when it was over before."""
        await self._ready.wait()
        return self.over is None

    async def until_finished(self) -> None:
        await self._finished.wait()

    async def until(self, holds: Callable[[], bool]) -> bool:
        """Ask again and again, in a worker thread, until it holds (True) or the run is over (False)."""
        while not await anyio.to_thread.run_sync(holds):
            with anyio.move_on_after(_ASK_SECONDS):
                await self._finished.wait()
            if self.over is not None:
                return False
        return True
