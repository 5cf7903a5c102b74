"""Which unwind tables the kernel gets when there is not room for all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from perfdoctor.collectors.backends.bpf import unwinding
from perfdoctor.collectors.backends.bpf.unwinding import (
    _KEEPS_FRAMES,
    MAPPING,
    MAPPINGS,
    ROW_BYTES,
    ROWS,
    UnwindTables,
)
from perfdoctor.collectors.runtimes.native import CodeMapping
from perfdoctor.collectors.runtimes.unwind import UnwindTable


class Rows:
    """An array of the kernel's, as far as it is written."""

    def write(self, at: int, data: bytes) -> None:
        assert at + len(data) <= ROWS * ROW_BYTES

    def close(self) -> None:
        pass


class Spaces:
    def __init__(self) -> None:
        self.of: dict[int, list[tuple[int, ...]]] = {}

    def put(self, key: bytes, value: bytes) -> None:
        self.of[int.from_bytes(key, "little")] = [row for row in MAPPING.iter_unpack(value) if row[1]]


@contextmanager
def tables(
    monkeypatch: pytest.MonkeyPatch, known: dict[str, UnwindTable], *, always: bool = False
) -> Iterator[tuple[UnwindTables, Spaces]]:
    monkeypatch.setattr(unwinding, "unwind_table", known.get)
    spaces: Any = Spaces()
    rows: Any = Rows()
    made = UnwindTables(spaces, rows, always=always)
    try:
        yield made, spaces
    finally:
        made.close()


def table(rows: int, *, keeps_frames: bool = False) -> UnwindTable:
    return UnwindTable(bytes(ROW_BYTES * rows), keeps_frames)


def code(count: int) -> list[CodeMapping]:
    return [CodeMapping(i << 20, (i << 20) + 4096, i << 20, str(i)) for i in range(1, count + 1)]


def test_the_program_and_what_it_was_linked_with_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with tables(monkeypatch, {str(i): table(ROWS // 3) for i in range(1, 6)}) as (made, spaces):
        assert made.add(code(5)) == 1
        assert made.left_out == 2
    placed = {low >> 20: first * 3 // ROWS for low, _, _, first, count in spaces.of[1] if count}
    assert placed == {1: 0, 5: 0, 4: 1}  # (of a third of the room each, rounded down)
    assert len(spaces.of[1]) == 5


def test_of_too_many_mappings_the_same_ones_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    many = MAPPINGS + 7
    with tables(monkeypatch, {str(i): table(11) for i in range(1, many + 1)}) as (made, spaces):
        for _ in range(2):
            made.add(code(many))
        assert made.left_out == 7
    assert [row[0] >> 20 for row in spaces.of[1]] == [1, *range(9, many + 1)]


def test_files_that_keep_frame_pointers_can_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"1": table(11, keeps_frames=True), "2": table(ROWS - 7)}
    for always, with_rows in ((False, 2), (True, 1)):
        with tables(monkeypatch, known, always=always) as (made, spaces):
            assert made.add(code(2)) == 1
            assert made.left_out == 1
        counts = {low >> 20: count for low, _, _, _, count in spaces.of[1]}
        assert {at for at, count in counts.items() if count & ~_KEEPS_FRAMES} == {with_rows}
        assert counts[1] & _KEEPS_FRAMES and not counts[2] & _KEEPS_FRAMES
