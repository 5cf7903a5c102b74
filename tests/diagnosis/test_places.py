"""To which line system calls belong, where the language tells its lines by samples."""

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, javascript, native, window

APPEND = (javascript("append", "/srv/journal.js", 33),)
ASLEEP = (native("write", "/lib/libc.so.6"),)
JOURNAL, LOCK = "/srv/passings.jsonl", "futex:0x5660"


def test_a_call_upon_a_file_that_was_not_sampled_belongs_to_the_line_that_makes_the_same() -> None:
    known, lost = call("write", APPEND, 100, on=JOURNAL), call("write", ASLEEP, 300, on=JOURNAL, blocked=2.0)
    other = call("write", ASLEEP, 5, on="/srv/other.log")
    account = Account(window(calls=(known, lost, other), samples=(cpu(APPEND, 1.0),)))
    lines = {place.line if place else None: rows for place, rows in account.by_place((known, lost, other)).items()}
    assert lines == {33: [known, lost], None: [other]}


def test_a_lock_is_everybodys() -> None:
    mine, of_a_worker = call("futex", APPEND, 10, on=LOCK), call("futex", ASLEEP, 9000, on=LOCK, blocked=9.0)
    account = Account(window(calls=(mine, of_a_worker), samples=(cpu(APPEND, 1.0),)))
    assert {place.line if place else None for place in account.calls_at} == {33, None}
