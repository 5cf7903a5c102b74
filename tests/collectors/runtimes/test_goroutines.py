"""What is read of goroutines is hostile: whatever lies there, it is a goroutine or it is counted."""

import struct
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.runtimes.goroutines import GoroutineReader, Goroutines, _fields, _Wakes

REASONS = ("", "sync.Mutex.Lock", "chan receive", "sleep")


class Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, address: int, size: int) -> bytes:
        if size < 0 or not 0 <= address <= len(self._data) - size:
            raise OSError(14, "not there")
        return self._data[address : address + size]

    def resident(self, address: int, size: int) -> list[bool]:
        raise NotImplementedError

    def close(self) -> None:
        pass


def reader(minor: int, memory: bytes) -> GoroutineReader:
    """One that has found out where things are: the number of goroutines at 0, the table's address at 8."""
    made = object.__new__(GoroutineReader)
    made._memory, made._fields, made._length, made._pointer, made._reasons = (
        Bytes(memory),
        _fields(minor),
        0,
        8,
        REASONS,
    )
    return made


def program(minor: int, status: int, reason: int, frame: int = 1024) -> bytes:
    """One goroutine at 64; its stack is 1024 to 2048, with two callers."""
    fields, memory = _fields(minor), bytearray(2048)
    struct.pack_into("<3Q", memory, 0, 1, 16, 64)
    struct.pack_into("<2Q", memory, 64, 1024, 2048)
    struct.pack_into("<2Q", memory, 64 + 56, 1024, 0x1111)
    struct.pack_into("<Q", memory, 64 + fields.frame, frame)
    struct.pack_into("<I", memory, 64 + fields.status, status)
    struct.pack_into("<q", memory, 64 + fields.ident, 41)
    memory[64 + fields.reason] = reason
    struct.pack_into("<2Q", memory, 1024, 1056, 0x2222)
    struct.pack_into("<2Q", memory, 1056, 0, 0x3333)
    return bytes(memory)


@pytest.mark.parametrize("minor", range(19, 28))
def test_one_that_waits_stands_below_its_callers(minor: int) -> None:
    (one,) = reader(minor, program(minor, 4, 1)).read().found
    assert one == (41, "waiting", "sync.Mutex.Lock", (0x1111, 0x2222, 0x3333), None)


@pytest.mark.parametrize(
    ("status", "state", "reason", "deep"),
    [
        (0x1004, "waiting", "sync.Mutex.Lock", 3),
        (2, "running", "", 0),
        (1, "runnable", "", 3),
        (3, "in a system call", "", 3),
    ],
)
def test_states(status: int, state: str, reason: str, deep: int) -> None:
    (one,) = reader(25, program(25, status, 1)).read().found
    assert (one.state, one.reason, len(one.places)) == (state, reason, deep)


def test_those_that_ended_and_other_reasons_are_left_out() -> None:
    assert reader(25, program(25, 6, 1)).read() == Goroutines(total=1, looked_at=1, ended=1)
    assert reader(25, program(25, 4, 2)).read({"sync.Mutex.Lock"}).found == []
    assert reader(25, program(25, 4, 200)).read().found[0].reason == ""


def test_a_frame_pointer_that_leads_nowhere_leaves_the_innermost_place() -> None:
    for frame in (0, 1023, 2040, 1 << 63):
        (one,) = reader(25, program(25, 4, 1, frame)).read().found
        assert one.places == (0x1111,)


def asleep(in_timer: bool, asked: int, left: int) -> GoroutineReader:
    """One that sleeps for ``asked`` nanoseconds, ``left`` of them from now on."""
    memory = bytearray(program(25, 4, 3))
    when = (time.monotonic_ns() + left) & (1 << 64) - 1
    struct.pack_into("<Q", memory, 64 + 360, 1600 if in_timer else when)
    struct.pack_into("<Q", memory, 1600 + 56, when)
    struct.pack_into("<Q", memory, 1056 + 16, asked)
    made = reader(25, bytes(memory))
    made._wakes = _Wakes(360, in_timer)
    return made


@pytest.mark.parametrize("in_timer", [False, True])
def test_a_sleep_tells_how_long_it_is_to_be_and_since_when_it_is(in_timer: bool) -> None:
    (one,) = asleep(in_timer, 60 * 10**9, 20 * 10**9).read().found
    assert one.sleep and one.sleep.asked == 60
    assert 40 <= one.sleep.age < 41


@pytest.mark.parametrize(("asked", "left"), [(0, 10**9), (2**63, 10**9), (10**9, 60 * 10**9), (10**9, -(2**62))])
def test_a_sleep_that_makes_no_sense_is_not_told(asked: int, left: int) -> None:
    (one,) = asleep(False, asked, left).read().found
    assert (one.reason, one.sleep) == ("sleep", None)


@given(st.integers(19, 27), st.lists(st.one_of(st.integers(0, 600), st.integers(0, 2**64 - 1)), max_size=120))
def test_garbage_is_counted_or_a_goroutine(minor: int, words: list[int]) -> None:
    memory = b"".join(word.to_bytes(8, "little") for word in words)
    with suppress(OSError, struct.error):
        made = reader(minor, memory)
        made._wakes = _Wakes(256, minor < 23)
        found = made.read()
        assert len(found.found) + found.torn + found.ended == found.looked_at <= found.total
        assert all(len(one.places) <= 40 for one in found.found)
