"""What each line of a file cost in a window, and how its cost came there."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from perfdoctor.diagnosis.user_code import is_user_code
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Frame, FrameKind, Stack
from perfdoctor.schemas.problem import ProblemError

if TYPE_CHECKING:
    from perfdoctor.collectors.source import Source

_MOST_FILES = 200


@dataclass(slots=True)
class LineCost:
    cpu: float = 0.0
    calls: int = 0
    wait: float = 0.0
    faults: int = 0


@dataclass(slots=True)
class FileCost:
    """``lines`` by number; ``callers`` and ``callees`` of one function by place, in the unit ``unit``, of ``total``."""

    lines: dict[int, LineCost] = field(default_factory=lambda: defaultdict(LineCost))
    callers: dict[Location, float] = field(default_factory=lambda: defaultdict(float))
    callees: dict[Location, float] = field(default_factory=lambda: defaultdict(float))
    total: float = 0.0
    unit: str = ""


def file_cost(evidence: Evidence, file: str, function: str | None) -> FileCost:
    """A cost is charged to the innermost frame of ``file`` on each stack. The way to and from ``function`` is weighed
    by CPU time where it has any, else by waiting, else by system calls."""
    cost = FileCost()
    ways: dict[str, list[tuple[Stack, float]]] = {"CPU time": [], "waiting": [], "system calls": []}
    for stack, cpu, wait, calls, faults in _events(evidence):
        own = next((frame for frame in stack if frame.file == file and frame.line), None)
        if own is None or own.line is None:
            continue
        line = cost.lines[own.line]
        line.cpu, line.wait = line.cpu + cpu, line.wait + wait
        line.calls, line.faults = line.calls + calls, line.faults + faults
        for unit, weight in (("CPU time", cpu), ("waiting", wait), ("system calls", float(calls))):
            if weight:
                ways[unit].append((stack, weight))
    for unit, stacks in ways.items():
        _follow(cost, stacks, file, function)
        if cost.total:
            cost.unit = unit
            break
    return cost


def _events(evidence: Evidence) -> Iterator[tuple[Stack, float, float, int, int]]:
    """(stack, CPU seconds, seconds blocked, system calls, faults) of everything that was seen."""
    for sample in evidence.cpu.rows if evidence.cpu else ():
        yield sample.stack or sample.native, sample.seconds, 0.0, 0, 0
    for call in evidence.syscalls.rows if evidence.syscalls else ():
        yield call.stack, 0.0, call.blocked_seconds or 0.0, call.calls, 0
    for wait in evidence.waits or ():
        yield wait.stack, 0.0, wait.seconds, 0, 0
    for fault in evidence.faults or ():
        yield fault.stack, 0.0, 0.0, 0, fault.faults


def _follow(cost: FileCost, stacks: list[tuple[Stack, float]], file: str, function: str | None) -> None:
    def is_it(frame: Frame) -> bool:
        return frame.file == file and (function is None or frame.function == function)

    for stack, weight in stacks:
        inside = [i for i, frame in enumerate(stack) if is_it(frame)]
        if not inside:
            continue
        cost.total += weight
        innermost, outermost = inside[0], inside[-1]
        if outermost + 1 < len(stack):
            cost.callers[_place(stack[outermost + 1])] += weight
        if innermost > 0:
            cost.callees[_place(stack[innermost - 1])] += weight


def _place(frame: Frame) -> Location:
    return Location(file=frame.file or frame.module, line=frame.line if frame.file else None, function=frame.function)


def hottest(evidence: Evidence, cost: FileCost) -> int | None:
    """The line to show when none was named: that with the most CPU time, else waiting, else calls."""
    if not cost.lines:
        return None
    return max(cost.lines, key=lambda n: (cost.lines[n].cpu, cost.lines[n].wait, cost.lines[n].calls, -n))


def function_at(evidence: Evidence, file: str, line: int) -> str | None:
    """The function that was seen at a line."""
    for stack, *_ in _events(evidence):
        for frame in stack:
            if frame.file == file and frame.line == line:
                return frame.function
    return None


def files_seen(evidence: Evidence) -> dict[str, float]:
    """Every file on a stack, with the CPU seconds and waiting that passed through it."""
    seen: dict[str, float] = defaultdict(float)
    for stack, cpu, wait, calls, _ in _events(evidence):
        for file in {frame.file for frame in stack if frame.file}:
            seen[file] += cpu + wait + calls * 1e-9
    return seen


def own_files(evidence: Evidence, roots: tuple[str, ...]) -> set[str]:
    """The files of the user's own code on the stacks."""
    judged: set[tuple[str, str, str | None]] = set()
    own: set[str] = set()
    for stack, *_ in _events(evidence):
        for frame in stack:
            if frame.file and (key := (frame.file, frame.kind.value, frame.module)) not in judged:
                judged.add(key)
                if is_user_code(frame, roots):
                    own.add(frame.file)
    return own


def binaries_of(evidence: Evidence, file: str) -> set[str]:
    """The binaries that were built from a file, as its frames name them."""
    frames = (frame for stack, *_ in _events(evidence) for frame in stack if frame.file == file)
    return {frame.module for frame in frames if frame.module and frame.kind is FrameKind.NATIVE}


def digests(evidence: Evidence, roots: tuple[str, ...]) -> dict[str, str]:
    """What the files of the user's own on the stacks held a moment ago, the costliest first, at most 200."""
    from perfdoctor.collectors.source import Sources

    seen, own, sources = files_seen(evidence), own_files(evidence, roots), Sources(roots)
    found: dict[str, str] = {}
    for file in sorted(own, key=lambda name: -seen[name])[:_MOST_FILES]:
        with suppress(ProblemError):
            found[file] = sources.find(file).digest
    return found


def warning(evidence: Evidence, file: str, source: "Source") -> str | None:
    """What must be known of a file before its lines are believed; None where it is as it was when it ran."""
    said = []
    if source.alike:
        said.append(
            "It is the file whose path ends like the one on the stacks: the program was built elsewhere, or names "
            "only packages."
        )
    known = evidence.sources.get(file)
    if known is not None and known != source.digest:
        said.append("Its content has changed since this was measured: these are not the lines that ran.")
    elif known is None and source.modified > evidence.window.started:
        said.append("The file was changed after this was measured: lines may have moved.")
    elif _older_binary(evidence, file, source.modified):
        said.append("The file is newer than the program that was built from it: lines may have moved.")
    elif _started_before(evidence, source.modified):
        said.append(
            "The file is newer than the process, which may still run what it read when it started: lines may have "
            "moved."
        )
    return " ".join(said) or None


def changed_since(evidence: Evidence, files: Sequence[str], roots: tuple[str, ...]) -> str | None:
    """Which of some files are not what the process may have read."""
    from perfdoctor.collectors.source import Sources

    sources, changed = Sources(roots), 0
    for file in dict.fromkeys(files):
        with suppress(ProblemError):
            changed += warning(evidence, file, sources.read(file)) is not None
    if not changed:
        return None
    are = "file is" if changed == 1 else "files are"
    return f"{changed} {are} newer than the process, or changed since it was measured: it may run other lines."


def _started_before(evidence: Evidence, modified: float) -> bool:
    from perfdoctor.collectors.target import started_at

    began = started_at(evidence.target)
    # (a process that seems to have started after its window ran before the machine was started again)
    return began < modified and began <= evidence.window.started + 1


def _older_binary(evidence: Evidence, file: str, modified: float) -> bool:
    for binary in binaries_of(evidence, file):
        with suppress(OSError, ValueError):
            about = Path(binary).stat()
            if about.st_mtime < modified:
                return True
    return False
