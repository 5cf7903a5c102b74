"""Are threads started for work that a thread of a pool could do?"""

from collections import defaultdict

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, library, native, python, thread, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.user_code import basename, is_user_code
from perfdoctor.diagnosis.weight import LITTLE, again, rate, weigh
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.syscalls import SyscallRow
from perfdoctor.schemas.threads import ThreadTime

RATE = Threshold(
    20, "threads/s", "a thread for each job, job by job, is how small services are built; the cost is none"
)
COUNT = Threshold(50, "threads", "fewer in one window are workers that start")
LIFE = Threshold(0.05, "s of life on a core, on average", "a thread that computes for longer is worth its start")
WORKERS = Threshold(
    4, "workers/s", "of Node.js, which each begin with a machine of their own, to be made and warmed up"
)
WORKER_COUNT = Threshold(15, "workers", "fewer in one window are workers that start")
WORKER_LIFE = Threshold(0.3, "s of life on a core, on average", "a worker that computes for longer is worth its start")
_START_OF_WORKER = 25e-3
"""Seconds on a core that a worker of Node.js costs which does nothing (measured with 20.20: 30 to 38 ms)."""
_LONG_START = 1e-3
"""seconds that starting a thread, and ending it, takes at most"""
START = 25e-6
"""Seconds on a core that a thread's start and end cost beyond its system calls, at least: its stack is mapped and
touched, its storage set up (measured: 15 to 30 µs in C, 50 to 100 µs in Python and Java)."""
_STARTS = ("pthread_create", "allocate_stack", "__clone", "clone3", "os::create_thread", "JVM_StartThread",
           "Threads::add", "Threads::remove", "Thread::exit", "JavaThread::exit", "JavaThread::~JavaThread",
           "__nptl_deallocate_stack", "__nptl_free_tcb", "advise_stack_range", "_M_start_thread", "uv_thread_create",
           "nptl_", "thread_start")  # fmt: skip
_CLONES = ("clone", "clone3")
_ENTRIES = ("start_thread", "thread_native_entry", "Thread::call_run")
_AT_ENTRY = 3
"""frames from the inner end within which a thread's first functions are still setting it up, or taking it down"""
_REGISTERS = ("Threads::add", "Threads::remove", "JVM_StartThread", "allocate_stack", "__nptl_deallocate_stack")
"""where threads that start and end wait for each other: for the list of all threads, for the stacks of those gone"""
_PYTHON = {"Thread.start", "Thread._bootstrap", "Thread._bootstrap_inner", "Thread._set_tstate_lock", "Thread.__init__",
           "Thread._delete", "Thread._stop", "start_new_thread"}  # fmt: skip
_JAVA = ("java.lang.Thread.start", "java.lang.Thread.start0", "Thread.start")


def check(account: Account) -> list[Finding]:
    by_process: dict[int, list[ThreadTime]] = defaultdict(list)
    for time in account.evidence.threads or ():
        if time.started_in_window and time.pid:
            by_process[time.pid].append(time)
    found = []
    for pid, times in by_process.items():
        found += _judge(account, pid, times)
    return found


def _judge(account: Account, pid: int, times: list[ThreadTime]) -> list[Finding]:
    started = sum(time.count for time in times)
    ran = sum(time.running for time in times)
    per_second = started / account.seconds
    node = account.evidence.target.runtime == "node"
    count, least, life = (WORKER_COUNT, WORKERS, WORKER_LIFE) if node else (COUNT, RATE, LIFE)
    if started < count.value or per_second < least.value or ran / started > life.value:
        return []
    own = [row for row in account.calls if row.pid == pid]
    clones = [row for row in own if row.syscall in _CLONES]
    if sum(row.calls for row in clones) > 2 * started:  # most are forks
        clones = [row for row in clones if starts_thread(row.stack)]
    rows = [*clones, *(row for row in own if row.syscall not in _CLONES and starts_thread(row.stack))]
    at: dict[Place, list[SyscallRow]] = defaultdict(list)
    # (what is called beside says it too, where the stack of the call itself ends in hand-written code)
    for row in clones if any(account.place(row.stack) for row in clones) else rows:
        if place := account.place(row.stack):
            at[place].append(row)
    place = max(at, key=lambda p: sum(row.calls for row in at[p]), default=None)
    spent = _spent(account, pid, started, rows)
    lived = sum(time.wall for time in times) / started
    heaviest = max(at[place], key=lambda row: row.calls).stack if place else ()
    where = place or f"process {pid}"
    return weigh(
        account,
        "thread-churn",
        title=f"{where} starts {rate(per_second)} threads a second, each for {lived * 1000:.1f} ms",
        seconds=spent,
        place=place,
        stack=heaviest,
        facts=(
            account.fact("threads", "threads started", per_second, "threads/s"),
            account.fact("threads", "mean life of one", lived, "s"),
            account.fact("threads", "of it on a core", ran / started, "s"),
            account.fact("syscalls", "starting and ending them, at least", spent / account.seconds, "s/s"),
        ),
        fix=f"Start the threads once and hand them the work of {where} through a queue: {_pool(heaviest)}. It also "
        "bounds how many run at a time.",
        verify=again(account, f"threads started at {where}", f"{rate(per_second)}/s", "close to 0"),
        confidence=0.9 if place else 0.6,
        # (a library that starts them by itself: Java's HttpClient does for each answer, where there are two cores)
        at_most=Severity.CRITICAL if place and spent >= LITTLE.value * account.seconds else Severity.INFO,
    )


def _spent(account: Account, pid: int, started: int, rows: list[SyscallRow]) -> float:
    """Seconds that starting and ending threads took: on a core, with their part of all queueing for one, and waiting
    for each other to be entered and struck out. A wait for a new thread to come to life is none of them."""
    own = [time for time in account.evidence.threads or () if time.pid == pid]
    ran = sum(time.running for time in own)
    sampled = sum(r.seconds for r in account.samples if r.pid == pid and starts_thread(r.stack, r.native))
    on_core = sum(row.on_core_seconds for row in rows)
    queued = 1 + sum(time.runnable for time in own) / ran if ran > 0 else 1.0
    registered = sum(r.blocked_seconds for r in rows if any(f.function.startswith(_REGISTERS) for f in r.stack))
    if account.evidence.target.runtime == "node":
        return min(ran, max(sampled, started * _START_OF_WORKER + on_core)) * queued + registered
    # (with a few samples, whatever else they fell upon there would pass for the start of some hundred threads)
    sampled = min(sampled, started * _LONG_START)
    return min(ran, max(sampled, started * START + on_core)) * queued + registered


def starts_thread(stack: Stack, native: Stack = ()) -> bool:
    """Whether what runs or waits at the inner end of the stack is a thread that is being started or ended."""
    if any(frame.function.startswith(_ENTRIES) for frame in (*native, *stack)[:_AT_ENTRY]):
        return True
    for frame in (*native[:6], *stack):
        if frame.kind is FrameKind.PYTHON:
            if basename(frame.file) == "threading.py" and frame.function in _PYTHON:
                return True
        elif frame.function.startswith(_JAVA) or any(name in frame.function for name in _STARTS):
            return True
        if is_user_code(frame):
            return False
    return False


def _pool(stack: Stack) -> str:
    kind = next((frame.kind for frame in stack), FrameKind.NATIVE)
    if kind is FrameKind.PYTHON:
        return "concurrent.futures.ThreadPoolExecutor, made once"
    if any(frame.kind is FrameKind.JAVASCRIPT for frame in stack):
        return "as many workers as cores, made once, which take the next piece by postMessage (as piscina does)"
    if kind is FrameKind.JAVA:
        return "an ExecutorService, made once (Executors.newFixedThreadPool), or virtual threads"
    return "a fixed set of threads that wait on a condition variable"


def _examples() -> tuple[Example, ...]:
    line = python(44, "handle")
    start = (library("threading.py", "Thread.start"), line)
    clones = call("clone3", start, 9000, seconds=0.5)
    maps = call("mmap", start, 9000, seconds=0.4)
    born = thread(running=1.5, asleep=3.0, count=9000, born=True)
    main = thread(running=4.0, asleep=5.5, tid=1)
    starting = cpu(start, 2.0)
    body = cpu((python(50, "job"), library("threading.py", "Thread.run")), 1.5)
    in_c = (native("__clone3", "/lib/libc.so.6"), native("submit", "/srv/app", "/srv/app.c", 77))
    started = Frame(kind=FrameKind.JAVA, function="Fanout.main", file="/srv/Fanout.java", line=101)
    machine = "/usr/lib/jvm/lib/server/libjvm.so"
    registers = call(
        "futex",
        (native("__lll_lock_wait"), native("Mutex::lock()", machine), native("Threads::remove(JavaThread*)", machine)),
        9000,
        on="futex:0x7f10",
        blocked=6.0,
    )
    jobs = thread(running=9.0, asleep=30.0, count=40, born=True)
    quiet = thread(running=0.7, asleep=0.2, count=300, born=True)
    few = call("clone3", start, 40, seconds=0.01)
    long = thread(running=14.0, asleep=3.0, count=60, born=True)
    return (
        Example(
            "a thread for each request",
            True,
            "900 a second, each for half a millisecond, and their start takes more than their work",
            window(calls=(clones, maps), samples=(starting, body), times=(born, main)),
        ),
        Example(
            "a thread for each job in C",
            True,
            "the start in the kernel takes as long as what the thread does",
            window(
                calls=(call("clone3", in_c, 40_000, seconds=2.0),),
                samples=(cpu((native("work", "/srv/app", "/srv/app.c", 20),), 3.0),),
                times=(thread(running=3.0, count=40_000, asleep=1.0, born=True), main),
            ),
        ),
        Example(
            "a thread for each message in Java",
            True,
            "they wait for each other at the machine's list of threads, and for a core",
            window(
                calls=(call("clone3", (started,), 10_000, seconds=0.2), registers),
                samples=(cpu((started,), 1.0),),
                times=(thread(running=2.0, runnable=3.0, asleep=8.0, count=10_000, born=True), main),
            ),
        ),
        Example(
            "a thread for each request of a quiet service",
            False,
            "30 a second: little is to be won, however idle the rest is",
            window(calls=(call("clone3", start, 300, seconds=0.01),), samples=(body,), times=(quiet, main)),
        ),
        Example(
            "threads that a library starts by itself",
            False,
            "no line of the program's own starts them: a note",
            window(
                calls=(call("clone3", (native("__clone3", "/lib/libc.so.6"),), 9000, seconds=0.9),), times=(born, main)
            ),
        ),
        Example(
            "a service with few requests",
            False,
            "four threads a second: nobody could measure what a pool would save",
            window(calls=(few,), samples=(body,), times=(jobs, main)),
        ),
        Example(
            "threads that compute for long",
            False,
            "each lives for its computation, beside which its start is nothing",
            window(calls=(call("clone3", start, 60, seconds=0.01),), samples=(cpu((line,), 14.0),), times=(long, main)),
        ),
        Example(
            "a pool that stays",
            False,
            "no thread was started",
            window(samples=(body,), times=(thread(running=1.5, asleep=8.0), main)),
        ),
    )


PATTERN = Pattern(
    id="thread-churn",
    title="threads are started for work that a pool could do",
    sees="Threads that were started and ended in the window, how long they lived, and what it took to start them.",
    costs="A thread costs 20 to 100 µs on a core to start and end (its stack is mapped, touched and unmapped, under a "
    "lock of the whole address space), a worker of Node.js 30 ms; and nothing bounds how many there are under load.",
    fix="A pool: threads that are started once and take work from a queue.",
    fine="Few threads, or long work in each.",
    thresholds=(RATE, COUNT, LIFE, LITTLE, WORKERS, WORKER_COUNT, WORKER_LIFE),
    needs=("threads", "syscalls"),
    focus=frozenset({Focus.CPU, Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
)
