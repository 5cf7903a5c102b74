"""Does a thread wake again and again to find nothing?"""

from collections import defaultdict

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account, Place
from perfdoctor.diagnosis.example import SECONDS, call, cpu, java, library, native, python, thread, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.read_limits import limited_reads
from perfdoctor.diagnosis.user_code import basename
from perfdoctor.diagnosis.waiting import sleeps
from perfdoctor.diagnosis.weight import again, rate, weigh
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.goroutines import GoroutineCount, GoroutineNap, NapLoop
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.syscalls import SyscallRow

RATE = Threshold(30, "wake-ups/s", "library waits poll 20 times a second on purpose; below that nobody feels it")
SHORT = Threshold(
    0.006, "s of pause", "a pause of 10 ms is a compromise that people choose; shorter ones are meant to notice at once"
)
FRUITLESS = Threshold(0.8, "of the wake-ups", "a wait that mostly brings something is an event loop, not a poll")
FRUITFUL = Threshold(
    0.5, "calls that bring something, for each wake-up", "such a loop is paced: it does its work each time"
)
ASK = Threshold(0.00005, "s of CPU, for each wake-up", "waking, asking and sleeping again takes some 30 µs in Python")
WORK = Threshold(
    0.0001, "s of CPU, for each wake-up", "a loop that takes this long and is told nothing does its work each time"
)
IN_VAIN = Threshold(0.95, "of the checks", "what is sometimes there is looked for with success")
FEW = Threshold(3, "paths", "a search looks in many places")
SHORTEST = Threshold(0.0005, "s of pause", "with less there is none: a loop, or a search, that costs a core")
BESIDE = Threshold(0.1, "cores used beside the loop", "who works asks on the way; who polls does nothing else")
WAKING = 0.00005
"""seconds of CPU for a wake-up, at most"""
_OF_GO = ("runtime.", "time.")
_SCHEDULES = frozenset({"runtime.schedule", "runtime.findRunnable", "runtime.findrunnable", "runtime.park_m"})
_ATOMICS_WAIT = "v8::internal::FutexEmulation::"
_NO_QUESTIONS = (*calls.FUTEXES, "rt_sig", "mprotect", "madvise", "munmap", "getcpu")
"""calls that return nothing when all is well: a runtime's own housekeeping"""


def check(account: Account) -> list[Finding]:
    found = []
    pauses = [row for row in account.calls if _is_pause(account, row)]
    for place, rows in account.by_place(pauses).items():
        found += _judge(account, place, rows)
    found += _naps_of_goroutines(account)
    known = {(f.location.file, f.location.function) for f in found if f.location}
    for place, rows in account.calls_at.items():
        if place is not None:
            found += _time_limits(account, place, rows)
        # (first what is cheap to see: this is asked of every line)
        asks = [row for row in rows if _is_in_vain(row)]
        if place is None or sum(row.errors for row in asks) / account.seconds < RATE.value:
            continue
        if not any((frame.file, frame.function) in known for row in rows for frame in row.stack):
            found += _asks_in_vain(account, place, asks)
    return found


def _is_pause(account: Account, row: SyscallRow) -> bool:
    if row.calls == 0 or any(basename(frame.file) == "base_events.py" for frame in row.stack):
        return False  # asyncio wakes for its timers
    if row.syscall in calls.SLEEPS:
        return True
    if row.syscall in calls.POLLS:
        return row.empty >= FRUITLESS.value * row.calls
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
    others = _other_calls(account, place, rows)
    # A futex call that returns more than 0 woke somebody; of the others nothing follows.
    fruits = sum(row.calls - row.errors - row.empty for row in others) + _new_pages(account, place)
    misses = sum(row.errors + row.empty for row in others if not row.syscall.startswith(_NO_QUESTIONS))
    work = sum(row.seconds for row in account.samples if account.place(row.stack) and _runs_in(row.stack, place))
    if fruits >= FRUITFUL.value * wakes and fruits > misses:
        return []
    # That it finds nothing is known when a call says so. Otherwise the loop must be too quick to do anything else.
    checked = misses >= 0.5 * wakes or not any(sleeps(row) for row in rows)
    if not checked and work / wakes >= WORK.value:
        return []
    quick = pause <= SHORT.value and work / wakes < ASK.value
    heaviest = max(rows, key=lambda row: row.calls)
    asked = [row for row in others if not row.syscall.startswith(_NO_QUESTIONS) and row.errors + row.empty]
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


def _asks_in_vain(account: Account, place: Place, asks: list[SyscallRow]) -> list[Finding]:
    """A line that asks for the same thing over and over, and sleeps in a timer of its runtime (a goroutine, a task, a
    callback): no call of its own shows the pause."""
    misses = sum(row.errors for row in asks)
    others = _other_calls(account, place, asks)
    fruits = sum(row.calls - row.errors - row.empty for row in others) + _new_pages(account, place)
    if len({row.object for row in asks}) > FEW.value or fruits >= FRUITFUL.value * misses:
        return []
    work = sum(row.seconds for row in account.samples if account.place(row.stack) and _runs_in(row.stack, place))
    work = max(work, sum(row.seconds for row in asks))
    pause = (account.seconds - work) / misses
    if pause < SHORTEST.value:
        return []  # (without a pause it is no poll: a busy wait, or a search)
    beside = sum(row.seconds for row in account.samples if row.pid == asks[0].pid) - work
    if beside > BESIDE.value * account.seconds or account.load(asks[0].pid).served:
        return []  # (it asks on the way, while it works or serves)
    heaviest = max(asks, key=lambda row: row.errors)
    return weigh(
        account,
        "polling-loop",
        title=f"{place} asks {rate(misses / account.seconds)} times a second with {heaviest.syscall}, to find nothing "
        f"and pause about {pause * 1000:.1f} ms",
        seconds=pause * misses + work,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("syscalls", "checks that found nothing", misses / account.seconds, "calls/s"),
            account.fact("syscalls", "mean pause, at most", pause, "s"),
            account.fact("cpu", "CPU used by the loop", work / account.seconds, "cores"),
        ),
        fix=f"Let what {place} waits for say so: a message or channel, inotify (fsnotify, fs.watch) for files. If it "
        "must poll, poll less often, with a pause that grows.",
        verify=again(
            account,
            f"checks at {place} that find nothing",
            f"{rate(misses / account.seconds)}/s",
            "a few",
            "trace-syscalls",
        ),
        confidence=0.75,
        at_most=Severity.WARNING,
    )


def _time_limits(account: Account, place: Place, rows: list[SyscallRow]) -> list[Finding]:
    """A line of Go that reads with a time limit a moment ahead, which mostly runs out."""
    reads, waits = limited_reads(rows)
    # (each connection is a loop of its own; how long its waits were to be nobody knows, where cores are scarce)
    if waits.waits < RATE.value * account.seconds * max(1, waits.connections):
        return []
    pause = waits.pause(account.seconds)
    others = _other_calls(account, place, reads)
    fruits = sum(row.calls - row.errors - row.empty for row in others)
    in_vain = waits.in_vain >= FRUITLESS.value * waits.waits
    if not in_vain or pause < SHORTEST.value or fruits >= FRUITFUL.value * waits.waits:
        return []
    work = sum(row.seconds for row in account.samples if account.place(row.stack) and _runs_in(row.stack, place))
    scheduling = min(_scheduling(account), WAKING * waits.waits)
    waiting = pause * waits.in_vain
    many = f" on {waits.connections} connections" if waits.connections > 1 else ""
    return weigh(
        account,
        "polling-loop",
        title=f"{place} reads{many} with a time limit that runs out {rate(waits.in_vain / account.seconds)} times a "
        f"second, {waits.in_vain / waits.waits:.0%} of its waits, after {pause * 1000:.1f} ms",
        seconds=waiting + work + scheduling,
        place=place,
        stack=max(reads, key=lambda row: row.errors).stack,
        facts=(
            account.fact("syscalls", "waits that ran out", waits.in_vain / account.seconds, "waits/s"),
            account.fact("syscalls", "mean wait, at most", pause, "s"),
            account.fact("cpu", "CPU used by the function", work / account.seconds, "cores"),
            account.fact("cpu", "CPU used by Go's scheduler for these waits", scheduling / account.seconds, "cores"),
        ),
        fix=f"Let {place} wait for what it reads, without a time limit or with one that means a fault (SetReadDeadline "
        "some seconds ahead). What else the loop looks for meanwhile is another goroutine's: one that receives from "
        "the channel, and writes.",
        verify=again(
            account,
            f"waits at {place} that run out",
            f"{rate(waits.in_vain / account.seconds)}/s",
            "next to none",
            "trace-syscalls",
        ),
        confidence=0.85,
        at_most=Severity.WARNING,
        # Those who wait hold no thread, so busy time lacks them.
        beside=waiting,
    )


def _is_in_vain(row: SyscallRow) -> bool:
    looks = row.syscall in calls.LOOKUPS or row.syscall in calls.OPENS
    return looks and row.errors >= IN_VAIN.value * row.calls


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


def _naps_of_goroutines(account: Account) -> list[Finding]:
    """Goroutines that sleep hold no thread, so no call tells of them; looks at them do. Whether their sleeps are a poll
    or a pace their source tells."""
    count = account.evidence.goroutines
    at: dict[Place, list[GoroutineNap]] = defaultdict(list)
    for nap in count.naps if count else ():
        # (a sleep within a library is that library's pace)
        own = next((frame for frame in nap.stack if not frame.function.startswith(_OF_GO)), None)
        place = account.place(nap.stack)
        if place and own and (own.file, own.line) == (place.file, place.line) and 0 < nap.nap_seconds <= SHORT.value:
            at[place].append(nap)
    asleep = sum(nap.seconds for naps in at.values() for nap in naps)
    wakes = sum(nap.naps for naps in at.values() for nap in naps)
    scheduling = min(_scheduling(account), WAKING * wakes)
    found = []
    for place, naps in at.items():
        each = sum(nap.naps for nap in naps)
        found += _judge_naps(account, place, naps, beside=asleep, scheduling=scheduling * each / max(wakes, 1e-9))
    return found


def _judge_naps(
    account: Account, place: Place, naps: list[GoroutineNap], *, beside: float, scheduling: float
) -> list[Finding]:
    wakes = sum(nap.naps for nap in naps)
    loops = {nap.loop for nap in naps}
    if wakes / account.seconds < RATE.value or NapLoop.PACED in loops:
        return []
    others = _other_calls(account, place, [])
    fruits = sum(row.calls - row.errors - row.empty for row in others) + _new_pages(account, place)
    misses = sum(row.errors + row.empty for row in others if not row.syscall.startswith(_NO_QUESTIONS))
    if fruits >= FRUITFUL.value * wakes and fruits > misses:
        return []
    work = sum(row.seconds for row in account.samples if account.place(row.stack) and _runs_in(row.stack, place))
    told, empty = None not in loops, loops == {NapLoop.EMPTY}
    # (Below a condition a sleep comes of nothing found, whatever is done with what is found.)
    if not empty and work / wakes >= (WORK.value if told else ASK.value):
        return []
    heaviest = max(naps, key=lambda nap: nap.seconds)
    asleep = sum(nap.seconds for nap in naps)
    many = sum(nap.goroutines for nap in naps)
    pause = max(nap.nap_seconds for nap in naps)
    lasts = asleep / wakes
    what = "to find nothing" if told else "to do next to nothing"
    return weigh(
        account,
        "polling-loop",
        title=f"{many} goroutine{'s' if many > 1 else ''} at {place} wake{'' if many > 1 else 's'} "
        f"{rate(wakes / account.seconds)} times a second in all, {what} and sleep {pause * 1000:.1f} ms again",
        # What a loop costs that may be a pace is CPU alone.
        seconds=scheduling + (asleep if told else 0.0),
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("goroutines", "ends of sleeps, by estimate", wakes / account.seconds, "wake-ups/s"),
            account.fact("goroutines", "goroutines asleep there", asleep / account.seconds, "goroutines"),
            account.fact("goroutines", "a sleep that was asked for", pause, "s"),
            account.fact("goroutines", "a sleep, until the goroutine runs again", lasts, "s"),
            account.fact("cpu", "CPU used by the function", work / account.seconds, "cores"),
            account.fact("cpu", "CPU used by Go's scheduler for these wake-ups", scheduling / account.seconds, "cores"),
        ),
        fix=f"Let what {place} waits for wake it: a receive from a channel (of jobs, or one that is closed when it is "
        "done), sync.Cond, sync.WaitGroup. If it must poll, poll less often, with a pause that grows.",
        verify=again(
            account, f"wake-ups at {place}", f"{rate(wakes / account.seconds)}/s", "as many as there are events"
        ),
        confidence=0.85 if empty else 0.75 if told else 0.5,
        at_most=Severity.WARNING if told else Severity.INFO,
        beside=beside,
    )


def _scheduling(account: Account) -> float:
    """CPU time of Go's runtime to look for the next goroutine, and to sleep until a timer ends."""
    rows = (row for row in account.samples if account.place(row.stack) is None)
    return sum(row.seconds for row in rows if any(frame.function in _SCHEDULES for frame in row.stack))


def _other_calls(account: Account, place: Place, rows: list[SyscallRow]) -> list[SyscallRow]:
    """Calls made in the loop around the pause, in the same function or below it."""
    pauses = {id(row) for row in rows}
    return [
        row
        for row in account.calls
        if id(row) not in pauses and row.calls and _runs_in(row.stack, place) and not account.held_up(row)
    ]


def _new_pages(account: Account, place: Place) -> int:
    """Page faults in the loop: who touches new memory makes something."""
    return sum(row.faults for row in account.evidence.faults or () if _runs_in(row.stack, place))


def _runs_in(stack: Stack, place: Place) -> bool:
    return any(frame.file == place.file and frame.function == place.function for frame in stack)


def _examples() -> tuple[Example, ...]:
    line, ask = (python(14, "wait_for_file"),), (python(13, "wait_for_file"),)
    work = cpu((python(60, "handle"),), 3.0)
    sleeps = call("clock_nanosleep", line, 8000, seconds=9.0, blocked=8.8)
    stats = call("newfstatat", ask, 8000, on="/run/app/done", errors=8000, seconds=0.03)
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
    worker = call("futex", waits_in_node, 2400, on="futex:0x7f53", errors=2400, blocked=9.8)
    monitor = call("nanosleep", waits_in_go, 4000, blocked=9.7)
    heartbeat = call("clock_nanosleep", line, 10, blocked=10.0)
    poll = call("poll", line, 1000, blocked=9.5, empty=990)
    paced = call("sendto", ask, 2000, on="fd:4 (socket:[9])", transferred=2000 * 1200, seconds=0.1)
    java_sleep = (
        java("java.lang.Thread.sleep", "java/lang/Thread.java", 1),
        java("shop.Feed.run", "shop/Feed.java", 9),
    )
    paced_java = (
        call("futex", java_sleep, 400, on="futex:0x10", errors=400, blocked=9.9),
        call("futex", java_sleep, 800, on="futex:0x14", empty=400),
    )
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
            "a read with a deadline of 2 ms in Go",
            True,
            "of a hundred waits on each of three connections two bring something",
            _reading(misses=5000, brought=100, scheduling=0.8),
        ),
        Example(
            "connections that have something to say",
            False,
            "each read that found nothing is a wait that brings something",
            _reading(misses=5000, brought=5000, scheduling=0.8),
        ),
        Example(
            "a deadline of 100 ms",
            False,
            "ten looks a second and connection: nobody feels them",
            _reading(misses=100, brought=2, scheduling=0.1),
        ),
        Example(
            "a heartbeat between reads",
            False,
            "each time that a read runs out something is sent: a pace",
            _reading(misses=5000, brought=100, scheduling=0.8, sent=5000),
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


def _reading(*, misses: int, brought: int, scheduling: float, sent: int = 0) -> Evidence:
    """Three connections in Go, and what was read and sent on each of them."""
    line = native("main.(*desk).serve", "/srv/app", "/srv/app/main.go", 90)
    reads = (native("internal/poll.(*FD).Read", "/srv/app", "/usr/lib/go/src/internal/poll/fd_unix.go", 165), line)
    on = [f"fd:{number} (socket:[{number}])" for number in (7, 8, 9)]
    rows = [call("read", reads, misses + brought, on=each, errors=misses, transferred=20 * brought) for each in on]
    beats = [call("write", (line,), sent, on=each, transferred=20 * sent) for each in on if sent]
    work = cpu((native("runtime.findRunnable", "/srv/app", "/usr/lib/go/src/runtime/proc.go", 2700),), scheduling)
    return window(calls=(*rows, *beats), samples=(work, cpu((line,), 0.3)), threads=4)


PATTERN = Pattern(
    id="polling-loop",
    title="a thread wakes again and again to find nothing",
    sees="Short sleeps, or waits with a short time limit that mostly run out, repeated from one line; of Go, "
    "goroutines that stand in time.Sleep, by looks at the program's memory, and reads whose deadline is over.",
    costs="Every wake-up costs 10 to 50 µs of CPU and keeps the core from deep sleep; the event that is waited for "
    "is noticed up to one pause late, each time, which adds up when work passes through several such loops.",
    fix="Wait for the event itself: a condition, a queue, a blocking read, select on the descriptor, inotify.",
    fine="Slow checks (a few a second), pacing of output, hardware that has no other way to be asked.",
    thresholds=(IN_VAIN, FEW, SHORTEST, BESIDE, RATE, SHORT, FRUITLESS, FRUITFUL, ASK, WORK),
    needs=("syscalls",),
    focus=frozenset({Focus.CPU, Focus.IO, Focus.NETWORK, Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
    beats=("excessive-stat", "hot-loop"),
)
