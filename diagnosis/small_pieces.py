"""Work that is handed to a pool in pieces so small that handing them over takes as long as doing them."""

from collections import Counter, defaultdict
from typing import NamedTuple

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.place import Place
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.syscalls import SyscallRow
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


def handed_over(account: Account) -> dict[int, Pieces]:
    """By process."""
    rows: dict[int, list[SyscallRow]] = defaultdict(list)
    for row in account.calls:
        if row.syscall in calls.FUTEXES:
            rows[row.pid].append(row)
    return {pid: _of_process(account, pid, of_one) for pid, of_one in rows.items()}


def _of_process(account: Account, pid: int, rows: list[SyscallRow]) -> Pieces:
    workers = [
        time
        for time in account.evidence.threads or ()
        if time.pid == pid and time.voluntary_switches >= _OFTEN * time.wall > 0
    ]
    waits = [row for row in rows if row.blocked_seconds > 0 and account.state(row) is State.IDLE]
    wakes: Counter[Place] = Counter()
    for row in rows:
        if row.blocked_seconds == 0 and (place := account.place(row.stack)) is not None:
            wakes[place] += row.calls
    most = next((place for place, _ in wakes.most_common(1)), None)
    return Pieces(
        workers,
        sum(row.calls for row in waits),
        sum(row.seconds - row.blocked_seconds - row.runnable_seconds for row in rows),
        sum(row.runnable_seconds for row in waits),
        next((row.stack for row in rows if most and account.place(row.stack) == most), ()),
    )
