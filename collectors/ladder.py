"""Which backend answers: the first of a question's list that can run here, and why not those before it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes import own_lines
from perfdoctor.collectors.runtimes.which import runtime_of
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, Skipped
from perfdoctor.schemas.target import Target


@dataclass(frozen=True, slots=True)
class Rung:
    """One backend of a question. ``unavailable`` looks whether it can run here for this target, cheaply; ``measure``
    runs the window. OSError or ProblemError from ``measure`` means that it could not: the next rung is tried."""

    name: str
    unavailable: Callable[[Host, Target | None], Problem | None]
    measure: Callable[[], Awaitable[Evidence]]


def must_be_asked_well(rungs: Sequence[str], backend: str, seconds: float) -> None:
    """ProblemError for an unknown backend, or a window that is not a positive, finite time."""
    if backend != "auto" and backend not in rungs:
        raise ProblemError(
            f"There is no backend {backend[:40]!r} for this question.",
            f"It can be answered by: {', '.join(rungs)}.",
            "Leave backend out (auto takes the cheapest that can run here), or name one of these.",
        )
    if not 0 < seconds < float("inf"):
        raise ProblemError(
            f"A window of {seconds} seconds cannot be measured.",
            "seconds must be a number above 0.",
            "Ask for a window of 1 to 45 seconds.",
        )


async def climb(host: Host, target: Target, backend: str, rungs: Sequence[Rung]) -> Evidence:
    """The evidence of the first rung that can answer; its collections say which were passed over and why.

    ProblemError when the named backend, or every one, refuses."""
    if not any(_is_there(host, pid) for pid in target.pids):
        raise ProblemError(
            f"Process {target.pid} ({target.name}) has ended.",
            "It was there a moment ago, when it was looked for.",
            "Call proc-find to see whether another one took its place.",
        )
    skipped: list[Skipped] = []
    problems: list[Problem] = []
    runtimes = {pid: target.runtime if pid == target.pid else runtime_of(host, pid) for pid in target.pids}
    mapped = {pid for pid in runtimes if own_lines.has_map(host, pid, runtimes[pid])}
    for rung in rungs:
        if backend not in ("auto", rung.name):
            continue
        problem = rung.unavailable(host, target)
        if problem is None:
            try:
                evidence = await rung.measure()
            except ProblemError as refusal:
                problem = refusal.problem
            except OSError as error:
                problem = Problem(
                    what=f"The backend {rung.name} could not start.",
                    why=str(error)[:600],
                    next_step="Name another backend, or call tools-check to see what this machine can run.",
                )
            else:
                mapped |= {pid for pid in runtimes if own_lines.has_map(host, pid, runtimes[pid])}
                stated = (own_lines.statement(name, mapped=pid in mapped) for pid, name in runtimes.items())
                return _with_warnings(_explained(evidence, rung.name, backend, skipped), [*filter(None, stated)])
        problems.append(problem)
        skipped.append(Skipped(backend=rung.name, why=problem.why))
    if len(problems) == 1:
        raise ProblemError(problems[0].what, problems[0].why, problems[0].next_step)
    raise ProblemError(
        "No backend on this machine can answer this question.",
        " ".join(f"{s.backend}: {s.why}" for s in skipped),
        problems[0].next_step,
    )


def _is_there(host: Host, pid: int) -> bool:
    try:
        # 42 (name, which may hold anything) Z 1 ...
        state = host.read_file(f"/proc/{pid}/stat", 4096).rpartition(b")")[2].split()[:1]
    except (FileNotFoundError, ProcessLookupError):
        return False
    except OSError:
        return True  # who may not look cannot tell
    if state not in ([b"Z"], [b"X"]):
        return True
    try:  # its first thread has ended; others may go on
        return len(host.list_folder(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def _explained(evidence: Evidence, name: str, asked: str, skipped: Sequence[Skipped]) -> Evidence:
    if asked != "auto":
        reason = "named by the caller"
    elif skipped:
        reason = "the cheapest for the target that can run here"
    else:
        reason = "the cheapest for the target"

    def explain(collection: Collection) -> Collection:
        if collection.backend != name:
            return collection
        return collection.model_copy(update={"reason": reason, "skipped": tuple(skipped)})

    parts = {part: explain(collection) for part, collection in evidence.collections.items()}
    return evidence.model_copy(update={"collections": parts})


WITH_STACKS = frozenset(
    [
        "cpu",
        "syscalls",
        "waits",
        "faults",
        "file_use",
        "disk",
        "network",
        "locks",
        "allocations",
        "functions",
        "thread_stacks",
    ]
)
"""parts of the evidence that name code"""


def _with_warnings(evidence: Evidence, warnings: Sequence[str]) -> Evidence:
    def warned(collection: Collection) -> Collection:
        return collection.model_copy(update={"warnings": tuple(dict.fromkeys((*collection.warnings, *warnings)))})

    if not warnings:
        return evidence
    parts = {
        part: warned(collection) if part in WITH_STACKS else collection
        for part, collection in evidence.collections.items()
    }
    return evidence.model_copy(update={"collections": parts})
