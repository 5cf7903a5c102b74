"""Does work stand in line before a pool whose workers do nothing but wait?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account, Place
from perfdoctor.diagnosis.example import PID, call, cpu, library, native, python, thread, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.pools import lender_of, worker_of
from perfdoctor.diagnosis.user_code import basename
from perfdoctor.diagnosis.weight import again, percent, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.locks import Lock, LockKind, LockWait
from perfdoctor.schemas.syscalls import SyscallRow

FREE = Threshold(
    0.05, "of the workers' time, at most, without work", "a pool that is sometimes without work has no line before it"
)
WAITS = Threshold(0.7, "of the workers' time that they wait for others", "a pool that computes is limited by the cores")
ROOM = Threshold(0.5, "of the cores, at most, in use", "above it more workers would soon wait for a core instead")
LINE = Threshold(0.3, "of the window that somebody waits for the pool's results", "nobody misses what nobody waits for")
MANY = Threshold(
    32,
    "workers",
    "a pool of this size was made for waiting: whether the other side can take more is unknown",
)
LENT = Threshold(0.2, "threads that wait for a connection on average", "a pool that is empty for a moment does its job")
_OTHERS = (State.NETWORK, State.FILE, State.CHILD, State.OTHER, State.SLEEP)
_RESULTS = {"_base.py": {"result", "wait", "as_completed", "result_iterator", "exception", "_result_or_cancel"},
            "pool.py": {"get", "wait", "map", "starmap"}, "queue.py": {"put", "join"}}  # fmt: skip
_JAVA_RESULTS = ("java.util.concurrent.FutureTask.get", "java.util.concurrent.FutureTask.awaitDone",
                 "java.util.concurrent.CompletableFuture.", "java.util.concurrent.CountDownLatch.await",
                 "java.util.concurrent.ArrayBlockingQueue.put", "java.util.concurrent.LinkedBlockingQueue.put",
                 "java.util.concurrent.AbstractExecutorService.invokeAll")  # fmt: skip


def check(account: Account) -> list[Finding]:
    pools: dict[tuple[int, str], list[SyscallRow]] = defaultdict(list)
    for row in account.calls:
        if kind := worker_of(row.stack):
            pools[row.pid, kind].append(row)
    found = []
    for (pid, kind), rows in pools.items():
        found += _judge(account, pid, kind, rows)
    return [*found, *_lent_out(account)]


class _Lent(NamedTuple):
    """What waits at ``place`` until ``lender`` has a connection for it. ``times`` is None where looks at goroutines
    tell: how often they wait is not known, and ``beside`` is what all of them wait, which holds no thread."""

    lender: str
    place: Place
    seconds: float
    times: int | None
    stack: Stack
    who: str = "threads"
    beside: float = 0.0


def _lent_to_threads(account: Account) -> Iterator[_Lent]:
    waits: dict[tuple[str, Place], list[SyscallRow]] = defaultdict(list)
    for row in account.calls:
        lends = row.syscall in calls.FUTEXES and row.blocked_seconds > 0 and not account.held_up(row)
        lender = lender_of(row.stack) if lends else None
        if lender and (place := account.place(row.stack)):
            waits[lender, place].append(row)
    for (lender, place), rows in waits.items():
        times = max(1, sum(row.calls + row.unfinished for row in rows))
        stack = max(rows, key=lambda row: row.blocked_seconds).stack
        yield _Lent(lender, place, sum(row.blocked_seconds for row in rows), times, stack)


def _lent_to_goroutines(account: Account) -> Iterator[_Lent]:
    locks = account.evidence.locks.locks if account.evidence.locks else ()
    beside = sum(lock.seconds for lock in locks)
    for lock in (lock for lock in locks if lock.kind is LockKind.POOL):
        at: dict[Place, list[LockWait]] = defaultdict(list)
        for wait in lock.waiters:
            if place := account.place(wait.waiter):
                at[place].append(wait)
        for place, waits in at.items():
            stack = max(waits, key=lambda wait: wait.seconds).waiter
            seconds = sum(wait.seconds for wait in waits)
            yield _Lent(lock.name, place, seconds, None, stack, "goroutines", beside)


def _lent_out(account: Account) -> list[Finding]:
    """What waits for one of the connections that a pool lends."""
    used = sum(time.running for time in account.evidence.threads or ()) / account.seconds
    found = []
    for lent in (*_lent_to_threads(account), *_lent_to_goroutines(account)):
        waited, place = lent.seconds, lent.place
        if waited < LENT.value * account.seconds or used > ROOM.value * account.evidence.cores:
            continue
        each = f", {waited / lent.times * 1000:.0f} ms each time" if lent.times else ""
        source = "syscalls" if lent.times else "locks"
        facts = [account.fact(source, "waiting for a connection of the pool", waited / account.seconds, lent.who)]
        if lent.times:
            facts.append(account.fact(source, "mean wait", waited / lent.times, "s"))
        found += weigh(
            account,
            "pool-undersized",
            title=f"{waited / account.seconds:.1f} {lent.who} on average wait at {place} for a connection of the pool "
            f"({quoted(lent.lender, 60)}){each}: all are lent out",
            seconds=waited,
            place=place,
            stack=lent.stack,
            facts=(*facts, account.fact("threads", "cores in use", used, "cores")),
            fix=f"Let the pool behind {place} hold more connections (pool_size and max_overflow, maxconn, "
            "maximumPoolSize, SetMaxOpenConns), about as many as use it at once, as far as the other side takes them; "
            "and give each back sooner: no other work between taking it and returning it.",
            verify=again(
                account, f"the {lent.who} that wait for a connection", f"{waited / account.seconds:.1f}", "close to 0"
            ),
            confidence=0.85,
            beside=lent.beside,
        )
    return found


def _judge(account: Account, pid: int, kind: str, rows: list[SyscallRow]) -> list[Finding]:
    free = sum(row.blocked_seconds for row in rows if account.state(row) is State.IDLE)
    waiting = [row for row in rows if account.state(row) in _OTHERS]
    waits = sum(row.blocked_seconds for row in waiting)
    locked = sum(row.blocked_seconds for row in rows if account.state(row) is State.LOCK)
    queued = sum(row.runnable_seconds for row in rows)
    on_core = sum(row.seconds for row in account.samples if row.pid == pid and worker_of(row.stack) == kind)
    spent = free + waits + locked + queued + on_core
    if spent <= 0 or waits < WAITS.value * spent or free > FREE.value * spent:
        return []
    used = sum(time.running for time in account.evidence.threads or ()) / account.seconds
    if used > ROOM.value * account.evidence.cores:
        return []
    line = _waits_for_results(account, pid)
    if line < LINE.value * account.seconds:
        return []
    workers = max(1, round(spent / account.seconds))
    at: dict[Place, list[SyscallRow]] = defaultdict(list)
    for row in waiting:
        if place := account.place(row.stack):
            at[place].append(row)
    if not at:
        return []
    place = max(at, key=lambda p: sum(row.blocked_seconds for row in at[p]))
    heaviest = max(at[place], key=lambda row: row.blocked_seconds)
    more = min(64, max(2 * workers, account.evidence.cores * 4))
    setting = {
        "java": "the size of its ExecutorService (newFixedThreadPool, corePoolSize)",
        "multiprocessing": "the processes of its Pool, or threads, which are enough for waiting,",
    }.get(kind, "max_workers of its ThreadPoolExecutor")
    return weigh(
        account,
        "pool-undersized",
        title=f"work stands in line before a pool of {workers} that is never without work and waits for "
        f"{percent(waits / spent)} of its time, most at {place} ({heaviest.syscall}), while "
        f"{used:.1f} of {account.evidence.cores} cores are in use",
        seconds=waits,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("syscalls", "workers, all of them busy", spent / account.seconds, "threads"),
            account.fact("syscalls", "of their time spent waiting for others", waits / spent, "share"),
            account.fact("syscalls", "waiting for the pool's results", line / account.seconds, "threads"),
            account.fact("threads", "cores in use", used, "cores"),
        ),
        fix=f"Raise {setting} for what runs {place}, from {workers} to some {more}, and see whether the answers it "
        "waits for stay as quick: if so, the work is done so many times faster. Hundreds at a time are better served "
        "by asynchronous calls.",
        verify=again(
            account, "the time that somebody waits for the pool's results", f"{line / account.seconds:.1f} s/s", "less"
        ),
        confidence=0.85 if workers < MANY.value else 0.5,
        at_most=Severity.CRITICAL if workers < MANY.value else Severity.INFO,
    )


def _waits_for_results(account: Account, pid: int) -> float:
    """Seconds that threads outside of pools waited for the result of work, or for room to hand more in."""
    waited = sum(
        row.blocked_seconds
        for row in account.calls
        if row.pid == pid and worker_of(row.stack) is None and _is_for_results(row.stack)
    )
    # An event loop that has handed its work to a pool has nothing to do until that is done.
    loops = [loop for loop in account.ledger.loops if loop.pid == pid]
    idle = [loop.idle_seconds for loop in loops if loop.kind in ("asyncio", "Tornado") and _hands_over(account, pid)]
    return waited + sum(idle)


def _hands_over(account: Account, pid: int) -> bool:
    """Whether workers wake the loop when they are done: asyncio writes to its own socket for that."""
    return any(
        row.pid == pid and any(basename(frame.file) == "selector_events.py" for frame in row.stack[:4])
        for row in _of_workers(account.calls)
    )


def _of_workers(rows: Iterable[SyscallRow]) -> Iterable[SyscallRow]:
    return (row for row in rows if worker_of(row.stack))


def _is_for_results(stack: Stack) -> bool:
    for frame in stack:
        if frame.kind is FrameKind.PYTHON:
            if frame.function.rsplit(".", 1)[-1] in _RESULTS.get(basename(frame.file), ()):
                return True
        elif frame.function.startswith(_JAVA_RESULTS):
            return True
    return False


def _examples() -> tuple[Example, ...]:
    worker = (library("concurrent/futures/thread.py", "_worker"), library("threading.py", "Thread.run"))
    fetch = python(20, "fetch")
    task = (fetch, library("concurrent/futures/thread.py", "_WorkItem.run"), *worker)
    get = (library("queue.py", "Queue.get"), *worker)
    result = (library("threading.py", "Condition.wait"), library("concurrent/futures/_base.py", "Future.result"))
    gather = (*result, python(50, "page"))
    taken = (
        library("threading.py", "Condition.wait"),
        python(180, "QueuePool._do_get", "/srv/venv/lib/python3.11/site-packages/sqlalchemy/pool/impl.py"),
        python(33, "orders"),
    )
    lent = call("futex", taken, 2000, on="futex:0x77", blocked=40.0)
    lent_once = call("futex", taken, 20, on="futex:0x77", blocked=0.9)
    asks = (
        native("database/sql.(*DB).conn", "/srv/shop", "/usr/local/go/src/database/sql/sql.go", 1313),
        native("main.total", "/srv/shop", "/srv/shop/orders.go", 75),
    )
    of_go = Lock(
        pid=PID,
        kind=LockKind.POOL,
        name="connections of database/sql",
        waits=300,
        seconds=90.0,
        waiters=(LockWait(waiter=asks, waits=300, seconds=90.0),),
    )
    main = call("futex", gather, 900, blocked=9.0)
    full = call("recvfrom", task, 900, on="fd:5 (socket:[9])", blocked=19.0)
    light = cpu(task, 0.6)
    two = tuple(thread(running=0.3, asleep=9.7, tid=i) for i in range(3))
    half = call("recvfrom", task, 900, on="fd:5 (socket:[9])", blocked=30.0)
    free = call("futex", get, 800, blocked=45.0)
    eight = tuple(thread(running=0.3, asleep=9.7, tid=i) for i in range(9))
    many = call("recvfrom", task, 900, on="fd:5 (socket:[9])", blocked=470.0)
    busy = (cpu(task, 14.0),)
    computing = tuple(thread(running=7.0, asleep=3.0, tid=i) for i in range(3))
    return (
        Example(
            "two workers for a page of forty pictures",
            True,
            "both wait for the store all the time, and the page waits for them",
            window(calls=(main, full), samples=(light,), times=two),
        ),
        Example(
            "connections of a pool that are all lent out",
            True,
            "four threads on average wait until another gives its connection back",
            window(calls=(lent,), samples=(light,), times=two),
        ),
        Example(
            "two connections of database/sql for twelve goroutines",
            True,
            "nine goroutines on average wait in the pool, which no thread does",
            window(samples=(light,), times=two, locks=(of_go,), locks_by="goroutines"),
        ),
        Example(
            "a pool of connections that is empty for a moment",
            False,
            "0.09 threads wait on average: that is what a pool is for",
            window(calls=(lent_once,), samples=(light,), times=two),
        ),
        Example(
            "a pool that is sometimes without work",
            False,
            "its workers wait for work for half of their time: none stands in line",
            window(calls=(main, half, free), samples=(light,), times=eight),
        ),
        Example(
            "nobody waits for the results",
            False,
            "two threads that follow two streams are no line of work",
            window(calls=(full,), samples=(light,), times=two),
        ),
        Example(
            "a pool that computes",
            False,
            "its workers want cores, of which more workers bring none",
            window(calls=(main,), samples=busy, times=computing),
        ),
        Example(
            "a pool of 48 that waits",
            False,
            "it was made for waiting; whether the other side can take more is not to be seen from here",
            window(calls=(main, many), samples=(light,), times=two),
        ),
    )


PATTERN = Pattern(
    id="pool-undersized",
    title="work stands in line before a pool that waits",
    sees="The workers of a pool (concurrent.futures, multiprocessing, ExecutorService): how much of their time they "
    "are without work, compute, or wait for a peer, a file or a child; and who waits for their results. Also threads, "
    "and goroutines, that wait for a connection of a library's pool.",
    costs="Each piece of work waits for those before it, although neither the cores nor the workers have anything to "
    "do meanwhile: N workers that wait do N pieces of work in the time of one.",
    fix="As many workers as waits that the other side can bear at a time; asynchronous calls for hundreds.",
    fine="When the limit is there to protect the other side.",
    thresholds=(FREE, WAITS, ROOM, LINE, MANY, LENT),
    needs=("syscalls", "cpu", "threads"),
    focus=frozenset({Focus.IO, Focus.NETWORK, Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
)
