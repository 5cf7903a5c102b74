"""What each line of a file cost in a window, and how its cost came there."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Frame, Stack


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
