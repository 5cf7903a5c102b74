"""Is a wait for a lock contention, or has the thread nothing to do?

Semaphores serve for both: Python's locks, conditions and queues are all made of them. What the memory of the lock does
not tell, the lines that wait and those that wake do.
"""

from collections import defaultdict
from collections.abc import Sequence

from perfdoctor.diagnosis.user_code import basename, is_user_code
from perfdoctor.diagnosis.waiting import LONG_WAIT_SECONDS, waits_for_work
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.locks import Lock, LockKind, LockWait, Waiting
from perfdoctor.schemas.locks_answer import LockRole

NOTABLE_SHARE = 0.01
"""Of the window that threads stood still together: below, locks did their job and cost nothing worth a change."""
STANDING_SECONDS = 0.1
"""A wait that was under way when the window closed is worth a row of its own from here on: shorter ones are those of
any lock that is in use."""


def comes_first(lock: LockRole, seconds: float, waits: int) -> int:
    """0 for what should be looked at first. What may be a queue is not among it when its waits are as long as those of
    a thread that has nothing to do."""
    if lock is LockRole.WORK:
        return 2
    return int(lock is LockRole.UNDECIDED and (not waits or seconds / waits >= LONG_WAIT_SECONDS))


_BY_KIND = {
    LockKind.MUTEX: LockRole.CONTENTION,
    LockKind.PRIORITY: LockRole.CONTENTION,
    LockKind.RWLOCK: LockRole.CONTENTION,
    LockKind.FILE: LockRole.CONTENTION,
    LockKind.POOL: LockRole.CONTENTION,
    LockKind.INTERPRETER: LockRole.INTERPRETER,
    LockKind.CONDITION: LockRole.WORK,
    LockKind.JOIN: LockRole.WORK,
}
_TAKES = {"threading.py": {"__enter__", "acquire"}}
"""Functions of the standard library that wait for a lock proper, though they may be called by one that waits for work:
``with self.not_empty`` inside of Queue.get."""


def role_of(lock: Lock, waiters: Sequence[LockWait]) -> LockRole:
    """What waiting for ``lock`` means, by the waits at ``waiters`` (those of the lock, or of one line)."""
    if lock.who is Waiting.TASKS:  # (of their waits for work nothing is told)
        return LockRole.CONTENTION
    if lock.kind in _BY_KIND:
        return _BY_KIND[lock.kind]
    seconds: dict[LockRole, float] = defaultdict(float)
    for wait in waiters:
        seconds[_role_at(wait.waiter, lock)] += wait.seconds
    if not seconds:
        return LockRole.UNDECIDED
    likeliest = max(seconds, key=lambda role: seconds[role])
    if likeliest is not LockRole.CONTENTION or _is_given_back(lock, waiters):
        return likeliest
    return LockRole.UNDECIDED


def _role_at(stack: Stack, lock: Lock) -> LockRole:
    if not stack:
        return LockRole.UNDECIDED
    inner = stack[0]
    if inner.function.rsplit(".", 1)[-1] in _TAKES.get(basename(inner.file), ()):
        return LockRole.CONTENTION
    if waits_for_work(stack):
        return LockRole.WORK
    # A plain futex with a value of its own is a barrier or a program's own signal, as far as glibc makes them.
    return LockRole.UNDECIDED if lock.kind is LockKind.FUTEX else LockRole.CONTENTION


def _is_given_back(lock: Lock, waiters: Sequence[LockWait]) -> bool:
    """Who takes a lock gives it back: a thread, or a function, that both waits here and wakes others."""
    if lock.both_ways:
        return True
    waits = {name for wait in waiters for name in _functions(wait.waiter)}
    wakes = {name for wait in lock.waiters for name in _functions(wait.holder)}
    wakes |= {name for hold in lock.holders for name in _functions(hold.stack)}
    return bool(waits & wakes)


def _functions(stack: Stack) -> set[tuple[str | None, str]]:
    return {(frame.file, frame.function) for frame in stack if is_user_code(frame)}
