"""Does a program of Python go over an array of numpy element by element, in two loops?

``for y in range(light.shape[0]): for x in range(light.shape[1]): dark[y, x] = light[y, x] < around(y, x).mean()``: each
element costs some calls of the interpreter and of numpy, which works on all of them in one for as much. A loop over a
few shifts of whole arrays is how that is written, and so is one over rows.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node


def elements_at(source: Source, line: int) -> Loop | None:
    """The outer one of two such loops that a line belongs to."""
    loops = list(source.loops_at(line)) if source.is_python else []
    for inner, outer in pairwise(loops):
        function = syntax.function_around(outer.node)
        own = syntax.assigned_in(function) if function is not None else {}
        if all(_is_of_a_shape(loop, own) for loop in (inner, outer)) and _takes_one(inner, outer):
            return outer
    return None


def _is_of_a_shape(loop: Loop, own: "dict[str, list[Node]]") -> bool:
    """Whether a loop counts to a dimension: ``range(light.shape[0])``, or ``height, width = light.shape`` before."""
    over = loop.over[0] if loop.counted and len(loop.over) == 1 else None
    if over is None or over.type not in grammar.CALLS or syntax.called_name(over) != "range":
        return False
    named = [value for name in syntax.names_in(over) for value in own.get(name, ())]
    parts = (part for each in (over, *named) for part in syntax.within(each))
    return any(part.type in grammar.MEMBERS and syntax.member_name(part) == "shape" for part in parts)


def _takes_one(inner: Loop, outer: Loop) -> bool:
    """Whether an element is asked for by what both loops count: ``light[y, x]``, ``light[y][x]``."""
    for each in syntax.within(inner.body) if inner.body is not None else ():
        names = syntax.names_in(each) if each.type in grammar.INDEXED else set[str]()
        if names & inner.items and names & outer.items:
            return True
    return False
