"""Functions of Python that are given the same again and again, and work out the same from it each time.

That they are given the same is seen in their frames. That they work out the same is told by their text; of a library's
function, whose text nobody reads, only where it is given a text to work on that the program keeps, and does nothing but
compute.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.diagnosis.patterns.serialization_overhead import format_of
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.preparations import preparation_in
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.schemas.cpu import CpuRow, RecurringCalls
from perfdoctor.schemas.frame import Stack

CALLS = Threshold(8, "system calls", "a function that only works something out makes none, but for memory")
_MEMORY_AND_TIME = (
    "mmap",
    "munmap",
    "mremap",
    "brk",
    "madvise",
    "futex",
    "sched_yield",
    "clock_gettime",
    "clock_nanosleep",
)
# (OpenSSL asks before each random number whether it is still the same process)
_QUIET = frozenset((*_MEMORY_AND_TIME, "getpid", "getrandom"))


class Recurring(NamedTuple):
    """``place``: the line that asks for it most."""

    calls: RecurringCalls
    place: Place
    rows: list[CpuRow]


def recurring(account: Account) -> list[Recurring]:
    """Those that hold most CPU time first, without what they call in turn."""
    found = [one for calls in _candidates(account) if (one := _of(account, calls)) is not None]
    found.sort(key=lambda one: -sum(row.seconds for row in one.rows))
    told, kept = set[int](), []
    for one in found:
        fresh = sum(row.seconds for row in one.rows if id(row) not in told)
        if 2 * fresh > sum(row.seconds for row in one.rows):
            kept.append(one)
        told |= {id(row) for row in one.rows}
    return kept


def _candidates(account: Account) -> Iterator[RecurringCalls]:
    for calls in account.evidence.cpu.recurring if account.evidence.cpu else ():
        if calls.kept is False:
            continue  # (what comes from outside is to be worked on each time, though it may be the same as before)
        if (calls.only_gives is None and calls.kept) or (calls.only_gives and not calls.objects):
            yield calls


def _of(account: Account, calls: RecurringCalls) -> Recurring | None:
    at: dict[Place, list[CpuRow]] = defaultdict(list)
    for row in account.samples:
        if row.pid == calls.pid and (place := _asker(account, calls, row.stack)) is not None:
            at[place].append(row)
    rows = [row for own in at.values() for row in own]
    spent = sum(row.seconds for row in rows)
    known = sum(row.seconds for row in rows if format_of(row) or preparation_in(account.below(row)) is not None)
    if not rows or 2 * known > spent:
        return None  # (what is told as that already)
    asked = sum(
        row.calls
        for row in account.calls
        if row.pid == calls.pid and row.syscall not in _QUIET and _asker(account, calls, row.stack) is not None
    )
    if asked >= CALLS.value:
        return None
    place = max(at, key=lambda place: sum(row.seconds for row in at[place]))
    return Recurring(calls, place, rows)


def _asker(account: Account, calls: RecurringCalls, stack: Stack) -> Place | None:
    """The line of the user's code that has asked for the function; of a library's only one that calls it itself."""
    for at in range(len(stack) - 1, -1, -1):
        if (stack[at].file, stack[at].function) == (calls.file, calls.function):
            outer = stack[at + 1 : at + 2] if calls.only_gives is None else stack[at + 1 :]
            own = next((frame for frame in outer if is_user_code(frame, account.evidence.user_roots)), None)
            return Place(own.file, own.function, own.line) if own is not None else None
    return None
