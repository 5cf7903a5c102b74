"""Are processes started for work that a call could do?"""

from collections import defaultdict

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, library, python, window
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.pool_makers import maker_of
from perfdoctor.diagnosis.user_code import basename
from perfdoctor.diagnosis.weight import again, rate, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.ledger import State
from perfdoctor.schemas.syscalls import SyscallRow
from perfdoctor.schemas.threads import ChildProcess, PoolLine

RATE = Threshold(1, "processes/s", "a few workers at the start are what processes are for")
FEW = Threshold(5, "processes/s", "so few are a batch each, as long as they are not dear")
DEAR = Threshold(
    0.1, "s of processes, and of starting them, each second", "what a tenth of a core goes to is worth a look"
)
COUNT = Threshold(5, "processes", "fewer in one window may be chance")
LIFE = Threshold(1.0, "s of life, on average", "a process that lives longer does work that is worth a process")
_POOLS = {("pool.py", "_repopulate_pool_static"), ("process.py", "_adjust_process_count"),
          ("process.py", "_spawn_process")}  # fmt: skip
"""of multiprocessing.Pool and ProcessPoolExecutor"""
_AROUND_A_CHILD = 2e-3
"""Seconds of interpreter code around starting a process and reading its output, at most."""


def check(account: Account) -> list[Finding]:
    children = account.evidence.children or ()
    started = sum(child.started for child in children)
    lived = sum(child.seconds for child in children) / started if started else 0.0
    if started < COUNT.value or started / account.seconds < RATE.value or lived > LIFE.value:
        return []
    forks: dict[Place | None, list[SyscallRow]] = defaultdict(list)
    for row in account.calls:
        if row.syscall in calls.STARTS_CHILD and not _starts_thread(row) and row.pid:
            forks[account.place(row.stack)].append(row)
    if len(forks) > 1:
        forks.pop(None, None)  # a shell between us and the program: it was started at one of the lines
    elif forks.keys() == {None} and (told := _pool(account, forks[None]) or _most_waited(account)):
        forks = {told: forks[None]}  # (Go's own vfork leaves no way back to its callers)
    total = sum(row.calls for rows in forks.values() for row in rows)
    followed = any(thread.pid != account.evidence.target.pid for thread in account.evidence.threads or ())
    theirs = sum(child.seconds for child in children) if followed else 0.0
    found = []
    for place, rows in forks.items() if total else [(None, [])]:
        part = sum(row.calls for row in rows) / total if total else 1.0
        found += _judge(account, place, rows, started=started * part, theirs=theirs * part)
    return found


def _pool(account: Account, rows: list[SyscallRow]) -> Place | None:
    """The line that makes the pool whose own thread starts these processes, since it ends them after each piece."""
    return maker_of(account, {row.pid for row in rows}) if _are_of_a_pool(rows) else None


def _are_of_a_pool(rows: list[SyscallRow]) -> bool:
    """Whether it is a pool's thread that starts most of them (of some the stack may be cut short)."""
    of_pool = [r for r in rows if any((basename(f.file), f.function.rpartition(".")[2]) in _POOLS for f in r.stack)]
    return sum(row.calls for row in of_pool) > 0.5 * sum(row.calls for row in rows)


def _most_waited(account: Account) -> Place | None:
    """The line that waits most often for a child."""
    waits: dict[Place, int] = defaultdict(int)
    for row in account.calls:
        if row.syscall in calls.WAITS_FOR_CHILD and (place := account.place(row.stack)):
            waits[place] += row.calls
    return max(waits, key=lambda place: waits[place], default=None)


def _judge(
    account: Account,
    place: Place | None,
    rows: list[SyscallRow],
    *,
    started: float,
    theirs: float,
) -> list[Finding]:
    """``started`` processes of this place, which lived for ``theirs`` seconds (0 when nobody followed them)."""
    children = account.evidence.children or ()
    same = [
        row for row in account.calls if row.pid and place and _function(account.place(row.stack)) == _function(place)
    ]
    waiting = [row for row in same if row.syscall not in calls.STARTS_CHILD and account.state(row) is State.CHILD]
    spent = sum(row.seconds for row in (*rows, *waiting))
    program = max(children, key=lambda child: child.started)
    others = f" and {len(children) - 1} other programs" if len(children) > 1 else ""
    per_second = started / account.seconds
    lived = sum(child.seconds for child in children) / max(1, sum(child.started for child in children))
    at = place or f"process {account.evidence.target.pid}"
    name = quoted(basename(program.program), 40)
    cost = spent + theirs + account.beside([*rows, *waiting], _AROUND_A_CHILD)
    few = per_second < FEW.value and cost < DEAR.value * account.seconds
    cure = (
        "let the workers of the pool live on (no maxtasksperchild or max_tasks_per_child, or a high one)"
        if _are_of_a_pool(rows)
        else f"do what {name} does inside of the process (a library call), give one process many items at once, or "
        "keep a worker running and send it the work (multiprocessing.Pool, a socket)"
    )
    return weigh(
        account,
        "process-churn",
        title=f"{at} starts {rate(per_second)} processes a second ({name}{others})",
        seconds=cost,
        place=place,
        stack=max(rows, key=lambda row: row.seconds).stack if rows else (),
        facts=(
            account.fact("syscalls", f"processes started, most {quoted(program.program)}", per_second, "processes/s"),
            account.fact("syscalls", "mean life of one", lived, "s"),
            account.fact("syscalls", "time to start them and wait for them", spent / account.seconds, "s/s"),
            account.fact("syscalls", "time that they lived", theirs / account.seconds, "s/s"),
        ),
        fix=f"At {at}: {cure}.",
        verify=again(account, f"processes started at {at}", f"{rate(per_second)}/s", "close to 0"),
        confidence=0.9 if place else 0.6,
        at_most=Severity.INFO if few else Severity.CRITICAL,
    )


def _starts_thread(row: SyscallRow) -> bool:
    return any(basename(frame.file) == "threading.py" or "pthread_create" in frame.function for frame in row.stack[:4])


def _function(place: Place | None) -> tuple[str | None, str] | None:
    return (place.file, place.function) if place else None


def _examples() -> tuple[Example, ...]:
    line = python(19, "thumbnail")
    popen = (library("subprocess.py", "Popen._execute_child"), library("subprocess.py", "run"), line)
    wait = (library("subprocess.py", "Popen._communicate"), library("subprocess.py", "run"), line)
    work = cpu((python(60, "handle"),), 2.0)
    rows = (call("vfork", popen, 900, seconds=1.5, blocked=1.2), call("poll", wait, 900, blocked=4.0))
    lost = call("clone", (library("asm_linux_amd64.s", "syscall.rawVforkSyscall"),), 900, seconds=1.5, blocked=1.2)
    waited = call("wait4", wait, 900, blocked=4.0)
    grows = (
        library("multiprocessing/popen_fork.py", "Popen._launch"),
        library("multiprocessing/popen_fork.py", "Popen.__init__"),
        library("multiprocessing/context.py", "ForkProcess._Popen"),
        library("multiprocessing/process.py", "BaseProcess.start"),
        library("multiprocessing/pool.py", "Pool._repopulate_pool_static"),
        library("threading.py", "Thread.run"),
    )
    renewed = window(
        calls=(call("clone", grows, 240, seconds=1.0), call("clone", grows[:4], 9, seconds=0.1)),
        samples=(work,),
        children=(ChildProcess(program="(fork)", started=240, ended=238, seconds=8.0, cpu_seconds=1.1),),
    )
    made = PoolLine(pid=renewed.target.pid, file="/srv/app/plates.py", line=126)
    short = ChildProcess(program="/usr/bin/convert", started=900, ended=900, seconds=4.5, cpu_seconds=2.0)
    workers = ChildProcess(program="(fork)", started=4, ended=0, seconds=38.0, cpu_seconds=30.0)
    jobs = ChildProcess(program="/usr/bin/cc1", started=12, ended=11, seconds=20.0, cpu_seconds=19.0)
    return (
        Example(
            "a program run for each request",
            True,
            "90 processes a second, each for 5 ms",
            window(calls=rows, samples=(work,), children=(short,)),
        ),
        Example(
            "a program run by Go, whose vfork hides its callers",
            True,
            "the line that waits for the children started them",
            window(calls=(lost, waited), samples=(work,), children=(short,)),
        ),
        Example(
            "a pool whose workers do one piece each",
            True,
            "its own thread starts the next, at no line of the program; there is one that makes the pool",
            renewed.model_copy(update={"pools": (made,)}),
        ),
        Example(
            "a program run twice a second for a batch",
            False,
            "each for 5 ms: a hundredth of a core",
            window(
                calls=tuple(row.model_copy(update={"calls": 20, "seconds": row.seconds / 45}) for row in rows),
                samples=(cpu((line,), 0.2),),
                children=(short.model_copy(update={"started": 20, "seconds": 0.1}),),
            ),
        ),
        Example("a pool that starts", False, "four workers that stay", window(samples=(work,), children=(workers,))),
        Example(
            "a build",
            False,
            "each compiler lives for more than a second",
            window(calls=(call("wait4", (line,), 12, blocked=8.0),), samples=(work,), children=(jobs,)),
        ),
    )


PATTERN = Pattern(
    id="process-churn",
    title="processes are started for work that a call could do",
    sees="Many processes started in the window that live briefly, and the time that their parent spends to start "
    "them and to wait.",
    costs="A process costs 1 to 5 ms to start and load (an interpreter 20 to 100 ms), before it does anything; a "
    "large parent pays more, for the copy of its page tables.",
    fix="A library call instead of a program; many items for one process; a worker that stays.",
    fine="Isolation that is wanted (untrusted input), build tools and shells, whose purpose it is.",
    thresholds=(RATE, FEW, DEAR, COUNT, LIFE),
    needs=("syscalls", "children"),
    focus=frozenset({Focus.CPU, Focus.IO, Focus.CONCURRENCY}),
    check=check,
    examples=_examples,
    beats=("thread-churn", "polling-loop", "hot-loop", "small-io", "open-close-churn", "excessive-stat"),
)
