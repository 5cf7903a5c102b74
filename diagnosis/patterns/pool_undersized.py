"""Does work stand in line before a pool whose workers do nothing but wait?"""

from collections import defaultdict
from collections.abc import Iterable

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import peer
from perfdoctor.diagnosis.example import PID, call, cpu, java, javascript, library, native, python, thread, window
from perfdoctor.diagnosis.lent import (
    BURSTS,
    CROWD,
    DIALS,
    IN_USE,
    LENT,
    MANY,
    ROOM,
    SEVERAL,
    SMALL,
    SOMETIMES,
    lent_out,
)
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.pool_makers import maker_of
from perfdoctor.diagnosis.pools import worker_of
from perfdoctor.diagnosis.task_lines import ALWAYS, BATCH, LOOP
from perfdoctor.diagnosis.user_code import basename
from perfdoctor.diagnosis.weight import again, percent, weigh
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.locks import WORKERS, Lock, LockKind, LockWait, Waiting
from perfdoctor.schemas.network import Peer
from perfdoctor.schemas.syscalls import SyscallRow
from perfdoctor.schemas.threads import PoolLine

FREE = Threshold(
    0.05,
    "of the workers' time, at most, without work",
    "a pool that is sometimes without work may have no line before it",
)
OFTEN = Threshold(
    0.3,
    "of the workers' time, at most, without work, where work comes in bursts",
    "with more to spare, bursts are short beside what is between them",
)
ROW = Threshold(
    3, "waits for others between two waits for work", "a worker that finds the next piece at once was waited for"
)
LONG = Threshold(0.001, "s of such a wait", "shorter ones are no piece of work, or no rest, by themselves")
WAITS = Threshold(
    0.7, "of the time that workers have work, spent waiting for others", "a pool that computes is limited by the cores"
)
LINE = Threshold(0.3, "of the window that somebody waits for the pool's results", "nobody misses what nobody waits for")
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
        # (who waits for results has handed work to another pool; one that hands over at once has no line before it)
        kind = None if _is_for_results(account, row) or _is_handed_over(row.stack) else worker_of(row.stack)
        if kind:
            pools[row.pid, kind].append(row)
    found = []
    for (pid, kind), rows in pools.items():
        found += _judge(account, pid, kind, rows)
    return [*found, *lent_out(account)]


def _judge(account: Account, pid: int, kind: str, rows: list[SyscallRow]) -> list[Finding]:
    free = sum(row.blocked_seconds for row in rows if account.state(row) is State.IDLE)
    waiting = [row for row in rows if account.state(row) in _OTHERS]
    waits = sum(row.blocked_seconds for row in waiting)
    locked = sum(row.blocked_seconds for row in rows if account.state(row) is State.LOCK)
    queued = sum(row.runnable_seconds for row in rows)
    on_core = sum(row.seconds for row in account.samples if row.pid == pid and worker_of(row.stack) == kind)
    at_work = waits + locked + queued + on_core
    spent = free + at_work
    if at_work <= 0 or waits < WAITS.value * at_work or free > _may_be_free(account, rows, waiting) * spent:
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
    made = maker_of(account, {pid})
    where = f", made at {made}," if made else ""
    more = min(64, max(2 * workers, account.evidence.cores * 4))
    setting = {
        "java": "the size of its ExecutorService (newFixedThreadPool, corePoolSize)",
        "multiprocessing": "the processes of its Pool, or threads, which are enough for waiting,",
    }.get(kind, "max_workers of its ThreadPoolExecutor")
    return weigh(
        account,
        "pool-undersized",
        title=f"work stands in line before a pool of {workers}{where} that is never without work and waits for "
        f"{percent(waits / spent)} of its time, most at {place} ({heaviest.syscall}), while "
        f"{used:.1f} of {account.evidence.cores} cores are in use",
        seconds=waits,
        place=made or place,
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


def _may_be_free(account: Account, rows: list[SyscallRow], waiting: list[SyscallRow]) -> float:
    """The part of their time for which workers may be without work, though work stands in line: more where they mostly
    find the next piece at once."""
    rests, pieces = (
        sum(row.calls for row in some if row.blocked_seconds > LONG.value * row.calls)
        for some in ([row for row in rows if account.state(row) is State.IDLE], waiting)
    )
    return OFTEN.value if pieces >= ROW.value * rests else FREE.value


def _waits_for_results(account: Account, pid: int) -> float:
    """Seconds that threads waited for the result of work, or for room to hand more in."""
    blocked = (row for row in account.calls if row.pid == pid and row.blocked_seconds > 0)
    waited = sum(row.blocked_seconds for row in blocked if _is_for_results(account, row))
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


def _is_handed_over(stack: Stack) -> bool:
    """Whether a thread of a cached pool waits, which makes as many threads as there is work."""
    return any(frame.function.startswith("java.util.concurrent.SynchronousQueue.") for frame in stack[:6])


def _is_for_results(account: Account, row: SyscallRow) -> bool:
    if account.state(row) is State.NETWORK:
        return False  # (a client's own threads bring its answer)
    for frame in row.stack:
        if frame.kind is FrameKind.PYTHON:
            if frame.function.rsplit(".", 1)[-1] in _RESULTS.get(basename(frame.file), ()):
                return True
        elif frame.function.startswith(_JAVA_RESULTS):
            return True
    return False


def _made_at(seen: Evidence) -> Evidence:
    """The same window, of which the text says where the workers are started."""
    return seen.model_copy(
        update={"pools": (PoolLine(pid=PID, file="/srv/shop/desk.go", line=98, function="newDesk"),)}
    )


def _examples() -> tuple[Example, ...]:
    worker = (library("concurrent/futures/thread.py", "_worker"), library("threading.py", "Thread.run"))
    fetch = python(20, "fetch")
    task = (fetch, library("concurrent/futures/thread.py", "_WorkItem.run"), *worker)
    get = (library("queue.py", "Queue.get"), *worker)
    bursts = call("recvfrom", task, 840, on="fd:8 (socket:[6])", blocked=17.5)
    between = call("futex", get, 200, on="futex:0x9", blocked=1.9)
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
        who=Waiting.GOROUTINES,
        waiters=(LockWait(waiter=asks, waits=300, seconds=90.0),),
    )
    submits = (
        native("runtime.chansend1", "/srv/shop", "/usr/local/go/src/runtime/chan.go", 145),
        native("main.(*desk).submit", "/srv/shop", "/srv/shop/desk.go", 112),
    )
    to_workers = of_go.model_copy(
        update={
            "name": f"{WORKERS}main.(*desk).submit",
            "waiters": (LockWait(waiter=submits, waits=300, seconds=90.0),),
        }
    )
    handed_out = to_workers.model_copy(
        update={"seconds": 9.5, "waiters": (LockWait(waiter=submits, waits=300, seconds=9.5),)}
    )
    asks_http = (
        native("net/http.(*Transport).getConn", "/srv/shop", "/usr/local/go/src/net/http/transport.go", 1375),
        native("main.(*Store).page", "/srv/shop", "/srv/shop/store.go", 92),
    )
    of_http = of_go.model_copy(
        update={
            "name": "connections of net/http",
            "waiters": (LockWait(waiter=asks_http, waits=300, seconds=90.0),),
        }
    )
    kept, dialled = (peer(asks_http[1:], 1000, wait=18.0, opened=number) for number in (0, 900))
    connects = "/srv/venv/lib/python3.12/site-packages/aiohttp/connector.py"
    session = "/srv/venv/lib/python3.12/site-packages/aiohttp/client.py"
    gets = (
        python(1240, "BaseConnector._wait_for_available_connection", connects),
        python(1180, "BaseConnector.connect", connects),
        python(770, "ClientSession._request", session),
        python(41, "price"),
    )
    of_tasks = Lock(
        pid=PID,
        kind=LockKind.POOL,
        name="connections of aiohttp",
        waits=900,
        seconds=74.0,
        max_seconds=0.09,
        who=Waiting.TASKS,
        present=1.0,
        size=2,
        waiters=(LockWait(waiter=gets, waits=900, seconds=74.0, max_seconds=0.09),),
    )
    now_and_then = of_tasks.model_copy(update={"present": 0.2, "seconds": 8.0})
    ticks = of_tasks.model_copy(
        update={"name": "connections of asyncpg", "present": 0.3, "seconds": 35.0, "max_seconds": 0.3, "size": None}
    )
    panels = peer(task, 300, wait=14.0, protocol="PostgreSQL", shape="SELECT ?").model_copy(update={"open_at_end": 2})
    plenty = panels.model_copy(update={"open_at_end": 20})
    crawls = of_tasks.model_copy(update={"kind": LockKind.SEMAPHORE, "name": "asyncio.Semaphore of fetch", "size": None,
                                         "max_seconds": 9.8})  # fmt: skip
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
    of_java = java("java.util.concurrent.ThreadPoolExecutor.runWorker", "ThreadPoolExecutor.java", 1136)
    parks = java("jdk.internal.misc.Unsafe.park", "Unsafe.java", 0)
    sends = (
        parks,
        java("java.util.concurrent.CompletableFuture.get", "CompletableFuture.java", 2072),
        java("jdk.internal.net.http.HttpClientImpl.send", "HttpClientImpl.java", 554),
        java("Gateway.read", "Gateway.java", 52),
        of_java,
    )
    handed = (parks, java("java.util.concurrent.SynchronousQueue.poll", "SynchronousQueue.java", 903), of_java)
    all_of = (
        parks,
        java("java.util.concurrent.AbstractExecutorService.invokeAll", "AbstractExecutorService.java", 252),
        java("Collector.run", "Collector.java", 98),
        of_java,
    )
    round_of_java = (
        call("futex", sends, 300, on="futex:0x1", blocked=19.0),
        call("futex", handed, 900, on="futex:0x2", blocked=200.0),
        call("futex", all_of, 60, on="futex:0x3", blocked=9.6),
    )
    road = "/srv/app/road.js"
    sounding = (javascript("query", "/srv/app/node_modules/pg/lib/client.js", 9), javascript("soundings", road, 7))
    two_lent = peer(sounding, 400, wait=19.0, protocol="PostgreSQL", shape="EXECUTE soundings")
    crowd = peer((javascript("answer", road, 30),), 400, wait=52.0, direction="incoming", address="10.0.0.9")
    alone = crowd.model_copy(update={"turn": two_lent.turn})

    def of_node(served: Peer) -> Evidence:
        peers = (two_lent.model_copy(update={"open_at_end": 2}), served)
        seen = window(samples=(cpu(sounding, 1.0),), peers=peers)
        limit = PoolLine(pid=PID, file=road, line=3, function="open", lends=True)
        target = seen.target.model_copy(update={"runtime": "node"})
        return seen.model_copy(update={"target": target, "pools": (limit,)})

    return (
        Example(
            "two connections for panels that all ask on the same tick",
            True,
            "there is a line for a third of the time only, but all together stand in it for twice as long as they ask",
            window(calls=(main,), samples=(light,), locks=(ticks,), locks_by="tasks", peers=(panels,), times=two),
        ),
        Example(
            "twenty connections for the same",
            False,
            "such a limit is meant to spare the other side",
            window(calls=(main,), samples=(light,), locks=(ticks,), locks_by="tasks", peers=(plenty,), times=two),
        ),
        Example(
            "two connections of Node.js for five requests at once",
            True,
            "both are nearly always in use, and three stand in line for one",
            of_node(crowd),
        ),
        Example(
            "two connections of Node.js for two requests at once",
            False,
            "they are in use, and nobody stands in line",
            of_node(alone),
        ),
        Example(
            "two threads of Java for forty calls, asked for by a timer's",
            True,
            "both wait for answers; threads of a cached pool beside them rest, and who waits is in a pool of its own",
            window(calls=round_of_java, samples=(light,), times=two),
        ),
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
            "two goroutines behind a channel",
            True,
            "nine goroutines on average wait to hand them work, and the text says where they are started",
            _made_at(window(samples=(light,), times=two, locks=(to_workers,), locks_by="goroutines")),
        ),
        Example(
            "a writer behind a channel",
            False,
            "nothing says that there are several: it may be one alone on purpose",
            window(samples=(light,), times=two, locks=(to_workers,), locks_by="goroutines"),
        ),
        Example(
            "a producer that waits for workers",
            False,
            "one goroutine hands out work as fast as it is done",
            _made_at(window(samples=(light,), times=two, locks=(handed_out,), locks_by="goroutines")),
        ),
        Example(
            "two connections of net/http for an issue's pages",
            True,
            "its Transport has a limit, and no connection is opened meanwhile",
            window(samples=(light,), times=two, locks=(of_http,), locks_by="goroutines", peers=(kept,)),
        ),
        Example(
            "a connection of net/http for each request",
            False,
            "who waits there waits until it stands",
            window(samples=(light,), times=two, locks=(of_http,), locks_by="goroutines", peers=(dialled,)),
        ),
        Example(
            "two connections of aiohttp for ten customers",
            True,
            "seven tasks on average wait in the connector, which no thread does",
            window(samples=(light,), times=two, locks=(of_tasks,), locks_by="tasks"),
        ),
        Example(
            "a connector of aiohttp that is empty now and then",
            False,
            "a fifth of the looks found tasks waiting: they came in a burst",
            window(samples=(light,), times=two, locks=(now_and_then,), locks_by="tasks"),
        ),
        Example(
            "a connector of aiohttp while the loop computes",
            False,
            "the loop has no time for more answers",
            window(samples=(light,), times=(thread(running=9.0, asleep=1.0),), locks=(of_tasks,), locks_by="tasks"),
        ),
        Example(
            "a crawler that asks ten pages at once",
            False,
            "all its tasks stand at the semaphore from the beginning: it keeps them back on purpose",
            window(samples=(light,), times=two, locks=(crawls,), locks_by="tasks"),
        ),
        Example(
            "a pool of connections that is empty for a moment",
            False,
            "0.09 threads wait on average: that is what a pool is for",
            window(calls=(lent_once,), samples=(light,), times=two),
        ),
        Example(
            "two workers for pages of a dozen questions",
            True,
            "a tenth of their time is between pages, and within one they find the next question at once",
            window(calls=(main, bursts, between), samples=(light,), times=two),
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
    "goroutines, and tasks of asyncio, that wait for a connection of a library's pool, or for a semaphore.",
    costs="Each piece of work waits for those before it, although neither the cores nor the workers have anything to "
    "do meanwhile: N workers that wait do N pieces of work in the time of one.",
    fix="As many workers as waits that the other side can bear at a time; asynchronous calls for hundreds.",
    fine="When the limit is there to protect the other side.",
    thresholds=(
        *(FREE, OFTEN, ROW, LONG, WAITS, ROOM, LINE, MANY),
        *(LENT, DIALS, IN_USE, CROWD, ALWAYS, LOOP, BATCH, SMALL, SEVERAL, BURSTS, SOMETIMES),
    ),
    needs=("syscalls", "cpu", "threads"),
    focus=frozenset({Focus.IO, Focus.NETWORK, Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
    # (that each piece of work takes long is why the others stand in line)
    beats=("slow-dependency",),
)
