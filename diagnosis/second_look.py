"""Does what a window has shown so far ask for a closer look in the rest of its time?"""

from collections.abc import Sequence

from perfdoctor.diagnosis.waiting import signals, state_of
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.syscalls import SyscallRow

WAITING = 0.2
"""Threads that wait for locks on average: with fewer, no finding would be more than a note."""
WAITS = 2.0
"""a second"""


def wants_locks(rows: Sequence[SyscallRow], seconds: float) -> bool:
    """Whether threads wait for locks enough to ask who holds them. ``rows``: waits on futexes so far."""
    signalled = signals(rows)
    waits = [row for row in rows if state_of(row, (), signalled) is State.LOCK]
    blocked, times = sum(row.blocked_seconds for row in waits), sum(row.calls for row in waits)
    return blocked >= WAITING * seconds and times >= WAITS * seconds
