"""Do Python threads wait for each other's turn in the interpreter?"""

from collections import defaultdict

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, library, native, python, thread, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.diagnosis.weight import again, weigh
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.finding import Fact, Finding
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.syscalls import SyscallRow

WAITING = Threshold(
    0.2, "threads that wait on average", "less than that, and threads merely meet at the interpreter now and then"
)
COMPUTES = Threshold(
    0.1, "of the window on a core", "a thread that runs for less is served by the interpreter in passing"
)
CORES = Threshold(2, "cores", "with one core the threads would take turns without the interpreter's lock as well")


def check(account: Account) -> list[Finding]:
    if account.evidence.cores < CORES.value:
        return []
    waits: dict[int, list[SyscallRow]] = defaultdict(list)
    for row in account.calls:
        if row.syscall in calls.FUTEXES and row.blocked_seconds > 0 and account.held_up(row):
            waits[row.pid].append(row)
    found = []
    for pid, rows in waits.items():
        found += _judge(account, pid, rows)
    return found


def _judge(account: Account, pid: int, rows: list[SyscallRow]) -> list[Finding]:
    threads = [time for time in account.evidence.threads or () if time.pid == pid]
    process_time = sum(time.running for time in threads)
    # While the one that has the interpreter waits for a core, it is the machine that the others wait for.
    queued = sum(time.runnable for time in threads)
    at_work = process_time / (process_time + queued) if process_time > 0 else 1.0
    waited = at_work * sum(row.blocked_seconds for row in rows)
    if waited / account.seconds < WAITING.value:
        return []
    at: dict[Place, list[CpuRow]] = defaultdict(list)
    for sample in account.samples:
        place = account.place(sample.stack)
        if sample.pid == pid and place and not sample.kernel and sample.stack[0].kind is FrameKind.PYTHON:
            at[place].append(sample)
    if not at:
        return []
    holder = max(at, key=lambda place: sum(row.seconds for row in at[place]))
    by_function: dict[tuple[str | None, str], float] = defaultdict(float)
    for place, samples in at.items():
        by_function[place.file, place.function] += sum(row.seconds for row in samples)
    computed = by_function[holder.file, holder.function]
    stack = max(at[holder], key=lambda row: row.seconds).stack
    begins = _where_it_begins(account, stack, holder)
    many = sum(time.count for time in threads if time.running >= COMPUTES.value * account.seconds * time.count)
    waiting: dict[Place, float] = defaultdict(float)
    for row in rows:
        if place := account.place(row.stack):
            waiting[place] += row.blocked_seconds
    elsewhere = {p: s for p, s in waiting.items() if (p.file, p.function) != (holder.file, holder.function)}
    victim = max(elsewhere, key=lambda place: elsewhere[place], default=None)
    if many > 1:
        who = f"{many} threads compute in turns, most at {holder}"
        fix = (
            f"What {holder} does is Python code, and only one thread at a time runs that: give it{begins} to processes "
            "(concurrent.futures.ProcessPoolExecutor in place of the threads, with a chunk of work for each call), to "
            "native code that lets go of the interpreter (NumPy, hashlib, zlib on large data), or to a free-threaded "
            "build."
        )
    else:
        who = f"one thread computes, most at {holder}"
        fix = (
            f"Move what {holder} does{begins} out of this process (ProcessPoolExecutor, a worker of its own): the "
            "others wait up to 5 ms for the interpreter each time that they come back from the kernel"
            f"{f', most at {victim}' if victim else ''}."
        )
    return weigh(
        account,
        "gil-contention",
        title=f"{waited / account.seconds:.1f} threads on average wait for the interpreter: {who}",
        seconds=waited,
        place=holder,
        stack=stack,
        facts=(
            account.fact("syscalls", "waiting for the interpreter lock", waited / account.seconds, "threads"),
            *_held(account, pid),
            account.fact("cpu", f"CPU used in {holder.function}", computed / account.seconds, "cores"),
            account.fact("threads", "CPU used by the process", process_time / account.seconds, "cores"),
            account.fact("threads", "cores that it may use", account.evidence.cores, "cores"),
        ),
        fix=fix,
        verify=again(
            account,
            "the threads that wait for the interpreter",
            f"{waited / account.seconds:.1f}",
            "close to 0",
        ),
        confidence=0.9 if many > 1 or victim else 0.7,
    )


def _where_it_begins(account: Account, stack: Stack, holder: Place) -> str:
    """The outermost line of the user's code that leads to it: what is handed to another process may begin there."""
    own = (frame for frame in reversed(stack) if is_user_code(frame, account.evidence.user_roots))
    first = next(own, None)
    if first is None or (first.file, first.function) == (holder.file, holder.function):
        return ""
    return f" (all that {Place(first.file, first.function, first.line)} calls, or a part)"


def _held(account: Account, pid: int) -> tuple[Fact, ...]:
    """Who had the interpreter when it was looked at, where a closer look at the locks was taken."""
    told = account.evidence.locks
    use = next((use for use in told.gil if use.pid == pid and use.held), None) if told else None
    if use is None:
        return ()
    at: dict[Place, int] = defaultdict(int)
    for stack, samples in (line for holder in use.holders for line in holder.lines):
        if place := account.place(stack):
            at[place] += samples
    if not at:
        return ()
    place = max(at, key=lambda p: at[p])
    return (
        account.fact(
            "locks", f"looks at the interpreter lock that found it held by {place}", at[place] / use.held, "share"
        ),
    )


def _examples() -> tuple[Example, ...]:
    lock = "futex:0xa94b8c (interpreter)"
    loop = (native("_PyLong_Multiply"),)
    line = python(31, "score")
    run = library("threading.py", "Thread.run")
    computes = tuple(cpu((line, run), 2.4, leaf=loop) for _ in range(4))
    in_turns = call("futex", (line, run), 7000, on=lock, errors=3000, blocked=29.0)
    in_threading = call("futex", (library("threading.py", "Condition.__enter__"), line), 40, on=lock, blocked=0.2)
    four = tuple(thread(running=2.4, asleep=7.3, tid=i) for i in range(4))
    reader = python(55, "receive")
    one = (cpu((line, run), 9.0, leaf=loop), cpu((reader,), 0.4, leaf=loop))
    behind = call("futex", (reader,), 1600, on=lock, errors=1500, blocked=8.0)
    two = (thread(running=9.0, tid=1), thread(running=0.4, asleep=9.6, tid=2))
    meets = call("futex", (reader,), 300, on=lock, blocked=0.6)
    crowded = call("futex", (line, run), 900, on=lock, errors=300, blocked=3.2)
    queued = tuple(thread(running=2.4, runnable=2.8, asleep=4.5, tid=i) for i in range(4))
    table = call("futex", (python(80, "put"), run), 900, on="futex:0x7f20", blocked=8.0)
    return (
        Example(
            "four threads that compute",
            True,
            "three of four stand still at any moment, and the process uses one core of two",
            window(calls=(in_turns,), samples=computes, times=four),
        ),
        Example(
            "workers that also wait inside of threading",
            True,
            "the lock is known by its address, in whatever line it is waited for",
            window(calls=(in_turns, in_threading), samples=computes, times=four),
        ),
        Example(
            "a reader beside a computation",
            True,
            "it waits 5 ms for the interpreter after each message",
            window(calls=(behind,), samples=one, times=two),
        ),
        Example(
            "threads that meet now and then",
            False,
            "0.06 threads wait on average: they mostly sleep in the kernel",
            window(calls=(meets,), samples=one, times=two),
        ),
        Example(
            "a lock of the program's own",
            False,
            "it is waited for at one line, and not the interpreter's",
            window(calls=(table,), samples=computes, times=four),
        ),
        Example(
            "a machine with too few cores",
            False,
            "the thread that has the interpreter waits for a core half of the time, and the others with it",
            window(calls=(crowded,), samples=computes, times=queued),
        ),
        Example(
            "one core",
            False,
            "the threads could not run at once in any case",
            window(calls=(in_turns,), samples=computes, times=four, cores=1),
        ),
    )


PATTERN = Pattern(
    id="gil-contention",
    title="Python threads wait for their turn in the interpreter",
    sees="Time asleep for the interpreter lock (the GIL), by line, and the Python code that runs meanwhile.",
    costs="Only one thread at a time runs Python code: threads that compute are no faster together than one after the "
    "other, and every thread that comes back from the kernel waits up to 5 ms until a computing one lets go.",
    fix="Processes for what computes; native code that lets go of the lock; a free-threaded build.",
    fine="When the computing is short and nobody waits for an answer meanwhile.",
    thresholds=(WAITING, COMPUTES, CORES),
    needs=("syscalls", "cpu", "threads"),
    focus=frozenset({Focus.CPU, Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
    beats=("lock-contention",),
)
