"""Loops that ask by a function of their own whether another thread has done something, and do nothing besides.

``while (!ring.try_pop(scan)) pause();`` takes all of a core, and nearly all samples are in what it calls: in try_pop,
in what that looks at, in pause. The loop is the line to change. Functions on the way must be small and without loops,
and one of them looks at an atomic variable: ``while (step(&state));`` may do its work in its condition.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.hot_lines import hot_stacks
from perfdoctor.collectors.source_text.looking_loops import statements_of
from perfdoctor.collectors.source_text.own_files import own_frames
from perfdoctor.collectors.source_text.sources import Sources, SourcesOfAll
from perfdoctor.schemas.cpu import CpuRow, LineShape, ShapedLine

if TYPE_CHECKING:
    from tree_sitter import Node

    from perfdoctor.collectors.source_text.syntax import Loop

_MOST_STACKS = 16
_DEEPEST = 4
"""functions between what is looked at and the loop"""
_SMALL = 13
"""lines of a function that only asks"""
_ATOMIC = re.compile(
    r"\.load(?:\w*)\(|->load\(|\batomic(?:_load|\.Load)|\.Load\(\)|\b__atomic_load|\.get(?:Acquire|Opaque|Plain)?\(\)|\bvolatile\b"
    r"|\bREAD_ONCE\b|\btest_and_set\b|\bcompare_exchange"
)
_PAUSES = re.compile(r"pause|relax|yield|spin|fence|backoff|back_off|hint", re.IGNORECASE)
_LAMBDA = re.compile(r"(?:^|::)operator\(\)|\{lambda[^}]*\}$|\{\{closure\}\}$|\.func\d+$")
_Frame = tuple[str, int, str]


class _Spin(NamedTuple):
    loop: _Frame
    parts: tuple[_Frame, ...]


def spinning(sources: SourcesOfAll, rows: Iterable[CpuRow]) -> Iterator[ShapedLine]:
    """Of the hottest stacks the line of such a loop, and the lines below it, which are parts of it."""
    for pid, frames in hot_stacks(rows, lambda row: islice(own_frames(row.stack), _DEEPEST + 1))[:_MOST_STACKS]:
        if (spin := _spin(sources.of(pid), frames)) is not None:
            yield _shaped(spin.loop, LineShape.SPIN)
            yield from (_shaped(part, LineShape.PART) for part in spin.parts)


def _shaped(frame: _Frame, shape: LineShape) -> ShapedLine:
    return ShapedLine(file=frame[0], line=frame[1], shape=shape)


def _spin(sources: Sources, frames: Sequence[_Frame]) -> _Spin | None:
    parts: list[_Frame] = []
    looks = False
    for frame in frames:
        file, line, called = frame
        source = sources.of(file)
        if source is None:
            return None
        loop = source.inmost_loop(line)
        if parts and _LAMBDA.search(called):
            parts.append(frame)  # (its line is one of the function that it stands in)
        elif loop is not None:
            looks = looks or _ATOMIC.search(syntax.text_of(loop.condition)) is not None
            waits = looks and (line == loop.head or _is_left_at(loop, line)) and _only_asks(loop)
            return _Spin(frame, tuple(parts)) if waits else None
        else:
            function = source.function_at(line)
            if function is None or not syntax.is_small(function, _SMALL):
                return None
            looks = looks or _ATOMIC.search(syntax.text_of(function)) is not None
            parts.append(frame)
    return None


def _is_left_at(loop: "Loop", line: int) -> bool:
    said = statements_of(loop.body) if loop.body is not None else ()
    return any(_leaves(each) and syntax.holds(each, line) for each in said)


def _leaves(statement: "Node") -> bool:
    """Whether an ``if`` looks at an atomic variable, and leaves."""
    condition, then = (statement.child_by_field_name(name) for name in ("condition", "consequence"))
    if statement.type not in grammar.IFS or condition is None or then is None:
        return False
    said = list(statements_of(then))
    leaves = len(said) == 1 and said[0].type.startswith(("return", "break", "throw"))
    return leaves and _ATOMIC.search(syntax.text_of(condition)) is not None


def _only_asks(loop: "Loop") -> bool:
    """Whether a loop has a condition that calls something, and nothing in it but pauses, or what leaves it when it is
    in vain (``if (lost.load()) throw …``)."""
    condition, body = loop.condition, loop.body
    if loop.items or loop.over or condition is None or not any(syntax.calls_in(condition)):
        return False
    asks = [each for each in statements_of(body) if _leaves(each)] if body is not None else []
    for each in syntax.within(body, without={one.id for one in asks}) if body is not None else ():
        if each.type in grammar.CALLS and not _PAUSES.search(syntax.text_of(each)):
            return False
        if each.type in grammar.ASSIGNMENTS | grammar.IFS | grammar.STEPS:
            return False
    return True
