"""Which lines of Go read with a time limit that mostly runs out?

SetReadDeadline a moment ahead, before each read, makes a poll of a wait: goroutines that do so hold no thread and do
not sleep, so no pause is seen. But Go reads before it waits, and one goroutine of a connection at a time: each wait
begins with a read that found nothing (EAGAIN), and ends with one that found something, unless its time was over.
"""

from collections.abc import Iterable
from typing import NamedTuple

from perfdoctor.diagnosis import calls
from perfdoctor.schemas.syscalls import SyscallRow

_OF_GO = "internal/poll.(*FD)."
"""where Go reads from what its runtime waits for (go/src/internal/poll/fd_unix.go)"""


class Waits(NamedTuple):
    """``connections`` on which one waited, ``waits`` of all of them, and those ``in_vain``."""

    connections: int
    waits: int
    in_vain: int

    def pause(self, seconds: float) -> float:
        """How long one lasted at most, on average."""
        return seconds * self.connections / self.waits


def limited_reads(rows: Iterable[SyscallRow]) -> tuple[list[SyscallRow], Waits]:
    """The reads of Go among ``rows`` on connections where more waits ran out than not."""
    found = [
        row
        for row in rows
        if row.syscall in calls.READS
        and row.errors > 2 * (row.calls - row.errors)
        and any(frame.function.startswith(_OF_GO) for frame in row.stack)
    ]
    waits = sum(row.errors for row in found)
    brought = sum(row.calls - row.errors for row in found)
    return found, Waits(len({(row.pid, row.object) for row in found}), waits, waits - brought)
