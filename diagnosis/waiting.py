"""Why was a thread asleep in a system call: for a file, a peer, a lock, a child, a timer, or for want of work?"""

from collections import defaultdict
from collections.abc import Iterable

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.objects import is_pipe, is_socket, is_standard_input, path_of
from perfdoctor.diagnosis.user_code import basename, is_user_code, user_frame
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.syscalls import SyscallRow

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
_NATIVE_MUTEX = ("pthread_mutex_lock", "lll_lock_wait", "pthread_rwlock", "pthread_spin", "std::mutex")
_NATIVE_FOR_WORK = (
    "pthread_cond_",
    "pthread_join",
    "pthread_timedjoin",
    "pthread_clockjoin",
    "std::condition_variable",
    "std::thread::join",
    "pthread_barrier_wait",
    "uv__io_poll",
    "uv_cond_wait",
    "g_main_",
    "ev_run",
    "event_base_loop",
    "sigwait",
    "getchar",
    "fgets",
    "getline",
    "_IO_getc",
)


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
        if any(_CONDITION in frame.function for frame in row.stack[:3]):
            found.add(key)
        if row.blocked_seconds > 0:
            waits[key].append(row)
        if row.calls - row.errors - row.empty > 0:
            wakes[key].append(row)
    for key in waits.keys() & wakes.keys():
        if _functions(wakes[key]) and not _functions(waits[key]) & _functions(wakes[key]):
            found.add(key)
    return frozenset(found)


def _functions(rows: list[SyscallRow]) -> set[tuple[str | None, str]]:
    return {(frame.file, frame.function) for row in rows for frame in row.stack if is_user_code(frame)}


def state_of(row: SyscallRow, roots: tuple[str, ...] = (), signalled: Futexes = frozenset()) -> State:
    """The state of a thread that sleeps in the call of ``row``: decided by the call, its object, and the frames that
    lead to it; where those leave it open, by how long the waits are. ``signalled``: what ``signals`` found."""
    name = row.syscall
    if name in calls.ACCEPTS or name in calls.SIGNALS:
        return State.IDLE
    if name in calls.SLEEPS:
        return State.SLEEP
    if _is_inside(row.stack, "/subprocess.py"):
        return State.CHILD
    if name in calls.FUTEXES:
        return _of_futex(row, (row.pid, row.object) in signalled)
    if waits_for_work(row.stack):
        return State.IDLE
    if name in calls.WAITS_FOR_CHILD:
        # A supervisor that waits for its workers has nothing to do; one that starts them one by one has.
        return State.IDLE if _is_long(row, seconds=1.0) else State.CHILD
    if name in calls.STARTS_CHILD:
        return State.CHILD
    if name in calls.POLLS:
        return _of_poll(row)
    if name in calls.CONNECTS:
        return State.NETWORK
    if name in calls.RECEIVES or (name in calls.READS and is_socket(row.object)):
        return _of_receive(row, roots)
    if name in calls.SENDS or is_socket(row.object):
        return State.NETWORK
    if name in calls.READS and (is_standard_input(row.object) or is_pipe(row.object)):
        return State.IDLE
    if path_of(row.object) is not None and not is_pipe(row.object):
        return State.FILE
    if name in calls.READS | calls.WRITES | calls.OPENS | calls.LOOKUPS | calls.SYNCS and not is_pipe(row.object):
        return State.IDLE if name in calls.READS and _is_long(row) else State.FILE
    return State.OTHER


def sleeps(row: SyscallRow) -> bool:
    """Whether it is a plain pause, whatever happens meanwhile. (HotSpot pauses on a condition, for interrupts.)"""
    return row.syscall in calls.SLEEPS or any(frame.function == "java.lang.Thread.sleep" for frame in row.stack[:3])


def waits_for_work(stack: Stack) -> bool:
    """Whether the innermost frames of the stack, up to the user's own code, are a known place to wait for work."""
    for frame in _inside_user_code(stack):
        file, function = basename(frame.file), frame.function
        if (file, function) in _FOR_WORK_QUALIFIED or function.rsplit(".", 1)[-1] in _FOR_WORK.get(file, ()):
            return True
        if frame.kind is FrameKind.NATIVE and any(name in function for name in _NATIVE_FOR_WORK):
            return True
    return False


def _of_futex(row: SyscallRow, signalled: bool) -> State:
    if sleeps(row):
        return State.SLEEP
    if any(name in frame.function for frame in row.stack[:3] for name in _NATIVE_MUTEX):
        return State.LOCK
    if waits_for_work(row.stack):
        # `event.wait(0.01)` that times out again and again is a poll, whatever it is called
        polls = row.errors > 0.8 * row.calls and row.calls > 0 and not _is_long(row)
        return State.SLEEP if polls else State.IDLE
    if signalled:
        return State.IDLE
    is_python = bool(row.stack) and row.stack[0].kind is FrameKind.PYTHON
    return State.IDLE if not is_python and _is_long(row) else State.LOCK


def _of_poll(row: SyscallRow) -> State:
    if _is_client(row.stack):
        return State.NETWORK
    if row.empty > 0.5 * row.calls:
        return State.SLEEP
    # It returned events: each wait brought work.
    return State.IDLE


def _of_receive(row: SyscallRow, roots: tuple[str, ...]) -> State:
    if _is_client(row.stack):
        return State.NETWORK
    return State.IDLE if _is_long(row) or _is_top_of_thread(row.stack, roots) else State.NETWORK


def _is_top_of_thread(stack: Stack, roots: tuple[str, ...]) -> bool:
    """Whether the user's function that waits is the one its thread was started with: the top of a worker's loop."""
    own = user_frame(stack, roots)
    if own is None:
        return False
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
