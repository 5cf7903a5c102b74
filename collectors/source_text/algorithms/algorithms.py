"""What in the text of a program says that its algorithm takes more time than it must? All that is known, together."""

from collections.abc import Callable, Sequence
from itertools import pairwise, takewhile

from perfdoctor.collectors.source_text import syntax
from perfdoctor.collectors.source_text.algorithms.array_elements import cells_at, elements_at
from perfdoctor.collectors.source_text.algorithms.compared_keys import keys_at
from perfdoctor.collectors.source_text.algorithms.each_time import each_time_at
from perfdoctor.collectors.source_text.algorithms.find_or_add import find_or_add_at
from perfdoctor.collectors.source_text.algorithms.joins import SMALL, At, Join, call_in, join_at, loops_outside
from perfdoctor.collectors.source_text.algorithms.made_of_members import made_of_members_at
from perfdoctor.collectors.source_text.algorithms.of_constants import of_constants_at
from perfdoctor.collectors.source_text.algorithms.of_unchanged import of_unchanged_at
from perfdoctor.collectors.source_text.algorithms.pairs import is_asked, leaves_early, near_pairs_at, pair_at
from perfdoctor.collectors.source_text.algorithms.prefixes import prefix_at
from perfdoctor.collectors.source_text.algorithms.recursions import overlap_at
from perfdoctor.collectors.source_text.algorithms.same_each_time import same_at
from perfdoctor.collectors.source_text.algorithms.same_of_each import same_of_each_at
from perfdoctor.collectors.source_text.algorithms.sweeps import sweep_at
from perfdoctor.collectors.source_text.sources import Source, Sources
from perfdoctor.collectors.source_text.syntax import Loop
from perfdoctor.schemas.cpu import LineShape

_ASKING = 3
"""lines of a stack, from the innermost one, among which the loop is that asks by the others"""


def algorithm_at(sources: Sources, stack: Sequence[At]) -> Join | None:
    """Of a stack of the user's own lines, innermost first: what takes more time than it must, by what its text says."""
    if elements := _elements_at(sources, stack):
        return elements
    found = join_at(sources, stack) or _pair_at(sources, stack) or _find_or_add_at(sources, stack)
    found = found or _sweep_at(sources, stack) or _each_time_at(sources, stack) or _overlap_at(sources, stack)
    return found or _prefix_at(sources, stack) or _same_at(sources, stack)


def _elements_at(sources: Sources, stack: Sequence[At]) -> Join | None:
    """An array of numpy element by element, or a table of pandas cell by cell."""
    found = _near(sources, stack, lambda source, lines: _head(elements_at(source, lines[0])), LineShape.ELEMENTS)
    return found or _near(sources, stack, lambda source, lines: _head(cells_at(source, lines[0])), LineShape.CELLS)


def _sweep_at(sources: Sources, stack: Sequence[At]) -> Join | None:
    """Rounds over all, until one changes nothing."""
    return _near(sources, stack, lambda source, lines: _head(sweep_at(source, lines[0])), LineShape.SWEEP)


def _each_time_at(sources: Sources, stack: Sequence[At]) -> Join | None:
    """All of a collection, for each one that is added."""
    return _near(sources, stack, each_time_at, LineShape.EACH_TIME)


def _near(
    sources: Sources,
    stack: Sequence[At],
    line_at: Callable[[Source, Sequence[int]], int | None],
    shape: LineShape,
) -> Join | None:
    """The line that is found of the innermost one, or of the one that calls the short function which that is in."""
    for depth, at in enumerate(stack[:2]):
        source = sources.of(at.file)
        if source and (line := line_at(source, _lines(stack[depth:]))):
            return Join(At(at.file, line), depth, shape)
        function = source.function_at(at.line) if source else None
        if function is None or not syntax.is_small(function, SMALL):
            return None
    return None


def _head(loop: Loop | None) -> int | None:
    return loop.head if loop else None


def _overlap_at(sources: Sources, stack: Sequence[At]) -> Join | None:
    """A recursion that comes to the same again and again."""
    at = stack[0]
    source = sources.of(at.file)
    call = overlap_at(source, at.line) if source else None
    return Join(At(at.file, call.start_point[0] + 1), 0, LineShape.OVERLAP) if call is not None else None


def _find_or_add_at(sources: Sources, stack: Sequence[At]) -> Join | None:
    """A search in a list that gets what was not found, whatever it asks of each element."""
    for depth, at in enumerate(stack[:_ASKING]):
        source = sources.of(at.file)
        loop = find_or_add_at(source, at.line) if source else None
        function = syntax.function_around(loop.node) if loop else None
        if loop and function is not None:
            outer = next(loops_outside(loop.node, function), None)
            return Join(At(at.file, outer.head if outer else function.start_point[0] + 1), depth)
    return None


def _pair_at(sources: Sources, stack: Sequence[At]) -> Join | None:
    """All pairs of something of which nearly all are left out: in a loop, or by a function that they are handed to."""
    source = sources.of(stack[0].file)
    if source and (near := near_pairs_at(source, stack[0].line)):
        return Join(At(stack[0].file, near.head), 0)
    for depth, (at, caller) in enumerate(pairwise(stack[:_ASKING])):
        source = sources.of(at.file)
        function = source.function_at(at.line) if source else None
        call = call_in(sources, caller, syntax.name_of(function)) if function is not None else None
        if function is None or call is None:
            return None
        asks = is_asked(call) or (depth == 0 and leaves_early(function, at.line))
        if asks and (outer := pair_at(call)):
            return Join(At(caller.file, outer.head), depth + 1)
    return None


def _prefix_at(sources: Sources, stack: Sequence[At]) -> Join | None:
    """The beginning of something, up to another place each time."""
    at = stack[0]
    source = sources.of(at.file)
    found = prefix_at(source, _lines(stack)) if source else None
    return Join(At(at.file, found.line), found.depth) if found else None


def _same_at(sources: Sources, stack: Sequence[At]) -> Join | None:
    """What gives the same each time."""
    at = stack[0]
    source = sources.of(at.file)
    if source is None:
        return None
    lines = _lines(stack)
    call = same_at(source, lines) or same_of_each_at(source, lines) or keys_at(source, lines)
    call = call or made_of_members_at(source, lines) or of_constants_at(source, lines)
    call = call or of_unchanged_at(source, lines)
    return Join(At(at.file, call), 0, LineShape.SAME) if call else None


def _lines(stack: Sequence[At]) -> list[int]:
    """The lines of the innermost one's file, up to the first of another."""
    return [at.line for at in takewhile(lambda at: at.file == stack[0].file, stack)]
