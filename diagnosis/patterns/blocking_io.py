"""Does a callback hold the event loop up?"""

from collections import defaultdict
from typing import NamedTuple

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.concentration import holder
from perfdoctor.diagnosis.example import call, cpu, javascript, library, loop, native, python, window
from perfdoctor.diagnosis.loops import is_a_worker, kind_of, mean_lag, rows_of
from perfdoctor.diagnosis.objects import path_of
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.diagnosis.weight import again, percent, rate, weigh
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.loops import PollingThread
from perfdoctor.schemas.syscalls import SYNCS, SyscallRow

WORTH = Threshold(
    0.0005, "s, the mean wait of a call", "handing it to a thread takes some 0.1 ms: shorter waits are better made here"
)
HELD = Threshold(
    0.02, "of the loop's time", "below it an event that comes at any moment hardly ever finds the loop held up"
)
LATE = Threshold(
    0.02, "s of computing in one piece", "an animation loses its second picture, and a queue begins to form"
)
LATE_SHARE = Threshold(0.1, "of the loop's time, in such pieces", "a report now and then is no reason for a process")
LAG = Threshold(
    0.0025,
    "s that an event at any moment waits on average",
    "that of pieces of 50 ms (the Long Tasks of browsers) in a tenth of the time; of 20 ms, in a quarter of it",
)


class _Held(NamedTuple):
    """What one line did to a loop."""

    thread: PollingThread
    kind: str
    wall: float
    """seconds that the loop was seen"""


def check(account: Account) -> list[Finding]:
    found = []
    seen: set[tuple[int, str]] = set()
    roots = account.evidence.user_roots
    for thread in account.evidence.loops or ():
        kind = kind_of(thread, roots)
        wall = thread.poll_seconds + thread.off_seconds
        if kind is None or wall <= 0 or is_a_worker(thread):
            continue
        held = _Held(thread, kind, wall)
        if (thread.pid, kind) not in seen:  # rows do not tell threads apart: once for all loops of a process
            seen.add((thread.pid, kind))
            by_place: dict[Place, list[SyscallRow]] = defaultdict(list)
            for row in rows_of(thread, kind, account.calls, roots):
                place = account.place(row.stack)
                if place and row.blocked_seconds > 0 and not account.held_up(row):
                    by_place[place].append(row)
            for place, rows in by_place.items():
                found += _waits(account, held, place, rows)
        found += _computes(account, held)
    return found


def _waits(account: Account, held: _Held, place: Place, rows: list[SyscallRow]) -> list[Finding]:
    rows = [row for row in rows if row.blocked_seconds >= WORTH.value * max(1, row.calls + row.unfinished)]
    if not rows:
        return []
    blocked = sum(row.blocked_seconds for row in rows)
    if blocked < HELD.value * held.wall:
        return []
    heaviest = max(rows, key=lambda row: row.blocked_seconds)
    times = sum(row.calls + row.unfinished for row in rows if row.syscall == heaviest.syscall)
    mean = sum(row.blocked_seconds for row in rows if row.syscall == heaviest.syscall) / max(1, times)
    caller = _caller(account, heaviest.stack, place)
    longest = max(row.max_seconds for row in rows)
    short = blocked < LATE_SHARE.value * held.wall and longest < LATE.value
    return weigh(
        account,
        "blocking-io",
        title=f"{place}{caller} waits in {heaviest.syscall} for {mean * 1000:.1f} ms, {rate(times / account.seconds)} "
        f"times a second, on the thread of the event loop ({held.kind}): nothing else is served meanwhile",
        seconds=blocked,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("syscalls", "the loop stands still in these calls", blocked / held.wall, "of its time"),
            account.fact("syscalls", "mean wait", mean, "s"),
            account.fact("syscalls", "longest wait", longest, "s"),
            account.fact("loops", "longest time without a look at events", held.thread.longest_seconds, "s"),
        ),
        fix=f"At {place}, {_instead(heaviest, held.kind)}",
        verify=again(
            account,
            "the part of the loop's time that it stands still in calls",
            percent(blocked / held.wall),
            "close to 0",
        ),
        confidence=0.7 if held.kind == "epoll" else 0.92,
        # (few find the loop held up, and not for long)
        at_most=Severity.INFO if short else Severity.CRITICAL,
    )


def _computes(account: Account, held: _Held) -> list[Finding]:
    late = sum(row.seconds for row in held.thread.late)
    if (
        late < LATE_SHARE.value * held.wall
        or held.thread.longest_seconds < LATE.value
        or mean_lag(held.thread) < LAG.value
    ):
        return []
    if _waited_for_a_core(account, held.thread, late):
        return []
    by_place: dict[Place, float] = defaultdict(float)
    stacks: dict[Place, Stack] = {}
    for row in held.thread.late:
        if place := account.place(row.stack):
            by_place[place] += row.seconds
            stacks.setdefault(place, row.stack)
    if sum(by_place.values()) < 0.5 * late:
        # The engine does not walk this language; the profiler of its runtime does, all of the thread's time.
        for sample in account.samples:
            place = account.place(sample.stack)
            if sample.pid == held.thread.pid and place and any(f.kind is FrameKind.JAVASCRIPT for f in sample.stack):
                by_place[place] += sample.seconds
                stacks.setdefault(place, sample.stack)
    by_function: dict[tuple[str | None, str], float] = defaultdict(float)
    for place, seconds in by_place.items():
        by_function[place.file, place.function] += seconds
    if sum(by_function.values()) <= 0:
        return []
    function = max(by_function, key=lambda key: by_function[key])
    place = max((p for p in by_place if (p.file, p.function) == function), key=lambda p: by_place[p])
    seconds = late * by_function[function] / sum(by_function.values())
    caller = _caller(account, stacks[place], place)
    longest = held.thread.longest_seconds
    away = (
        "worker_threads (piscina), or cut it into pieces with setImmediate between them"
        if held.kind == "libuv"
        else "a ProcessPoolExecutor with loop.run_in_executor (in a thread only if it is native code that lets go of "
        "the interpreter), or cut it into pieces with `await asyncio.sleep(0)` between them"
        if held.kind in ("asyncio", "gevent", "Trio", "Twisted", "Tornado")
        else "a thread of its own, or cut it into pieces"
    )
    within = holder(account, (row for row in account.samples if _is_of(account, row, held.thread.pid, function)))
    most, advice = (f", most of it in {within}", f" {within.advice}".rstrip()) if within else ("", "")
    return weigh(
        account,
        "blocking-io",
        title=f"{place}{caller} computes on the thread of the event loop ({held.kind}), up to {longest * 1000:.0f} ms "
        f"in one piece{most}: nothing else is served meanwhile",
        seconds=seconds,
        place=place,
        stack=stacks[place],
        facts=(
            account.fact("cpu", "computing for more than 50 ms in one piece", late / held.wall, "of the loop's time"),
            account.fact("loops", "longest time without a look at events", longest, "s"),
            account.fact("loops", "waiting for events", held.thread.poll_seconds / held.wall, "of the loop's time"),
        ),
        fix=f"Take what {place} computes off the loop: {away}.{advice}",
        verify=again(account, "the longest time without a look at events", f"{longest:.3f} s", "less than 0.05 s"),
        confidence=0.85,
    )


def _waited_for_a_core(account: Account, thread: PollingThread, late: float) -> bool:
    """Whether a loop was late for want of a core: it ran for less than half of what it was late."""
    own = [t for t in account.evidence.threads or () if (t.pid, t.tid, t.count) == (thread.pid, thread.tid, 1)]
    return bool(own) and own[0].running < 0.5 * late


def _is_of(account: Account, row: CpuRow, pid: int, function: tuple[str | None, str]) -> bool:
    place = account.place(row.stack)
    return row.pid == pid and place is not None and (place.file, place.function) == function


def _caller(account: Account, stack: Stack, place: Place) -> str:
    """The next line of the user's own code: who called."""
    passed = False
    for frame in stack:
        if not is_user_code(frame, account.evidence.user_roots) or frame.line is None:
            continue
        if passed and frame.function != place.function:
            return f", called at {Place(frame.file, frame.function, frame.line)},"
        passed = passed or (frame.file, frame.line) == (place.file, place.line)
    return ""


def _instead(row: SyscallRow, kind: str) -> str:
    """What to do in place of the call that waits."""
    names = " ".join(frame.function for frame in row.stack[:6]) + " ".join(f.file or "" for f in row.stack[:12])
    node, python_loop = kind == "libuv", kind == "asyncio"
    if row.syscall in calls.SLEEPS:
        return (
            "await a timer (`await asyncio.sleep`) in place of the sleep."
            if python_loop
            else "set a timer of the loop in place of the sleep."
        )
    if "getaddrinfo" in names or "gethostby" in names:
        return (
            "resolve names with `await loop.getaddrinfo`, or once at the start; keep connections open."
            if python_loop
            else "resolve names off the loop (dns.promises, a resolver thread), or once at the start."
        )
    if "subprocess" in names or row.syscall in calls.WAITS_FOR_CHILD or "spawnSync" in names or "execSync" in names:
        return (
            "start the program with `asyncio.create_subprocess_exec` and await it."
            if python_loop
            else "start the program without waiting (execFile with a callback or promise) and go on when it ends."
        )
    if row.syscall in calls.FUTEXES:
        return (
            "await instead of waiting for a thread: `asyncio.wrap_future` for a future, asyncio.Queue or asyncio.Lock "
            "among coroutines, `await asyncio.to_thread(…)` for what must take the lock."
            if python_loop
            else "await instead of waiting for another thread or a time (Atomics.waitAsync, a promise, a message of "
            "the worker)."
            if node
            else "do not wait for another thread on the loop: let it post its result to the loop (an eventfd, a "
            "callback), and take locks that are held for long elsewhere."
        )
    if path_of(row.object) is not None or row.syscall in SYNCS:
        return (
            "hand the file to a thread (`await asyncio.to_thread(…)`)."
            if python_loop
            else "use the asynchronous form (fs.promises, streams) in place of the …Sync one."
            if node
            else "hand the file to a thread, which posts the result to the loop."
        )
    return (
        "use a client of asyncio for this peer (httpx.AsyncClient, aiohttp, asyncpg, redis.asyncio, asyncio streams), "
        "or hand the blocking one to a thread: `await asyncio.to_thread(…)`."
        if python_loop
        else "use the asynchronous client, and go on in its callback."
        if node
        else "make the descriptor non-blocking and let the loop say when it is ready, or hand the call to a thread."
    )


def _examples() -> tuple[Example, ...]:
    run = (
        library("asyncio/events.py", "Handle._run"),
        library("asyncio/base_events.py", "BaseEventLoop._run_once"),
        library("asyncio/runners.py", "run"),
    )
    poll = (library("selectors.py", "EpollSelector.select"), *run[1:])
    view, client = python(41, "show"), python(12, "Prices.get", "/srv/app/prices.py")
    waits = call("recvfrom", (client, view, *run), 900, on="fd:9 (socket:[7])", blocked=6.0)
    idle = call("epoll_wait", poll, 950, blocked=3.0)
    work = cpu((view, *run), 0.8)
    asked = call("recvfrom", (python(50, "drain"), *run), 20_000, on="fd:9 (socket:[7])", seconds=0.3, blocked=0.1)
    logs = call("write", (python(60, "log"), *run), 9000, on="/var/log/app.log", seconds=0.2, blocked=0.05)
    in_thread = (client, python(9, "load"), library("concurrent/futures/thread.py", "_worker"))
    handed = call("recvfrom", in_thread, 900, on="fd:9 (socket:[7])", blocked=6.0)
    render = (python(77, "render"), *run)
    js = (
        native("uv__fs_read", "/usr/bin/node"),
        javascript("readFileSync", "node:fs", 450),
        javascript("page", "/srv/shop/pages.js", 8),
    )
    by_node = call("pread64", js, 800, on="/data/page", blocked=5.0)
    in_c = (native("fsync", "/lib/libc.so.6"), native("store", "/srv/kv", "/srv/kv.c", 30))
    main = native("main", "/srv/kv", "/srv/kv.c", 90)
    own_poll = (native("epoll_wait", "/lib/libc.so.6"), main)
    of_a_worker = (native("uv__io_poll", "/usr/bin/node"), native("node::worker::Worker::Run()", "/usr/bin/node"))
    return (
        Example(
            "a blocking client in a coroutine",
            True,
            "the loop stands still for 60 % of its time, 7 ms for each request",
            window(calls=(waits, idle), samples=(work,), polling=(loop(poll, off=7.0),)),
        ),
        Example(
            "a report made by the loop",
            True,
            "pieces of 300 ms, in which no event is looked at",
            window(
                calls=(idle,),
                samples=(cpu(render, 6.5),),
                polling=(loop(poll, off=7.0, longest=0.31, late=((render, 5.5),)),),
            ),
        ),
        Example(
            "a worker of Node.js that computes",
            False,
            "its loop is there for that: the main one serves meanwhile",
            window(
                samples=(cpu(render, 5.5),),
                polling=(loop(of_a_worker, off=7.0, longest=0.31, late=((render, 5.5),)),),
            ),
        ),
        Example(
            "files read by the …Sync functions of Node.js",
            True,
            "each read waits 6 ms for the disk, and every other request with it",
            window(
                calls=(by_node,),
                samples=(cpu((js[-1],), 1.0),),
                polling=(loop((native("uv__io_poll", "/usr/bin/node"),), off=6.5),),
            ),
        ),
        Example(
            "an epoll loop in C that syncs to the disk",
            True,
            "every record waits 5 ms for the disk in the loop's own thread",
            window(
                calls=(call("fsync", (*in_c, main), 1000, on="/data/log", blocked=5.0),),
                samples=(cpu((main,), 1.0),),
                polling=(loop(own_poll, off=6.5),),
            ),
        ),
        Example(
            "pieces of 30 ms in a third of the time",
            True,
            "an event waits for 5 ms on average, before anybody looks at it",
            window(
                calls=(idle,),
                samples=(cpu(render, 3.3),),
                polling=(loop(poll, off=4.0, longest=0.032, late=((render, 3.2),)),),
            ),
        ),
        Example(
            "pieces of 25 ms in an eighth of the time",
            False,
            "an event waits for less than 2 ms on average",
            window(
                calls=(idle,),
                samples=(cpu(render, 1.3),),
                polling=(loop(poll, off=1.5, longest=0.026, late=((render, 1.25),)),),
            ),
        ),
        Example(
            "an epoll loop that waits for two processes now and then",
            False,
            "a twenty-fifth of its time, 2 ms at a time: a note",
            window(
                calls=(call("futex", (*in_c, main), 200, on="futex:0x1", blocked=0.4),),
                samples=(cpu((main,), 0.2),),
                polling=(loop(own_poll, off=0.8),),
            ),
        ),
        Example(
            "the same client in a thread",
            False,
            "it waits in a worker thread, and the loop polls meanwhile",
            window(calls=(handed, idle), samples=(work,), threads=2, polling=(loop(poll, off=1.0),)),
        ),
        Example(
            "short reads and a log",
            False,
            "calls of some microseconds: handing them to a thread would cost more",
            window(calls=(asked, logs, idle), samples=(work,), polling=(loop(poll, off=1.5),)),
        ),
        Example(
            "a busy loop with small callbacks",
            False,
            "it is hardly ever idle, but no callback takes longer than a few milliseconds",
            window(calls=(idle,), samples=(cpu((view, *run), 6.5),), polling=(loop(poll, off=7.0, longest=0.02),)),
        ),
    )


PATTERN = Pattern(
    id="blocking-io",
    title="the event loop is held up by a callback",
    sees="Threads that run an event loop (asyncio, libuv, Netty, loops on epoll): the time between two looks at "
    "events, the calls in which callbacks wait, and what they compute for more than 20 ms in one piece.",
    costs="One thread serves everybody. While a callback waits for a file, a peer, a lock or a timer, or computes, no "
    "other event is looked at: each request pays for the waits of all others.",
    fix="The asynchronous form of the call, or a thread for it; computing in a process or a worker, or in pieces.",
    fine="At the start, before anybody is served; calls that return in microseconds (files in the page cache).",
    thresholds=(WORTH, HELD, LATE, LATE_SHARE, LAG),
    needs=("syscalls", "loops"),
    focus=frozenset({Focus.IO, Focus.NETWORK, Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
    beats=("polling-loop", "lock-contention", "slow-dependency"),
)
