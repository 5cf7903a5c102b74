"""Where every thread's time went: one account, whose parts add up."""

from enum import StrEnum

from perfdoctor.schemas.frame import Frame, Stack
from perfdoctor.schemas.model import Model


class State(StrEnum):
    RUNNING_USER = "running user code"
    RUNNING_KERNEL = "running in the kernel"
    RUNNABLE = "waiting for a core"
    FILE = "blocked on files"
    NETWORK = "blocked on the network"
    LOCK = "blocked on a lock"
    CHILD = "blocked on a child process"
    SLEEP = "sleeping or polling"
    OTHER = "blocked on something else"
    OUTSIDE = "blocked outside a system call"
    MEASURED = "held up by being traced"
    IDLE = "idle: waiting for work"


class LedgerRow(Model):
    """Seconds in one state; ``share`` is of all thread time. ``top`` is the stack that holds most of it."""

    state: State
    seconds: float
    share: float
    top: Stack = ()


class LoopRow(Model):
    """One event loop: the thread's time in the call in which it waits for events, and off it.

    ``longest_seconds`` is the longest time for which it looked at no event; ``mean_lag_seconds`` what an event that
    comes at any moment waits on average until it is looked at. ``blocked_seconds`` of the time off were asleep in
    system calls made by callbacks, most of it in ``blocked_call`` at ``blocked_at`` (of all loops of the process
    together)."""

    pid: int
    tid: int
    kind: str
    polls: int
    idle_seconds: float
    callback_seconds: float
    longest_seconds: float
    mean_lag_seconds: float
    blocked_seconds: float = 0.0
    blocked_call: str | None = None
    blocked_at: Frame | None = None


class ProcessRow(Model):
    """The same account for one process of several. ``pid`` 0: short-lived children, together. ``rows`` as in Ledger."""

    pid: int
    threads: int
    thread_seconds: float
    busy_seconds: float
    unaccounted: float
    rows: tuple[LedgerRow, ...]


class Ledger(Model):
    """``thread_seconds`` = the sum over threads of the time each was alive in the window = the sum over rows, within
    2 % (``unaccounted`` is the difference). ``busy_seconds`` is everything but idle and what tracing cost: shares of
    findings are of it.
    ``processes``: the busiest ones by themselves, where there are several."""

    thread_seconds: float
    busy_seconds: float
    unaccounted: float
    rows: tuple[LedgerRow, ...]
    loops: tuple[LoopRow, ...] = ()
    processes: tuple[ProcessRow, ...] = ()
