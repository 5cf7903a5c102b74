"""Does a loop in a loop try all pairs of something, of which nearly all are too far from each other to matter?

``push(walkers[i], walkers[j])``, whose first lines find that two are apart, and leave: a grid, or a sorted list, gives
each its neighbours alone. (Where the loops themselves ask how far they are, ``looking_loops.py`` sees it.)
"""

from itertools import pairwise
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import comparisons, grammar, syntax
from perfdoctor.collectors.source_text.looking_loops import all_names, expanded, few_rounds, statements_of
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_PAIRS = frozenset(("combinations", "permutations", "product", "tuple_combinations", "array_combinations"))
_ALL = frozenset(("range", "enumerate", "len", "size", "iter", "entries", "values", "length"))
"""what tells of all elements, or counts them"""


def leaves_early(function: "Node", line: int) -> bool:
    """Whether a line is of what a function asks first, to leave then: by an order, of what it was given."""
    body = function.child_by_field_name("body")
    given = syntax.parameter_names(function) | {syntax.receiver_of(function)}
    if body is None or syntax.loops_in(body):
        return False
    said = list(statements_of(body))
    for asks in said:
        if asks.type not in grammar.IFS:
            continue
        condition, then = (asks.child_by_field_name(name) for name in ("condition", "consequence"))
        if (
            condition is None
            or then is None
            or not comparisons.asks_for_order(condition)
            or line > condition.end_point[0] + 1
        ):
            return False
        leaves = any(one.type.startswith("return") for one in syntax.within(then))
        asked = expanded(syntax.names_in(condition), syntax.assigned_in(function))
        return bool(asked & given) and (leaves or asks == said[-1])
    return False


def near_pairs_at(source: Source, line: int) -> Loop | None:
    """The loop over all pairs that a line belongs to, which does nothing but ask whether the two are near."""
    for loop in source.loops_at(line):
        pairs = any(syntax.called_name(each) in _PAIRS for each in loop.over)
        said = list(statements_of(loop.body)) if pairs and loop.body is not None else []
        asks = said[0].child_by_field_name("condition") if len(said) == 1 and said[0].type in grammar.IFS else None
        if asks is not None and comparisons.asks_for_order(asks):
            return loop
    return None


def is_asked(call: "Node") -> bool:
    """Whether a call stands in what an ``if`` asks."""
    for each in syntax.around(call):
        if each.type in grammar.FUNCTIONS | grammar.LOOPS:
            return False
        asks = each.child_by_field_name("condition") if each.type in grammar.IFS else None
        if asks is not None:
            return syntax.start_within(call, asks)
    return False


def pair_at(call: "Node") -> Loop | None:
    """The outer one of two loops around a call that hands on an element of each, both of the same things."""
    loops = [loop for loop in syntax.loops_around(call) if not loop.endless]
    handed = all_names(syntax.arguments_of(call))
    if (owner := syntax.owner_of_call(call)) is not None:
        handed |= syntax.names_in(owner)
    for loop in loops:
        if any(syntax.called_name(each) in _PAIRS for each in loop.over) and len(loop.items & handed) > 1:
            return loop
    for inner, outer in pairwise(loops):
        if few_rounds(inner) or few_rounds(outer) or not (_is_element(inner, handed) and _is_element(outer, handed)):
            continue
        if _things(inner, outer) & _things(outer, outer):
            return outer
    return None


def _is_element(loop: Loop, handed: set[str]) -> bool:
    made = syntax.assigned_in(loop.body) if loop.body is not None else {}
    of_it = {name for name, values in made.items() if all_names(values) & loop.items}
    return bool((loop.items | of_it) & handed)


def _things(loop: Loop, around: Loop) -> set[str]:
    """What a loop takes its elements from, as it is written: all of them, and not what a call has chosen."""
    if any(syntax.called_name(each) not in _ALL for over in loop.over for each in syntax.calls_in(over)):
        return set()
    if not loop.counted and not any(each.type in grammar.CALLS for each in loop.over):
        return {syntax.text_of(each) for each in loop.over}
    taken = syntax.indexed_by(around.body, loop.items) if around.body is not None else []
    return {syntax.text_of(each) for each in taken}
