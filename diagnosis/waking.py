"""What belongs to a loop that wakes and looks: how often that is worth a word, and what is done around it."""

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.objects import file_of
from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.syscalls import SyscallRow

RATE = Threshold(30, "wake-ups/s", "library waits poll 20 times a second on purpose; below that nobody feels it")
SHORT = Threshold(
    0.006, "s of pause", "a pause of 10 ms is a compromise that people choose; shorter ones are meant to notice at once"
)
FRUITFUL = Threshold(
    0.5, "calls that bring something, for each wake-up", "such a loop is paced: it does its work each time"
)
ASK = Threshold(0.00005, "s of CPU, for each wake-up", "waking, asking and sleeping again takes some 30 µs in Python")
WORK = Threshold(
    0.0001, "s of CPU, for each wake-up", "a loop that takes this long and is told nothing does its work each time"
)
_NO_QUESTIONS = (*calls.FUTEXES, "rt_sig", "mprotect", "madvise", "munmap", "getcpu", "clock_get", "gettimeofday",
                "times", "getrusage")  # fmt: skip
"""how calls begin that return nothing when all is well: a runtime's own housekeeping, and a look at the clock"""


def cpu_in(account: Account, place: Place) -> float:
    """Seconds of CPU in the function of ``place``, and below it."""
    return sum(row.seconds for row in account.samples if account.place(row.stack) and runs_in(row.stack, place))


def other_calls(account: Account, place: Place, rows: list[SyscallRow]) -> list[SyscallRow]:
    """Calls made in the loop around the pause, in the same function or below it."""
    pauses = {id(row) for row in rows}
    return [
        row
        for row in account.calls
        if id(row) not in pauses and row.calls and runs_in(row.stack, place) and not account.held_up(row)
    ]


def written(rows: list[SyscallRow]) -> int:
    """Writes to files: who writes has something to say. (Who opens a file asks for its kind and size all the same.)"""
    return sum(
        row.calls - row.errors - row.empty for row in rows if row.syscall in calls.WRITES and file_of(row.object)
    )


def questions(rows: list[SyscallRow]) -> list[SyscallRow]:
    """Calls whose answer may be that there is nothing."""
    return [row for row in rows if not row.syscall.startswith(_NO_QUESTIONS)]


def new_pages(account: Account, place: Place) -> int:
    """Page faults in the loop: who touches new memory makes something."""
    return sum(row.faults for row in account.evidence.faults or () if runs_in(row.stack, place))


def runs_in(stack: Stack, place: Place) -> bool:
    return any(map(place.shares_function, stack))
