"""Does a thread wake again and again to find nothing?"""

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import peer
from perfdoctor.diagnosis.example import (
    APP,
    SECONDS,
    call,
    cpu,
    in_loops,
    java,
    library,
    native,
    python,
    thread,
    window,
)
from perfdoctor.diagnosis.loops import polls_for_python
from perfdoctor.diagnosis.napping import naps_of_goroutines
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.polled_peers import TRIES, polled_peers
from perfdoctor.diagnosis.vain_asks import BESIDE, FEW, IN_VAIN, MISSES, SHORTEST, asks_in_vain
from perfdoctor.diagnosis.waiting import sleeps
from perfdoctor.diagnosis.waking import (
    ASK,
    FRUITFUL,
    RATE,
    SHORT,
    WORK,
    cpu_in,
    new_pages,
    other_calls,
    questions,
    written,
)
from perfdoctor.diagnosis.weight import again, rate, weigh
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.goroutines import GoroutineCount, GoroutineNap, NapLoop
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.network import RepeatedLine
from perfdoctor.schemas.syscalls import PacedLine, PollLine, SyscallRow

FRUITLESS = Threshold(0.8, "of the wake-ups", "a wait that mostly brings something is an event loop, not a poll")
RESTS = Threshold(
    2e-5, "s asleep, on average", "a poll without a time limit of its own only looks whether there is something"
)
_ATOMICS_WAIT = "v8::internal::FutexEmulation::"


def check(account: Account) -> list[Finding]:
    found = []
    pauses = [row for row in account.calls if _is_pause(account, row)]
    for place, rows in account.by_place(pauses).items():
        found += _judge(account, place, rows)
    found += naps_of_goroutines(account)
    known = {(f.location.file, f.location.function) for f in found if f.location}
    return [*found, *asks_in_vain(account, known), *polled_peers(account)]


def _is_pause(account: Account, row: SyscallRow) -> bool:
    if row.calls == 0 or polls_for_python(row.stack):
        return False  # (it wakes for its timers)
    if row.syscall in calls.SLEEPS:
        return True
    if row.syscall in calls.POLLS:
        return row.empty >= FRUITLESS.value * row.calls and row.blocked_seconds >= RESTS.value * row.calls
    return row.syscall in calls.FUTEXES and row.blocked_seconds > 0 and account.state(row) is State.SLEEP


def _judge(account: Account, place: Place | None, rows: list[SyscallRow]) -> list[Finding]:
    wakes = sum(row.calls for row in rows)
    per_second = wakes / account.seconds
    asleep = sum(row.blocked_seconds for row in rows)
    if per_second < RATE.value:
        return []
    pause = asleep / wakes
    if place is None:
        return _of_a_worker(account, rows, per_second, pause)
    polls = place.is_among(account.evidence.polls)
    others = other_calls(account, place, rows)
    # A futex call that returns more than 0 woke somebody; of the others nothing follows.
    fruits = sum(row.calls - row.errors - row.empty for row in others) + new_pages(account, place)
    misses = sum(row.errors + row.empty for row in questions(others))
    work = cpu_in(account, place)
    fruitful = fruits >= FRUITFUL.value * wakes
    if not polls and fruitful and (fruits > misses or written(others) >= FRUITFUL.value * wakes):
        return []
    # (one that wakes at a moment which it has worked out keeps a pace, whatever its work looks for and does not find)
    if place.is_among(account.evidence.paced):
        return []
    # That it finds nothing is known when a call or its own text says so. Otherwise the loop must be too quick to do
    # anything else.
    checked = polls or misses >= 0.5 * wakes or not any(sleeps(row) for row in rows)
    if not checked and work / wakes >= WORK.value:
        return []
    quick = pause <= SHORT.value and work / wakes < ASK.value
    heaviest = max(rows, key=lambda row: row.calls)
    asked = [row for row in questions(others) if row.errors + row.empty]
    question = max(asked, key=lambda row: row.errors + row.empty).syscall if asked and misses >= 0.5 * wakes else ""
    asks = f" and asks with {question}" if question else ""
    return weigh(
        account,
        "polling-loop",
        title=f"{place} wakes {rate(per_second)} times a second{asks}, to find nothing and sleep {pause * 1000:.1f} "
        "ms again",
        seconds=asleep + work,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("syscalls", f"wake-ups from {heaviest.syscall}", per_second, "calls/s"),
            account.fact("syscalls", "mean pause", pause, "s"),
            account.fact("syscalls", "checks that found nothing", misses / account.seconds, "calls/s"),
            account.fact("cpu", "CPU used by the loop", work / account.seconds, "cores"),
        ),
        fix=f"Let what {place} waits for wake it: threading.Event.wait or Condition, Queue.get, a blocking read, "
        "select on the descriptor, Popen.wait, inotify for files. If it must poll, poll less often, with a pause "
        "that grows.",
        verify=again(
            account, f"wake-ups at {place}", f"{rate(per_second)}/s", "as many as there are events", "trace-syscalls"
        ),
        confidence=0.85 if checked else 0.6,
        # Its pause is not work lost to others: a poll costs wake-ups, and up to one pause of delay each time.
        at_most=Severity.WARNING if checked or quick else Severity.INFO,
    )


def _of_a_worker(account: Account, rows: list[SyscallRow], per_second: float, pause: float) -> list[Finding]:
    """Atomics.wait in a worker of Node.js, whose lines V8 does not tell beside those of the main thread. (Runtimes have
    pauses of their own in threads without lines: those of Go's monitor, of garbage collectors.)"""
    waits = [row for row in rows if any(frame.function.startswith(_ATOMICS_WAIT) for frame in row.stack)]
    ended = sum(row.calls for row in waits)
    if ended / account.seconds < RATE.value or sum(row.errors for row in waits) < FRUITLESS.value * ended:
        return []
    return weigh(
        account,
        "polling-loop",
        title=f"a worker thread wakes {rate(per_second)} times a second from Atomics.wait, to find nothing and sleep "
        f"{pause * 1000:.1f} ms again",
        seconds=sum(row.blocked_seconds for row in waits),
        place=None,
        stack=waits[0].stack,
        facts=(
            account.fact("syscalls", "wake-ups from Atomics.wait", ended / account.seconds, "calls/s"),
            account.fact("syscalls", "mean pause", pause, "s"),
        ),
        fix="Let the thread that has work wake the worker: Atomics.notify on what it waits for, or a message "
        "(parentPort.on('message')). The line is that of Atomics.wait in the worker's code: code-search finds it.",
        verify=again(account, "these wake-ups", f"{rate(per_second)}/s", "as many as there are jobs", "trace-syscalls"),
        confidence=0.75,
        at_most=Severity.WARNING,
    )


def _asks_until(*, until: bool) -> Evidence:
    """A line that asks Redis for a key, hundreds of times for each request that is served."""
    asks = (library("site-packages/redis/client.py", "lpop"), python(22, "result"), python(50, "page"))
    served = peer((python(12, "serve"),), 300, direction="incoming", address="10.0.0.9")
    polled = peer(asks, 20_000, wait=4.0, protocol="Redis", shape="LPOP made:?", address="10.0.0.5:6379")
    line = RepeatedLine(file=APP, line=22, pauses=True, until=until)
    return in_loops(window(samples=(cpu(asks, 2.0),), peers=(polled, served)), line)


def _examples() -> tuple[Example, ...]:
    line, ask = (python(14, "wait_for_file"),), (python(13, "wait_for_file"),)
    work = cpu((python(60, "handle"),), 3.0)
    sleeps = call("clock_nanosleep", line, 8000, seconds=9.0, blocked=8.8)
    stats = call("newfstatat", ask, 8000, on="/run/app/done", errors=8000, seconds=0.03)
    slow, asks_at = call("clock_nanosleep", line, 480, seconds=9.7, blocked=9.6), PollLine(file=APP, line=14)
    rests = call("clock_nanosleep", line, 310, seconds=6.3, blocked=6.2)
    board, open_ = "/srv/boards/W40.json", (library("pathlib.py", "Path.open"), *ask)
    boards = (
        call("openat", open_, 310, on=board, seconds=0.05),
        call("lseek", open_, 620, on=board, empty=620),
        call("ioctl", open_, 310, on=board, errors=310),
        call("newfstatat", open_, 310, on=board, empty=310),
        call("write", ask, 310, on=board, transferred=310 * 4000),
        call("close", ask, 310, on=board, empty=310),
    )
    waits_in_node = (
        native("pthread_cond_timedwait"),
        native("v8::internal::FutexEmulation::WaitJs32(int)", "/usr/bin/node"),
    )
    waits_in_go = (native("runtime.sysmon", "/srv/app", "/usr/lib/go/src/runtime/proc.go", 5153),)
    looking = (
        native("syscall.fstatat", "/srv/app", "/usr/lib/go/src/syscall/zsyscall_linux_amd64.go", 1439),
        native("main.waitFor", "/srv/app", "/srv/app/main.go", 11),
    )
    looks = call("newfstatat", looking, 4500, on="/run/app/done", errors=4500, seconds=0.02)
    reading = (
        native("internal/poll.(*FD).Read", "/srv/app", "/usr/lib/go/src/internal/poll/fd_unix.go", 165),
        native("main.(*session).serve", "/srv/app", "/srv/app/main.go", 90),
    )
    limited = call("read", reading, 60_000, on="fd:7 (socket:[12])", errors=59_000, transferred=1000 * 60, seconds=0.2)
    waited = call("read", reading, 60_000, on="fd:7 (socket:[12])", errors=30_000, transferred=30_000 * 60, seconds=0.2)
    beat = call("write", reading[1:], 59_000, on="fd:7 (socket:[12])", transferred=59_000 * 9)
    seldom = tuple(call("read", reading, 102, on=f"fd:{n}", errors=100, transferred=40) for n in (7, 8, 9))
    worker = call("futex", waits_in_node, 2400, on="futex:0x7f53", errors=2400, blocked=9.8)
    monitor = call("nanosleep", waits_in_go, 4000, blocked=9.7)
    heartbeat = call("clock_nanosleep", line, 10, blocked=10.0)
    poll = call("poll", line, 1000, blocked=9.5, empty=990)
    looks_first = call("poll", (library("urllib3/util/wait.py", "poll_wait_for_socket"), *line), 600, empty=600)
    paced = call("sendto", ask, 2000, on="fd:4 (socket:[9])", transferred=2000 * 1200, seconds=0.1)
    java_sleep = (
        java("java.lang.Thread.sleep", "java/lang/Thread.java", 1),
        java("shop.Feed.run", "shop/Feed.java", 9),
    )
    paced_java = (
        call("futex", java_sleep, 400, on="futex:0x10", errors=400, blocked=9.9),
        call("futex", java_sleep, 800, on="futex:0x14", empty=400),
    )
    parks = (
        java("java.util.concurrent.locks.LockSupport.parkNanos", "java/util/concurrent/locks/LockSupport.java", 269),
        java("shop.Relay.run", "/srv/shop/Relay.java", 193),
    )
    relay = window(calls=(call("futex", parks, 500, on="futex:0x10", errors=500, blocked=9.9),))
    until = PacedLine(file="/srv/shop/Relay.java", line=193)
    beats = call("clock_nanosleep", line, 2000, blocked=9.6)
    events = call("epoll_wait", (library("selectors.py", "EpollSelector.select"), *line), 40_000, blocked=7.0, empty=90)
    timers = call(
        "epoll_wait",
        (library("selectors.py", "select"), library("asyncio/base_events.py", "BaseEventLoop._run_once")),
        1000,
        blocked=9.0,
        empty=1000,
    )
    return (
        Example(
            "a key of Redis that is asked for until it is there",
            True,
            "67 times for each request, with a pause between, by its text",
            _asks_until(until=True),
        ),
        Example(
            "the same key, asked in a loop whose rounds are pieces of work",
            False,
            "each round does something of its own",
            _asks_until(until=False),
        ),
        Example(
            "a client that looks whether its connection is still there",
            False,
            "it polls before each request, without waiting: that is no pause",
            window(calls=(looks_first,), samples=(cpu(line, 1.1),), threads=2),
        ),
        Example(
            "Trio's own loop, which wakes for its timers",
            False,
            "what its tasks sleep for is no question of the loop's",
            window(
                calls=(call("epoll_wait", (library("trio/_core/_run.py", "run"), *line), 2000, blocked=8, empty=2000),)
            ),
        ),
        Example(
            "Java that parks again and again",
            True,
            "nothing says what for, and it does nothing else",
            relay,
        ),
        Example(
            "Java that parks until the next beat",
            False,
            "its line works out for how long, by the clock",
            relay.model_copy(update={"paced": (until,)}),
        ),
        Example(
            "goroutines that look for a job",
            True,
            "four sleep 0.2 ms whenever there is none, which no thread and no call shows",
            _napping(NapLoop.EMPTY),
        ),
        Example(
            "a goroutine that fills a bucket",
            False,
            "as often, but by its source it does something each time: a pace",
            _napping(NapLoop.PACED),
        ),
        Example(
            "the same without its source",
            False,
            "whether it is a poll nobody knows, and its wake-ups cost less than one could measure",
            _napping(None, scheduling=0.02),
        ),
        Example(
            "goroutines that rest for 20 ms",
            False,
            "a pause that people choose",
            _napping(NapLoop.ASKS, nap=0.02),
        ),
        Example(
            "a queue that is looked at each 20 ms",
            True,
            "its loop does nothing but look whether it is empty, whatever is done with what comes",
            window(calls=(slow, paced), samples=(work,)).model_copy(update={"polls": (asks_at,)}),
        ),
        Example(
            "a sender that sleeps 20 ms between two rounds",
            False,
            "its text does not say that it looks for something: each wake-up sends a packet",
            window(calls=(slow, paced), samples=(work,)),
        ),
        Example(
            "a board that is written 31 times a second",
            False,
            "each time files are written; opening one in Python asks four questions to which the answer is 0",
            window(calls=(rests, *boards), samples=(cpu(line, 1.7),)),
        ),
        Example(
            "sleep until a file is there",
            True,
            "800 wake-ups a second, each with a stat that fails",
            window(calls=(sleeps, stats), samples=(work,), threads=2),
        ),
        Example(
            "Atomics.wait in a worker of Node.js",
            True,
            "240 waits a second that all run out; of the worker's lines V8 tells nothing",
            window(calls=(worker,), samples=(work,), threads=2),
        ),
        Example(
            "a goroutine that looks for a file",
            True,
            "450 looks a second, all in vain, between them the timer of the runtime: no call shows the pause",
            window(calls=(looks,), samples=(cpu(looking, 0.2),), threads=2),
        ),
        Example(
            "a read with a time limit of a millisecond",
            True,
            "of 60 reads 59 bring nothing",
            window(calls=(limited,), samples=(cpu(reading, 1.9),), threads=2),
        ),
        Example(
            "a read that waits",
            False,
            "Go tries once before it waits: each second read brings something",
            window(calls=(waited,), samples=(cpu(reading, 1.9),), threads=2),
        ),
        Example(
            "a heartbeat between reads",
            False,
            "each time that a read runs out something is sent: a pace",
            window(calls=(limited, beat), samples=(cpu(reading, 1.9),), threads=2),
        ),
        Example(
            "reads with a time limit of 100 ms",
            False,
            "ten looks a second for each of three connections: nobody feels them",
            window(calls=seldom, samples=(cpu(reading, 0.3),), threads=2),
        ),
        Example(
            "a flag that is looked for on the way",
            False,
            "the process works meanwhile, and asks at each piece of work",
            window(calls=(looks,), samples=(cpu(looking, 0.2), work), threads=2),
        ),
        Example(
            "a runtime's own monitor",
            False,
            "Go's looks at its threads at pauses of its own, in a thread without lines",
            window(calls=(monitor,), samples=(work,), threads=2),
        ),
        Example(
            "a poll with a time limit of 10 ms",
            True,
            "99 of 100 waits end without an event",
            window(calls=(poll,), samples=(work,), threads=2),
        ),
        Example(
            "a heartbeat",
            False,
            "one wake-up a second costs nothing",
            window(calls=(heartbeat,), samples=(work,), threads=2),
        ),
        Example(
            "a paced sender",
            False,
            "each wake-up sends a packet",
            window(calls=(beats, paced), samples=(work,), threads=2),
        ),
        Example(
            "a program of Java that is paced",
            False,
            "its sleep is a wait with a time limit and two calls around it, forty times a second: no poll for anything",
            window(calls=paced_java, samples=(work,), threads=2),
        ),
        Example(
            "an event loop under load",
            False,
            "its waits bring events",
            window(calls=(events,), samples=(work,), threads=2),
        ),
        Example(
            "asyncio with timers",
            False,
            "the loop sleeps until the next timer, as it should",
            window(calls=(timers,), samples=(work,), threads=2),
        ),
    )


def _napping(loop: NapLoop | None, nap: float = 0.0002, scheduling: float = 1.2) -> Evidence:
    """Four goroutines that sleep all the time."""
    stack = (
        native("time.Sleep", "/srv/app", "/usr/lib/go/src/runtime/time.go", 195),
        native("main.worker", "/srv/app", "/srv/app/main.go", 60),
    )
    lasts = nap + 0.0009
    naps = GoroutineNap(
        stack=stack,
        goroutines=4,
        seconds=4 * SECONDS,
        nap_seconds=nap,
        naps=4 * SECONDS / lasts,
        loop=loop,
    )
    work = cpu((native("runtime.findRunnable", "/srv/app", "/usr/lib/go/src/runtime/proc.go", 2700),), scheduling)
    seen = window(samples=(work,), threads=4, times=(thread(running=1.2, asleep=8.0, name="app"),))
    return seen.model_copy(update={"goroutines": GoroutineCount(naps=(naps,))})


PATTERN = Pattern(
    id="polling-loop",
    title="a thread wakes again and again to find nothing",
    sees="Short sleeps, or waits and reads with a short time limit that mostly run out, repeated from one line; of Go, "
    "goroutines that stand in time.Sleep, by looks at the program's memory.",
    costs="Every wake-up costs 10 to 50 µs of CPU and keeps the core from deep sleep; the event that is waited for "
    "is noticed up to one pause late, each time, which adds up when work passes through several such loops.",
    fix="Wait for the event itself: a condition, a queue, a blocking read, select on the descriptor, inotify.",
    fine="Slow checks (a few a second), pacing of output, hardware that has no other way to be asked.",
    thresholds=(RESTS, TRIES, IN_VAIN, MISSES, FEW, SHORTEST, BESIDE, RATE, SHORT, FRUITLESS, FRUITFUL, ASK, WORK),
    needs=("syscalls",),
    focus=frozenset({Focus.CPU, Focus.IO, Focus.NETWORK, Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
    beats=("excessive-stat", "hot-loop"),
)
