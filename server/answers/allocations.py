"""Where memory came from: pages by the line that touched them, blocks by the line that allocated them."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from perfdoctor.diagnosis.keeping import Keeping, keeping
from perfdoctor.diagnosis.memory_trend import steady
from perfdoctor.schemas.allocations import AllocationProfile, AllocationRow, MappedKind, Mode
from perfdoctor.schemas.allocations_answer import AllocationLine, MemoryAnswer, TouchedLine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.memory import MemoryTrend
from perfdoctor.schemas.recording import Collection, NextCall
from perfdoctor.server.answers.place import Cut, Places
from perfdoctor.server.formatters.words import count, percent, place, quantity

_TAKEN = (MappedKind.ANONYMOUS, MappedKind.FILE, MappedKind.HEAP_GROWN, MappedKind.LARGER)
_TURNED_OVER = 0.5
"""of the blocks that are left: when as many older ones were freed meanwhile, what is left took their place"""


@dataclass(slots=True)
class _Touched:
    faults: int = 0
    taken: int = 0
    returned: int = 0
    stacks: defaultdict[Stack, int] = field(default_factory=lambda: defaultdict(int))


def memory_answer(recording: str, evidence: Evidence, *, rows: int, frames: int) -> MemoryAnswer:
    """The lines that touched or left most."""
    profile = evidence.allocations or AllocationProfile(mode=Mode.GROWTH)
    at = Places(evidence.user_roots).of
    cut = Cut(frames, evidence.user_roots)
    touched = _touched(evidence, profile, at, cut) if profile.mode is Mode.GROWTH else []
    lines = [] if profile.mode is Mode.GROWTH else _lines(profile, at, cut)
    trend = evidence.memory or MemoryTrend()
    watched = len(trend.samples) >= 4
    total = len(touched) + len(lines)
    if profile.mode is not Mode.GROWTH:
        said = _most_left(profile, lines)
    elif evidence.faults is None:
        said = "Which line touches it cannot be told."
    else:
        said = _most_touched(touched) + _huge(profile)
    return MemoryAnswer(
        recording=recording,
        target=evidence.target,
        window=evidence.window,
        collection=evidence.collections.get("allocations", Collection(backend="none", exact=False)),
        summary=f"{_trend(trend)} {said}",
        mode=profile.mode,
        grows=steady(trend) if watched else None,
        bytes_per_second=trend.bytes_per_second,
        touched=tuple(touched[:rows]),
        lines=tuple(lines[:rows]),
        unknown_frees=profile.unknown_frees,
        total_lines=total,
        omitted_lines=max(0, total - rows),
        next=_next(evidence, recording, profile),
    )


def _touched(
    evidence: Evidence, profile: AllocationProfile, at: Callable[[Stack], Location | None], cut: Cut
) -> list[TouchedLine]:
    lines: defaultdict[Location | None, _Touched] = defaultdict(_Touched)
    for fault in evidence.faults or ():
        lines[at(fault.stack)].faults += fault.faults
        lines[at(fault.stack)].stacks[fault.stack] += fault.faults
    for row in profile.mapped:
        line = lines[at(row.stack)]
        line.taken += row.bytes if row.kind in _TAKEN else 0
        line.returned += 0 if row.kind in _TAKEN else row.bytes
        line.stacks[row.stack] += 0
    every = sum(line.faults for line in lines.values())
    found = [
        TouchedLine(
            location=where,
            faults=line.faults,
            bytes=line.faults * profile.page_bytes,
            share=line.faults / every if every else 0.0,
            mapped_bytes=line.taken,
            returned_bytes=line.returned,
            stack=cut.of(max(line.stacks, key=lambda stack: (line.stacks[stack], str(stack)))),
        )
        for where, line in lines.items()
    ]
    return sorted(found, key=lambda line: (-line.faults, -line.mapped_bytes, -line.returned_bytes, str(line.location)))


def _lines(profile: AllocationProfile, at: Callable[[Stack], Location | None], cut: Cut) -> list[AllocationLine]:
    groups: defaultdict[Location | None, list[AllocationRow]] = defaultdict(list)
    for row in profile.rows:
        groups[at(row.stack)].append(row)
    # Blocks of before the window were freed while these were kept: then something turns over, and nothing grows.
    turned = profile.unknown_frees >= _TURNED_OVER * sum(row.outstanding for row in profile.rows) > 0
    lines = [_line(where, rows, cut, turned=turned) for where, rows in groups.items()]
    return sorted(lines, key=lambda line: (-line.left_bytes, -line.bytes, -line.calls, str(line.location)))


def _line(where: Location | None, rows: list[AllocationRow], cut: Cut, *, turned: bool) -> AllocationLine:
    first, second, third = (sum(row.outstanding_thirds[i] for row in rows) for i in range(3))
    allocated, frees = sum(row.bytes for row in rows), sum(row.frees for row in rows)
    judged = keeping(allocated, (first, second, third))
    if judged is Keeping.GROWS and turned:
        judged = Keeping.UNCLEAR
    top = max(rows, key=lambda row: (row.outstanding_bytes, row.bytes))
    return AllocationLine(
        location=where,
        calls=sum(row.calls for row in rows),
        bytes=allocated,
        left=sum(row.outstanding for row in rows),
        left_bytes=sum(row.outstanding_bytes for row in rows),
        survivor_bytes=sum(row.survivor_bytes for row in rows),
        oldest=max(row.oldest for row in rows),
        mean_life=sum(row.mean_life * row.frees for row in rows) / frees if frees else 0.0,
        keeps=judged,
        stack=cut.of(top.stack),
    )


def _trend(trend: MemoryTrend) -> str:
    if len(trend.samples) < 4:
        return "Too short to say whether memory grows."
    now = quantity(trend.samples[-1].rss, "B")
    if steady(trend):
        return f"Memory grows by {quantity(trend.bytes_per_second, 'B/s')}, to {now}."
    return f"Memory does not grow steadily ({now} resident)."


def _most_touched(lines: list[TouchedLine]) -> str:
    faults = sum(line.faults for line in lines)
    if not faults:
        return "No page was touched for the first time."
    top = lines[0]
    size = quantity(sum(line.bytes for line in lines), "B")
    return f"{count(faults)} page faults, at least {size}: {percent(top.share)} at {place(top.location)}."


def _huge(profile: AllocationProfile) -> str:
    before, after = profile.huge_bytes
    if not after and not before:
        return ""
    return f" Of its memory {quantity(after, 'B')} are huge pages: a fault there brings 2 MiB, not one page."


def _most_left(profile: AllocationProfile, lines: list[AllocationLine]) -> str:
    if not profile.calls:
        return "The allocator was not called."
    told = f"{count(profile.calls)} allocations of {quantity(profile.bytes, 'B')}"
    left = f"{quantity(profile.outstanding_bytes, 'B')} were not freed in the window"
    growing = [line for line in lines if line.keeps == Keeping.GROWS]
    if growing:
        top = growing[0]
        return f"{told}; {left}; {place(top.location)} keeps {quantity(top.left_bytes, 'B')}, as much in each third."
    return f"{told}; {left}; no line keeps more and more."


def _next(evidence: Evidence, recording: str, profile: AllocationProfile) -> tuple[NextCall, ...]:
    pid = evidence.target.pid
    calls = []
    if profile.mode is Mode.GROWTH and evidence.target.runtime != "go":
        again = {"pid": pid, "mode": Mode.ALLOCATIONS.value, "seconds": 5}
        calls.append(NextCall(tool="trace-memory", arguments=again, why="who never frees; dear, ends by its budget"))
    elif profile.mode is Mode.ALLOCATIONS and evidence.target.runtime.startswith("python"):
        again = {"pid": pid, "mode": Mode.OBJECTS.value, "seconds": 3}
        calls.append(NextCall(tool="trace-memory", arguments=again, why="Python's small objects too; dearest"))
    calls.append(NextCall(tool="diagnose", arguments={"pid": pid, "focus": "memory"}, why="judge a longer window"))
    calls.append(NextCall(tool="compare", arguments={"before": recording}, why="after a change, with a new recording"))
    return tuple(calls)
