"""Event loops: which threads run one, which calls are made by its callbacks, and what kept it from the next event."""

from collections import defaultdict
from collections.abc import Iterable

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.user_code import basename, user_frame
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import THREAD_POOL, Frame, FrameKind, Stack
from perfdoctor.schemas.ledger import LoopRow
from perfdoctor.schemas.loops import PollingThread
from perfdoctor.schemas.syscalls import SyscallRow

# Functions that are the loop of a library, by the name that people know it by. Native names are parts of symbols.
_NATIVE = (("uv__io_poll", "libuv"), ("uv_run", "libuv"), ("aeProcessEvents", "ae"), ("ngx_process_events", "nginx"),
           ("ngx_epoll_process_events", "nginx"), ("event_base_loop", "libevent"), ("ev_run", "libev"),
           ("g_main_context_", "GLib"), ("g_main_loop_run", "GLib"), ("QEventDispatcher", "Qt"),
           ("boost::asio::detail::scheduler", "Asio"), ("asio::detail::epoll_reactor", "Asio"),
           ("tokio::runtime", "Tokio"), ("mio::poll", "mio"))  # fmt: skip
_PYTHON = {("base_events.py", "_run_once"): "asyncio", ("hub.py", "run"): "gevent", ("_run.py", "unrolled_run"): "Trio",
           ("_run.py", "run"): "Trio",
           ("epollreactor.py", "doPoll"): "Twisted", ("ioloop.py", "start"): "Tornado"}  # fmt: skip
# Java loops are known by their threads: the name of a thread has 15 characters.
_JAVA = (("nioEventLoopGro", "Netty"), ("epollEventLoop", "Netty"), ("reactor-http-", "Netty"),
         ("vert.x-eventloo", "Vert.x"), ("multiThreadIoE", "Netty"), ("XNIO-1 I/O", "Undertow"))  # fmt: skip
_OWN = "epoll"
"""a loop written by hand"""
_EPOLLS = ("epoll_wait", "epoll_pwait")
_FEWEST_POLLS = 3


def kind_of(thread: PollingThread, roots: tuple[str, ...] = ()) -> str | None:
    """What loop a thread runs, by the stack that it polls at; None when it merely polls."""
    for start, kind in _JAVA:
        if thread.name.startswith(start):
            return kind
    return _kind_of_stack(thread.stack) or (_OWN if _own_loop(thread, roots) else None)


def is_a_worker(thread: PollingThread) -> bool:
    """Whether it is the loop of a worker of Node.js, which is there to compute: others serve meanwhile."""
    return any("node::worker::Worker" in frame.function for frame in thread.stack)


def makes_call_in_callback(row: SyscallRow) -> bool:
    """Whether the call was made by a callback on the thread of a known loop (and is not the loop's own poll)."""
    return row.syscall not in _EPOLLS and runs_in_callback(row.stack)


def runs_in_callback(stack: Stack) -> bool:
    """Whether a callback of a known loop stands on the stack."""
    inside = False  # some frame is further in than the loop's own
    for frame in stack:
        file, function = basename(frame.file), frame.function.rsplit(".", 1)[-1]
        if frame.kind is FrameKind.PYTHON:
            # asyncio/events.py:Handle._run; uvloop has no Python frames between its caller and the callback
            if (file, function) == ("events.py", "_run") or ((file, function) == ("runners.py", "run") and inside):
                return True
            if (file, function) in _PYTHON:
                return False
            inside = inside or not (file in ("runners.py", "base_events.py") or "/uvloop/" in (frame.file or ""))
        elif frame.kind is FrameKind.JAVASCRIPT:
            return True
        elif frame.function == THREAD_POOL:
            return False
        elif frame.kind is FrameKind.NATIVE:
            if "uv__io_poll" in frame.function:
                return inside
            inside = inside or frame.function.startswith("node::")
            if frame.function.startswith("uv_run") or "SpinEventLoop" in frame.function:
                return inside
    return False


def only_starts_loop(stack: Stack, roots: tuple[str, ...] = ()) -> bool:
    """Whether the user's innermost line merely started the event loop of Python that runs all of this."""
    own = user_frame(stack, roots)
    inner = stack[: stack.index(own)] if own else ()
    return own is not None and own.kind is FrameKind.PYTHON and runs_in_callback(inner)


def loops(evidence: Evidence) -> tuple[LoopRow, ...]:
    """Every event loop of the window, that which was off its poll for longest first."""
    rows = evidence.syscalls.rows if evidence.syscalls else ()
    # (a process may have a hundred threads with a loop each, such as the workers of Node.js)
    waits = [row for row in rows if row.blocked_seconds > 0]
    known: dict[tuple[int, int], list[SyscallRow]] = {}
    found = []
    for thread in evidence.loops or ():
        kind = kind_of(thread, evidence.user_roots)
        if kind is None or thread.polls < _FEWEST_POLLS:
            continue
        whose = thread.pid, thread.tid if kind == _OWN else 0
        if whose not in known:
            known[whose] = rows_of(thread, kind, waits, evidence.user_roots)
        blocked = known[whose]
        by_place: dict[tuple[str, Frame | None], float] = defaultdict(float)
        for row in blocked:
            by_place[row.syscall, user_frame(row.stack, evidence.user_roots)] += row.blocked_seconds
        call, place = max(by_place, key=lambda key: by_place[key], default=(None, None))
        found.append(
            LoopRow(
                pid=thread.pid,
                tid=thread.tid,
                kind=kind,
                polls=thread.polls,
                idle_seconds=thread.poll_seconds,
                callback_seconds=thread.off_seconds,
                longest_seconds=thread.longest_seconds,
                mean_lag_seconds=mean_lag(thread),
                blocked_seconds=min(sum(row.blocked_seconds for row in blocked), thread.off_seconds),
                blocked_call=call,
                blocked_at=place,
            )
        )
    return tuple(found)


def rows_of(
    thread: PollingThread, kind: str, rows: Iterable[SyscallRow], roots: tuple[str, ...] = ()
) -> list[SyscallRow]:
    """The calls that callbacks of the thread's loop made. Rows do not tell the threads of a process apart: those of
    another loop of the same kind in the process are among them."""
    own = _own_loop(thread, roots) if kind == _OWN else None
    found = []
    for row in rows:
        if row.pid != thread.pid:
            continue
        if own is None:
            if makes_call_in_callback(row):
                found.append(row)
        elif row.syscall not in calls.POLLS and any(_is_same(frame, own) for frame in row.stack):
            found.append(row)
    return found


def _kind_of_stack(stack: Stack) -> str | None:
    for frame in stack:
        if frame.kind is FrameKind.PYTHON:
            function = frame.function.rsplit(".", 1)[-1]
            if kind := _PYTHON.get((basename(frame.file), function)):
                return kind
            if basename(frame.file) == "runners.py" and "/asyncio/" in (frame.file or ""):
                return "asyncio"
        elif frame.kind is FrameKind.NATIVE:
            for name, kind in _NATIVE:
                if name in frame.function:
                    return kind
    return None


def polls_for_python(stack: Stack) -> bool:
    """Whether the loop of a library of Python stands on the stack."""
    return _kind_of_stack(tuple(frame for frame in stack if frame.kind is FrameKind.PYTHON)) is not None


def _own_loop(thread: PollingThread, roots: tuple[str, ...]) -> Frame | None:
    """The user's function that asks epoll itself, with no library's code between: a loop written by hand."""
    own = user_frame(thread.stack, roots)
    if own is None:
        return None
    inside = thread.stack[: thread.stack.index(own)]
    if own.kind is FrameKind.NATIVE:
        return own if any(name in frame.function for frame in inside for name in _EPOLLS) else None
    by_selector = bool(inside) and all(basename(frame.file) == "selectors.py" for frame in inside)
    return own if by_selector and any("Epoll" in frame.function for frame in inside) else None


def _is_same(frame: Frame, other: Frame) -> bool:
    return (frame.file, frame.function) == (other.file, other.function)


def mean_lag(thread: PollingThread) -> float:
    """Of an event at any moment: one that falls into a stretch of d seconds waits d / 2, and longer ones are met more
    often. Stretches are known by their power of two, so their sum is scaled to the exact one; by the late ones alone
    where there is no histogram."""
    wall = thread.poll_seconds + thread.off_seconds
    mids = [(often, 1.5e-9 * (1 << bucket)) for bucket, often in enumerate(thread.histogram) if often]
    told = sum(often * seconds for often, seconds in mids)
    if wall <= 0:
        return 0.0
    if told <= 0:
        return thread.longest_seconds / 2 * sum(row.seconds for row in thread.late) / wall
    scale = thread.off_seconds / told
    lag: float = sum(often * (scale * seconds) ** 2 / 2 for often, seconds in mids) / wall
    return min(thread.longest_seconds / 2, lag)
