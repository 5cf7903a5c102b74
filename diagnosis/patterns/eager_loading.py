"""Does a start take long because it loads code that it may not need?"""

from collections import defaultdict
from itertools import pairwise

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import call, cpu, native, python, window
from perfdoctor.diagnosis.language import Language, language_of
from perfdoctor.diagnosis.loading import importing_lines, is_loading
from perfdoctor.diagnosis.pattern import Example, Focus, Hindrance, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.weight import again, percent, weigh
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Frame, Stack
from perfdoctor.schemas.syscalls import SyscallRow

STARTING = Threshold(
    60, "seconds of age when the window began", "a program that is older has loaded what it needs to start"
)
FELT = Threshold(0.3, "seconds", "a start that loads for a shorter time is not felt by anybody who waits for it")
DEEPER = Threshold(
    0.7, "of an import's time", "when most of it is inside another import, that one is the line to look at"
)

_CURES = {
    Language.PYTHON: "import it in the function that needs it, or lazily (a module's __getattr__, "
    "importlib.util.LazyLoader); "
    "import the part that is used instead of the whole package; python -X importtime lists what each import costs",
    Language.JAVASCRIPT: "require it in the function that needs it (or await import()), bundle and tree-shake what "
    "is left, "
    "and use node's compile cache",
}
_PLAIN_CURE = "load it when it is first needed, and only the part that is"


def check(account: Account) -> list[Finding]:
    loading = [row for row in account.samples if _is_of_a_start(account, row.pid) and _is_loading(account, row.stack)]
    # (a thread that waits for its next work may have loaded something just before: code is not loaded by sleeping)
    reads = [
        row
        for row in account.calls
        if row.syscall not in calls.FUTEXES | calls.POLLS | calls.SLEEPS
        and _is_of_a_start(account, row.pid)
        and _is_loading(account, row.stack)
    ]
    cost = account.cpu_cost(loading) + sum(row.blocked_seconds for row in reads)
    if cost < FELT.value:
        return []
    line = _deciding_line(account, loading)
    if line is None:
        return []
    place = Place(line.file, line.function, line.line)
    stack = next(row.stack for row in loading if any(frame == line for frame in row.stack))
    share = account.share(cost)
    opened = sum(row.calls - row.errors for row in reads if row.syscall in calls.OPENS)
    facts = [
        account.fact("cpu", "time spent loading code", cost, "s"),
        account.fact(
            "cpu", f"of it below {place}", _below(account, loading, line) / max(_seconds(loading), 1e-9), "share"
        ),
    ]
    if opened:
        facts.append(account.fact("syscalls", "files opened for it", opened, "files"))
    started = len({row.pid for row in loading if row.pid not in account.evidence.target.pids})
    who = f"{started} processes that were started loaded code for" if started > 1 else "The start loads code for"
    cure = _CURES.get(language_of(line), _PLAIN_CURE)
    return weigh(
        account,
        "eager-loading",
        title=f"{who} {cost:.1f} s ({percent(share)} of busy time), most of it at {place}",
        seconds=cost,
        place=place,
        stack=stack,
        facts=tuple(facts),
        fix=f"If what {place} loads is not needed by every start: {cure}.",
        verify=again(account, "the time spent loading", f"{cost:.1f} s", "a small part of it")
        + " Begin it at the start.",
        # That it takes the time is measured; whether the program could do without is for its owner to say.
        confidence=0.7,
        at_most=Severity.WARNING,
    )


def cannot(account: Account) -> Hindrance | None:
    age = account.evidence.age
    if age is None or age <= STARTING.value:
        return None
    if any(_is_of_a_start(account, row.pid) for row in account.samples):
        return None
    long = f"{age / 3600:.0f} hours" if age > 7200 else f"{age / 60:.0f} minutes"
    return Hindrance(
        why=f"it had been running for {long}: what it loaded at its start is not in this window",
        enable="eager-loading: run diagnose in the first seconds after a start.",
    )


def _is_of_a_start(account: Account, pid: int) -> bool:
    evidence = account.evidence
    if pid in evidence.target.pids:
        return evidence.age is not None and evidence.age <= STARTING.value
    was_there = any(t.pid == pid and t.tid == pid and not t.started_in_window for t in evidence.threads or ())
    return not was_there


def _is_loading(account: Account, stack: Stack) -> bool:
    return is_loading(stack, account.evidence.user_roots)


def _deciding_line(account: Account, rows: list[CpuRow]) -> Frame | None:
    """The line whose import holds most: the outermost, or one inside of it that holds nearly all of that."""
    held: dict[Frame, float] = defaultdict(float)
    inside: dict[Frame, dict[Frame, float]] = defaultdict(lambda: defaultdict(float))
    outermost: dict[Frame, float] = defaultdict(float)
    for row in rows:
        lines = importing_lines(row.stack, account.evidence.user_roots)
        for inner, outer in pairwise(lines):
            inside[outer][inner] += row.seconds
        for line in set(lines):
            held[line] += row.seconds
        if lines:
            outermost[lines[-1]] += row.seconds
    # (a worker of multiprocessing begins in <string>, and runs the main module from there)
    at = max(outermost, key=lambda line: (not (line.file or "<").startswith("<"), outermost[line]), default=None)
    seen = set()
    while at is not None and at not in seen:
        seen.add(at)
        within = inside[at]
        deeper = max(within, key=within.__getitem__, default=None)
        if deeper is None or within[deeper] < DEEPER.value * held[at]:
            break
        at = deeper
    return at


def _below(account: Account, rows: list[CpuRow], line: Frame) -> float:
    return _seconds([row for row in rows if line in importing_lines(row.stack, account.evidence.user_roots)])


def _seconds(rows: list[CpuRow]) -> float:
    return sum(row.seconds for row in rows)


def _starting(samples: tuple[CpuRow, ...], reads: tuple[SyscallRow, ...] = (), age: float = 0.5) -> Evidence:
    return window(samples=samples, calls=reads).model_copy(update={"age": age})


def _examples() -> tuple[Example, ...]:
    loop = native("_PyEval_EvalFrameDefault")
    loader = (
        python(241, "_call_with_frames_removed", "<frozen importlib._bootstrap>"),
        python(1178, "_find_and_load", "<frozen importlib._bootstrap>"),
    )
    main = python(3, "<module>")
    package = python(7, "<module>", "/usr/lib/python3/dist-packages/heavy/__init__.py")
    loads: Stack = (package, *loader, main)
    reads = call("openat", loads, 900, on="/usr/lib/python3/dist-packages/heavy/part.py", seconds=0.2, blocked=0.1)
    work = cpu((python(40, "serve"), python(60, "main"), main), 4.0, leaf=(loop,))
    serves = cpu(
        (python(40, "serve", "/srv/app/server.py"), python(9, "<module>", "/srv/app/server.py"), *loader, main), 5.0
    )
    return (
        Example(
            "a start that imports a large package",
            True,
            "half of the time after the start is below one import",
            _starting((cpu(loads, 4.0, leaf=(loop,)), work), (reads,)),
        ),
        Example(
            "a server that runs inside of an import",
            False,
            "its module has begun long ago: what runs is a function, and no loading",
            _starting((serves,)),
        ),
        Example(
            "a quick start",
            False,
            "0.2 s are not felt",
            _starting((cpu(loads, 0.2, leaf=(loop,)), work)),
        ),
        Example(
            "an old process that imports late",
            False,
            "it was started an hour ago: its start is not in the window",
            _starting((cpu(loads, 4.0, leaf=(loop,)), work), age=3600),
        ),
    )


PATTERN = Pattern(
    id="eager-loading",
    title="a start loads code that it may not need",
    sees="A process in its first minute, or children that start in the window, with modules being loaded on their "
    "stacks "
    "(Python's importlib, Node.js's require and import) and the files that they open; the line of your code whose "
    "import "
    "holds most of it.",
    costs="Everybody who starts the program waits for it, each worker and each test run too, and what is loaded "
    "stays in "
    "memory.",
    fix="Load what only some need when they need it; import the part instead of the whole; start workers from a "
    "process "
    "that has loaded already.",
    fine="A server that starts once a month and needs all of it.",
    thresholds=(STARTING, FELT, DEEPER),
    needs=("cpu",),
    focus=frozenset({Focus.CPU, Focus.MEMORY}),
    check=check,
    examples=_examples,
    beats=("hot-loop", "repeated-computation", "gc-pressure", "allocation-churn"),
    cannot=cannot,
)
