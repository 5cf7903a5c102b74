"""Does a method make, for each thing that it is asked for, what follows from its object alone?

``FlavourSpace space = new FlavourSpace(jars);``, of the catalogue that was read when the service began, for each jar
that somebody asks about: it may be made once. What it is made of must stay as the object was made; what is kept in the
object already (``if (space == null) space = …``) is left alone.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.algorithms.same_each_time import (
    asked_of,
    only_builds,
    only_gives,
)
from perfdoctor.collectors.source_text.algorithms.unchanged import change, members_in
from perfdoctor.collectors.source_text.looking_loops import expanded
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 4


def made_of_members_at(source: Source, lines: Sequence[int]) -> int:
    """The line that has it made; 0 where there is none. ``lines`` are those of a stack that are of one file, innermost
    first."""
    for inner, line in pairwise(lines[: _DEEPEST + 1]):
        node = source.at(inner)
        function = syntax.function_around(node) if node is not None else None
        if function is None:
            return 0
        if syntax.holds(function, line):
            continue  # (a closure of it)
        makes = syntax.is_constructor(function)
        call = source.call_at(line, syntax.class_around(function) if makes else syntax.name_of(function))
        if call is None or not (only_builds if makes else only_gives)(source, function):
            return 0
        if syntax.loops_in(function) and _is_of_members(source, call, function):
            return call.start_point[0] + 1
    return 0


def _is_of_members(source: Source, call: "Node", function: "Node") -> bool:
    around = syntax.function_around(call)
    if call.parent is None or call.parent.type == "expression_statement":
        return False  # (it is called for what it changes)
    if around is None or syntax.is_constructor(around) or not syntax.class_of_method(around):
        return False
    own, given = syntax.assigned_in(around), syntax.parameter_names(around) - grammar.SELF
    names = expanded(asked_of(call), own)
    # (it is asked for something else, which makes it one piece of work of many)
    if not given or names & given or _is_kept(call, own):
        return False
    bare = {name for name in names if not name.isupper() and name not in grammar.SELF | {syntax.receiver_of(around)}}
    if bare and (not grammar.leaves_out_this(source.file) or bare & set(own)):
        return False
    members = bare.union(
        *(members_in(each) for each in (*syntax.arguments_of(call), syntax.owner_of_call(call)) if each)
    )
    if not syntax.is_constructor(function):
        members |= members_in(function)
    return bool(members) and not change(source, members)


def _is_kept(call: "Node", own: "dict[str, list[Node]]") -> bool:
    """Whether what it gives becomes a member."""
    for each in syntax.around(call):
        target = syntax.target_of(each)
        if target is not None:
            return not (syntax.targets_in(target) and syntax.targets_in(target) <= set(own))
        if each.type in grammar.FUNCTIONS:
            break
    return False
