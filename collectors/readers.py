"""Short looks at a target, in few threads.

A look at /proc gives the interpreter up at each of its files and takes it again. With forty threads doing so, the event
loop, and with it every client of a shared server, stands in a queue behind all of them; four keep up with more targets
than one machine bears.
"""

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

A = TypeVarTuple("A")
R = TypeVar("R")
THREADS = 4
_limiter: RunVar[CapacityLimiter] = RunVar("readers")


async def reading(look: Callable[[*A], R], *arguments: *A) -> R:
    """What ``look`` returns, from a thread: only for what takes milliseconds, for others wait."""
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(THREADS)
        _limiter.set(limiter)
    return await to_thread.run_sync(look, *arguments, limiter=limiter)
