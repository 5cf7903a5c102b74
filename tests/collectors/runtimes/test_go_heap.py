"""What is read of a Go program's heap: exact where it makes sense, refused where it does not."""

import struct
import time
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.go_heap import GoHeap, GoHeapReader, GoHeapWatch, _fields, _sets
from perfdoctor.collectors.runtimes.go_program import NotReadableError
from perfdoctor.schemas.memory import HeapReading
from tests.collectors.runtimes.test_goroutines import Bytes

SECOND = 10**9


class Machine:
    """Of which only a process's memory can be read."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def memory(self, pid: int) -> Bytes:
        return Bytes(self.data)


def reader(minor: int, data: bytes) -> GoHeapReader:
    """One that has found out where things are: when the last collection ended at 0, the pacer at 8."""
    made = object.__new__(GoHeapReader)
    made._host, made._pid, made._fields, made._ended, made._controller = (
        cast(Host, Machine(data)),
        1,
        _fields(minor),
        0,
        8,
    )
    return made


def heap(minor: int, ended: int, marked: int, live: int, made: int) -> bytes:
    fields, memory = _fields(minor), bytearray(512)
    struct.pack_into("<Q", memory, 0, ended)
    for at, value in zip(fields, (live, marked, made), strict=True):
        struct.pack_into("<Q", memory, 8 + at, value)
    return bytes(memory)


@pytest.mark.parametrize("minor", [19, *range(21, 28)])
def test_each_field_is_where_its_version_has_it(minor: int) -> None:
    assert reader(minor, heap(minor, 7, 11, 13, 17)).read() == GoHeap(ended=7, marked=11, live=13, made=17)


@pytest.mark.parametrize("minor", [18, 20, 28])
def test_of_other_versions_nothing_is_told(minor: int) -> None:
    with pytest.raises(NotReadableError, match=f"made by Go 1.{minor}"):
        _fields(minor)


# What resetLive of Go 1.19 and of 1.27 does first, as objdump shows it.
RESETS_19 = bytes.fromhex("4889 98b8 0000 0048 8998 8800 0000")
RESETS_27 = bytes.fromhex("4889 9898 0000 0090 4889 d948 8758 68")


def test_the_code_must_say_the_same_as_the_table() -> None:
    assert _sets(_fields(19), RESETS_19)
    assert _sets(_fields(27), RESETS_27)
    assert not _sets(_fields(27), RESETS_19)
    assert not _sets(_fields(19), RESETS_27)
    assert not _sets(_fields(27), RESETS_27[:-1] + b"\x70")


def test_the_last_collection_is_told_once_and_what_is_in_use_at_each_look() -> None:
    before = time.monotonic_ns() - 3 * SECOND
    one = reader(27, heap(27, before, 1000, 1700, 9000))
    watch = GoHeapWatch(one)
    left, now = watch.look(0.5)
    assert left == HeapReading(at=left.at, used=1000, collected=True, made=8300)
    assert -2.6 < left.at <= -2.5
    assert now == HeapReading(at=0.5, used=1700, made=9000)
    assert watch.look(0.7) == [HeapReading(at=0.7, used=1700, made=9000)]
    cast(Machine, one._host).data = heap(27, time.monotonic_ns() - SECOND // 10, 1100, 1150, 9900)
    left, now = watch.look(0.9)
    assert (left.used, left.made, left.collected) == (1100, 9850, True)
    assert 0.7 < left.at <= 0.8
    assert now == HeapReading(at=0.9, used=1150, made=9900)


def test_before_the_first_collection_only_what_is_in_use_is_told() -> None:
    assert GoHeapWatch(reader(27, heap(27, 0, 0, 1700, 1700))).look(0.0) == [HeapReading(at=0, used=1700, made=1700)]


@pytest.mark.parametrize(
    ("ended", "marked", "live", "made"),
    [(1 << 63, 1, 1, 1), (0, 1 << 47, 1, 1), (0, 1, 1 << 60, 1), (0, 1, 1, 1 << 63)],
)
def test_what_makes_no_sense_is_not_told(ended: int, marked: int, live: int, made: int) -> None:
    with pytest.raises(OSError, match="not what a heap holds"):
        reader(22, heap(22, ended, marked, live, made)).read()


@given(st.binary(max_size=400))
def test_garbage_is_refused_or_bounded(data: bytes) -> None:
    with suppress(OSError, struct.error):
        for reading in GoHeapWatch(reader(21, data)).look(1.0):
            assert 0 <= reading.used < 1 << 47
            assert 0 <= reading.made < 1 << 63
            assert reading.at <= 1.0
