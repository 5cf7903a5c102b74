"""Progress of one call, told to a client that may be slow: latest value wins, and the measurement never waits.

A sampler writes what it sees into a slot; a task of its own looks into the slot four times a second and sends, a
little more than twice where many calls run. When the client does not read, sending is given up after a second and the
next value is tried.
"""

from collections.abc import Awaitable, Callable

import anyio

from perfdoctor.server.meters import Meters

EVERY = 0.25
"""seconds; at least two messages a second are promised, at most five wanted"""
EVERY_AMONG_MANY = 0.45
"""seconds, while more than MANY calls run: a message costs the event loop half a millisecond"""
MANY = 50
PATIENCE = 1.0
"""seconds that one message may take to be sent"""

Send = Callable[[float, str], Awaitable[None]]
"""(seconds since the call began, what is seen)"""


class Reporter:
    """``see`` is given to the measurement; ``run`` is the task that sends. The figure sent always increases."""

    def __init__(self, send: Send, meters: Meters | None = None, running: Callable[[], int] = lambda: 1) -> None:
        """``running`` says how many calls run now, in all."""
        self._send = send
        self._calls_running = running
        self._meters = meters or Meters()
        self._message = "starting"

    def see(self, _elapsed: float, message: str) -> None:
        self._message = message

    async def run(self) -> None:
        began = due = anyio.current_time()
        while True:
            # (from the moment at which the last was due: a loop that is late would send ever fewer)
            every = EVERY if self._calls_running() <= MANY else EVERY_AMONG_MANY
            due = max(due + every, anyio.current_time())
            await anyio.sleep_until(due)
            with anyio.move_on_after(PATIENCE) as patience:
                await self._send(anyio.current_time() - began, self._message)
            self._meters.progress(sent=not patience.cancelled_caught)
