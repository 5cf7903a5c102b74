"""Is it for want of a lock, or of a connection, that tasks of asyncio stand in line, and not for want of a core?"""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.schemas.locks import Lock

ALWAYS = Threshold(
    0.5, "of the looks at the tasks find one waiting", "a line that forms now and then is a burst of work"
)
LOOP = Threshold(
    0.8,
    "of one core, at most, for the thread of the event loop",
    "above it the tasks wait for the loop, not for others",
)
TASKS = Threshold(0.2, "tasks that wait on average", "a lock that is waited for once in a while is doing its job")
BATCH = Threshold(
    0.5,
    "of the window that one task waits",
    "where all work stands in line from the beginning, the line is how the program keeps it back, and it is a note",
)


def stands(account: Account, lock: Lock) -> bool:
    """Whether tasks stand in line all along while their loop has time for more."""
    if lock.present is not None and lock.present < ALWAYS.value:
        return False
    busiest = max((t.running + t.runnable for t in account.evidence.threads or () if t.pid == lock.pid), default=0.0)
    return lock.seconds >= TASKS.value * account.seconds and busiest < LOOP.value * account.seconds


def is_a_batch(account: Account, lock: Lock) -> bool:
    """Whether there is one who waits for much of the window."""
    return lock.max_seconds >= BATCH.value * account.seconds
