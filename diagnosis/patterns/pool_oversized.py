"""Do far more threads compute than there are cores?"""

from collections import defaultdict

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, library, native, python, thread, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.pool_makers import maker_of
from perfdoctor.diagnosis.small_pieces import Pieces, handed_over
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.diagnosis.weight import again, rate, weigh
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.syscalls import SyscallRow
from perfdoctor.schemas.threads import ThreadTime

WANTS = Threshold(
    0.8,
    "of what a thread spends on a core or asleep, on a core",
    "it computes, whatever else runs on the machine: a thread that waits for something in between leaves room",
)
PER_CORE = Threshold(
    4, "computing threads for each core", "twice as many as cores is a common rule, and evens out uneven work"
)
HOLD = Threshold(0.5, "of all cores, held by these threads", "else it is others that they wait for")
LIFE = Threshold(0.5, "of the window", "a pool's threads stay; those that come and go are counted by thread-churn")
PIECE = Threshold(
    25e-6, "s of CPU for each piece of work, the waking counted", "to sleep and to be woken takes some 5 to 10 µs of it"
)
HANDED = Threshold(0.25, "of their CPU time, in the calls that wake and wait", "else it is the work that takes it")


def check(account: Account) -> list[Finding]:
    cores = max(1, account.evidence.cores)
    if found := _too_many(account, cores):
        return found
    crowds = handed_over(account, PER_CORE.value * cores)
    return [finding for pid, pieces in crowds.items() for finding in _too_small(account, cores, pid, pieces)]


def _too_many(account: Account, cores: int) -> list[Finding]:
    by_process = _compute(account)
    if sum(time.count for times in by_process.values() for time in times) < PER_CORE.value * cores:
        by_process = _stand_in_line(account, cores)
    every = [time for times in by_process.values() for time in times]
    threads = sum(time.count for time in every)
    ran = sum(time.running for time in every)
    queued = sum(time.runnable for time in every)
    if threads < PER_CORE.value * cores:
        return []
    samples: dict[Place, list[CpuRow]] = defaultdict(list)
    for row in account.samples:
        if row.pid in by_process and (place := account.place(row.stack)):
            samples[place].append(row)
    place = max(samples, key=lambda p: sum(row.seconds for row in samples[p]), default=None)
    switches = sum(time.involuntary_switches for time in every)
    stack = account.top_stack(samples[place]) if place else ()
    at = place or "unknown lines"
    begins = next(
        (f for f in reversed(stack) if f.file and f.line and is_user_code(f, account.evidence.user_roots)), None
    )
    entry = Place(begins.file, begins.function, begins.line) if begins else place
    where = f"{at}, in what begins at {entry}" if entry != place else f"{at}"
    made = maker_of(account, by_process)
    if made:
        where += f" (made at {made})"
    what = "processes" if len(by_process) > 1 and len(by_process) == threads else "threads"
    return weigh(
        account,
        "pool-oversized",
        title=f"{threads} {what} compute on {cores} core{'s' if cores > 1 else ''}, most at {where}: each runs "
        f"{100 * ran / (ran + queued):.0f} % of the time that it could",
        seconds=queued,
        place=made or place,
        stack=stack,
        facts=(
            account.fact("threads", f"{what} that want a core", threads, what),
            account.fact("threads", "ready, and waiting for a core", queued / account.seconds, what),
            account.fact("threads", "on a core", ran / account.seconds, what),
            account.fact("threads", "taken off the core by another", switches / account.seconds, "switches/s"),
        ),
        fix=f"Let no more than {cores} {what} do at a time what {at} does (one for each core: os.cpu_count(), "
        "availableProcessors(), hardware_concurrency()), and let the work wait in a queue instead: each piece is done "
        "sooner, none of the caches is lost to another, and memory and locks are held for less long.",
        verify=again(account, f"{what} that wait for a core", rate(queued / account.seconds), "less than 1"),
        confidence=0.85,
        # The cores are full either way: what is lost is how soon each piece of work is done.
        at_most=Severity.WARNING,
    )


def _too_small(account: Account, cores: int, pid: int, pieces: Pieces) -> list[Finding]:
    """A crowd of workers, among whom the work is cut up so small that waking them takes as long as doing it."""
    if not pieces.cpu or pieces.cpu > PIECE.value * pieces.number or pieces.handing < HANDED.value * pieces.cpu:
        return []
    hands = account.place(pieces.stack)
    made = maker_of(account, (pid,))
    each = 1e6 * pieces.cpu / pieces.number
    many = pieces.number / account.seconds
    return weigh(
        account,
        "pool-oversized",
        title=f"{pieces.threads} threads on {cores} core{'s' if cores > 1 else ''} are handed {many:,.0f} pieces of "
        f"work a second, of {each:.0f} µs each{f', at {hands}' if hands else ''}{f' (made at {made})' if made else ''}"
        f": waking them and waiting takes {100 * pieces.handing / pieces.cpu:.0f} % of their CPU time",
        seconds=pieces.handing + pieces.in_line,
        place=made or hands,
        stack=pieces.stack,
        facts=(
            account.fact("threads", "threads that work is handed to", pieces.threads, "threads"),
            account.fact("syscalls", "pieces of work", many, "waits/s"),
            account.fact("threads", "CPU for each piece", each, "µs"),
            account.fact("syscalls", "CPU in the calls that wake and wait", pieces.handing / account.seconds, "cores"),
            account.fact("syscalls", "woken, and waiting for a core", pieces.in_line / account.seconds, "threads"),
        ),
        fix=f"Make as many workers as there are cores ({cores}), and hand each a share of the whole at "
        f"{hands or 'once'}, instead of one small piece after the other: what takes {each:.0f} µs is done sooner than "
        "another thread is woken.",
        verify=again(account, "pieces of work that are handed over", rate(many), "a tenth of it"),
        confidence=0.8,
        at_most=Severity.WARNING,
    )


def _compute(account: Account) -> dict[int, list[ThreadTime]]:
    """Threads that want a core all the time, by process."""
    found: dict[int, list[ThreadTime]] = defaultdict(list)
    for time in account.evidence.threads or ():
        wants = time.running >= WANTS.value * (time.running + time.in_syscall + time.elsewhere)
        if _stays(account, time) and time.running > 0 and wants:
            found[time.pid].append(time)
    return found


def _stand_in_line(account: Account, cores: int) -> dict[int, list[ThreadTime]]:
    """Threads that wait for each other in between (at a barrier, for their turn), where many are ready at any moment
    and they hold the cores themselves."""
    found: dict[int, list[ThreadTime]] = defaultdict(list)
    for time in account.evidence.threads or ():
        if _stays(account, time) and time.runnable > time.running > 0:
            found[time.pid].append(time)

    def is_crowd(times: list[ThreadTime]) -> bool:
        ready, ran = sum(time.runnable for time in times), sum(time.running for time in times)
        return ready >= PER_CORE.value * cores * account.seconds and ran >= HOLD.value * cores * account.seconds

    return {pid: times for pid, times in found.items() if is_crowd(times)}


def _stays(account: Account, time: ThreadTime) -> bool:
    return time.wall >= LIFE.value * account.seconds * time.count


def _examples() -> tuple[Example, ...]:
    line = native("scale", "/srv/resize", "/srv/resize.c", 40)
    work = (cpu((line,), 19.8, thread="resize"),)
    crowd = (thread(running=19.8, runnable=300.0, count=32, switches=5000),)
    pair = (thread(running=9.9, runnable=0.1, tid=1), thread(running=9.9, runnable=0.1, tid=2))
    clients = tuple(thread(running=0.5, runnable=0.1, asleep=9.4, tid=i) for i in range(32))
    waits = call("recvfrom", (python(9, "fetch"), library("threading.py", "Thread.run")), 900, blocked=300.0)
    steps = tuple(thread(running=0.15, runnable=3.5, asleep=6.3, tid=i) for i in range(96))
    waits_for_work = (
        native("pthread_cond_wait", "/lib/x86_64-linux-gnu/libc.so.6"),
        native("work", "/srv/drift", "/srv/drift.cpp", 9),
    )
    hands = (
        native("pthread_cond_signal", "/lib/x86_64-linux-gnu/libc.so.6"),
        native("ask", "/srv/drift", "/srv/drift.cpp", 40),
    )

    def handed(pieces: int) -> tuple[SyscallRow, ...]:
        waited = call("futex", waits_for_work, pieces, seconds=1200 + 5e-6 * pieces, blocked=1200)
        return waited, call("futex", hands, pieces, seconds=3e-6 * pieces)

    crew = tuple(thread(running=0.06, asleep=9.94, tid=i, woken=5000) for i in range(128))
    others = tuple(thread(running=0.3, runnable=8.0, asleep=1.7, tid=i) for i in range(12))
    return (
        Example(
            "a computing pool of 32 threads on two cores",
            True,
            "30 of them stand in line at any moment",
            window(samples=work, times=crowd),
        ),
        Example(
            "96 threads that meet after each step",
            True,
            "33 are ready at any moment, and the others wait for these at a barrier",
            window(samples=(cpu((line,), 14.0),), times=steps),
        ),
        Example(
            "128 threads that are handed 64,000 pieces of 12 µs a second",
            True,
            "they are woken and sleep again for each, which takes as long as the work",
            window(calls=handed(640_000), samples=(cpu(waits_for_work[1:], 7.7),), times=crew),
        ),
        Example(
            "128 threads that are handed 4,000 pieces of 200 µs a second",
            False,
            "what waking them takes is little beside the work",
            window(calls=handed(40_000), samples=(cpu(waits_for_work[1:], 7.7),), times=crew),
        ),
        Example(
            "a thread for each core", False, "nobody stands in line: the pool fits", window(samples=work, times=pair)
        ),
        Example(
            "32 threads that wait for a peer",
            False,
            "they sleep for most of the time, which is what many threads are for",
            window(calls=(waits,), samples=(cpu((python(9, "fetch"),), 16.0),), times=clients),
        ),
        Example(
            "a dozen threads on a crowded machine",
            False,
            "they wait for a core most of the time, and would sleep instead if they got one: others hold it",
            window(samples=(cpu((line,), 3.6),), times=others),
        ),
    )


PATTERN = Pattern(
    id="pool-oversized",
    title="far more threads compute than there are cores",
    sees="Threads that want a core all the time, counted, beside the cores and the time that they stand in line. And "
    "threads that are woken for each of many small pieces of work, by what waking them takes.",
    costs="No work is done sooner, since the cores are full with as many threads as there are cores. Each piece takes "
    "as many times longer as threads share a core; every switch throws what the caches held; locks are held by threads "
    "that do not run.",
    fix="As many computing threads as cores, and a queue before them; a pool of its own for work that waits.",
    fine="Batch work of which only the end counts, where the threads hold little memory and no locks.",
    thresholds=(WANTS, PER_CORE, HOLD, LIFE, PIECE, HANDED),
    needs=("threads", "cpu"),
    focus=frozenset({Focus.CPU, Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
)
