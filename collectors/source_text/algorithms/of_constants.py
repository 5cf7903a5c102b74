"""Does a function work out, whenever it is asked for something, what follows from what never changes?

``table = {row.sku: row.price for row in self.rows}``, ``order = sorted(SCORES)``, or a loop that fills such a table: in
a function that is given what it is asked for, of which the table knows nothing. The table may be made once. What it is
made of is a constant of the file, or a member that stays as its object was made, and nothing in it is changed anywhere
in the file; and it is made by what gives the same for the same.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.algorithms.constants import Constants, sorts
from perfdoctor.collectors.source_text.algorithms.same_each_time import makes_much
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_LIGHT = grammar.words(
    "len float int str bool round abs get Get getOrDefault contains has append add push size isEmpty"
)
"""functions and methods that take next to nothing: beside them, what is made takes the line's time"""
_CALLERS = 4


def of_constants_at(source: Source, lines: Sequence[int]) -> int:
    """The line that makes what never changes; 0 where there is none. ``lines`` are those of a stack that are of one
    file, innermost first."""
    line = lines[0]
    node = source.at(line)
    function = syntax.function_around(node) if node is not None else None
    if function is None or syntax.is_constructor(function) or not _is_asked(function):
        return 0
    asked_again = not syntax.class_of_method(function) or _is_asked_again(source, lines)
    for made in _made_in_line(source, line):
        loops = list(_loops_of(made, function))
        constant = Constants(source, function, loops, asked_again=asked_again)
        if all(map(constant.is_gone_over, loops)) and constant.makes(made) and _is_all(source, made, line):
            return made.start_point[0] + 1
    loops = [loop for loop in source.loops_at(line) if syntax.start_within(loop.node, function)]
    if loops and Constants(source, function, [], asked_again=asked_again).fills(loops[-1]):
        return loops[-1].head
    return 0


def _is_asked(function: "Node") -> bool:
    """Whether a function is given something that it uses, or is called for what comes: a route of Flask's takes that
    from elsewhere."""
    body = function.child_by_field_name("body")
    given = syntax.parameter_names(function) - grammar.SELF - {syntax.receiver_of(function)}
    is_route = function.parent is not None and function.parent.type == "decorated_definition"
    return body is not None and (is_route or bool(given & syntax.names_in(body)))


def _is_asked_again(source: Source, lines: Sequence[int]) -> bool:
    """Whether a method is seen to be called of an object that is there for longer than the call: a member of another
    one, one of the file, or one that is made before a loop around the call."""
    function, waiting = source.function_at(lines[0]), iter(lines[1 : 1 + _CALLERS])
    while function is not None:
        call = source.first_call(waiting, syntax.name_of(function))
        caller = syntax.function_around(call) if call is not None else None
        if call is None or caller is None:
            return False
        owner = syntax.owner_of_call(call)
        if owner is None or syntax.text_of(owner) in grammar.SELF | {syntax.receiver_of(caller)}:
            function = caller  # (of the same object)
            continue
        loops = [loop for loop in syntax.loops_around(call) if syntax.start_within(loop.node, caller)]
        made, items = set(syntax.assigned_in(caller)), frozenset[str]().union(*(loop.items for loop in loops))
        if owner.type not in grammar.NAMES or syntax.text_of(owner) not in made | items:
            return not syntax.names_in(owner) & (made | items | syntax.parameter_names(caller) - grammar.SELF)
        before = (
            loop for loop in loops if loop.body and not syntax.names_in(owner) & set(syntax.assigned_in(loop.body))
        )
        return not syntax.names_in(owner) & items and any(before)
    return False


def _made_in_line(source: Source, line: int) -> "Iterator[Node]":
    """What makes a collection, or something as large, in a line, outer ones first."""
    for each in source.near(line):
        if each.type in grammar.FUNCTIONS and each.start_point[0] + 1 < line:
            return
        if each.start_point[0] + 1 <= line and (
            each.type in grammar.COMPREHENSIONS or makes_much(each) or sorts(each) or _multiplies(each)
        ):
            yield each


def _multiplies(node: "Node") -> bool:
    """``self.design.T @ self.design``"""
    return node.type == "binary_operator" and any(each.type == "@" for each in node.children)


def _loops_of(node: "Node", function: "Node") -> Iterator[Loop]:
    """The loops of a function in which a node is anew in each round."""
    own = takewhile(lambda loop: syntax.start_within(loop.node, function), syntax.loops_around(node))
    return (loop for loop in own if loop.node != node and loop.body and syntax.start_within(node, loop.body))


def _is_all(source: Source, made: "Node", line: int) -> bool:
    """Whether what is made takes the time of its line: all else that is called there takes next to none."""
    calls = (each for each in source.near(line) if each.type in grammar.CALLS and syntax.holds(each, line))
    others = (each for each in calls if not syntax.start_within(each, made) and not syntax.start_within(made, each))
    inside = takewhile(lambda each: each.start_point[0] >= made.start_point[0], syntax.around(made))
    around = (each for each in inside if each.type in grammar.CALLS and each != made)
    return all(syntax.called_name(each) in _LIGHT for each in (*others, *around))
