"""Do threads wait for each other's locks?"""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import PID, call, cpu, java, library, native, python, thread, window
from perfdoctor.diagnosis.lock_roles import role_of
from perfdoctor.diagnosis.pattern import Example, Focus, Hindrance, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.task_lines import ALWAYS, LOOP, TASKS, stands
from perfdoctor.diagnosis.weight import again, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.finding import Fact, Finding, Severity
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.locks import Lock, LockHold, LockKind, LockWait, Waiting
from perfdoctor.schemas.locks_answer import LockRole
from perfdoctor.schemas.recording import Collection
from perfdoctor.schemas.syscalls import SyscallRow

WAITS = Threshold(2, "waits/s", "a lock that is waited for once in a while is doing its job")
OWN = Threshold(
    0.5, "of the waiting, below the user's own code", "a lock that a runtime takes for itself is its matter"
)
IN_TURN = Threshold(
    0.5, "of the waiting, in which another waits for work at the same line", "workers take turns at the end of a queue"
)
LINES = 3
_RUNTIMES = frozenset({"jvm", "goroutines"})
"""backends that are told of locks by the language's own runtime"""


def check(account: Account) -> list[Finding]:
    locks = account.evidence.locks.locks if account.evidence.locks else ()
    if (how := _told_by_the_runtime(account)) is not None:
        return _told(account, locks, exact=how.exact)
    of_tasks = tuple(lock for lock in locks if lock.who is Waiting.TASKS)
    return [*_of_threads(account), *_told(account, of_tasks, exact=False)]


def _of_threads(account: Account) -> list[Finding]:
    by_lock: dict[tuple[int, str | None], list[SyscallRow]] = defaultdict(list)
    for row in account.calls:
        waits = row.syscall in calls.FUTEXES and row.blocked_seconds > 0
        if waits and not account.held_up(row) and account.state(row) is State.LOCK and not account.lender(row.stack):
            by_lock[row.pid, row.object].append(row)
    idle = _waits_for_work(account)
    found = []
    for (_, lock), rows in by_lock.items():
        found += _judge(account, lock, rows, idle)
    return found


def cannot(account: Account) -> Hindrance | None:
    """A Go program whose goroutines could not be read: its threads tell nothing of its locks."""
    how = account.evidence.collections.get("syscalls")
    why = next((lack for lack in how.lacks if lack.startswith("locks of Go: ")), None) if how else None
    if why is None:
        return None
    return Hindrance(f"goroutines that wait were not seen ({why.partition(': ')[2]})", "its own mutex profile (pprof)")


def _judge(
    account: Account, lock: str | None, rows: list[SyscallRow], idle: Mapping[tuple[int, Place | None], float]
) -> list[Finding]:
    waits = sum(row.calls + row.unfinished for row in rows)
    if waits / account.seconds < WAITS.value:
        return []
    blocked = sum(row.blocked_seconds for row in rows)
    by_place: dict[Place | None, float] = defaultdict(float)
    for row in rows:
        by_place[account.place(row.stack)] += row.blocked_seconds
    lines = sorted(by_place, key=lambda place: -by_place[place])
    place = next((p for p in lines if p is not None), None)
    if place is not None and idle.get((rows[0].pid, place), 0.0) >= IN_TURN.value * by_place[place]:
        return []
    own = blocked - by_place.get(None, 0.0) >= OWN.value * blocked
    heaviest = max(rows, key=lambda row: row.blocked_seconds)
    held = _holder(account, rows, lines)
    waiting = [
        account.fact("syscalls", f"waited at {at or 'an unknown line'}", by_place[at] / account.seconds, "threads")
        for at in lines[:LINES]
    ]
    return _finding(
        account,
        _Waits(
            what=f"the lock {(lock or 'of unknown address').removeprefix('futex:')}",
            lines=tuple(lines),
            place=place,
            seconds=blocked,
            mean=blocked / waits,
            own=own,
            stack=heaviest.stack,
            held=held,
        ),
        (
            account.fact("syscalls", "waits for this lock", waits / account.seconds, "calls/s"),
            account.fact("syscalls", "mean wait", blocked / waits, "s"),
            *_facts_of(account, held),
            *waiting,
        ),
    )


def _waits_for_work(account: Account) -> dict[tuple[int, Place | None], float]:
    """Seconds for which threads wait for work, by process and line: who has the lock of a queue's end waits there for
    all."""
    found: dict[tuple[int, Place | None], float] = defaultdict(float)
    for row in account.calls:
        if row.blocked_seconds > 0 and account.state(row) is State.IDLE:
            found[row.pid, account.place(row.stack)] += row.blocked_seconds
    return found


def _told_by_the_runtime(account: Account) -> Collection | None:
    how = account.evidence.collections.get("locks")
    return how if account.evidence.locks is not None and how is not None and how.backend in _RUNTIMES else None


def _told(account: Account, locks: tuple[Lock, ...], *, exact: bool) -> list[Finding]:
    """By what the language's runtime tells of its locks: its futexes are those of threads, not of locks. What is not
    exact are looks at goroutines or tasks: how often they wait is a lower bound then, and says nothing."""
    found = []
    for lock in locks:
        # (what lends too little is another pattern's)
        lends = lock.kind is LockKind.POOL or (lock.kind is LockKind.SEMAPHORE and lock.who is Waiting.TASKS)
        contended = role_of(lock, lock.waiters) is LockRole.CONTENTION and not lends
        if not contended or not lock.waits or (lock.who is Waiting.TASKS and not stands(account, lock)):
            continue
        by_place: dict[Place | None, float] = defaultdict(float)
        for wait in lock.waiters:
            by_place[account.place(wait.waiter)] += wait.seconds
        lines = sorted(by_place, key=lambda place: -by_place[place])
        if not lines or (exact and lock.waits / account.seconds < WAITS.value):
            continue
        waiting = [
            account.fact("locks", f"waited at {at or 'an unknown line'}", by_place[at] / account.seconds, lock.who)
            for at in lines[:LINES]
        ]
        often = (
            account.fact("locks", "waits for this lock", lock.waits / account.seconds, "calls/s"),
            account.fact("locks", "mean wait", lock.seconds / lock.waits, "s"),
        )
        found += _finding(
            account,
            _Waits(
                what=f"the {quoted(lock.name, 80)}",
                lines=tuple(lines),
                place=next((p for p in lines if p is not None), None),
                seconds=lock.seconds,
                mean=lock.seconds / lock.waits,
                own=lock.seconds - by_place.get(None, 0.0) >= OWN.value * lock.seconds,
                stack=max(lock.waiters, key=lambda wait: wait.seconds).waiter,
                held=None,
                who=lock.who,
                beside=0.0 if exact else sum(lock.seconds for lock in locks),
            ),
            (*(often if exact else ()), *waiting),
        )
    return found


class _Held(NamedTuple):
    """Where the thread that held the lock let go of it; ``mean`` seconds it held it, at least, while others waited."""

    place: Place
    stack: Stack
    mean: float


class _Waits(NamedTuple):
    """``who`` waits. ``beside`` are the seconds of all that wait without a thread, which busy time does not hold."""

    what: str
    lines: tuple[Place | None, ...]
    place: Place | None
    seconds: float
    mean: float
    own: bool
    stack: Stack
    held: _Held | None
    who: Waiting = Waiting.THREADS
    beside: float = 0.0


def _holder(account: Account, rows: list[SyscallRow], lines: list[Place | None]) -> _Held | None:
    """Who let go of the lock when these waits ended: known when a closer look at the locks was taken."""
    told = account.evidence.locks
    if told is None:
        return None
    pid, thing = rows[0].pid, rows[0].object or ""
    address = thing.removeprefix("futex:").split(" ")[0]
    of_threads = [lock for lock in told.locks if lock.pid == pid and lock.who is Waiting.THREADS]
    same = [lock for lock in of_threads if lock.address is not None and f"{lock.address:#x}" == address]
    locks = same or [lock for lock in of_threads if any(account.place(w.waiter) in lines for w in lock.waiters)]
    holds: dict[Place, list[LockHold]] = defaultdict(list)
    for hold in (hold for lock in locks for hold in lock.holders):
        if place := account.place(hold.stack):
            holds[place].append(hold)
    if holds:
        # Not who woke the most: those who stood in line let go at once and pass on the wait that they had themselves.
        place = max(holds, key=lambda at: sum(hold.seconds for hold in holds[at]))
        times = sum(hold.holds for hold in holds[place])
        mean = sum(hold.seconds for hold in holds[place]) / times if times else 0.0
        return _Held(place, max(holds[place], key=lambda hold: hold.seconds).stack, mean)
    woke: dict[Place, float] = defaultdict(float)
    stacks: dict[Place, Stack] = {}
    for wait in (wait for lock in locks for wait in lock.waiters):
        place = account.place(wait.holder)
        if place and (same or account.place(wait.waiter) in lines):
            woke[place] += wait.seconds
            stacks.setdefault(place, wait.holder)
    if not woke:
        return None
    place = max(woke, key=lambda at: woke[at])
    return _Held(place, stacks[place], 0.0)


def _facts_of(account: Account, held: _Held | None) -> tuple[Fact, ...]:
    if held is None or held.mean <= 0:
        return ()
    return (account.fact("locks", f"held until {held.place}, while others waited", held.mean, "s each time"),)


def _finding(account: Account, waits: _Waits, facts: tuple[Fact, ...]) -> list[Finding]:
    place, held = waits.place, waits.held
    functions = {(at.file, at.function) for at in waits.lines if at is not None}
    more = f" and {len(waits.lines) - 1} more lines" if len(waits.lines) > 1 else ""
    by, where, stack = "", place, waits.stack
    if held is not None:
        kept = f" for {held.mean * 1000:.1f} ms" if held.mean > 0 else ""
        if (held.place.file, held.place.function) in functions:
            by = f", which the same code holds{kept} (it lets go at {held.place})"
        else:
            by = f", which {held.place} holds{kept}"
            # They wait for a moment's look at what somebody else keeps for long: there it is to be changed.
            where, stack = held.place, held.stack
    threads = waits.seconds / account.seconds
    return weigh(
        account,
        "lock-contention",
        title=f"{threads:.1f} {waits.who} on average wait for {waits.what} at {place or 'unknown lines'}{more}{by}",
        seconds=waits.seconds,
        place=where,
        stack=stack,
        facts=facts,
        fix=f"At {where or 'these lines'}, hold the lock for less{_meanwhile(account, where)}: prepare the data before "
        "it, do I/O, sleeps and computation after it; give each shard or thread a lock of its own; hand the work to "
        "one owner through a queue.",
        verify=again(
            account,
            f"the {waits.who} that wait for a lock",
            f"{threads:.1f}",
            f"less than {max(0.1, 0.1 * threads):.1f}",
        ),
        confidence=0.5 if not waits.own else 0.92 if held else 0.85,
        # A lock that no code of the user's own waits for is a runtime's, which its owner cannot hold for less.
        at_most=Severity.CRITICAL if waits.own else Severity.INFO,
        beside=waits.beside,
    )


def _meanwhile(account: Account, where: Place | None) -> str:
    """What the function that holds the lock does for most of its time, itself or in what it calls."""
    if where is None:
        return ""
    at: dict[tuple[str, Place], float] = defaultdict(float)
    for row in account.calls:
        if row.syscall not in calls.FUTEXES and _within(row.stack, where) and (place := account.place(row.stack)):
            at[f"waits in {row.syscall}", place] += row.blocked_seconds
    for sample in account.samples:
        if _within(sample.stack, where) and (place := account.place(sample.stack)):
            at["computes", place] += sample.seconds
    if not at:
        return ""
    does, place = max(at, key=lambda key: at[key])
    return f" (it {does} at {place})" if at[does, place] > 0.01 * account.seconds and place != where else ""


def _within(stack: Stack, where: Place) -> bool:
    return any(where.shares_function(frame) for frame in stack)


_BUSY = thread(running=3.0, asleep=27.0)


def _examples() -> tuple[Example, ...]:
    work = cpu((python(60, "handle"),), 3.0)
    with_lock = call("futex", (python(25, "update"),), 3000, on="futex:0x7f10", blocked=24.0)
    also = call("futex", (python(40, "total"),), 900, on="futex:0x7f10", blocked=5.0)
    gil = tuple(
        call("futex", (python(70 + i, "compute"),), 900, on="futex:0xa94b8c", errors=400, blocked=4.0) for i in range(5)
    )
    pool = call(
        "futex",
        (library("queue.py", "Queue.get"), library("concurrent/futures/thread.py", "_worker")),
        4000,
        on="futex:0x55",
        blocked=38.0,
    )
    mutex = (native("__lll_lock_wait", "/lib/libc.so.6"), native("update", "/srv/server", "/srv/server.c", 88))
    take = native("shop::work", "/srv/shop", "/srv/shop/main.rs", 124)
    in_turn = (
        native("std::sys::sync::thread_parking::futex::Parker::park", "/srv/shop", "/rustc/std/parker.rs", 55),
        take,
    )
    own_turn = (
        native("std::sys::sync::mutex::futex::Mutex::lock_contended", "/srv/shop", "/rustc/std/futex.rs", 61),
        take,
    )
    hands_on = (
        call("futex", own_turn, 200, on="futex:0x5570", blocked=6.0),
        call("futex", in_turn, 200, on="futex:0x5580", blocked=6.0),
    )
    in_c = call("futex", mutex, 90_000, on="futex:0x5560", blocked=20.0, errors=100)
    reload = python(18, "reload")
    told = Lock(
        pid=PID,
        kind=LockKind.SEMAPHORE,
        address=0x7F10,
        waits=3900,
        waiters=(LockWait(waiter=(python(25, "update"),), holder=(reload,), waits=3000, seconds=24.0),),
        holders=(
            LockHold(stack=(reload,), holds=300, seconds=9.0),
            LockHold(stack=also.stack, holds=3000, seconds=0.1),
        ),
    )
    monitor = Lock(
        pid=PID,
        kind=LockKind.MUTEX,
        name="monitor of shop.Cache",
        waits=4000,
        seconds=18.0,
        waiters=(LockWait(waiter=(java("shop.Cache.get", "shop/Cache.java", 17),), waits=4000, seconds=18.0),),
    )
    queue = monitor.model_copy(update={"kind": LockKind.CONDITION, "name": "LinkedBlockingQueue"})
    parked = (
        native("sync.(*Mutex).Lock", "/srv/shop", "/usr/local/go/src/sync/mutex.go", 90),
        native("main.(*Cart).Add", "/srv/shop", "/srv/shop/cart.go", 17),
    )
    of_go = Lock(
        pid=PID,
        kind=LockKind.MUTEX,
        name="sync.Mutex of main.(*Cart)",
        waits=40,
        seconds=70.0,
        who=Waiting.GOROUTINES,
        waiters=(LockWait(waiter=parked, waits=40, seconds=70.0),),
    )
    short = of_go.model_copy(update={"seconds": 0.06, "waiters": (LockWait(waiter=parked, waits=3, seconds=0.06),)})
    locks_py = "/usr/lib/python3.12/asyncio/locks.py"
    awaits = (python(121, "Lock.acquire", locks_py), python(15, "_ContextManagerMixin.__aenter__", locks_py),
              python(33, "Rates.refresh"))  # fmt: skip
    of_asyncio = Lock(
        pid=PID,
        kind=LockKind.MUTEX,
        name="asyncio.Lock of Rates",
        address=0x7F00,
        waits=400,
        seconds=60.0,
        who=Waiting.TASKS,
        present=1.0,
        waiters=(LockWait(waiter=awaits, waits=400, seconds=60.0),),
    )
    seldom = of_asyncio.model_copy(update={"present": 0.1, "seconds": 4.0})
    sleeping = call("clock_nanosleep", (python(21, "reload"),), 300, blocked=8.5)
    condition = call(
        "futex",
        (native("pthread_cond_wait", "/lib/libc.so.6"), native("worker", "/srv/server", "/srv/server.c", 12)),
        9000,
        on="futex:0x5570",
        blocked=30.0,
    )
    return (
        Example(
            "workers that take turns at the end of a queue",
            False,
            "who has the lock waits for work in the same line, as the others would",
            window(calls=hands_on, samples=(work,)),
        ),
        Example(
            "a lock held during slow work",
            True,
            "2.9 threads on average stand at two lines, for one address",
            window(calls=(with_lock, also), samples=(work,), threads=4),
        ),
        Example(
            "a closer look that found the holder",
            True,
            "they wait at one line for what another function holds while it sleeps",
            window(calls=(with_lock, also, sleeping), samples=(work,), threads=5, locks=(told,)),
        ),
        Example(
            "a monitor of Java",
            True,
            "the machine tells of 4,000 waits at one line",
            window(samples=(work,), threads=4, locks=(monitor,), locks_by="jvm", times=(_BUSY,)),
        ),
        Example(
            "a mutex of Go",
            True,
            "looks at its goroutines find 7 of them at one line, and no thread that waits",
            window(samples=(work,), threads=4, locks=(of_go,), locks_by="goroutines", times=(_BUSY,)),
        ),
        Example(
            "a mutex of Go that is held for a moment",
            False,
            "3 looks of 500 found a goroutine waiting",
            window(samples=(work,), threads=4, locks=(short,), locks_by="goroutines", times=(_BUSY,)),
        ),
        Example(
            "a lock of asyncio that is held while a peer answers",
            True,
            "looks find 6 tasks on average that wait for it, and no thread",
            window(samples=(work,), threads=4, locks=(of_asyncio,), times=(_BUSY,)),
        ),
        Example(
            "a lock of asyncio before a value that is fetched now and then",
            False,
            "a tenth of the looks found tasks waiting",
            window(samples=(work,), threads=4, locks=(seldom,), times=(_BUSY,)),
        ),
        Example(
            "a queue of Java",
            False,
            "its condition is where threads wait for work",
            window(samples=(work,), threads=4, locks=(queue,), locks_by="jvm", times=(_BUSY,)),
        ),
        Example(
            "a mutex in C",
            True,
            "90,000 waits in the mutex's slow path at one line",
            window(calls=(in_c,), samples=(work,), threads=4),
        ),
        Example(
            "the interpreter lock",
            False,
            "it is waited for in the midst of any line, and given up after 5 ms",
            window(calls=gil, samples=(work,), threads=4),
        ),
        Example(
            "an idle thread pool",
            False,
            "the workers wait for work in Queue.get",
            window(calls=(pool,), samples=(work,), threads=5),
        ),
        Example(
            "workers on a condition variable",
            False,
            "they wait for work, not for each other",
            window(calls=(condition,), samples=(work,), threads=4),
        ),
    )


PATTERN = Pattern(
    id="lock-contention",
    title="threads wait for each other's locks",
    sees="Time asleep in futex calls, by the lock's address and by the lines that wait for it. Waits for work "
    "(queues, conditions, joins) and for the interpreter's own lock are told apart. Java's locks as the machine tells "
    "of them; goroutines that wait for a sync.Mutex or RWMutex, and tasks that wait for an asyncio.Lock, by looks at "
    "the program's memory.",
    costs="While one thread holds the lock the others stand still: the work goes no faster than if one thread did it.",
    fix="Shorter critical sections; no I/O under a lock; one lock per shard; atomic operations; one owner and a queue.",
    fine="When the lock guards the one thing that limits throughput anyway (one device, one connection).",
    thresholds=(WAITS, OWN, IN_TURN, TASKS, ALWAYS, LOOP),
    needs=("syscalls",),
    focus=frozenset({Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
    beats=("polling-loop",),
    # (who stands in line for a lock makes its requests one after the other)
    causes=("serial-requests", "slow-dependency"),
    cannot=cannot,
)
