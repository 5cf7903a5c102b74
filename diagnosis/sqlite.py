"""How often does each line of the program ask SQLite?

SQLite is no peer: what it is asked does not show. But outside of a transaction each statement is one, for which it
takes a lock and looks whether a journal was left beside the file (with a write-ahead log: a lock on its index, and lets
it go).
"""

from collections import defaultdict
from typing import NamedTuple

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.objects import file_of
from perfdoctor.diagnosis.place import Place
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.syscalls import SYNCS, SyscallRow

_JOURNAL, _INDEX = "-journal", "-shm"


class Asked(NamedTuple):
    """``times`` transactions on the file ``path`` at ``place``; ``seconds`` of CPU and waiting went into them."""

    place: Place
    pid: int
    path: str
    times: int
    seconds: float
    stack: Stack


def asked(account: Account) -> list[Asked]:
    """By line. What waits for the disk after each (a transaction that writes, and is ended in the same function) is no
    matter of how often it is asked."""
    syncs: dict[tuple[int, str | None, str], int] = defaultdict(int)
    for row in account.calls:
        place = account.place(row.stack) if row.syscall in SYNCS else None
        if place is not None:
            syncs[row.pid, place.file, place.function] += row.calls
    looks: dict[tuple[int, Place], list[SyscallRow]] = defaultdict(list)
    for row in account.calls:
        place = account.place(row.stack) if _begins(row) else None
        if place is not None:
            looks[row.pid, place].append(row)
    found = []
    for (pid, place), rows in looks.items():
        here = [row for row in account.calls_at[place] if row.pid == pid]
        times = int(sum(row.calls * _begins(row) for row in rows))
        if 2 * syncs[pid, place.file, place.function] >= times:
            continue
        most = max(rows, key=lambda row: row.calls)
        cpu = sum(row.seconds for row in account.samples_at.get(place, ()) if row.pid == pid)
        seconds = max(cpu, sum(row.seconds for row in here))
        path = (file_of(most.object) or "").removesuffix(_JOURNAL).removesuffix(_INDEX)
        found.append(Asked(place, pid, path, times, seconds, most.stack))
    return found


def _begins(row: SyscallRow) -> float:
    """Transactions that one call of a row stands for."""
    path = file_of(row.object) or ""
    if path.endswith(_JOURNAL):
        return 1.0 if row.syscall in calls.LOOKUPS else 0.0
    return 0.5 if path.endswith(_INDEX) and row.syscall == "fcntl" else 0.0
