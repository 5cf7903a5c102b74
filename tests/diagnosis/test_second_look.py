"""When is a closer look at locks worth the rest of the time?"""

import pytest

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import PID, call, library, native, python, window
from perfdoctor.diagnosis.patterns.gil_contention import PATTERN as GIL
from perfdoctor.diagnosis.patterns.lock_contention import PATTERN, check
from perfdoctor.diagnosis.second_look import wants_locks
from perfdoctor.schemas.locks import GilHolder, GilUse, LockProfile
from perfdoctor.schemas.syscalls import SyscallRow

LOCK = call("futex", (python(8, "update"),), 900, on="futex:0x10", blocked=4.0)
MUTEX = (native("__lll_lock_wait", "/lib/libc.so.6"), native("update", "/srv/app", "/srv/app.c", 8))
QUEUE = call("futex", (library("queue.py", "Queue.get"), python(9, "work")), 900, on="futex:0x20", blocked=30.0)


@pytest.mark.parametrize(
    ("row", "wanted", "because"),
    [
        (LOCK, True, "0.4 threads wait for it on average"),
        (call("futex", MUTEX, 900, blocked=4.0), True, "a mutex in C"),
        (QUEUE, False, "they wait for work"),
        (call("futex", (python(8, "update"),), 900, on="futex:0x10", blocked=0.3), False, "nobody would notice"),
        (
            call("futex", (python(8, "update"),), 3, on="futex:0x10", blocked=4.0),
            False,
            "three waits are few",
        ),
    ],
)
def test_a_closer_look(row: SyscallRow, wanted: bool, because: str) -> None:
    assert wants_locks((row, QUEUE), 10.0) is wanted, because


def test_a_holder_elsewhere_is_where_the_change_belongs() -> None:
    example = next(e for e in PATTERN.examples() if "closer look" in e.name)
    [finding] = check(Account(example.evidence))
    assert finding.location is not None
    assert (finding.location.function, finding.location.line) == ("reload", 18)
    assert "app.py:25 (update)" in finding.title and "which `app.py:18 (reload)` holds for 30.0 ms" in finding.title
    assert "it waits in clock_nanosleep at `app.py:21 (reload)`" in finding.fix
    without = example.evidence.model_copy(update={"locks": None})
    [before] = check(Account(without))
    assert before.location is not None and before.location.line == 25 and before.confidence < finding.confidence
    assert window().locks is None


def test_a_closer_look_names_who_has_the_interpreter() -> None:
    example = next(e for e in GIL.examples() if e.fires)
    line = python(31, "score")
    held = GilHolder(tid=1, thread="worker", samples=80, lines=(((line,), 60), ((python(55, "receive"),), 20)))
    use = GilUse(pid=PID, hz=20, samples=100, held=80, holders=(held,))
    evidence = example.evidence.model_copy(update={"locks": LockProfile(gil=(use,))})
    [finding] = GIL.check(Account(evidence))
    fact = finding.evidence[1]
    assert fact.what.endswith("found it held by `app.py:31 (score)`") and fact.value == 0.75
