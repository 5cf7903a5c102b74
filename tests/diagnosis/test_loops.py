"""Which threads run an event loop, and what their callbacks do."""

import pytest

from perfdoctor.diagnosis.example import call, javascript, library, loop, native, python, window
from perfdoctor.diagnosis.ledger import ledger
from perfdoctor.diagnosis.loops import kind_of, runs_in_callback
from perfdoctor.diagnosis.waiting import state_of
from perfdoctor.schemas.frame import THREAD_POOL, Frame, FrameKind, Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.loops import PollingThread

ASYNCIO = (library("asyncio/base_events.py", "BaseEventLoop._run_once"), library("asyncio/runners.py", "Runner.run"))
HANDLE = (library("asyncio/events.py", "Handle._run"), *ASYNCIO)
POLL = (library("selectors.py", "EpollSelector.select"), *ASYNCIO)
UVLOOP = (library("asyncio/runners.py", "Runner.run"), python(80, "main"))
LIBUV = (
    native("epoll_pwait", "/lib/libc.so.6"),
    native("uv__io_poll", "/usr/bin/node"),
    native("uv_run", "/usr/bin/node"),
)
OWN = python(8, "serve")
BY_HAND = (native("epoll_wait", "/lib/libc.so.6"), native("run", "/srv/kv", "/srv/kv.c", 70))
JAVA = Frame(kind=FrameKind.JAVA, function="com.shop.Cart.add", file="com/shop/Cart.java", line=4)


@pytest.mark.parametrize(
    ("stack", "name", "kind"),
    [
        (POLL, "python", "asyncio"),
        (UVLOOP, "python", "asyncio"),
        (LIBUV, "node", "libuv"),
        (BY_HAND, "kv", "epoll"),
        ((JAVA,), "vert.x-eventloop-thread-0"[:15], "Vert.x"),
        ((library("selectors.py", "PollSelector.select"), library("subprocess.py", "run"), OWN), "python", None),
        ((library("selectors.py", "EpollSelector.select"), OWN), "python", "epoll"),
        (
            (library("selectors.py", "EpollSelector.select"), library("socketserver.py", "serve_forever"), OWN),
            "x",
            None,
        ),
        ((native("poll", "/lib/libc.so.6"), native("wait", "/srv/kv", "/srv/kv.c", 7)), "kv", None),
    ],
)
def test_kinds_of_loops(stack: Stack, name: str, kind: str | None) -> None:
    thread = PollingThread(
        pid=1, tid=1, name=name, stack=stack, polls=9, poll_seconds=1, off_seconds=1, longest_seconds=0.1
    )
    assert kind_of(thread) == kind


POOL = (native("fsync", "/lib/libc.so.6"), native(THREAD_POOL, "node"), javascript("flush", "/srv/log.js", 9))


@pytest.mark.parametrize(
    ("stack", "inside"),
    [
        ((OWN, *HANDLE), True),
        ((library("queue.py", "Queue.get"), OWN, *HANDLE), True),
        (POLL, False),
        ((OWN, *UVLOOP), True),
        (UVLOOP, False),
        ((OWN, library("threading.py", "Thread.run")), False),
        ((native("read", "/lib/libc.so.6"), javascript("readFileSync", "node:fs", 9)), True),
        (LIBUV, False),
        (POOL, False),
        ((native("fsync", "/lib/libc.so.6"), native("node::fs::Fsync", "/usr/bin/node"), *LIBUV[1:]), True),
    ],
)
def test_what_runs_in_a_callback(stack: Stack, inside: bool) -> None:
    assert runs_in_callback(stack) is inside


def test_a_callback_never_waits_for_work() -> None:
    get = (library("queue.py", "Queue.get"), OWN)
    assert state_of(call("futex", get, 5, blocked=5.0)) is State.IDLE
    assert state_of(call("futex", (*get, *HANDLE), 5, blocked=5.0)) is State.LOCK
    assert state_of(call("recvfrom", (OWN, *HANDLE), 2, on="fd:5 (socket:[1])", blocked=9.0)) is State.NETWORK
    assert state_of(call("epoll_wait", POLL, 5, blocked=5.0)) is State.IDLE


def test_the_account_of_a_loop() -> None:
    waits = call("recvfrom", (OWN, *HANDLE), 40, on="fd:5 (socket:[1])", blocked=4.0)
    elsewhere = call("recvfrom", (OWN, library("threading.py", "Thread.run")), 40, blocked=3.0)
    polling = loop(POLL, off=5.0, longest=0.2).model_copy(update={"histogram": (0,) * 26 + (50,) + (0,) * 5})
    [row] = ledger(window(calls=(waits, elsewhere), polling=(polling,), threads=2)).loops
    assert (row.kind, row.idle_seconds, row.callback_seconds) == ("asyncio", 5.0, 5.0)
    assert (row.blocked_seconds, row.blocked_call, row.blocked_at) == (4.0, "recvfrom", OWN)
    # 50 stretches of 0.1 s: half of the time an event meets one, and waits half of it
    assert row.mean_lag_seconds == pytest.approx(0.025)
