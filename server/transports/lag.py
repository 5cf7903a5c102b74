"""How late the event loop is: what every client waits for when something holds it up."""

import asyncio
from collections.abc import Callable

EVERY = 0.05
"""seconds between two looks: twenty wake-ups a second cost a thousandth of a core"""


async def watch(tell: Callable[[float], None]) -> None:
    """Until cancelled: ``tell`` by how many seconds each timer came too late."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY
        await asyncio.sleep(EVERY)
        tell(max(0.0, loop.time() - due))
