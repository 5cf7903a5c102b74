"""A target's memory, read ahead in pieces: many small reads that lie close together become few large ones."""

import contextlib
import time

from perfdoctor.collectors.host.base import Memory

_PIECE = 256 << 10
PAGE = 4096
"""the smallest that Linux has: a larger page is only asked about more often"""


class Spent(Exception):  # noqa: N818 - not an error: there is no more time
    """The time for looking into a process is over."""


class Absent(Exception):  # noqa: N818 - a fact
    """The page is not in memory: to read it would bring it there, from the swap or as a page of zeros."""


_STRETCH = 4
"""times its CPU time that a look may take on the clock: other work on the machine must not cut it short"""


class Budget:
    """So much CPU time of this thread, and so many bytes, for looking into a target's memory."""

    def __init__(self, seconds: float, size: int) -> None:
        self._ends = time.monotonic() + _STRETCH * seconds
        self._cpu_ends = time.thread_time() + seconds
        self._size = size

    def take(self, size: int) -> None:
        """Spent when there is nothing left."""
        self._size -= size
        if self._size < 0 or time.thread_time() > self._cpu_ends or time.monotonic() > self._ends:
            raise Spent


class ReadAhead:
    """Reads a mapping from ``low`` to ``high`` (exclusive), mostly upwards. ``whole``: all of it is in memory."""

    def __init__(self, memory: Memory, low: int, high: int, budget: Budget, *, whole: bool) -> None:
        self._memory, self._low, self._high, self.budget, self._whole = memory, low, high, budget, whole
        self.base = low
        self.words = memoryview(b"").cast("Q")
        """the piece that was read last, from the address ``base`` on, as unsigned numbers of eight bytes"""

    def fill(self, address: int, most: int = _PIECE) -> bool:
        """Make the sixteen bytes at ``address`` (a multiple of eight) available in ``words``, and up to ``most`` if
        they are in memory. False outside of the mapping. Absent, Spent or OSError."""
        if not self._low <= address <= self._high - 16:
            return False
        size = min(most, self._high - address) & ~7
        if not self._whole:
            size = min(size, self._resident(address, size))
            if size < 16:
                raise Absent
        self.budget.take(size)
        self.words = memoryview(self._memory.read(address, size)).cast("Q")
        self.base = address
        return True

    def _resident(self, address: int, size: int) -> int:
        """How many bytes from ``address`` on are in memory without a gap; one page where the kernel does not tell."""
        inside = address % PAGE
        pages = [True]
        with contextlib.suppress(OSError):
            pages = self._memory.resident(address - inside, inside + size)
        run = next((i for i, there in enumerate(pages) if not there), len(pages))
        return max(0, run * PAGE - inside)
