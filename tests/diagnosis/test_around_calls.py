"""The CPU that goes with system calls: of an interpreter, and of libuv's threads, which make them for somebody."""

import pytest

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, javascript, kernel, library, native, python, window
from perfdoctor.schemas.frame import THREAD_POOL, Stack
from perfdoctor.schemas.syscalls import SyscallRow

STAT: Stack = (library("pathlib.py", "Path.exists"), python(12, "find"))
NODE: Stack = (javascript("open", "node:internal/fs/promises", 633), javascript("write", "/srv/log.js", 25))
POOL: Stack = (native("uv__fs_open", "node"), native(THREAD_POOL, "node"), *NODE)
WORKER: Stack = (native("uv_mutex_unlock", "node"), native("worker", "node"))


def test_what_a_library_does_on_the_way_into_a_call_goes_with_it() -> None:
    rows = (call("newfstatat", STAT, 100_000, seconds=0.2),)
    on_the_way = cpu(STAT, 1.5, leaf=(native("PyUnicode_Join"),))
    beside_it = cpu((library("json/encoder.py", "encode"), python(12, "find")), 4.0)
    account = Account(window(calls=rows, samples=(on_the_way, beside_it)))
    assert account.beside(rows) == pytest.approx(1.5)
    assert account.beside(rows, at_most=1e-6) == pytest.approx(0.1), "so much for each call at most"


def test_what_is_in_the_kernel_is_the_calls_own() -> None:
    rows = (call("newfstatat", STAT, 100_000, seconds=0.2),)
    account = Account(window(calls=rows, samples=(cpu(STAT, 1.5, inside=kernel("do_statx")),)))
    assert account.beside(rows) == 0


def test_threads_of_libuv_and_who_wakes_them_go_with_the_line_that_asked() -> None:
    opens, others = call("openat", POOL, 30_000, seconds=0.1), call("fsync", _pool(40, "sync"), 10_000, seconds=0.1)
    wakes = call("futex", NODE, 30_000, on="futex:0x1", seconds=0.4, blocked=0.1)
    compiled = cpu((native("Builtins_RunMicrotasks", "node"), NODE[1]), 0.2, thread="main")
    samples = (
        compiled,
        cpu(NODE, 0.3, thread="main"),
        cpu(WORKER, 0.8, thread="node"),
        cpu(WORKER[:1], 9.0, thread="node"),
    )
    account = Account(window(calls=(opens, others, wakes), samples=samples, threads=5))
    # 0.5 in JavaScript, 0.4 to wake and to wait for the lock, three quarters of what the pool does in user mode
    assert account.beside((opens,)) == pytest.approx(0.5 + 0.4 + 0.75 * 0.8)


def test_a_call_of_the_main_thread_has_no_part_in_the_pool() -> None:
    rows: tuple[SyscallRow, ...] = (call("openat", NODE, 30_000, seconds=0.1),)
    account = Account(window(calls=rows, samples=(cpu(NODE, 0.5), cpu(WORKER, 0.8, thread="node"))))
    assert account.beside(rows) == pytest.approx(0.5)


def _pool(line: int, function: str) -> Stack:
    return (native("uv__fs_fsync", "node"), native(THREAD_POOL, "node"), javascript(function, "/srv/log.js", line))
