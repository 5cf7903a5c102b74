"""Why a thread sleeps in a system call."""

import pytest

from perfdoctor.diagnosis.asking import peer
from perfdoctor.diagnosis.example import PID, call, cpu, java, library, native, python, window
from perfdoctor.diagnosis.ledger import ledger
from perfdoctor.diagnosis.talk import Sides
from perfdoctor.diagnosis.waiting import signals, state_of
from perfdoctor.schemas.frame import Frame, Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.network import Awaited, NetworkUse, Peer, TalkRow
from perfdoctor.schemas.syscalls import LentLine, SyscallRow

OWN = python(8, "work")
JVM = "/usr/lib/jvm/java-17/lib/server/libjvm.so"
SEM = native("__new_sem_wait_slow64", "/lib/libc.so.6")
SEMAPHORE = (
    native("__new_sem_wait_slow64", "/lib/libc.so.6"),
    native("node::inspector::StartIoThreadMain", "/usr/bin/node"),
)
THREAD = (library("threading.py", "Thread.run"), library("threading.py", "Thread._bootstrap"))
SOCKET = "fd:5 (socket:[99])"
CLIENT = (library("http/client.py", "HTTPResponse._read_status"), OWN)
SERVER = (library("http/server.py", "BaseHTTPRequestHandler.handle_one_request"), OWN)


def test_a_socket_on_which_only_datagrams_come_waits_for_work() -> None:
    meter: Stack = (python(12, "main"),)
    row = TalkRow(pid=PID, stack=meter, receives=3000, received_bytes=66_000)
    told = Peer(transport="udp", direction="outgoing", address="0.0.0.0:0", receives=3000, rows=(row,))
    waits = call("recvfrom", meter, 3000, on="fd:3 (socket:[9])", blocked=3.4)
    use = NetworkUse(peers=(told,))
    assert state_of(waits, sides=Sides(use)) is State.IDLE
    asked = told.model_copy(update={"sends": 3000, "requests": 3000})
    assert state_of(waits, sides=Sides(NetworkUse(peers=(asked,)))) is State.NETWORK


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
        (call("futex", (SEM, native("GangWorker::loop()", JVM)), 900, blocked=5.0), State.IDLE, "a collector at rest"),
        (
            call("futex", (SEM, native("WorkerThread::run()", "/srv/app")), 900, blocked=5.0),
            State.LOCK,
            "the user's own",
        ),
        (
            call("futex", (SEM, native("SafepointSynchronize::block(JavaThread*)", JVM)), 900, blocked=5.0),
            State.OTHER,
            "held still by its machine",
        ),
        (
            call(
                "nanosleep", (native("runtime.usleep", "/srv/go"), native("runtime.sysmon", "/srv/go")), 9, blocked=5.0
            ),
            State.IDLE,
            "Go watches itself",
        ),
        (
            call("futex", (java("java.lang.Thread.sleep", "java/lang/Thread.java", 1), OWN), 900, blocked=5.0),
            State.SLEEP,
            "",
        ),
        (
            call(
                "futex",
                (java("java.util.concurrent.ThreadPoolExecutor.getTask", "ThreadPoolExecutor.java", 1),),
                900,
                blocked=5.0,
            ),
            State.IDLE,
            "a thread of a pool",
        ),
        (call("futex", SEMAPHORE, 0, unfinished=1, blocked=10.0), State.IDLE, "a semaphore that nobody raised"),
        (call("futex", (native("work", "/srv/a"),), 3, blocked=9.0), State.IDLE, "few long waits are for work"),
        (
            call("poll", (library("site-packages/psycopg/connection.py", "Connection.wait"), OWN), 200, blocked=5.0),
            State.NETWORK,
            "a data base's answer, in a file that is called as one of multiprocessing's",
        ),
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


def test_a_line_that_takes_its_work_out_of_a_queue_in_c_is_idle() -> None:
    line = python(111, "work")
    row = call("futex", (line,), 100, blocked=1.0)
    taken = LentLine(file=line.file or "", line=111, work=True)
    assert state_of(row) is State.LOCK
    assert state_of(row, (), frozenset(), Sides(lent=(taken,))) is State.IDLE
    beside = taken.model_copy(update={"line": 112})
    assert state_of(row, (), frozenset(), Sides(lent=(beside,))) is State.LOCK


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


JVM = "/usr/lib/jvm/java-17/lib/server/libjvm.so"
GO = "/srv/shop"


def of_java(*functions: str) -> tuple[Frame, ...]:
    return tuple(java(function, "x/Y.java", 7) for function in functions)


PARK = ("jdk.internal.misc.Unsafe.park", "java.util.concurrent.locks.LockSupport.park")
COND = native("__pthread_cond_wait", "/lib/libc.so.6")


@pytest.mark.parametrize(
    ("stack", "errors", "expected"),
    [
        (of_java(*PARK, "java.util.concurrent.LinkedBlockingQueue.take", "shop.Worker.run"), 0, State.IDLE),
        (of_java(*PARK, "java.util.concurrent.ThreadPoolExecutor.getTask"), 0, State.IDLE),
        (of_java(*PARK, "java.util.concurrent.locks.AbstractQueuedSynchronizer.acquire", "shop.A.b"), 0, State.LOCK),
        (
            of_java(*PARK, "java.util.concurrent.CompletableFuture.get", "jdk.internal.net.http.HttpClientImpl.send"),
            0,
            State.NETWORK,
        ),
        (of_java(*PARK, "java.util.concurrent.CompletableFuture.get", "shop.Page.all"), 0, State.IDLE),
        (of_java("java.lang.Object.wait", "shop.Worker.run"), 0, State.IDLE),
        (of_java("java.lang.Object.wait", "shop.Worker.run"), 95, State.SLEEP),
        (of_java("java.lang.Thread.sleep", "shop.Worker.run"), 95, State.SLEEP),
        (of_java("shop.Cache.get", "shop.Worker.run"), 0, State.LOCK),
        ((COND, native("Monitor::wait(long)", JVM), native("CompileQueue::get()", JVM)), 99, State.IDLE),
        ((COND, native("WatcherThread::sleep()", JVM)), 100, State.IDLE),
        ((COND, native("JavaThread::sleep(long)", JVM), native("[anonymous memory]", "")), 90, State.SLEEP),
        ((COND, native("ObjectMonitor::enter(JavaThread*)", JVM), native("[anonymous memory]", "")), 0, State.LOCK),
        ((native("runtime.futex", GO), native("runtime.notesleep", GO), native("runtime.stopm", GO)), 0, State.IDLE),
        ((native("runtime.futex", GO), native("runtime.lock2", GO), native("main.serve", GO)), 0, State.LOCK),
        ((COND, native("uv_cond_wait", "/usr/bin/node"), native("worker", "/usr/bin/node")), 0, State.IDLE),
        (
            (native("syscall", "/lib/libc.so.6"), native("std::sys::sync::mutex::futex::Mutex::lock_contended", GO)),
            0,
            State.LOCK,
        ),
        (
            (native("syscall", "/lib/libc.so.6"), native("std::sys::sync::condvar::futex::Condvar::wait", GO)),
            0,
            State.IDLE,
        ),
    ],
)
def test_waits_of_other_runtimes(stack: tuple[Frame, ...], errors: int, expected: State) -> None:
    assert state_of(call("futex", stack, 100, errors=errors, blocked=1.0)) is expected


def test_what_a_runtime_does_for_itself_is_no_work_of_the_program() -> None:
    watcher = (native("nanosleep", GO), native("runtime.usleep", GO), native("runtime.sysmon", GO))
    assert state_of(call("nanosleep", watcher, 900, blocked=9.0)) is State.IDLE
    poller = (native("runtime.epollwait", GO), native("runtime.netpoll", GO), native("runtime.findRunnable", GO))
    assert state_of(call("epoll_pwait", poller, 900, empty=900, blocked=9.0)) is State.IDLE
    sampler = (native("__clock_nanosleep", "/lib/libc.so.6"), native("JfrThreadSampler::run()", JVM))
    assert state_of(call("clock_nanosleep", sampler, 900, blocked=9.0)) is State.IDLE


def test_a_piece_of_work_in_a_pool_waits_for_its_answer() -> None:
    worker = (library("concurrent/futures/thread.py", "_worker"), *THREAD)
    assert state_of(call("recvfrom", (OWN, *worker), 900, on=SOCKET, blocked=9.0)) is State.NETWORK


def use_of(*peers: Peer, awaited: float = 0.0) -> NetworkUse:
    return NetworkUse(peers=peers, awaited=(Awaited(pid=PID, seconds=awaited),))


DRIVER = (library("site-packages/driver/connection.py", "Connection.wait"), OWN)
LISTENER = (library("site-packages/feed/connection.py", "Feed.wait"), OWN)


@pytest.mark.parametrize(
    ("peers", "row", "expected", "because"),
    [
        (
            (peer(DRIVER, 9, wait=5.0),),
            call("poll", DRIVER, 9, blocked=5.0),
            State.NETWORK,
            "it asked on this line, whatever the function is called",
        ),
        (
            (peer(DRIVER, 9, direction="incoming"),),
            call("recvfrom", DRIVER, 900, on=SOCKET, blocked=5.0),
            State.IDLE,
            "who called us sends the next request",
        ),
        (
            (peer(LISTENER, 1, rows=(TalkRow(pid=PID, stack=LISTENER, receives=200, received_bytes=9000),)),),
            call("recvfrom", LISTENER, 200, on=SOCKET, blocked=5.0),
            State.IDLE,
            "it subscribed once, and is told since",
        ),
        (
            (peer(DRIVER, 9, wait=5.0, protocol="Redis", shape="BLPOP jobs"),),
            call("recvfrom", DRIVER, 9, on=SOCKET, blocked=0.3),
            State.IDLE,
            "a blocking pop waits for work",
        ),
        (
            (peer((python(7, "work"),), 9, wait=5.0),),
            call("poll", (OWN,), 9, empty=9, blocked=5.0),
            State.NETWORK,
            "its function asks, and this wait ran out",
        ),
    ],
)
def test_the_side_that_is_waited_for_decides(
    peers: tuple[Peer, ...], row: SyscallRow, expected: State, because: str
) -> None:
    assert state_of(row, (), frozenset(), Sides(use_of(*peers))) is expected, because


LOOP = (library("selectors.py", "EpollSelector.select"), library("asyncio/base_events.py", "BaseEventLoop._run_once"))
UNDER_LIBUV = (native("epoll_pwait", "/lib/libc.so.6"), native("uv__io_poll", "/usr/bin/node"))


@pytest.mark.parametrize("loop", [LOOP, UNDER_LIBUV])
def test_an_event_loop_waits_for_answers_as_long_as_one_is_due(loop: Stack) -> None:
    asked = peer((python(12, "price"),), 100, wait=20.0, awaited=6.0)
    window_of = window(calls=(call("epoll_wait", loop, 200, blocked=9.0),), samples=(cpu((OWN,), 1.0),), peers=(asked,))
    seconds = {row.state: row.seconds for row in ledger(window_of).rows}
    assert seconds[State.NETWORK] == pytest.approx(6.0)
    assert seconds[State.IDLE] == pytest.approx(3.0)


def test_an_event_loop_that_asks_for_news_is_idle() -> None:
    asked = peer((python(12, "listen"),), 3, wait=9.0, shape="GET /events?since=?")
    window_of = window(calls=(call("epoll_wait", LOOP, 3, blocked=9.0),), samples=(cpu((OWN,), 1.0),), peers=(asked,))
    assert State.NETWORK not in {row.state for row in ledger(window_of).rows}


def test_what_blocking_calls_waited_is_not_waited_in_the_loop_again() -> None:
    asked = peer(CLIENT, 100, wait=6.0)
    rows = (call("epoll_wait", LOOP, 200, blocked=9.0), call("recvfrom", CLIENT, 100, on=SOCKET, blocked=6.0))
    window_of = window(calls=rows, samples=(cpu((OWN,), 1.0),), peers=(asked,), threads=2)
    seconds = {row.state: row.seconds for row in ledger(window_of).rows}
    assert seconds[State.NETWORK] == pytest.approx(6.0)
