"""Do threads, goroutines or tasks wait for what a pool lends, while nothing else keeps them back?"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.pool_makers import limit_of, maker_of
from perfdoctor.diagnosis.talk import DATABASES, is_served
from perfdoctor.diagnosis.task_lines import is_a_batch, stands
from perfdoctor.diagnosis.weight import again, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.locks import WORKERS, Lock, LockKind, LockWait, Waiting
from perfdoctor.schemas.network import Peer
from perfdoctor.schemas.syscalls import SyscallRow

ROOM = Threshold(0.5, "of the cores, at most, in use", "above it more workers would soon wait for a core instead")
MANY = Threshold(
    32,
    "workers",
    "a pool of this size was made for waiting: whether the other side can take more is unknown",
)
LENT = Threshold(
    0.2,
    "threads, goroutines or tasks that wait for a connection on average",
    "a pool that is empty for a moment does its job",
)
DIALS = Threshold(
    2, "connections opened a second", "who waits in net/http then waits until they stand, and for no limit"
)
IN_USE = Threshold(0.8, "of the time of its connections", "all of them are nearly always in use")
CROWD = Threshold(2, "requests served at once for each connection", "others stand in line for one")
SMALL = Threshold(4, "lent at once", "a limit meant to spare the other side is mostly higher")
BURSTS = Threshold(
    2,
    "times as long in line for a connection as with it",
    "of a pool of a few, where work comes in bursts: most of what each piece of work takes is the line",
)
SOMETIMES = Threshold(0.2, "of the looks at the tasks find one waiting", "a line that is there for less is no matter")
SEVERAL = Threshold(
    2, "tasks that wait at a semaphore, or goroutines at a channel", "one alone hands work out, as fast as it is done"
)
_SETTING = "pool_size and max_overflow, maxconn, maximumPoolSize, SetMaxOpenConns"
_SETTINGS = (
    ("net/http", "MaxConnsPerHost of its Transport"),
    ("aiohttp", "limit, and limit_per_host, of its TCPConnector"),
    ("httpx", "max_connections of its Limits"),
    ("asyncpg", "max_size of create_pool"),
    ("psycopg_pool", "max_size"),
    ("redis", "max_connections"),
    ("SQLAlchemy", "pool_size and max_overflow of create_async_engine"),
    ("aiomysql", "maxsize of create_pool"),
    ("aiopg", "maxsize of create_pool"),
    ("aioodbc", "maxsize of create_pool"),
    ("aio_pika", "max_size"),
    ("pymongo", "maxPoolSize"),
)
"""by the end of a lender's name"""


class _Lent(NamedTuple):
    """What waits at ``place`` until ``lender`` has something for it. ``times`` is None where looks at goroutines or
    tasks tell: how often they wait is not known, and ``beside`` is what all of them wait, which holds no thread.
    ``size`` is how much is lent, where that is known; ``at_most`` what the finding may be."""

    lender: str
    place: Place
    seconds: float
    times: int | None
    stack: Stack
    who: Waiting = Waiting.THREADS
    beside: float = 0.0
    size: int | None = None
    pids: frozenset[int] = frozenset()
    at_most: Severity = Severity.CRITICAL
    kind: LockKind = LockKind.POOL
    told_by: str = "locks"

    @property
    def is_of_workers(self) -> bool:
        """Whether it is goroutines of a pool of the program's own."""
        return self.lender.startswith(WORKERS)

    @property
    def is_of_library(self) -> bool:
        """Whether it is connections of a library's pool (and no threads, nor a pool of the program's own), which its
        settings limit."""
        own = self.is_of_workers or self.lender.startswith("threads ") or ", " in self.lender
        return self.kind is LockKind.POOL and not own


def _lent_to_threads(account: Account) -> Iterator[_Lent]:
    waits: dict[tuple[str, Place], list[SyscallRow]] = defaultdict(list)
    for row in account.calls:
        lends = row.syscall in calls.FUTEXES and row.blocked_seconds > 0 and not account.held_up(row)
        lender = account.lender(row.stack) if lends else None
        if lender and (place := account.place(row.stack)):
            waits[lender, place].append(row)
    for (lender, place), rows in waits.items():
        times = max(1, sum(row.calls + row.unfinished for row in rows))
        stack = max(rows, key=lambda row: row.blocked_seconds).stack
        pids = frozenset(row.pid for row in rows)
        yield _Lent(lender, place, sum(row.blocked_seconds for row in rows), times, stack, pids=pids)


def _lent_beside_threads(account: Account) -> Iterator[_Lent]:
    """To goroutines and tasks."""
    locks = account.evidence.locks.locks if account.evidence.locks else ()
    for lock in locks:
        if lock.who is Waiting.THREADS or not (lock.kind is LockKind.POOL or _is_of_tasks(lock)):
            continue
        in_line = lock.who is not Waiting.TASKS or stands(account, lock) or _is_short_in_bursts(account, lock)
        if not in_line or _dials(account, lock) or _is_no_pool(account, lock):
            continue
        at: dict[Place, list[LockWait]] = defaultdict(list)
        for wait in lock.waiters:
            if place := account.place(wait.waiter):
                at[place].append(wait)
        beside = sum(other.seconds for other in locks if other.who is lock.who)
        for place, waits in at.items():
            stack = max(waits, key=lambda wait: wait.seconds).waiter
            seconds = sum(wait.seconds for wait in waits)
            most = _at_most(account, lock)
            pids = frozenset({lock.pid})
            yield _Lent(lock.name, place, seconds, None, stack, lock.who, beside, lock.size, pids, most, lock.kind)


def _lent_by_node(account: Account) -> Iterator[_Lent]:
    """To the promises of Node.js, which wait nowhere: all connections are nearly always in use, and more requests are
    being served than there are connections."""
    if account.evidence.target.runtime != "node":
        return
    for talk in account.talks:
        size = talk.peer.open_at_end or 0
        in_use = (talk.wait_seconds + talk.rest_seconds) / account.seconds
        served = sum(one.turn.seconds for one in account.peers if is_served(one) and _is_by(one, talk.pid))
        if not 0 < size < MANY.value or in_use < IN_USE.value * size or served < CROWD.value * size * account.seconds:
            continue
        if talk.place is not None and talk.peer.protocol in DATABASES:
            # (its own loop sends what somebody else asked)
            place = account.texts.said_on(talk.pid, talk.shape, talk.stack) or talk.place
            seconds = served - size * account.seconds
            lender, pids = f"{talk.peer.address} ({talk.peer.protocol})", frozenset({talk.pid})
            lent = _Lent(lender, place, seconds, None, talk.stack, Waiting.TASKS, seconds, size, pids)
            yield lent._replace(told_by="network")


def _is_by(peer: Peer, pid: int) -> bool:
    return any(row.pid == pid for row in peer.rows)


def _is_short_in_bursts(account: Account, lock: Lock) -> bool:
    """Whether a pool of a few connections is mostly waited for, although there is no line for much of the time."""
    asked = (one for one in account.peers if one.direction == "outgoing" and one.protocol in DATABASES)
    lent = [one for one in asked if _is_by(one, lock.pid)]
    size, used = sum(one.open_at_end or 0 for one in lent), sum(one.turn.seconds for one in lent)
    waited = lock.kind is LockKind.POOL and (lock.present or 0.0) >= SOMETIMES.value
    return waited and 0 < size <= SMALL.value and lock.seconds >= BURSTS.value * used > 0


def _dials(account: Account, lock: Lock) -> bool:
    """Whether who waits for a connection of net/http mostly waits until a new one stands."""
    opened = sum(one.opened or 0 for one in account.peers if one.direction == "outgoing")
    return lock.name.endswith("net/http") and opened >= DIALS.value * account.seconds


def _is_no_pool(account: Account, lock: Lock) -> bool:
    """Whether goroutines wait to hand something to another that is no worker of several, or one of them alone does."""
    behind_a_channel = lock.name.startswith(WORKERS)
    several = lock.seconds >= SEVERAL.value * account.seconds
    return behind_a_channel and not (several and maker_of(account, {lock.pid}))


def _is_of_tasks(lock: Lock) -> bool:
    return lock.kind is LockKind.SEMAPHORE and lock.who is Waiting.TASKS


def _at_most(account: Account, lock: Lock) -> Severity:
    """A semaphore is there to keep work back, and so may a pool be that is large, or has a line from the beginning."""
    size = lock.size or 0
    if size >= MANY.value:
        return Severity.INFO
    if lock.who is Waiting.TASKS and is_a_batch(account, lock) and not 0 < size <= SMALL.value:
        return Severity.INFO
    if lock.kind is LockKind.POOL and lock.who is Waiting.TASKS and not stands(account, lock):
        return Severity.WARNING
    if lock.kind is LockKind.SEMAPHORE:
        if size > SMALL.value:
            return Severity.INFO
        return Severity.WARNING if lock.seconds >= SEVERAL.value * account.seconds else Severity.INFO
    return Severity.CRITICAL


def lent_out(account: Account) -> list[Finding]:
    """What waits for one of the connections that a pool lends, or for its turn at a semaphore."""
    used = sum(time.running for time in account.evidence.threads or ()) / account.seconds
    found = []
    for lent in (*_lent_to_threads(account), *_lent_beside_threads(account), *_lent_by_node(account)):
        waited, place = lent.seconds, lent.place
        limit = _limit(account, lent)
        if waited < LENT.value * account.seconds or used > ROOM.value * account.evidence.cores:
            continue
        each = f", {waited / lent.times * 1000:.0f} ms each time" if lent.times else ""
        source = "syscalls" if lent.times else lent.told_by
        thing, fix = _said(lent, limit)
        facts = [account.fact(source, f"waiting for {thing}", waited / account.seconds, lent.who)]
        if lent.times:
            facts.append(account.fact(source, "mean wait", waited / lent.times, "s"))
        if lent.size:
            facts.append(account.fact(source, "lent at once, at most", lent.size, "times"))
        every = {None: "all are", 1: "the only one is"}.get(lent.size, f"all {lent.size} are")
        every += " at work" if lent.is_of_workers else " lent out"
        found += weigh(
            account,
            "pool-undersized",
            title=f"{waited / account.seconds:.1f} {lent.who} on average wait at {place} for {thing} "
            f"({quoted(lent.lender, 60)}){each}: {every}{f', as {limit} has it' if limit else ''}",
            seconds=waited,
            place=limit or place,
            stack=lent.stack,
            facts=(*facts, account.fact("threads", "cores in use", used, "cores")),
            fix=fix,
            verify=again(
                account, f"the {lent.who} that wait for {thing}", f"{waited / account.seconds:.1f}", "close to 0"
            ),
            confidence=0.85 if lent.at_most is Severity.CRITICAL else 0.5,
            at_most=lent.at_most,
            beside=lent.beside,
        )
    return found


def _limit(account: Account, lent: _Lent) -> Place | None:
    """The line that says how many there are to be lent, where it is known."""
    if lent.is_of_workers:
        return maker_of(account, lent.pids)
    return limit_of(account, lent.pids) if lent.is_of_library else None


def _said(lent: _Lent, limit: Place | None) -> tuple[str, str]:
    """(what is waited for, what to do)."""
    sooner = "and give each back sooner: no other work between taking it and returning it."
    if lent.kind is LockKind.SEMAPHORE:
        return (
            "their turn at a semaphore",
            f"Give the semaphore behind {lent.place} a higher number, as far as what it guards takes more at once; "
            f"{sooner}",
        )
    if lent.lender.startswith("threads "):
        return (
            "a thread of the pool",
            f"Give the calls of {lent.place} a limiter of their own with more threads (limiter=CapacityLimiter(n), or "
            "total_tokens of current_default_thread_limiter()), or let them wait without a thread, in async calls.",
        )
    if lent.is_of_workers:
        return (
            "a worker",
            f"Start more goroutines at {limit}, as many as what they wait for answers at once: they cost next to "
            "nothing. Or start one for each piece of work, and bound how many by a semaphore (a channel with room for "
            "so many).",
        )
    if limit is not None:
        return (
            "a connection of the pool",
            f"Raise the limit at {limit}, so that the pool behind {lent.place} holds about as many connections as use "
            f"it at once, as far as the other side takes them; {sooner}",
        )
    setting = next((words for name, words in _SETTINGS if lent.lender.endswith(name)), _SETTING)
    return (
        "a connection of the pool",
        f"Let the pool behind {lent.place} hold more connections ({setting}), about as many as use it at once, as far "
        f"as the other side takes them; {sooner}",
    )
