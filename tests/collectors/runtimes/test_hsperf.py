"""The account of a Java machine: written down, damaged, and not one at all."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.runtimes.hsperf import heap_of, parse


def account(entries: dict[str, int | str]) -> bytes:
    rows = b""
    for name, value in entries.items():
        named = name.encode() + b"\0"
        named = named.ljust(-(-(20 + len(named)) // 8) * 8 - 20, b"\0")
        if isinstance(value, int):
            kind, vector, data = ord("J"), 0, struct.pack("<q", value)
        else:
            data = (value.encode() + b"\0").ljust(16, b"\0")
            kind, vector = ord("B"), len(data)
        length = 20 + len(named) + len(data)
        rows += struct.pack("<iiibbbbi", length, 20, vector, kind, 0, 1, 1, 20 + len(named)) + named + data
    return b"\xca\xfe\xc0\xc0\x01\x02\x00\x01" + struct.pack("<iiqii", 32 + len(rows), 0, 0, 32, len(entries)) + rows


ENTRIES: dict[str, int | str] = {
    "sun.gc.generation.0.name": "new",
    "sun.gc.generation.0.space.0.name": "eden",
    "sun.gc.generation.0.space.0.used": 1009,
    "sun.gc.generation.0.space.0.capacity": 4096,
    "sun.gc.generation.1.space.0.name": "old",
    "sun.gc.generation.1.space.0.used": 499,
    "sun.gc.metaspace.used": 211,
    "sun.gc.metaspace.capacity": 307,
    "sun.gc.collector.0.name": "Copy",
    "sun.gc.collector.0.invocations": 17,
    "sun.gc.collector.0.time": 2_500_000,
    "sun.os.hrt.frequency": 1_000_000,
    "java.threads.live": 23,
}


def test_spaces_and_counters() -> None:
    entries = parse(account(ENTRIES))
    assert entries == ENTRIES
    heap = heap_of(entries, 42, "java")
    assert [(s.name, s.used, s.capacity) for s in heap.spaces] == [
        ("new eden", 1009, 4096),
        ("old", 499, 0),
        ("metaspace", 211, 307),
    ]
    assert heap.counters == {"Copy: times": 17.0, "Copy: seconds": 2.5, "threads": 23.0}


@pytest.mark.parametrize("at", [0, 5, 7])
def test_other_headers_are_refused(at: int) -> None:
    data = bytearray(account(ENTRIES))
    data[at] = 0
    with pytest.raises(ValueError, match="hsperfdata"):
        parse(bytes(data))


@given(st.data())
def test_damaged_bytes_are_a_value_error_at_worst(data: st.DataObject) -> None:
    whole = account(ENTRIES)
    begin = data.draw(st.integers(8, len(whole)))
    end = data.draw(st.integers(begin, len(whole)))
    damaged = whole[:begin] + data.draw(st.binary(max_size=40)) + whole[end:]
    with contextlib.suppress(ValueError):
        heap = heap_of(parse(damaged), 42, "java")
        assert all(0 <= space.used < 1 << 62 for space in heap.spaces)


@given(st.binary(max_size=400))
def test_any_bytes(text: bytes) -> None:
    with contextlib.suppress(ValueError):
        heap_of(parse(b"\xca\xfe\xc0\xc0\x01\x02\x00\x01" + text), 42, "java")
