"""Contention, or want of work? By the lock's kind, and by the lines at both ends."""

import pytest

from perfdoctor.diagnosis.example import library, python
from perfdoctor.diagnosis.lock_roles import comes_first, role_of
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.locks import Lock, LockKind, LockWait
from perfdoctor.schemas.locks_answer import LockRole

UPDATE, TOTAL = python(25, "update"), python(40, "total")


def lock(kind: LockKind, waiter: Stack, holder: Stack = (), *, both_ways: int = 0) -> Lock:
    wait = LockWait(waiter=waiter, holder=holder, waits=10, seconds=1.0)
    return Lock(pid=1, kind=kind, waits=10, seconds=1.0, waiters=(wait,), both_ways=both_ways)


@pytest.mark.parametrize(
    ("of", "role", "because"),
    [
        (lock(LockKind.MUTEX, (UPDATE,)), LockRole.CONTENTION, "a mutex is a lock"),
        (lock(LockKind.CONDITION, (UPDATE,)), LockRole.WORK, "a condition is no lock"),
        (lock(LockKind.INTERPRETER, (UPDATE,)), LockRole.INTERPRETER, "the GIL"),
        (lock(LockKind.SEMAPHORE, (UPDATE,), (UPDATE,)), LockRole.CONTENTION, "it is given back where it is taken"),
        (lock(LockKind.SEMAPHORE, (UPDATE,), (TOTAL,), both_ways=1), LockRole.CONTENTION, "a thread does both"),
        (lock(LockKind.SEMAPHORE, (UPDATE,), (TOTAL,)), LockRole.UNDECIDED, "one side waits, the other wakes"),
        (
            lock(
                LockKind.SEMAPHORE,
                (library("threading.py", "Condition.wait"), library("queue.py", "Queue.get"), UPDATE),
            ),
            LockRole.WORK,
            "a consumer of a queue",
        ),
        (
            lock(
                LockKind.SEMAPHORE,
                (library("threading.py", "Condition.__enter__"), library("queue.py", "Queue.get"), UPDATE),
                (library("threading.py", "Condition.__exit__"), library("queue.py", "Queue.get"), UPDATE),
            ),
            LockRole.CONTENTION,
            "the queue's own lock, which its consumers fight for",
        ),
        (lock(LockKind.FUTEX, (UPDATE,), (UPDATE,)), LockRole.UNDECIDED, "a barrier, or anything"),
        (lock(LockKind.FUTEX, ()), LockRole.UNDECIDED, "no lines are known"),
    ],
)  # fmt: skip
def test_roles(of: Lock, role: LockRole, because: str) -> None:
    assert role_of(of, of.waiters) is role, because


def test_long_waits_for_what_may_be_a_queue_come_last_but_one() -> None:
    assert comes_first(LockRole.CONTENTION, 100.0, 1) == 0
    assert comes_first(LockRole.UNDECIDED, 1.0, 1000) == 0
    assert comes_first(LockRole.UNDECIDED, 100.0, 10) == 1
    assert comes_first(LockRole.WORK, 0.1, 1000) == 2
