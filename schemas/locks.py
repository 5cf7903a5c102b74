"""Who waits for which lock, and who holds it."""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model


class LockKind(StrEnum):
    """What a lock is, as far as its memory and the calls upon it tell.

    ``interpreter`` is Python's GIL (or its hand-over); ``parked`` stands for all locks whose waiters sleep on
    something of their own (CPython 3.13's PyMutex, other parking lots), so they can be told apart only by line;
    ``join`` is the end of a thread; ``pool`` something that lends (connections, mostly; workers behind a channel of
    Go) and has nothing left; ``futex`` is any other.
    """

    MUTEX = "mutex"
    PRIORITY = "priority mutex"
    RWLOCK = "rwlock"
    SEMAPHORE = "semaphore"
    CONDITION = "condition"
    JOIN = "join"
    POOL = "pool"
    PARKED = "parked"
    INTERPRETER = "interpreter"
    FILE = "file lock"
    SYSV = "semaphore set"
    FUTEX = "futex"


WORKERS = "workers behind a channel of "
"""how the name of a pool begins that goroutines hand work to, by a channel that nobody receives from just then"""


class Waiting(StrEnum):
    """What waits. The last two hold no thread while they do, and are told by looks: their seconds are estimates."""

    THREADS = "threads"
    GOROUTINES = "goroutines"
    TASKS = "tasks"


class LockWait(Model):
    """Waits at one stack that one other stack ended.

    ``waiter`` is where it waited; ``holder`` what the thread that woke it was executing: the line that let go (empty:
    not known, or nobody did). ``waker`` names the process of that thread where it is not the waiter's. ``waits`` ended,
    ``timeouts`` of them without the lock; ``unfinished`` had not ended when the window did: their time so far is in
    ``seconds``. Histograms as in SyscallRow.
    """

    waiter: Stack = ()
    holder: Stack = ()
    waker: str | None = None
    waits: int = 0
    timeouts: int = 0
    unfinished: int = 0
    seconds: float = 0.0
    max_seconds: float = 0.0
    histogram: tuple[int, ...] = ()


class LockHold(Model):
    """Times that a lock was held and others waited, by the stack that let go (in a diagnosis a guard that goes with its
    block does so at the line that declares it). ``whole`` of them are known from the
    beginning; of the others only since the first waiter came, so ``seconds`` is a lower bound."""

    stack: Stack = ()
    holds: int
    whole: int = 0
    seconds: float = 0.0
    max_seconds: float = 0.0
    histogram: tuple[int, ...] = ()


class Lock(Model):
    """One lock of one process. ``name`` is what it is called where it lies (``queue_lock in /srv/app``, ``heap``, a
    path); ``address`` is None for what has none.

    ``waits`` is how often a thread stood still for it, ``timeouts`` how many of those gave up, ``missed`` how often it
    was free again before the thread slept, ``naps`` how often a wait was cut into pieces by a time limit, ``stolen``
    how often a woken thread found it taken. ``threads`` waited, ``both_ways`` of them also woke others here: who takes
    a lock gives it back. ``owner`` is the thread that the lock's own memory named last (0: none), and
    ``owner_confirmed`` how many wake-ups came from just that thread. ``acquired`` counts all successful and failed
    calls where each is visible (file locks), else None. ``who`` waited, and counts as ``threads``; ``present`` is the
    share of the looks that found one waiting, None where each wait was seen; ``size`` how much a pool or a semaphore
    lends at once, None where its memory does not tell.
    """

    pid: int
    kind: LockKind
    name: str = ""
    address: int | None = None
    waits: int = 0
    timeouts: int = 0
    missed: int = 0
    naps: int = 0
    stolen: int = 0
    unfinished: int = 0
    seconds: float = 0.0
    max_seconds: float = 0.0
    histogram: tuple[int, ...] = ()
    threads: int | None = None
    both_ways: int | None = None
    wakes: int = 0
    owner: int = 0
    owner_confirmed: int = 0
    acquired: int | None = None
    who: Waiting = Waiting.THREADS
    present: float | None = None
    size: int | None = None
    waiters: tuple[LockWait, ...] = ()
    holders: tuple[LockHold, ...] = ()


class StandingWait(Model):
    """A thread that still waited when the window closed, for ``seconds`` by then (within the window; None: not known).
    ``owner`` is the thread that the
    lock names as its owner, read then; None where it names none. Edges of who waits for whom: a ring is a deadlock."""

    pid: int
    tid: int
    kind: LockKind
    address: int | None = None
    name: str = ""
    owner: int | None = None
    seconds: float | None = None
    stack: Stack = ()


class GilHolder(Model):
    """``samples`` found the interpreter locked by this thread (0: a thread that is not known)."""

    tid: int
    thread: str
    samples: int
    lines: tuple[tuple[Stack, int], ...] = Field(default=(), description="stacks seen then, with their samples")


class GilUse(Model):
    """Who held one process's interpreter: ``held`` of ``samples`` looks, ``hz`` a second, found it locked."""

    pid: int
    hz: float
    samples: int
    held: int
    holders: tuple[GilHolder, ...] = ()


class LockProfile(Model):
    """Locks in order of the time that threads stood still for them. That includes conditions and queues, where threads
    wait for work: which is which is for the reader of ``kind`` and of the lines to judge. ``sees_waits`` False: the
    backend cannot tell of waits at all."""

    locks: tuple[Lock, ...] = ()
    standing: tuple[StandingWait, ...] = ()
    gil: tuple[GilUse, ...] = ()
    sees_waits: bool = True
    waits: int = Field(default=0, description="sum over all locks")
    seconds: float = Field(default=0.0, description="sum over all locks")

    def of(self, locks: Iterable[Lock]) -> "LockProfile":
        """The same with these locks, in their order, and their sums."""
        kept = tuple(locks)
        sums = {"waits": sum(lock.waits for lock in kept), "seconds": sum(lock.seconds for lock in kept)}
        return self.model_copy(update={"locks": kept, **sums})
