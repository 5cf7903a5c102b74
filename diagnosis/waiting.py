"""Why was a thread asleep in a system call: for a file, a peer, a lock, a child, a timer, or for want of work?"""

from collections import defaultdict
from collections.abc import Iterable

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.loops import makes_call_in_callback
from perfdoctor.diagnosis.objects import is_pipe, is_socket, is_standard_input, path_of
from perfdoctor.diagnosis.pools import lender_of, worker_of
from perfdoctor.diagnosis.runtime_waits import (
    held_by_runtime,
    is_for_a_lock,
    is_for_work,
    is_linked_in,
    is_of_the_machine,
    is_runtime_at_rest,
    is_timer_of_java,
    of_java,
)
from perfdoctor.diagnosis.talk import Sides
from perfdoctor.diagnosis.user_code import basename, is_user_code, user_frame
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.syscalls import SYNCS, SyscallRow

LONG_WAIT_SECONDS = 0.05
"""A wait that takes this long on average, with nothing that names its reason, is for work to come: locks and answers
of a busy program come sooner, by a wide margin."""

# Functions of the standard library in which a thread has nothing to do until somebody brings it work, by file.
_FOR_WORK = {
    "selectors.py": {"select"},
    "socketserver.py": {"serve_forever", "get_request", "handle_request"},
    "base_events.py": {"_run_once"},
    "queue.py": {"get"},
    "queues.py": {"get", "_wait"},
    "threading.py": {"join", "_wait_for_tstate_lock", "_join_os_thread", "wait", "wait_for", "_shutdown"},
    "thread.py": {"_worker"},
    "_base.py": {"result", "wait", "as_completed", "exception"},
    "pool.py": {"worker", "_handle_workers", "_handle_tasks", "_handle_results", "wait", "get", "_get_tasks"},
    "connection.py": {"recv", "recv_bytes", "_recv", "_recv_bytes", "poll", "_poll", "wait", "accept"},
    "popen_fork.py": {"poll", "wait"},
    "process.py": {"join", "_queue_management_worker", "wait_result_broken_or_wakeup"},
    "signal.py": {"pause", "sigwait"},
    "sched.py": {"run"},
    "cmd.py": {"cmdloop"},
    "asyncore.py": {"poll", "poll2", "loop"},
    "ThreadPoolExecutor.java": {"getTask", "awaitTermination"},
    "ForkJoinPool.java": {"awaitWork", "runWorker"},
    "LinkedBlockingQueue.java": {"take", "poll"},
    "LinkedBlockingDeque.java": {"take", "poll"},
    "ArrayBlockingQueue.java": {"take", "poll"},
    "SynchronousQueue.java": {"take", "poll"},
    "FutureTask.java": {"get"},
    "CompletableFuture.java": {"get", "join"},
    "CountDownLatch.java": {"await"},
    "Thread.java": {"join"},
    "ReferenceQueue.java": {"remove"},
}
_FOR_WORK_QUALIFIED = {
    # the next request on a connection that is kept open
    ("server.py", "BaseHTTPRequestHandler.handle_one_request"),
    ("server.py", "handle_one_request"),
    ("simple_server.py", "WSGIRequestHandler.handle"),
    ("sync.py", "SyncWorker.wait"),
    ("arbiter.py", "Arbiter.sleep"),
}
# Files whose presence on a stack means: waits for an answer that was asked for.
_CLIENTS = ("/http/client.py", "/urllib/request.py", "/smtplib.py", "/ftplib.py", "/imaplib.py", "/poplib.py",
            "/xmlrpc/client.py", "/urllib3/", "/requests/", "/httpx/", "/httpcore/", "/aiohttp/client", "/redis/",
            "/psycopg", "/pymysql/", "/MySQLdb/", "/pymongo/", "/botocore/", "/grpc/", "/kafka/", "/dns/")  # fmt: skip
_CONDITION = "pthread_cond_"


# Where an event loop waits for whatever comes next: answers, requests and timers alike.
_LOOPS = (
    "BaseEventLoop._run_once", "uv__io_poll", "uv_run", "event_base_loop", "ev_run", "aeApiPoll", "sun.nio.ch.EPoll",
    "runtime.netpoll", "runtime.findRunnable", "runtime.findrunnable", "mio::poll::Poll", "EpollIOManager.get_events",
    "unrolled_run", "ngx_epoll_process_events",
)  # fmt: skip


def is_loop(stack: Stack) -> bool:
    """Whether an event loop stands here in between two of its callbacks."""
    return any(frame.function.startswith(_LOOPS) for frame in stack)


def waits_in_loops(states: Iterable[tuple[SyscallRow, State]], awaited: dict[int, float]) -> dict[int, float]:
    """Of the calls (by identity) in which event loops wait for work, the seconds in which they wait for answers.

    ``awaited``: by process, how long any request of its own was under way. What blocking calls waited for answers is
    taken from it; the rest was waited in the loop, as far as that waited.
    """
    left = dict(awaited)
    loops: list[SyscallRow] = []
    for row, state in states:
        if state is State.NETWORK and row.syscall not in calls.SENDS:
            left[row.pid] = left.get(row.pid, 0.0) - row.blocked_seconds
        elif state is State.IDLE and row.syscall in calls.POLLS and is_loop(row.stack):
            loops.append(row)
    asleep: dict[int, float] = defaultdict(float)
    for row in loops:
        asleep[row.pid] += row.blocked_seconds
    return {
        id(row): row.blocked_seconds * min(1.0, max(0.0, left.get(row.pid, 0.0)) / asleep[row.pid])
        for row in loops
        if row.blocked_seconds > 0
    }


Futexes = frozenset[tuple[int, str | None]]
"""Process and address."""


def signals(rows: Iterable[SyscallRow]) -> Futexes:
    """The futexes that one side waits for and another wakes: conditions, semaphores, queues. Not locks.

    Who takes a lock gives it back, so the functions that wait for a lock also wake others on it (a call that returned
    more than 0). A signal is given by code that shares no function with that which waits.
    """
    waits: dict[tuple[int, str | None], list[SyscallRow]] = defaultdict(list)
    wakes: dict[tuple[int, str | None], list[SyscallRow]] = defaultdict(list)
    found = set()
    for row in rows:
        if row.syscall not in calls.FUTEXES or row.object is None:
            continue
        key: tuple[int, str | None] = (row.pid, row.object)
        # (the condition that a Java thread parks on serves for everything that it ever waits for)
        if any(_CONDITION in frame.function for frame in row.stack[:4]) and not _is_java(row.stack):
            found.add(key)
        if row.blocked_seconds > 0:
            waits[key].append(row)
        if row.calls - row.errors - row.empty > 0:
            wakes[key].append(row)
    for key in waits.keys() & wakes.keys():
        if _functions(wakes[key]) and not _functions(waits[key]) & _functions(wakes[key]):
            found.add(key)
    return frozenset(found)


def _is_java(stack: Stack) -> bool:
    return any(frame.kind is FrameKind.JAVA or "libjvm." in (frame.module or "") for frame in stack[:12])


def _functions(rows: list[SyscallRow]) -> set[tuple[str | None, str]]:
    return {(frame.file, frame.function) for row in rows for frame in row.stack if is_user_code(frame)}


_NOBODY = Sides()


def state_of(
    row: SyscallRow, roots: tuple[str, ...] = (), signalled: Futexes = frozenset(), sides: Sides = _NOBODY
) -> State:
    """The state of a thread that sleeps in the call of ``row``: decided by the call, its object, and the frames that
    lead to it; where those leave it open, by how long the waits are. ``signalled``: what ``signals`` found; ``sides``:
    for whom each line waits, where its sockets were watched."""
    state = _state_of(row, roots, signalled, sides)
    if state is State.IDLE and makes_call_in_callback(row):
        # Whatever a callback waits for, its loop has other work meanwhile.
        return State.LOCK if row.syscall in calls.FUTEXES else State.NETWORK if is_socket(row.object) else State.OTHER
    return state


def _state_of(row: SyscallRow, roots: tuple[str, ...], signalled: Futexes, sides: Sides) -> State:
    name = row.syscall
    if held_by_runtime(row.stack):
        return State.OTHER
    if is_of_the_machine(row.stack):
        return State.IDLE
    if name in calls.ACCEPTS or name in calls.SIGNALS:
        return State.IDLE
    if is_runtime_at_rest(row.stack):
        return State.IDLE
    if name in calls.SLEEPS:
        return State.SLEEP
    if _is_inside(row.stack, "/subprocess.py"):
        return State.CHILD
    if name in calls.FUTEXES:
        return _of_futex(row, (row.pid, row.object) in signalled, sides)
    if _is_of_socket(row) and (side := sides.at_line(row.pid, row.stack)):
        return State.NETWORK if side == "answer" else State.IDLE
    if waits_for_work(row.stack):
        return State.IDLE
    if name in calls.WAITS_FOR_CHILD:
        # A supervisor that waits for its workers has nothing to do; one that starts them one by one has.
        return State.IDLE if _is_long(row, seconds=1.0) else State.CHILD
    if name in calls.STARTS_CHILD:
        return State.CHILD
    if name in calls.POLLS:
        return _of_poll(row, sides)
    if name in calls.CONNECTS:
        return State.NETWORK
    if name in calls.RECEIVES or (name in calls.READS and is_socket(row.object)):
        return _of_receive(row, roots, sides)
    if name in calls.SENDS or is_socket(row.object):
        return State.NETWORK
    if name in calls.READS and (is_standard_input(row.object) or is_pipe(row.object)):
        return State.IDLE
    if path_of(row.object) is not None and not is_pipe(row.object):
        return State.FILE
    if name in calls.READS | calls.WRITES | calls.OPENS | calls.LOOKUPS | SYNCS and not is_pipe(row.object):
        return State.IDLE if name in calls.READS and _is_long(row) else State.FILE
    return State.OTHER


def sleeps(row: SyscallRow) -> bool:
    """Whether it is a plain pause, whatever happens meanwhile. (HotSpot pauses on a condition, for interrupts.)"""
    return row.syscall in calls.SLEEPS or any(frame.function == "java.lang.Thread.sleep" for frame in row.stack[:3])


def waits_for_work(stack: Stack) -> bool:
    """Whether the innermost frames of the stack, up to the user's own code, are a known place to wait for work."""
    for frame in stack:
        if is_user_code(frame) and not is_linked_in(frame):
            return False
        file, function = basename(frame.file), frame.function
        known = (file, function) in _FOR_WORK_QUALIFIED or function.rsplit(".", 1)[-1] in _FOR_WORK.get(file, ())
        # (clients have files of these names too: psycopg waits for an answer in the wait of its connection.py)
        if known and not _is_client((frame,)):
            return True
        if frame.kind is FrameKind.NATIVE and is_for_work(function):
            return True
    return False


def _of_futex(row: SyscallRow, signalled: bool, sides: Sides) -> State:
    if lender_of(row.stack, sides.lent):
        return State.LOCK  # all that the pool has is lent: it waits for another thread to give something back
    # `event.wait(0.01)` that times out again and again is a poll, whatever it is called
    polls = row.errors > 0.8 * row.calls and row.calls > 0 and not _is_long(row) and not is_timer_of_java(row.stack)
    if (of_machine := of_java(row.stack)) is not None:
        return State.SLEEP if polls and of_machine is State.IDLE else of_machine
    if is_for_a_lock(row.stack):
        return State.LOCK
    if any(frame.function.startswith("JavaThread::sleep") for frame in row.stack):
        return State.SLEEP
    if any(frame.function.startswith("ObjectMonitor::wait") for frame in row.stack):
        return State.IDLE  # of a thread without lines: mostly Flight Recorder's own
    takes = bool(row.stack) and (row.stack[0].file, row.stack[0].line) in sides.works
    if takes or waits_for_work(row.stack):
        return State.SLEEP if polls else State.IDLE
    if signalled:
        return State.IDLE
    is_python = bool(row.stack) and row.stack[0].kind is FrameKind.PYTHON
    return State.IDLE if not is_python and _is_long(row) else State.LOCK


def _is_of_socket(row: SyscallRow) -> bool:
    name = row.syscall
    return name in calls.POLLS or name in calls.RECEIVES or (name in calls.READS and path_of(row.object) is None)


def _of_poll(row: SyscallRow, sides: Sides) -> State:
    if _is_client(row.stack):
        return State.NETWORK
    if not is_loop(row.stack) and sides.in_function(row.pid, row.stack) == "answer":
        return State.NETWORK
    if row.empty > 0.5 * row.calls:
        return State.SLEEP
    # It returned events: each wait brought work.
    return State.IDLE


def _of_receive(row: SyscallRow, roots: tuple[str, ...], sides: Sides) -> State:
    if _is_client(row.stack):
        return State.NETWORK
    if side := sides.in_function(row.pid, row.stack) or sides.in_process(row.pid):
        return State.NETWORK if side == "answer" else State.IDLE
    return State.IDLE if _is_long(row) or _is_top_of_thread(row.stack, roots) else State.NETWORK


def _is_top_of_thread(stack: Stack, roots: tuple[str, ...]) -> bool:
    """Whether the user's function that waits is the one its thread was started with: the top of a worker's loop."""
    own = user_frame(stack, roots)
    if own is None:
        return False
    if worker_of(stack):
        return False  # a piece of work, which somebody has handed to a pool
    callers = stack[stack.index(own) + 1 :]
    return any(basename(frame.file) == "threading.py" for frame in callers) and not any(
        is_user_code(frame) for frame in callers
    )


def _inside_user_code(stack: Stack) -> tuple[Frame, ...]:
    for i, frame in enumerate(stack):
        if is_user_code(frame):
            return stack[:i]
    return stack


def _is_inside(stack: Stack, file: str) -> bool:
    return any((frame.file or "").endswith(file) for frame in _inside_user_code(stack))


def _is_client(stack: Stack) -> bool:
    return any(part in (frame.file or "") for frame in stack for part in _CLIENTS)


def _is_long(row: SyscallRow, seconds: float = LONG_WAIT_SECONDS) -> bool:
    waits = row.calls + row.unfinished
    return waits > 0 and row.blocked_seconds / waits >= seconds
