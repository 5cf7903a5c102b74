"""Do threads wait for each other's locks?"""

from collections import defaultdict

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account, Place
from perfdoctor.diagnosis.example import call, cpu, library, native, python, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.weight import again, weigh
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.syscalls import SyscallRow

WAITS = Threshold(2, "waits/s", "a lock that is waited for once in a while is doing its job")
OWN = Threshold(
    0.5, "of the waiting, below the user's own code", "a lock that a runtime takes for itself is its matter"
)
LINES = 3


def check(account: Account) -> list[Finding]:
    by_lock: dict[tuple[int, str | None], list[SyscallRow]] = defaultdict(list)
    for row in account.calls:
        waits = row.syscall in calls.FUTEXES and row.blocked_seconds > 0
        if waits and not account.held_up(row) and account.state(row) is State.LOCK:
            by_lock[row.pid, row.object].append(row)
    found = []
    for (_, lock), rows in by_lock.items():
        found += _judge(account, lock, rows)
    return found


def _judge(account: Account, lock: str | None, rows: list[SyscallRow]) -> list[Finding]:
    waits = sum(row.calls + row.unfinished for row in rows)
    if waits / account.seconds < WAITS.value:
        return []
    blocked = sum(row.blocked_seconds for row in rows)
    by_place: dict[Place | None, float] = defaultdict(float)
    for row in rows:
        by_place[account.place(row.stack)] += row.blocked_seconds
    lines = sorted(by_place, key=lambda place: -by_place[place])
    place = next((p for p in lines if p is not None), None)
    own = blocked - by_place.get(None, 0.0) >= OWN.value * blocked
    heaviest = max(rows, key=lambda row: row.blocked_seconds)
    waiting = [
        account.fact("syscalls", f"waited at {at or 'an unknown line'}", by_place[at] / account.seconds, "threads")
        for at in lines[:LINES]
    ]
    return weigh(
        account,
        "lock-contention",
        title=f"{blocked / account.seconds:.1f} threads on average wait for the lock "
        f"{(lock or 'of unknown address').removeprefix('futex:')} at "
        f"{place or 'unknown lines'}{f' and {len(lines) - 1} more lines' if len(lines) > 1 else ''}",
        seconds=blocked,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("syscalls", "waits for this lock", waits / account.seconds, "calls/s"),
            account.fact("syscalls", "mean wait", blocked / waits, "s"),
            *waiting,
        ),
        fix=f"Hold the lock that is taken at {place or 'these lines'} for less: prepare the data before it, do I/O, "
        "sleeps and computation after it; give each shard or thread a lock of its own; hand the work to one owner "
        "through a queue.",
        verify=again(
            account,
            "the threads that wait for a lock",
            f"{blocked / account.seconds:.1f}",
            f"less than {max(0.1, 0.1 * blocked / account.seconds):.1f}",
        ),
        confidence=0.85 if own else 0.5,
        # A lock that no code of the user's own waits for is a runtime's, which its owner cannot hold for less.
        at_most=Severity.CRITICAL if own else Severity.INFO,
    )


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
    in_c = call("futex", mutex, 90_000, on="futex:0x5560", blocked=20.0, errors=100)
    condition = call(
        "futex",
        (native("pthread_cond_wait", "/lib/libc.so.6"), native("worker", "/srv/server", "/srv/server.c", 12)),
        9000,
        on="futex:0x5570",
        blocked=30.0,
    )
    return (
        Example(
            "a lock held during slow work",
            True,
            "2.9 threads on average stand at two lines, for one address",
            window(calls=(with_lock, also), samples=(work,), threads=4),
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
    "(queues, conditions, joins) and for the interpreter's own lock are told apart.",
    costs="While one thread holds the lock the others stand still: the work goes no faster than if one thread did it.",
    fix="Shorter critical sections; no I/O under a lock; one lock per shard; atomic operations; one owner and a queue.",
    fine="When the lock guards the one thing that limits throughput anyway (one device, one connection).",
    thresholds=(WAITS, OWN),
    needs=("syscalls",),
    focus=frozenset({Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
    beats=("polling-loop",),
)
