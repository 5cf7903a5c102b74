"""Calls that look through all of something for the least or the most: std::min_element, min(pending).

A loop of their own in all but form, and what a queue by priority is for where they are made in each round of another.
(Those that are handed a function in their place, min(rows, key=lambda …), are loops to the tree already.)
"""

from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.looking_loops import Looks
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_ALGORITHMS = frozenset(("min_element", "max_element", "minmax_element"))
_BUILT_IN = frozenset(("min", "max"))


def pick_at(source: Source, line: int) -> Looks | None:
    """What such a call in a line goes over; None where there is none."""
    for node in source.near(line):
        if node.type in grammar.FUNCTIONS:
            break
        over = _picked_from(source, node) if node.type in grammar.CALLS else None
        if over is not None and (names := syntax.names_in(over)):
            return Looks(
                Loop(node, frozenset(), (over,), None, None, counted=False, seeks=True), names, set(), False, True
            )
    return None


def _picked_from(source: Source, call: "Node") -> "Node | None":
    name, given = syntax.called_name(call), syntax.arguments_of(call)
    if name in _ALGORITHMS and given:
        return given[0]
    owner = syntax.owner_of_call(call)
    plain = [each for each in given if each.type != "keyword_argument"]
    if source.is_python and name in _BUILT_IN and owner is None and len(plain) == 1:
        return given[0] if given[0].type in grammar.NAMES | grammar.MEMBERS else None
    return None
