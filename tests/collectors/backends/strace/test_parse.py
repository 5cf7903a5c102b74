"""What strace wrote about a program whose every call is known (tests/transcripts/strace)."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.strace.parse import Reader
from perfdoctor.schemas.syscalls import SyscallProfile, SyscallRow

RECORDED = (Path(__file__).parents[3] / "transcripts/strace/known.txt").read_bytes()
MAIN, CHILD = 27845, 27859
THREADS = {27845: 27845}


def read(*chunks: bytes) -> Reader:
    reader = Reader(THREADS.get)
    for chunk in chunks:
        reader.feed(chunk)
    reader.close()
    return reader


def only_row(text: str) -> SyscallRow:
    reader = read(f"7 {text}\n".encode())
    assert reader.not_understood == 0
    (row,) = reader.profile().rows
    return row


def by_name(profile: SyscallProfile, pid: int = MAIN) -> dict[tuple[str, str | None], SyscallRow]:
    return {(row.syscall, row.object): row for row in profile.rows if row.pid == pid}


def test_every_call_of_the_recording_is_counted() -> None:
    reader = read(RECORDED)
    assert reader.not_understood == 0
    rows = by_name(reader.profile())
    present = rows["newfstatat", "/tmp/shop/present"]
    assert present.calls == 101 + 2 * 29  # two threads: known by their clone3
    assert rows["newfstatat", "/nope"].errors == rows["newfstatat", "/nope"].calls == 37
    pipe_write = next(row for (name, thing), row in rows.items() if name == "write" and "pipe:" in (thing or ""))
    assert (pipe_write.calls, pipe_write.bytes) == (41, 41 * 14)
    assert pipe_write.object and pipe_write.object.startswith("fd:4 (pipe:[")
    assert sum(row.calls for (name, _), row in rows.items() if name == "clock_nanosleep") == 58
    assert by_name(reader.profile(), CHILD)["newfstatat", "/tmp/shop/present"].calls == 43
    assert {row.pid for row in reader.profile().rows} == {MAIN, CHILD}
    assert CHILD in reader.ended and MAIN not in reader.ended


def test_a_hostile_name_is_one_object() -> None:
    rows = by_name(read(RECORDED).profile())
    name = '/tmp/shop/a<b>"c) = 3\ufffd é.txt'
    assert rows["openat", name].calls == rows["pread64", name].calls == rows["close", name].calls == 1
    assert (rows["write", name].bytes, rows["pread64", name].bytes) == (18, 5)


def test_errors_have_their_names() -> None:
    errnos = {(e.syscall, e.errno): e.calls for e in read(RECORDED).profile().errnos}
    assert errnos["newfstatat", "ENOENT"] == 37
    assert errnos["read", "EBADF"] == 1


def test_what_was_under_way_when_the_window_closed_is_unfinished() -> None:
    unfinished = [row for row in read(RECORDED).profile().rows if row.unfinished]
    assert [(row.syscall, row.pid, row.unfinished) for row in unfinished] == [("read", MAIN, 1)]


def test_the_histograms_hold_every_call() -> None:
    profile = read(RECORDED).profile()
    assert all(sum(row.histogram) == row.calls for row in profile.rows)
    assert profile.calls == sum(row.calls for row in profile.rows)


def test_only_one_process_when_children_are_not_asked_for() -> None:
    assert {row.pid for row in read(RECORDED).profile(only=(MAIN,)).rows} == {MAIN}


@given(st.lists(st.integers(0, len(RECORDED)), max_size=12))
def test_the_chunks_do_not_matter(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(RECORDED)]
    chunks = [RECORDED[a:b] for a, b in pairwise(edges)]
    assert read(*chunks).profile() == read(RECORDED).profile()


@given(st.integers(0, len(RECORDED)), st.binary(max_size=40))
def test_garbage_in_the_middle_is_counted_and_harms_nothing(place: int, garbage: bytes) -> None:
    reader = read(RECORDED[:place] + garbage + RECORDED[place:])
    assert reader.profile().calls <= read(RECORDED).calls + garbage.count(b"\n") + 2


@given(st.lists(st.binary(max_size=200)))
def test_no_input_makes_it_fail(chunks: list[bytes]) -> None:
    read(*chunks).profile()


@given(st.text(alphabet='0123456789 <>.()="\\,?-+EAxunfinished_resumed', max_size=120))
def test_no_call_makes_it_fail(text: str) -> None:
    read(f"7 read({text}\n".encode()).profile()


@pytest.mark.timeout(5)
@pytest.mark.parametrize("unit", ["<", '"', "\\", ") = ", '"\\', "<\\", ")", " <unfinished ...>"])
def test_no_line_takes_long(unit: str) -> None:
    read(b"7 read(" + unit.encode() * (60_000 // len(unit)) + b"\n")


def test_a_line_without_end_is_dropped_and_counted_once() -> None:
    reader = read(b"7 read(" + b"x" * 70_000, b"x" * 70_000, b"\n7 getpid() = 7 <0.000001>\n")
    assert (reader.not_understood, reader.calls) == (1, 1)


def test_a_sleep_that_was_under_way_has_its_own_name() -> None:
    row = only_row("restart_syscall(<... resuming interrupted clock_nanosleep ...>) = 0 <0.500000>")
    assert (row.syscall, row.calls, row.seconds) == ("clock_nanosleep", 1, 0.5)


def test_a_call_that_a_signal_interrupted_is_an_error() -> None:
    row = only_row("read(3<pipe:[9]>, 0x7f00, 10) = ? ERESTARTSYS (To be restarted if SA_RESTART is set) <0.100000>")
    assert (row.calls, row.errors, row.object) == (1, 1, "fd:3 (pipe:[9])")


def test_a_thread_that_was_killed_in_a_call_made_no_call() -> None:
    reader = read(b"7 futex(0x7f00, FUTEX_WAIT, 1, NULL <unfinished ...>) = ?\n7 +++ killed by SIGKILL +++\n")
    assert (reader.calls, reader.not_understood, reader.ended) == (0, 0, {7})


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("close(77) = -1 EBADF (Bad file descriptor) <0.000001>", None),
        ('stat("/etc/hosts", 0x7f) = 0 <0.000001>', "/etc/hosts"),
        ('openat(5</srv>, "x", O_RDONLY) = 6</srv/x> <0.000001>', "/srv/x"),
        ('newfstatat(5</srv>, "", {...}, AT_EMPTY_PATH) = 0 <0.000001>', "/srv"),
        ('openat(AT_FDCWD</srv>, "/etc/hosts", O_RDONLY) = 6</etc/hosts> <0.000001>', "/etc/hosts"),
        ('write(1</dev/pts/0>, ""..., 5) = 5 <0.000001>', "/dev/pts/0"),
        ("futex(0x7f00, FUTEX_WAKE_PRIVATE, 1) = 0 <0.000001>", "futex:0x7f00"),
        ("poll([...], 1, 10) = 1 ([...]) <0.000011>", None),
        ("mmap(NULL, 4096, PROT_READ, MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0) = 0x7f00 <0.000001>", None),
        ("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</lib/x>, 0) = 0x7f00 <0.000001>", None),
    ],
)
def test_the_object(text: str, thing: str | None) -> None:
    assert only_row(text).object == thing


def test_too_many_objects_are_counted_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfdoctor.collectors.backends.strace.parse._MOST_ROWS", 10)
    reader = read(b"".join(b'7 stat("/%d", 0x7f) = 0 <0.000001>\n' % i for i in range(23)))
    profile = reader.profile()
    assert (profile.calls, reader.without_object, len(profile.rows)) == (23, 13, 11)
