"""Work that is handed to a pool in pieces so small that handing them over takes as long as doing them."""

from collections import defaultdict
from typing import NamedTuple

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.threads import ThreadTime

_OFTEN = 10
"""times a second that a thread sleeps and is woken: others of the process only stand by"""


class Pieces(NamedTuple):
    """What one process hands to its own threads. ``number``: waits for the next piece. ``handing``: seconds of CPU in
    the calls that wake and that wait; ``in_line``: that those who were woken waited for a core. ``stack``: of the line
    that hands over most."""

    workers: list[ThreadTime]
    number: int
    handing: float
    in_line: float
    stack: Stack

    @property
    def cpu(self) -> float:
        return sum(time.running for time in self.workers)

    @property
    def threads(self) -> int:
        return sum(time.count for time in self.workers)


def handed_over(account: Account, least: float) -> dict[int, Pieces]:
    """By process, of those with ``least`` threads that are woken often."""
    workers: dict[int, list[ThreadTime]] = defaultdict(list)
    for time in account.evidence.threads or ():
        if time.voluntary_switches >= _OFTEN * time.wall > 0:
            workers[time.pid].append(time)
    return {pid: _of(account, pid, of) for pid, of in workers.items() if sum(time.count for time in of) >= least}


def _of(account: Account, pid: int, workers: list[ThreadTime]) -> Pieces:
    rows = [row for row in account.calls if row.pid == pid and row.syscall in calls.FUTEXES]
    waits = [row for row in rows if row.blocked_seconds > 0 and account.state(row) is State.IDLE]
    wakes = account.by_place(row for row in rows if row.blocked_seconds == 0)
    wakes.pop(None, None)
    most = max(wakes.values(), key=lambda at: sum(row.calls for row in at), default=[])
    return Pieces(
        workers,
        sum(row.calls for row in waits),
        sum(row.on_core_seconds for row in rows),
        sum(row.runnable_seconds for row in waits),
        most[0].stack if most else (),
    )
