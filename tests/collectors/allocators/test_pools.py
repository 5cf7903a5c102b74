"""Pools of CPython's small objects, known by their looks."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.allocators.pools import Pools, pool_size, read_pools
from perfdoctor.collectors.allocators.window import Budget
from tests.collectors.allocators.image import Image, mapping

BASE = 0x7F00_0000_1000
POOL = 16 << 10
FIRST = -(-BASE // POOL) * POOL


def pool(used: int, kind: int, *, arena: int = 0, made: int | None = None) -> bytes:
    block = (kind + 1) * 16
    fresh = 48 + block * (used if made is None else made)
    return struct.pack("<QQQQIIII", used, 0, 0, 0, arena, kind, fresh, POOL - block).ljust(POOL, b"\xaa")


def looked(*pools: bytes, absent: set[int] | None = None) -> Pools:
    data = b"\xaa" * (FIRST - BASE) + b"".join(pools)
    memory = Image({BASE: data}, absent)
    where = mapping(BASE, data, rss=len(data) - 4096 * len(absent or ()))
    return read_pools(memory, [where], POOL, Budget(5, 1 << 20))


def test_pools_are_counted() -> None:
    found = looked(pool(17, 3), pool(0, 3, made=5), b"\xaa" * POOL, pool(31, 31, arena=2))
    assert (found.pools, found.empty_pools, found.blocks) == (3, 1, 48)
    assert (found.used, found.size, found.arenas) == (17 * 64 + 31 * 512, 3 * POOL, {0, 2})


@pytest.mark.parametrize(
    "fake",
    [
        pool(17, 3, made=16),  # more used than made
        pool(17, 32),  # no such class of sizes
        pool(17, 3)[:36] + struct.pack("<I", 47) + pool(17, 3)[40:],  # a next block that is none
        pool(17, 3)[:44] + struct.pack("<I", POOL) + pool(17, 3)[48:],
        bytes(POOL),
    ],
)
def test_what_does_not_agree_is_no_pool(fake: bytes) -> None:
    assert looked(fake).pools == 0


def test_pages_that_are_not_in_memory_are_left_there() -> None:
    found = looked(pool(17, 3), pool(5, 3), absent={FIRST // 4096 + 4})
    assert found.blocks == 17


def test_sizes() -> None:
    assert [pool_size(f"python3.{minor}") for minor in (7, 8, 9, 10, 14)] == [None, 4096, 4096, POOL, POOL]
    assert pool_size("node") is None


@given(st.binary(max_size=200))
def test_any_bytes(text: bytes) -> None:
    found = looked(text.ljust(POOL, b"\0"))
    assert found.used <= found.size
