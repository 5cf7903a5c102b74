"""What trace-locks returns: who waited for whom, cut to what fits an answer."""

from enum import StrEnum

from perfdoctor.schemas.answers import Traced
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall


class LockRole(StrEnum):
    """What waiting for it means. ``contention``: others had it. ``interpreter``: others ran Python code.
    ``undecided``: it is woken by code that never waits for it, as a queue is, or a lock that only one side waits for.
    ``work``: the thread had nothing to do."""

    CONTENTION = "contention"
    INTERPRETER = "interpreter"
    UNDECIDED = "undecided"
    WORK = "work"


class Waited(Model):
    """``timeouts`` of ``waits`` ended without the lock; ``unfinished`` had not ended when the window did. Percentiles
    are upper bounds. ``threads`` None: not known."""

    waits: int
    timeouts: int
    unfinished: int
    threads: int | None
    seconds: float
    p50_seconds: float | None
    p99_seconds: float | None
    max_seconds: float


class Held(Model):
    """How often and how long it was seen to be had while others waited (None: not seen). ``acquired`` counts the calls
    that took it, known of file locks only."""

    holds: int
    max_seconds: float | None
    acquired: int | None


class LockRow(Model):
    """One lock; a file that several processes lock is one. ``line`` waited longest."""

    lock: str
    kind: str
    role: LockRole
    pid: int
    waited: Waited
    held: Held
    line: Location | None


class LockChain(Model):
    """``waiter`` stood still until ``holder`` let go of ``lock``; ``holder`` None: not known. ``waker`` names the other
    process where it was one."""

    lock: str
    waiter: Location | None
    holder: Location | None
    waker: str | None
    waits: int
    seconds: float
    max_seconds: float


class GilRow(Model):
    """A thread that held the interpreter in ``share`` of the looks at it, most often at ``line``."""

    pid: int
    tid: int
    thread: str
    share: float
    line: Location | None


class StandingRow(Model):
    """A thread that still waited when the window closed; ``owner`` is the thread that had the lock then."""

    pid: int
    tid: int
    lock: str
    owner: int | None
    seconds: float | None
    line: Location | None


class GilTable(Model):
    """``samples`` looks at the interpreters."""

    samples: int
    rows: tuple[GilRow, ...]
    omitted: int


class StandingTable(Model):
    rows: tuple[StandingRow, ...]
    omitted: int


class WaitsForWork(Model):
    """Conditions, queues, joins: the threads had nothing to do."""

    locks: int
    waits: int
    seconds: float


class LocksAnswer(Traced):
    """``waits`` and ``seconds`` are of contention of all kinds; waits for work are apart."""

    waits: int
    seconds: float
    locks: tuple[LockRow, ...]
    total_locks: int
    omitted_locks: int
    chains: tuple[LockChain, ...]
    total_chains: int
    omitted_chains: int
    gil: GilTable
    standing: StandingTable
    work: WaitsForWork
    next: tuple[NextCall, ...]
