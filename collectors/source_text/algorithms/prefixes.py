"""Does a program go through the beginning of something again and again, up to another place each time?

``sum(prices[:day])`` for each day, ``accumulate(legs.begin(), legs.begin() + leg)`` for each waypoint: what was summed
up before is summed up again, where running sums, made once, tell each by its place. The part may be handed to a
function that goes through all of it.
"""

import functools
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.algorithms.each_time import passes_at
from perfdoctor.collectors.source_text.looking_loops import all_names, expanded, few_rounds, statements_of
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_CALLERS = 3
_CUTS = grammar.words("slice subList substring limit take subarray islice")
_SUMS = grammar.words(
    "sum reduce fold accumulate max min mean average product prod any all count max_element min_element"
)


_SCANS = grammar.words("count Count split Split splitlines lines")
"""what goes through all of a text"""


class Prefix(NamedTuple):
    """``line``: of the loop in each of whose rounds more of the same is gone through, or of the call that does so.
    ``depth``: of the line that takes the part, among those of the stack."""

    line: int
    depth: int


def prefix_at(source: Source, lines: Sequence[int]) -> Prefix | None:
    """Of the lines of a stack that are of one file, innermost first."""
    if loop := _window(source, lines[0]) or _window_of_caller(source, lines):
        return Prefix(loop.head, 0)
    for part, end in _parts(source, lines[0]):
        if loop := _outer(source, part, lines[1:], end):
            return Prefix(loop.head, 0)
        if len(lines) > 1 and any(map(functools.partial(_is_a_cursor, source), end)):
            return Prefix(lines[1], 0)
    for found in passes_at(source, lines[0]):
        function = syntax.function_around(found.by)
        place = _place(function, found.held.name) if function is not None else None
        if function is None or place is None or len(lines) < 2:
            continue
        call = source.call_at(lines[1], syntax.name_of(function))
        given = syntax.arguments_of(call) if call is not None else []
        if len(given) > place and (loop := _outer(source, given[place], lines[2:], _end(given[place]))):
            return Prefix(loop.head, 1)
    return None


def _window(source: Source, line: int) -> Loop | None:
    """The outer one of two loops that count, of which the inner one goes from one place to another beside the outer
    one's, and does nothing but sum up what is there: ``for (k = i + 1; k <= i + width; k++) sum += signal[k]``."""
    loops = [loop for loop in source.loops_at(line) if loop.counted]
    for inner, outer in pairwise(loops):
        begins, ends = _bounds(inner)
        both = outer.items & begins & ends
        if both and (begins | ends) - both and inner.body is not None and not few_rounds(inner) and _sums(inner):
            return outer
    return None


def _window_of_caller(source: Source, lines: Sequence[int]) -> Loop | None:
    """The same, where a function sums up from one of its parameters to another, and its caller counts them up."""
    inner = source.inmost_loop(lines[0])
    function = syntax.function_around(inner.node) if inner is not None else None
    if inner is None or function is None or not inner.counted or inner.body is None or not _sums(inner):
        return None
    call = source.call_at(lines[1], syntax.name_of(function)) if len(lines) > 1 else None
    if call is None:
        return None
    begins, ends = _bounds(inner)
    given = list(zip(syntax.parameters_of(function), syntax.arguments_of(call), strict=False))
    first, last = (all_names(value for own, value in given if own & names) for names in (begins, ends))
    outer = next((loop for loop in syntax.loops_around(call) if not loop.endless and not few_rounds(loop)), None)
    if outer is None or not outer.items & last:
        return None
    of_all = all(syntax.text_of(value) == "0" for value in inner.begins) and bool(inner.begins)
    return outer if of_all or (outer.counted and outer.items & first) else None


def _bounds(loop: Loop) -> tuple[set[str], set[str]]:
    """The names by which a loop that counts begins, and by which it ends."""
    function = syntax.function_around(loop.node)
    own = syntax.assigned_in(function) if function is not None else {}
    if loop.first is not None:
        return expanded(all_names(loop.begins), own, 1), expanded(all_names(loop.over) - loop.items, own, 1)
    over = loop.over[0] if loop.over else loop.node
    given = over.named_children if over.type == "range_expression" else syntax.arguments_of(over)
    if len(given) < 2:
        return set(), set()
    return expanded(all_names(given[:1]), own, 1), expanded(all_names(given[1:2]), own, 1)


def _is_step(node: "Node") -> bool:
    operator = syntax.text_of(node.child_by_field_name("operator"))
    return node.type in grammar.STEPS or (node.type in grammar.ASSIGNMENTS and operator not in ("", "="))


def _sums(loop: Loop) -> bool:
    """Whether a loop only adds up what it takes from one place after the other."""
    assert loop.body is not None
    said = list(statements_of(loop.body))
    steps = [[one for one in syntax.within(each) if _is_step(one)] for each in said]
    targets = [syntax.target_of(one) for each in steps for one in each]
    if not all(target is not None and target.type in grammar.NAMES for target in targets):
        return False
    taken = {syntax.text_of(each) for each in syntax.indexed_by(loop.body, loop.items)}
    return bool(said) and all(steps) and len(taken) == 1


def _place(function: "Node", name: str) -> int | None:
    return next((number for number, own in enumerate(syntax.parameters_of(function)) if name in own), None)


def _parts(source: Source, line: int) -> "list[tuple[Node, set[str]]]":
    """The parts of something, from its beginning, that are summed up in a line, with the names that say how far."""
    loop = source.inmost_loop(line)
    found = [(loop.node, end) for each in loop.over if (end := _end_of_beginning(each))] if loop is not None else []
    for node in source.near(line):
        if node.type in grammar.FUNCTIONS and node.start_point[0] + 1 != line:
            break
        if node.type in grammar.CALLS and syntax.called_name(node) in _SUMS | _SCANS:
            for part in (syntax.owner_of_call(node), *syntax.arguments_of(node)):
                if part is not None and (end := _end(syntax.meant(part))):
                    found.append((part, end))
    return found


def _is_a_cursor(source: Source, name: str) -> bool:
    """Whether a member of an object is counted up anywhere, as is the place up to which a text has been read."""
    for call in source.mentions(name, source.root):
        member = call.parent
        step = member.parent if member is not None and member.type in grammar.MEMBERS else None
        if step is not None and step.type in grammar.STEPS and syntax.target_of(step) == member:
            return True
    return False


def _end(part: "Node") -> set[str]:
    """The names that say where a part ends that begins where all begins: ``i`` of ``rows[:i + 1]``."""
    for each in syntax.within(part):
        if each.type in grammar.CALLS and syntax.called_name(each) in _CUTS:
            given = syntax.arguments_of(each)
            if len(given) == 2 and syntax.text_of(given[0]) == "0":
                return _names_of(given[1])
            if len(given) == 1 and syntax.called_name(each) in ("limit", "take"):
                return syntax.names_in(given[0])
        text = syntax.text_of(each)
        if (bounds := _cut_between(each)) is not None:
            return bounds
        if each.type in grammar.INDEXED | {"slice_expression"} and each.named_child_count > 1:
            cut = text[len(syntax.text_of(each.named_children[0])) :].strip("[] ")
            if cut.startswith((":", "..", "0:", "0..")):
                return set[str]().union(*map(_names_of, each.named_children[1:])) - syntax.names_in(
                    each.named_children[0]
                )
        if each.type in grammar.COMPARISONS and "begin()" in text and "+" in text and "end()" not in text:
            return syntax.names_in(each.named_children[-1])  # (legs.begin() + leg)
    return set()


def _end_of_beginning(over: "Node") -> set[str]:
    """Of what a loop goes over, where that is a beginning; a part between two places may be short."""
    return _end(over) if all(_cut_between(each) is None for each in syntax.within(over)) else set()


def _names_of(bound: "Node") -> set[str]:
    """The names of an expression, those of members among them."""
    members = {syntax.member_name(each) for each in syntax.within(bound) if each.type in grammar.MEMBERS}
    return syntax.names_in(bound) | members


def _cut_between(node: "Node") -> set[str] | None:
    """Of a part that is cut out between two places, the names that say where both are: ``forces[at : at + width]``."""
    bounds: list[Node] = []
    if node.type in grammar.CALLS and syntax.called_name(node) in _CUTS and syntax.text_of(node).count("0,") == 0:
        bounds = syntax.arguments_of(node)
    elif node.type in grammar.INDEXED | {"slice_expression"} and node.named_child_count > 1:
        inner = node.named_children[1]
        cut = inner.type in ("slice", "range_expression")
        bounds = inner.named_children if cut else node.named_children[1:]
    if len(bounds) != 2:
        return None
    first, last = map(syntax.names_in, bounds)
    return (first & last) or None


def _outer(source: Source, part: "Node", lines: Sequence[int], end: set[str]) -> Loop | None:
    """The loop whose rounds say how far it goes, to the place that ``end`` names."""
    names, node, waiting = end, part, iter(lines)
    for _ in range(_CALLERS):
        function = syntax.function_around(node)
        own = syntax.assigned_in(function) if function is not None else {}
        for loop in syntax.loops_around(node):
            inside = function is None or syntax.start_within(loop.node, function)
            if inside and loop.node != node and not few_rounds(loop) and expanded(names, own) & loop.items:
                return loop
        if function is None:
            return None
        parameters = syntax.parameters_of(function)
        name = syntax.name_of(function)
        call = source.first_call(waiting, name)
        if call is None:
            return None
        pairs = zip(parameters, syntax.arguments_of(call), strict=False)
        names, node = all_names(value for parameter, value in pairs if parameter & names), call
    return None
