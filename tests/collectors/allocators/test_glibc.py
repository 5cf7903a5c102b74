"""Rows of chunks, whole, torn, and not chunks at all."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.allocators.glibc import Malloc, read_malloc
from perfdoctor.collectors.allocators.window import Budget
from perfdoctor.collectors.backends.proc.smaps import Mapping
from tests.collectors.allocators.image import Image, chunks, mapping

BASE = 0x5555_5555_0000
HEAP = 64 << 20
ARENA = 0x7F00_0000_0000


def inside(memory: Image, *mappings: Mapping, stacks: tuple[int, ...] = (), budget: Budget | None = None) -> Malloc:
    ends = {m.low: m.high for m in mappings}
    return read_malloc(memory, mappings, stacks, ends.__getitem__, budget or Budget(5, 1 << 30))


def padded(row: bytes, size: int, *, free: bool = False) -> bytes:
    """With a top chunk up to ``size``; ``free``: the last of the row is."""
    return row + chunks(size - len(row), flags=int(not free))


def test_used_free_and_top() -> None:
    data = padded(chunks(656, 64, -2016, 32, -48, 4112), 3 * 4096)
    [heap] = inside(Image({BASE: data}), mapping(BASE, data, "[heap]")).heaps
    assert (heap.kind, heap.used, heap.used_blocks) == ("main", 656 + 64 + 32 + 4112, 4)
    assert (heap.free, heap.free_blocks, heap.largest_free) == (2064, 2, 2016)
    assert heap.top == len(data) - 656 - 64 - 2016 - 32 - 48 - 4112 and heap.unread == 0
    assert {i: n for i, n in enumerate(heap.holes) if n} == {5: 1, 10: 1}


def test_what_a_static_program_keeps_first_is_used() -> None:
    data = padded(b"\x11" * 4800 + chunks(656, -1040, 48), 2 * 4096)
    [heap] = inside(Image({BASE: data}), mapping(BASE, data, "[heap]")).heaps
    assert (heap.used, heap.free, heap.unread) == (4800 + 656 + 48, 1040, 0)


def test_a_row_that_breaks_is_not_understood_and_none_of_it_is_told() -> None:
    data = chunks(656, *[48] * 2000, 5) + b"\xff" * 40000
    data = data.ljust(-(-len(data) // 4096) * 4096, b"\xff")
    found = inside(Image({BASE: data}), mapping(BASE, data, "[heap]"))
    [heap] = found.heaps
    assert found.not_understood == 1
    assert (heap.used, heap.free, heap.top, heap.unread) == (0, 0, 0, len(data))


def test_pages_that_are_not_in_memory_are_left_there() -> None:
    row = padded(chunks(656, *[4096] * 20), 24 * 4096)
    memory = Image({BASE: row}, absent={BASE // 4096 + 7})
    [heap] = inside(memory, mapping(BASE, row, "[heap]", rss=23 * 4096)).heaps
    assert BASE // 4096 + 7 not in memory.read_pages
    assert heap.unread and heap.used + heap.free + heap.top + heap.unread == len(row)


def test_a_large_block_whose_inside_is_not_in_memory_is_passed_over() -> None:
    row = padded(chunks(656, 40 * 4096, -4096), 48 * 4096, free=True)
    inner = set(range(BASE // 4096 + 2, BASE // 4096 + 38))
    memory = Image({BASE: row}, absent=inner)
    [heap] = inside(memory, mapping(BASE, row, "[heap]", rss=12 * 4096)).heaps
    assert not inner & memory.read_pages
    assert (heap.used, heap.free, heap.unread) == (656 + 40 * 4096, 4096, 0)


def arena(low: int, head: int, row: tuple[int, ...], size: int, *, state: int | None = None, top: int = 0) -> bytes:
    """A thread's heap as glibc lays it out: ``head`` bytes of heap_info, with the arena's state after the first."""
    first = state is None
    owner, previous = (low + head, 0) if first else (state, low - HEAP)
    info = struct.pack("<QQQQ", owner, previous, size, size).ljust(head, b"\0")
    if first:
        info += (b"\0" * 0x60 + struct.pack("<Q", top)).ljust(0x898, b"\0")
        info = info.ljust(((len(info) + 16 + 15) & ~15) - 16, b"\0")
    return info + chunks(*row, flags=5)


@pytest.mark.parametrize("head", [0x30, 0x20])
def test_heaps_of_threads(head: int) -> None:
    begin = ((head + 0x898 + 31) & ~15) - 16
    row = (656, -1040, 48)
    top = ARENA + begin + 656 + 1040 + 48
    data = arena(ARENA, head, row, 8192, top=top)
    data += chunks(8192 - len(data), flags=5)
    found = inside(Image({ARENA: data}), mapping(ARENA, data))
    [heap] = found.heaps
    assert (heap.kind, heap.start, heap.size, found.arena_mappings) == ("thread", ARENA, 8192, {ARENA})
    assert (heap.used, heap.free, heap.top, heap.unread) == (begin + 656 + 48, 1040, len(data) - begin - 1744, 0)


def test_a_full_heap_ends_in_a_fence() -> None:
    second = ARENA + HEAP
    data = arena(ARENA, 0x30, (656,), 8192, top=second + 0x30 + 64)
    room = 8192 - len(data)
    # What was its top is free now, and two heads stand guard behind it.
    data += chunks(-(room - 32), flags=5) + struct.pack("<QQQQ", 0, 16, 0, 1)
    more = arena(second, 0x30, (64,), 4096, state=ARENA + 0x30)
    more += chunks(4096 - len(more), flags=5)
    found = inside(Image({ARENA: data, second: more}), mapping(ARENA, data), mapping(second, more))
    assert found.not_understood == 0
    assert [heap.free for heap in found.heaps] == [room - 32, 0]
    assert found.heaps[1].used == 0x30 + 64
    assert all(heap.used + heap.free + heap.top + heap.unread == heap.size for heap in found.heaps)


def test_what_only_looks_like_a_heap_is_none() -> None:
    for state in (ARENA + 0x40, ARENA + HEAP + 0x30, 0x1000):
        data = struct.pack("<QQQQ", state, 0, 8192, 8192).ljust(8192, b"\0")
        found = inside(Image({ARENA: data}), mapping(ARENA, data))
        assert found.heaps == [] and found.arena_mappings == set()


def test_blocks_with_a_mapping_of_their_own() -> None:
    low = ARENA + 0x5000
    data = struct.pack("<QQ", 0, 0x3002).ljust(0x3000, b"\0") + struct.pack("<QQ", 0, 0x2002).ljust(0x2000, b"\0")
    data += b"\0" * 4096  # a neighbour that is not malloc's
    [heap] = inside(Image({low: data}), mapping(low, data)).heaps
    assert (heap.kind, heap.used, heap.used_blocks, heap.size) == ("mapped", 0x5000, 2, 0x5000)
    assert inside(Image({low: data}), mapping(low, data), stacks=(low,)).heaps == []


def test_when_time_is_up_the_rest_is_unread() -> None:
    data = padded(chunks(*[64] * 60_000), 4 << 20)
    [heap] = inside(Image({BASE: data}), mapping(BASE, data, "[heap]"), budget=Budget(5, 1 << 20)).heaps
    assert heap.used >= 1 << 19 and heap.used + heap.unread == len(data)
    [heap] = inside(Image({BASE: data}), mapping(BASE, data, "[heap]"), budget=Budget(0, 1 << 30)).heaps
    assert heap.unread == len(data)


@given(st.binary(max_size=4096), st.sampled_from([BASE, ARENA]), st.sampled_from(["[heap]", ""]))
def test_any_bytes(text: bytes, low: int, name: str) -> None:
    data = text.ljust(4096, b"\0") * 2
    for heap in inside(Image({low: data}), mapping(low, data, name)).heaps:
        assert heap.used + heap.free + heap.top + heap.unread == heap.size <= len(data)


@given(st.lists(st.integers(2, 200), min_size=1, max_size=40), st.lists(st.booleans(), min_size=40), st.data())
def test_damaged_rows_keep_their_sums(sizes: list[int], used: list[bool], data: st.DataObject) -> None:
    row = padded(chunks(656, *(16 * n if u else -16 * n for n, u in zip(sizes, used, strict=False))), 40 * 4096)
    at = data.draw(st.integers(0, len(row) - 8))
    torn = row[:at] + data.draw(st.binary(min_size=8, max_size=8)) + row[at + 8 :]
    for heap in inside(Image({BASE: torn}), mapping(BASE, torn, "[heap]")).heaps:
        assert heap.used + heap.free + heap.top + heap.unread == heap.size
