"""Why a thread sleeps in a system call."""

import pytest

from perfdoctor.diagnosis.example import call, library, native, python
from perfdoctor.diagnosis.waiting import signals, state_of
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.syscalls import SyscallRow

OWN = python(8, "work")


def java(function: str, file: str) -> Frame:
    return Frame(kind=FrameKind.JAVA, function=function, file=file, line=1)


SEMAPHORE = (
    native("__new_sem_wait_slow64", "/lib/libc.so.6"),
    native("node::inspector::StartIoThreadMain", "/usr/bin/node"),
)
THREAD = (library("threading.py", "Thread.run"), library("threading.py", "Thread._bootstrap"))
SOCKET = "fd:5 (socket:[99])"
CLIENT = (library("http/client.py", "HTTPResponse._read_status"), OWN)
SERVER = (library("http/server.py", "BaseHTTPRequestHandler.handle_one_request"), OWN)


@pytest.mark.parametrize(
    ("row", "expected", "because"),
    [
        (call("accept4", (OWN,), 3, blocked=9.0), State.IDLE, "waits for a client"),
        (call("clock_nanosleep", (OWN,), 3, blocked=9.0), State.SLEEP, "time.sleep is never idle"),
        (call("fsync", (OWN,), 3, on="/data/x", blocked=1.0), State.FILE, "waits for the disk"),
        (call("read", (OWN,), 3, on="/data/x", blocked=1.0), State.FILE, "waits for the disk"),
        (call("read", (OWN,), 3, on="fd:0 (/dev/pts/1)", blocked=9.0), State.IDLE, "waits for a person"),
        (call("read", (OWN,), 3, on="fd:4 (pipe:[7])", blocked=9.0), State.IDLE, "waits for a producer"),
        (call("connect", (OWN,), 3, on=SOCKET, blocked=1.0), State.NETWORK, "waits for a peer"),
        (call("recvfrom", CLIENT, 2, on=SOCKET, blocked=9.0), State.NETWORK, "it asked, and waits for the answer"),
        (call("recvfrom", SERVER, 2, on=SOCKET, blocked=9.0), State.IDLE, "waits for the next request"),
        (call("recvfrom", (OWN,), 900, on=SOCKET, blocked=9.0), State.NETWORK, "short waits are for answers"),
        (call("recvfrom", (OWN, *THREAD), 900, on=SOCKET, blocked=9.0), State.IDLE, "top of a worker's loop"),
        (call("recvfrom", (OWN,), 0, unfinished=1, on=SOCKET, blocked=10.0), State.IDLE, "nothing came all the time"),
        (call("futex", (OWN,), 900, on="futex:0x1", blocked=5.0), State.LOCK, "short waits at the user's line"),
        (call("futex", (library("queue.py", "Queue.get"), OWN), 900, blocked=5.0), State.IDLE, "waits for work"),
        (call("futex", (library("threading.py", "Thread.join"), OWN), 0, unfinished=1, blocked=9.0), State.IDLE, ""),
        (
            call("futex", (library("threading.py", "Event.wait"), OWN), 800, errors=800, blocked=9.0),
            State.SLEEP,
            "polls",
        ),
        (call("futex", (native("__lll_lock_wait", "/lib/libc.so.6"),), 9, blocked=5.0), State.LOCK, "a mutex"),
        (
            call("futex", (java("java.lang.Thread.sleep", "java/lang/Thread.java"), OWN), 900, blocked=5.0),
            State.SLEEP,
            "",
        ),
        (
            call(
                "futex",
                (java("java.util.concurrent.ThreadPoolExecutor.getTask", "ThreadPoolExecutor.java"),),
                900,
                blocked=5.0,
            ),
            State.IDLE,
            "a thread of a pool",
        ),
        (call("futex", SEMAPHORE, 0, unfinished=1, blocked=10.0), State.IDLE, "a semaphore that nobody raised"),
        (call("futex", SEMAPHORE, 900, blocked=5.0), State.LOCK, "a semaphore that is taken in turn"),
        (call("futex", (native("work", "/srv/a"),), 3, blocked=9.0), State.IDLE, "few long waits are for work"),
        (call("wait4", (OWN,), 90, blocked=5.0), State.CHILD, "children one after the other"),
        (call("wait4", (OWN,), 0, unfinished=1, blocked=9.0), State.IDLE, "a supervisor with nothing to do"),
        (
            call("poll", (library("subprocess.py", "Popen._communicate"), OWN), 90, blocked=5.0),
            State.CHILD,
            "its output",
        ),
        (call("vfork", (library("subprocess.py", "Popen._execute_child"), OWN), 90, blocked=1.0), State.CHILD, ""),
        (call("epoll_wait", (library("selectors.py", "select"), OWN), 90, blocked=9.0), State.IDLE, "an event loop"),
        (call("poll", (OWN,), 900, empty=890, blocked=9.0), State.SLEEP, "runs out each time"),
        (call("poll", (OWN,), 900, blocked=9.0), State.IDLE, "each wait brought an event"),
        (call("poll", CLIENT, 2, blocked=9.0), State.NETWORK, "a read with a time limit"),
        (call("io_uring_enter", (OWN,), 2, blocked=1.0), State.OTHER, "nobody knows"),
    ],
)
def test_state(row: SyscallRow, expected: State, because: str) -> None:
    assert state_of(row) is expected, because


def test_a_signal_is_given_by_other_code_than_that_which_waits() -> None:
    consumer, producer = (python(3, "consume"), *THREAD), (python(9, "produce"), python(1, "main"))
    both = (python(5, "update"), *THREAD)
    rows = (
        call("futex", consumer, 500, empty=500, on="futex:0x10", blocked=9.0),
        call("futex", producer, 500, on="futex:0x10", seconds=0.1),
        call("futex", both, 1000, empty=500, on="futex:0x20", blocked=5.0),
        call("futex", (native("pthread_cond_signal", "/lib/libc.so.6"),), 5, on="futex:0x30"),
    )
    found = signals(rows)
    assert {address for _, address in found} == {"futex:0x10", "futex:0x30"}
    assert state_of(rows[0], (), found) is State.IDLE
    assert state_of(rows[2], (), found) is State.LOCK
