"""Where does Java time go that Flight Recorder cannot see? To a line that copies, where the source has but one.

Flight Recorder cannot walk out of the machine's own routines, and copies of arrays are such: of a thread that does
hardly anything else it tells a few looks of hundreds, and each would count for fifty. What it cannot see is then put at
the line which moves a text or a list by all of its length (``page.insert(0, line)``) in the functions that it did see,
or in those of their file that they call.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.own_files import may_be_own
from perfdoctor.collectors.source_text.sources import Source, Sources, SourcesOfAll
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

if TYPE_CHECKING:
    from tree_sitter import Node

_LEAST = 0.2
"""seconds that are not seen, and part of what is: less may be chance"""
_UNSEEN = 0.6
_MOVES = ("insert", "deleteCharAt")
_BUILDERS = frozenset(("StringBuilder", "StringBuffer"))
_BUILDER = "java.lang.AbstractStringBuilder"
_GROWS = "java.util.Arrays.copyOf"
_COPY = Frame(kind=FrameKind.NATIVE, function="arraycopy")


class _Line(NamedTuple):
    """A line that copies: ``by`` which method; ``loops`` around it, ``asked``: conditions."""

    number: int
    by: str
    loops: int
    asked: int


def with_copies(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, with the time that Flight Recorder did not see of Java threads at the line that copies."""
    profile = evidence.cpu
    if evidence.target.runtime != "java" or profile is None or not profile.hz:
        return evidence
    rows, told = _placed(sources, profile)
    if not told:
        return evidence
    how = evidence.collections["cpu"]
    words = f"{told:.1f} s that Flight Recorder could not see are told at a line that copies, by its text"
    collections = {**evidence.collections, "cpu": how.model_copy(update={"warnings": (*how.warnings, words)})}
    changed = profile.model_copy(update={"rows": tuple(rows)})
    return evidence.model_copy(update={"cpu": changed, "collections": collections})


def _placed(sources: SourcesOfAll, profile: CpuProfile) -> tuple[list[CpuRow], float]:
    of_java: dict[tuple[int, str], list[CpuRow]] = defaultdict(list)
    rows: list[CpuRow] = []
    for row in profile.rows:
        is_java = row.samples and row.stack and row.stack[0].kind is FrameKind.JAVA
        (of_java[row.pid, row.thread] if is_java else rows).append(row)
    told = 0.0
    for (pid, _), looks in of_java.items():
        seconds = sum(row.seconds for row in looks)
        unseen = seconds - sum(row.samples for row in looks) / profile.hz
        stack = _copying(sources.of(pid), looks) if unseen >= max(_LEAST, _UNSEEN * seconds) else ()
        if not stack:
            rows += looks
            continue
        told += unseen
        rows += (row.model_copy(update={"seconds": row.samples / profile.hz}) for row in looks)
        rows.append(looks[0].model_copy(update={"stack": stack, "samples": 0, "seconds": unseen}))
    return sorted(rows, key=lambda row: -row.seconds), told


def _copying(sources: Sources, rows: Iterable[CpuRow]) -> Stack:
    """The stack of the only line that copies, in the functions that were seen and those of their file that they call;
    () for none."""
    found: dict[tuple[str, int], Stack] = {}
    known: dict[int, Stack] = {}
    for row in rows:
        for depth, frame in enumerate(row.stack):
            if not frame.file or not frame.line or not may_be_own(frame.file):
                continue
            source = sources.of(frame.file)
            function = source.function_at(frame.line) if source else None
            if source is None or function is None:
                continue
            if function.id not in known:
                known[function.id] = _below(source, function, frame)
            if below := known[function.id]:
                at = next(each for each in below if each.file)
                found.setdefault((frame.file, at.line or 0), (*below, *row.stack[depth + 1 :]))
    return next(iter(found.values())) if len(found) == 1 else ()


def _below(source: Source, function: "Node", frame: Frame) -> Stack:
    """From what copies up to ``function``, which stands at ``frame``; () where nothing in it or below it does."""
    for way in ((), *inlined.within(source, function)):
        line = _line(source, way[-1].function if way else function)
        if line is None:
            continue
        names = [frame.function, *(syntax.name_of(step.function) for step in way)]
        numbers = [*(step.call.start_point[0] + 1 for step in way), line.number]
        on_the_way = [
            frame.model_copy(update={"function": n, "line": at}) for n, at in zip(names, numbers, strict=True)
        ]
        return (_COPY, Frame(kind=FrameKind.JAVA, function=line.by), *reversed(on_the_way))
    return ()


def _line(source: Source, function: "Node") -> _Line | None:
    """Of the lines of a function that copy the one that does most often."""
    lines = [line for call in syntax.calls_in(function) if (line := _copies(source, call)) is not None]
    return max(lines, key=lambda line: (line.loops, -line.asked, line.number), default=None)


def _copies(source: Source, call: "Node") -> _Line | None:
    """``page.insert(0, line)`` in a loop; ``rows = Arrays.copyOf(rows, rows.length + 1)`` anywhere."""
    name, given, owner = syntax.called_name(call), syntax.arguments_of(call), syntax.owner_of_call(call)
    loops = len(list(syntax.loops_around(call)))
    if not given or owner is None:
        return None
    if name in _MOVES and loops and syntax.text_of(given[0]) == "0" and inlined.classes_of(source, call) & _BUILDERS:
        by = f"{_BUILDER}.{name}"
    elif name == "copyOf" and syntax.text_of(owner) == "Arrays" and _is_kept_in_its_place(call, given[0]):
        by = _GROWS
    else:
        return None
    return _Line(call.start_point[0] + 1, by, loops, _asked(call))


def _is_kept_in_its_place(call: "Node", given: "Node") -> bool:
    holder = call.parent
    target = syntax.target_of(holder) if holder is not None else None
    return target is not None and syntax.text_of(target) == syntax.text_of(given)


def _asked(node: "Node") -> int:
    """The conditions around it in its function."""
    inside = takewhile(lambda each: each.type not in grammar.FUNCTIONS, syntax.around(node))
    return sum(each.type in grammar.IFS for each in inside)
