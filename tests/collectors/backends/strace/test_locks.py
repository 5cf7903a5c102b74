"""What strace wrote about a program that knows its locks (tests/workloads/known_locks.c)."""

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.strace.locks import LockReader
from perfdoctor.collectors.lock_rows import kind_of, profile_of
from perfdoctor.schemas.locks import LockKind

RECORDED = (Path(__file__).parents[3] / "transcripts/strace/locks.txt").read_bytes()
MAIN = 584
BASE = 0x5587B56B7000


def read(*chunks: bytes) -> LockReader:
    reader = LockReader(lambda _tid: MAIN)
    for chunk in chunks:
        reader.feed(chunk)
    reader.close()
    return reader


def test_every_wait_of_the_recording_is_counted() -> None:
    reader = read(RECORDED)
    assert (reader.not_understood, reader.without_object) == (0, 0)
    profile = profile_of(reader.waits.values())
    waits = {lock.address - BASE: (lock.kind, lock.waits, lock.threads) for lock in profile.locks if lock.address}
    assert waits[0x220] == (LockKind.MUTEX, 41, 1)
    assert waits[0x320] == (LockKind.MUTEX, 23, 1)
    assert waits[0x1A0] == (LockKind.PRIORITY, 7, 1)
    assert waits[0x1E8] == (LockKind.FUTEX, 24, 2)
    assert waits[0x180] == (LockKind.FUTEX, 3, 1)
    assert waits[0x2C8][1] + waits[0x2CC][1] == 38
    (file,) = (lock for lock in profile.locks if lock.kind is LockKind.FILE)
    assert (file.name, file.acquired) == ("/srv/shared.lock", 10)
    assert 5 <= file.waits <= 10
    assert profile.waits == sum(lock.waits for lock in profile.locks)


def only(text: str) -> tuple[LockKind, int, int, int, int]:
    reader = read(f"7 {text}\n".encode())
    assert reader.not_understood == 0
    (row,) = reader.waits.values()
    return kind_of(row), row.calls, row.timeouts, row.missed, row.unfinished


def test_forms_of_the_calls() -> None:
    assert only("futex(0x10, FUTEX_WAIT, 2, NULL) = 0 <0.100000>") == (LockKind.MUTEX, 1, 0, 0, 0)
    assert only("futex(0x10, FUTEX_LOCK_PI_PRIVATE, NULL) = 0 <0.000001>")[0] is LockKind.PRIORITY
    joined = "futex(0x10, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 4711, NULL, FUTEX_BITSET_MATCH_ANY) = 0 <0.000001>"
    assert only(joined)[0] is LockKind.JOIN
    late = "futex(0x10, FUTEX_WAIT_PRIVATE, 0, {tv_sec=1, tv_nsec=2}) = -1 ETIMEDOUT (Connection timed out) <0.010124>"
    assert only(late) == (LockKind.FUTEX, 0, 1, 0, 0)
    again = "futex(0x10, FUTEX_WAIT_PRIVATE, 2, NULL) = -1 EAGAIN (Resource temporarily unavailable) <0.000015>"
    assert only(again) == (LockKind.MUTEX, 0, 0, 1, 0)
    assert only("futex(0x10, FUTEX_WAIT_PRIVATE, 2, NULL <detached ...>") == (LockKind.MUTEX, 0, 0, 0, 1)
    assert only("futex(0x10, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>") == (LockKind.MUTEX, 0, 0, 0, 1)
    taken = "fcntl(3</srv/x>, F_SETLKW, {l_type=F_WRLCK, l_whence=SEEK_SET}) = 0 <0.500000>"
    assert only(taken) == (LockKind.FILE, 1, 0, 0, 0)
    assert only("semop(7, [{0, -1, 0}], 1) = 0 <0.000001>")[0] is LockKind.SYSV


def test_what_does_not_wait_is_left_out() -> None:
    for text in (
        "futex(0x10, FUTEX_WAKE_PRIVATE, 1) = 1 <0.000001>",
        "fcntl(2</dev/null>, F_GETFD) = 0 <0.000007>",
        "flock(3</srv/x>, LOCK_UN) = 0 <0.000045>",
        "fcntl(3</srv/x>, F_SETLKW, {l_type=F_UNLCK}) = 0 <0.000010>",
        "<... futex resumed>) = 0 <0.000010>",
    ):
        assert not read(f"7 {text}\n".encode()).waits, text


@given(st.lists(st.integers(0, len(RECORDED)), max_size=8))
def test_chunks_may_end_anywhere(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(RECORDED)]
    chunks = [RECORDED[a:b] for a, b in pairwise(places)]
    assert read(*chunks).waits == read(RECORDED).waits


@given(st.lists(st.one_of(st.binary(max_size=200), st.sampled_from(RECORDED.split(b"\n"))), max_size=20))
def test_any_text_is_counted_or_not_understood(lines: list[bytes]) -> None:
    reader = read(b"\n".join(lines))
    profile_of(reader.waits.values())
