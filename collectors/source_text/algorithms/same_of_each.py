"""Does a program work out the same of each element of a collection, whenever it is asked?

``wanted.distance(&Signature::of(&shard.edge))`` for each of the shards that a workshop has had since it was opened:
what follows from an element alone may be kept beside it. It must be all that the function is given, but for what the
object has from its beginning, of a collection of the object's own; and nothing of it may be another later.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.algorithms.same_each_time import asked_of, only_gives
from perfdoctor.collectors.source_text.algorithms.unchanged import change, members_in
from perfdoctor.collectors.source_text.looking_loops import expanded
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 5
_ALL = frozenset(("iter", "values", "items", "entries", "stream", "into_iter"))


def same_of_each_at(source: Source, lines: Sequence[int]) -> int:
    """The line that calls what gives the same for an element each time; 0 where there is none. ``lines`` are those of a
    stack that are of one file, innermost first."""
    for inner, line in pairwise(lines[: _DEEPEST + 1]):
        node = source.at(inner)
        function = _named_around(node) if node is not None else None
        if function is None:
            return 0
        if syntax.holds(function, line):
            continue  # (a closure of it)
        calls = _calls(source, line, syntax.name_of(function))
        if not calls or not only_gives(source, function):
            return 0
        if _is_much(function):
            found = (call for call in calls if _is_of_an_element(source, call, function))
            if (call := next(found, None)) is not None:
                return call.start_point[0] + 1
    return 0


def _calls(source: Source, line: int, name: str) -> "list[Node]":
    """The call of a function in a line; of JavaScript all in the function that begins there (V8 may know no more)."""
    if (call := source.call_at(line, name)) is not None:
        return [call]
    around = source.function_at(line) if source.is_javascript else None
    begins = around is not None and around.start_point[0] + 1 == line
    return [each for each in syntax.calls_in(around) if syntax.called_name(each) == name] if begins and around else []


def _named_around(node: "Node") -> "Node | None":
    """The outermost function around a node."""
    found = [each for each in syntax.around(node) if each.type in grammar.FUNCTIONS and syntax.name_of(each)]
    return found[-1] if found else None


def _is_much(function: "Node") -> bool:
    """Whether a function has a loop in a loop: what goes over something once is seldom worth keeping."""
    return any(syntax.loops_in(loop.body) for loop in syntax.loops_in(function) if loop.body is not None)


def _is_of_an_element(source: Source, call: "Node", function: "Node") -> bool:
    loop = next((each for each in syntax.loops_around(call) if each.node != call and not each.endless), None)
    around = syntax.function_around(call)
    if loop is None or around is None or not _is_for_something(loop, around) or not _is_kept(source, loop):
        return False
    names = {name for name in asked_of(call) if name not in source.classes}
    if not names & loop.items or not names <= loop.items | grammar.SELF:
        return False
    read = members_in(function)
    for each in (syntax.owner_of_call(call), *syntax.arguments_of(call)):
        read |= members_in(each) if each is not None else set()
    return bool(read) and not change(source, read)


def _is_for_something(loop: Loop, around: "Node") -> bool:
    """Whether a loop compares with something that its function was given: then it is gone through for each such."""
    if syntax.is_constructor(around):
        return False
    given = syntax.parameter_names(around) - grammar.SELF - {syntax.receiver_of(around)}
    names = syntax.names_in(loop.body) if loop.body is not None else set[str]()
    return bool(expanded(names - loop.items, syntax.assigned_in(around)) & given)


def _is_kept(source: Source, loop: Loop) -> bool:
    """Whether a loop goes over all of a collection of an object, which has it from its beginning."""
    over = syntax.without_start(loop.over[0]) if len(loop.over) == 1 else None
    while over is not None and over.type in grammar.CALLS and syntax.called_name(over) in _ALL:
        over = syntax.owner_of_call(over)
    if over is None or over.type not in grammar.MEMBERS or syntax.text_of(syntax.owner_of(over)) not in grammar.SELF:
        return False
    return not change(source, {syntax.member_name(over)}, added=False)
