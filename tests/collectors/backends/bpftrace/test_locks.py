"""What bpftrace printed about a program that knows its locks (tests/workloads/known_locks.c)."""

import json
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.bpftrace import command
from perfdoctor.collectors.backends.bpftrace.locks import _TABLES, LockReader
from perfdoctor.collectors.lock_rows import profile_of
from perfdoctor.schemas.locks import LockKind

RECORDED = (Path(__file__).parents[3] / "transcripts/bpftrace/locks.jsonl").read_bytes()
MAIN, CHILD = 609, 642
BASE = 94664468119936 - 0x180


def read(text: bytes) -> LockReader:
    reader = LockReader()
    reader.feed(text)
    reader.close()
    return reader


def test_every_wait_of_the_recording_is_counted() -> None:
    reader = read(RECORDED)
    assert (reader.not_understood, reader.lost, reader.complete) == (0, 0, True)
    profile = profile_of(reader.rows())
    waits = {(lock.address or 0) - BASE: (lock.kind, lock.waits, lock.threads) for lock in profile.locks}
    assert waits[0x220] == (LockKind.MUTEX, 41, 1)
    assert waits[0x320] == (LockKind.MUTEX, 23, 1)
    assert waits[0x1A0] == (LockKind.PRIORITY, 7, 1)
    assert waits[0x1E8] == (LockKind.FUTEX, 24, 2)
    assert waits[0x2C8][1] + waits[0x2CC][1] == 38
    files = {lock.pid: (lock.kind, lock.name, lock.acquired, lock.waits) for lock in profile.locks if not lock.address}
    assert files == {MAIN: (LockKind.FILE, "fd:3", 5, 0), CHILD: (LockKind.FILE, "fd:8", 5, 5)}


def test_what_is_under_way_at_the_end_is_unfinished() -> None:
    text = b"\n".join(
        json.dumps({"type": kind, "data": data}).encode()
        for kind, data in (
            ("map", {"@began": {"7,8": 1_000_000_000}}),
            ("map", {"@what": {"8": 4096}}),
            ("map", {"@how": {"8": 128}}),
            ("map", {"@expected": {"8": 2}}),
            ("printf", "ended 3000000000"),
        )
    )
    (lock,) = profile_of(read(text).rows()).locks
    assert (lock.pid, lock.address, lock.kind, lock.waits, lock.unfinished) == (7, 4096, LockKind.MUTEX, 0, 1)
    assert lock.seconds == 2.0


def test_the_program_fills_the_tables_that_are_read() -> None:
    text = command.LOCKS.read_text()
    filled = set(re.findall(r"@\w+(?=\[)", text)) - {"@tree", "@other", "@took"}
    assert filled == set(_TABLES)


@given(st.lists(st.one_of(st.binary(max_size=200), st.sampled_from(RECORDED.split(b"\n"))), max_size=12))
def test_any_text_is_counted_or_not_understood(lines: list[bytes]) -> None:
    profile_of(read(b"\n".join(lines)).rows())
