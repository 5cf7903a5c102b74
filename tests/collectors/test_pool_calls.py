"""File operations of libuv's pool, to the lines of JavaScript that asked for them."""

from collections import Counter

from perfdoctor.collectors.pool_calls import PoolCalls, place_pool_calls
from perfdoctor.collectors.timeline import Event, Sample
from perfdoctor.schemas.frame import THREAD_POOL, Frame, FrameKind, Stack
from perfdoctor.schemas.syscalls import SyscallProfile, SyscallRow

MAIN, POOL, WORKER = 7, 8, 9
PROMISES = "node:internal/fs/promises"


def native(*names: str) -> Stack:
    return tuple(Frame(kind=FrameKind.NATIVE, function=name) for name in names)


def script(name: str, line: int | None, file: str = "/srv/shop.js") -> Frame:
    return Frame(kind=FrameKind.JAVASCRIPT, function=name, file=file, line=line)


def by_pool(*inner: str) -> Stack:
    return native(*inner, "uv__fs_work", "worker", "start_thread")


def row(syscall: str, file: str, stack: Stack, calls: int) -> SyscallRow:
    return SyscallRow(pid=MAIN, syscall=syscall, object=file, stack=stack, calls=calls, bytes=calls * 10, seconds=1.0)


def events(row: SyscallRow, *times: int, tid: int = POOL) -> list[Event]:
    return [Event(at, at + 1000, tid, (row.pid, row.syscall, row.object, row.stack)) for at in times]


def lines(told: PoolCalls, syscall: str, file: str) -> dict[int | None, int]:
    """Calls by the user's line; None: no line."""
    found: Counter[int | None] = Counter()
    for one in told.profile.rows:
        if (one.syscall, one.object) == (syscall, file):
            found[next((f.line for f in one.stack if f.file == "/srv/shop.js"), None)] += one.calls
    return dict(found)


def place(rows: list[SyscallRow], samples: list[tuple[int, Stack]], began: list[Event], unsent: int = 0) -> PoolCalls:
    taken = [Sample(at, MAIN, stack) for at, stack in samples]
    return place_pool_calls(SyscallProfile(rows=tuple(rows)), taken, began, main=MAIN, unsent=unsent)


DATASYNC = by_pool("fdatasync", "uv__fs_fdatasync")
OPEN, READ, CLOSE = by_pool("open64", "uv__fs_open"), by_pool("read", "uv__fs_read"), by_pool("uv__fs_close")
WRITE, STAT = by_pool("write", "uv__fs_write"), by_pool("syscall", "uv__fs_statx", "uv__fs_stat")


def syncs(line: int, inner: Stack = ()) -> Stack:
    asked = script("fdatasync", 829, PROMISES), script("fsCall", 448, PROMISES), script("datasync", 184, PROMISES)
    return (*inner, *asked, script("append", line), script("work", 54))


def reads(line: int, *, whole: bool) -> Stack:
    entry = (script("readFile", 1240, PROMISES),) if whole else ()
    return (*native("openFileHandle"), script("open", 633, PROMISES), *entry, script("load", line))


def writes(line: int) -> Stack:
    return (script("write", 715, PROMISES), script("write", 223, PROMISES), script("note", line))


def stats(line: int) -> Stack:
    return (*native("stat"), script("stat", 1031, PROMISES), script("look", line))


def test_an_operation_is_of_the_line_that_asked_for_it_and_keeps_its_counts() -> None:
    sync = row("fdatasync", "/log", DATASYNC, 1000)
    told = place([sync], [(100, syncs(16, native("fdatasync"))), (900_000, syncs(16))], events(sync, 200, 900_100))
    (one,) = told.profile.rows
    assert (one.calls, one.bytes, one.seconds) == (1000, 10_000, 1.0)
    names = [frame.function for frame in one.stack]
    assert names == ["fdatasync", "uv__fs_fdatasync", "uv__fs_work", THREAD_POOL, "datasync", "append", "work"]
    assert (told.placed, told.unplaced) == (1000, 0)


def test_what_a_neighbour_does_at_once_or_elsewhere_is_no_such_sample() -> None:
    sync = row("fdatasync", "/log", DATASYNC, 1000)
    others: list[Stack] = [
        (*native("fdatasync"), script("fdatasyncSync", 1300, "node:fs"), script("now", 3)),
        (script("fdatasync", 3), script("own", 4)),
        (script("write", 700, "node:net"), script("send", 5)),
        (*native("fdatasync"), script("fdatasync", 829, PROMISES)),  # after an await: nobody's line is above
        (),
    ]
    told = place([sync], [(100, stack) for stack in others], events(sync, 200))
    assert lines(told, "fdatasync", "/log") == {None: 1000}
    assert (told.placed, told.unplaced) == (0, 1000)


def test_two_lines_share_what_both_ask_for() -> None:
    stat = row("statx", "/a", STAT, 1000)
    samples = [(i * 1_000_000, stats(21 if i % 4 else 22)) for i in range(40)]
    told = place([stat], samples, events(stat, *(at + 100 for at, _ in samples)))
    assert lines(told, "statx", "/a") == {21: 750, 22: 250}


def test_files_tell_apart_who_asks_for_the_same() -> None:
    a, b = row("statx", "/a", STAT, 600), row("statx", "/b", STAT, 400)
    samples = [(i * 1_000_000, stats(21 + i % 2)) for i in range(20)]
    began = [e for i, (at, _) in enumerate(samples) for e in events(b if i % 2 else a, at + 100)]
    told = place([a, b], samples, began)
    assert lines(told, "statx", "/a") == {21: 600} and lines(told, "statx", "/b") == {22: 400}


def test_where_events_are_missing_only_one_that_begins_at_once_is_spoken_for() -> None:
    rows = [row("openat", name, OPEN, 100) for name in ("/a", "/b")]
    began = events(rows[0], *range(10_000_000, 90_000_000, 10_000_000))
    began += events(rows[1], *range(10_200_000, 90_000_000, 10_000_000))
    # Of "/a" the first two are known no more: 200 µs after line 11 asked, what line 22 asks for begins.
    samples = [(at * 10_000_000 - 40_000, reads(11, whole=True)) for at in range(1, 7)]
    samples += [(at * 10_000_000 + 160_000, reads(22, whole=True)) for at in range(1, 5)]
    gaps = place(rows, samples, began[2:], unsent=100)
    assert lines(gaps, "openat", "/a") == {11: 100}
    assert lines(gaps, "openat", "/b") == {22: 100}


def test_many_files_of_a_call_each_are_divided_as_the_operation_is() -> None:
    rows = [row("statx", f"/{i}", STAT, 1) for i in range(1000)]
    told = place(rows, [(i * 1_000_000, stats(21 if i % 4 else 22)) for i in range(8)], [])
    found: Counter[int | None] = Counter()
    for one in rows:
        found.update(lines(told, "statx", str(one.object)))
    assert found == {21: 750, 22: 250}


def test_what_read_file_does_after_its_first_await_is_of_the_line_that_asked_for_it() -> None:
    rows = [row("openat", "/a", OPEN, 50), row("read", "/a", READ, 100), row("close", "/a", CLOSE, 50)]
    read_elsewhere = (script("read", 600, PROMISES), script("read", 220, PROMISES), script("other", 90))
    samples = [(100, reads(25, whole=True)), (1_000_000, read_elsewhere)]
    told = place(rows, samples, [*events(rows[0], 200), *events(rows[1], 1_000_100)])
    assert all(set(lines(told, one.syscall, "/a")) == {25} for one in rows)


def test_who_opens_a_file_with_a_handle_says_nothing_of_who_reads_it() -> None:
    rows = [row("openat", "/a", OPEN, 1), row("read", "/a", READ, 1000)]
    read = (script("read", 600, PROMISES), script("read", 220, PROMISES), script("page", 90))
    samples = [(100, reads(25, whole=False)), (1_000_000, read)]
    told = place(rows, samples, [*events(rows[0], 200), *events(rows[1], 1_000_100)])
    assert lines(told, "openat", "/a") == {25: 1} and lines(told, "read", "/a") == {90: 1000}


def test_a_stream_that_nobodys_line_is_seen_of_is_not_the_others() -> None:
    journal, stream = row("write", "/journal", WRITE, 200), row("write", "/access.log", WRITE, 5000)
    samples = [(i * 1_000_000, writes(15)) for i in range(4)]
    told = place([journal, stream], samples, [e for at, _ in samples for e in events(journal, at + 100)])
    assert lines(told, "write", "/journal") == {15: 200}
    assert lines(told, "write", "/access.log") == {None: 5000}


def test_what_worker_threads_ask_for_too_has_no_line() -> None:
    stat, sync = row("statx", "/a", STAT, 100), row("fdatasync", "/log", DATASYNC, 100)
    wakes = SyscallRow(
        pid=MAIN, syscall="futex", stack=native("futex_wake", "post", "uv__work_submit", "uv_fs_stat"), calls=9
    )
    began = [*events(stat, 200), *events(sync, 300), *events(wakes, 50, tid=WORKER)]
    told = place([stat, sync, wakes], [(100, stats(21)), (250, syncs(16))], began)
    assert lines(told, "statx", "/a") == {None: 100} and lines(told, "fdatasync", "/log") == {16: 100}
    assert told.of_workers and told.unplaced == 100


def test_what_an_addon_has_the_pool_do_is_not_asked_for_through_node() -> None:
    sync = row("fdatasync", "/db", native("fdatasync", "sqlite3PagerCommit", "worker", "start_thread"), 100)
    told = place([sync], [(100, syncs(16))], events(sync, 200))
    assert lines(told, "fdatasync", "/db") == {None: 100} and not told.placed
