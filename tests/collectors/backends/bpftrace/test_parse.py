"""What bpftrace printed about a program whose every call is known (tests/transcripts/bpftrace)."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.bpftrace import command
from perfdoctor.collectors.backends.bpftrace.parse import Reader
from perfdoctor.schemas.syscalls import SyscallRow

RECORDED = (Path(__file__).parents[3] / "transcripts/bpftrace/known.jsonl").read_bytes()
MAIN = 27869


def read(*chunks: bytes) -> Reader:
    reader = Reader()
    for chunk in chunks:
        reader.feed(chunk)
    reader.close()
    return reader


def rows_of(reader: Reader, *, main: bool = True) -> dict[str, SyscallRow]:
    return {row.syscall: row for row in reader.profile().rows if (row.pid == MAIN) is main}


def test_every_call_of_the_recording_is_counted() -> None:
    reader = read(RECORDED)
    assert (reader.not_understood, reader.lost, reader.complete) == (0, 0, True)
    rows = rows_of(reader)
    assert (rows["newfstatat"].calls, rows["newfstatat"].errors) == (101 + 37 + 2 * 29, 37)
    assert (rows["write"].calls, rows["write"].bytes) == (41 + 1, 41 * 14 + 18)
    assert rows["clock_nanosleep"].calls == 58
    assert rows_of(reader, main=False)["newfstatat"].calls == 43
    assert all(sum(row.histogram) == row.calls for row in reader.profile().rows)
    assert reader.profile().calls == reader.calls


def test_errors_have_their_names() -> None:
    errnos = {(e.syscall, e.errno): e.calls for e in read(RECORDED).profile().errnos}
    assert errnos["newfstatat", "ENOENT"] == 37
    assert errnos["read", "EBADF"] == 1


def test_what_was_under_way_when_the_window_closed_is_unfinished() -> None:
    unfinished = [row for row in read(RECORDED).profile().rows if row.unfinished]
    assert [(row.syscall, row.pid, row.unfinished) for row in unfinished] == [("read", MAIN, 1)]
    assert 0 < unfinished[0].seconds < 5


def test_without_its_tables_the_answer_is_not_complete() -> None:
    assert not read(RECORDED[: RECORDED.index(b"ended")]).complete
    assert not read(b"").complete


@given(st.lists(st.integers(0, len(RECORDED)), max_size=12))
def test_the_chunks_do_not_matter(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(RECORDED)]
    chunks = [RECORDED[a:b] for a, b in pairwise(edges)]
    assert read(*chunks).profile() == read(RECORDED).profile()


@given(st.lists(st.binary(max_size=200)))
def test_no_input_makes_it_fail(chunks: list[bytes]) -> None:
    read(*chunks).profile()


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"7",
        b'{"type": "map"}',
        b'{"type": "map", "data": []}',
        b'{"type": "map", "data": {"@calls": 3}}',
        b'{"type": "map", "data": {"@calls": {"1": 3}}}',
        b'{"type": "map", "data": {"@calls": {"1,x": 3}}}',
        b'{"type": "map", "data": {"@calls": {"1,2": 1e999}}}',
        b'{"type": "map", "data": {"@other": {"1,2": 1}}}',
        b'{"type": "hist", "data": {"@took": {"1,2": [{"min": "x", "count": 1}]}}}',
        b'{"type": "hist", "data": {"@took": {"1,2": 5}}}',
        b'{"type": "printf", "data": "other words"}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_understood_is_counted(line: bytes) -> None:
    reader = read(line + b"\n" + RECORDED)
    assert reader.not_understood == 1
    assert reader.profile() == read(RECORDED).profile()


def test_lost_events_are_counted() -> None:
    assert read(b'{"type": "lost_events", "data": {"events": 13}}\n').lost == 13


def test_the_program_is_given_numbers_only() -> None:
    asked = command.count_calls(range(100, 150), follow=True)
    given_ = asked[asked.index(str(command.PROGRAM)) + 1 :]
    assert given_ == ["1", *map(str, range(100, 132))]
    last = max(map(int, re.findall(r"\$(\d+)\]", command.PROGRAM.read_text())))
    assert last == command.MOST_PIDS + 1
