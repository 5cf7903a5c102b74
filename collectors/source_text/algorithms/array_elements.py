"""Does a program of Python go over an array of numpy element by element, or over a table of pandas cell by cell?

``for y in range(light.shape[0]): for x in range(light.shape[1]): dark[y, x] = light[y, x] < around(y, x).mean()``: each
element costs some calls of the interpreter and of numpy, which works on all of them in one for as much. A loop over a
few shifts of whole arrays is how that is written, and so is one over rows. To ask a table for one row or cell
(``table.loc[i, "price"]``) costs more still.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.looking_loops import few_rounds
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node


_BY_CELL = frozenset(("loc", "iloc", "at", "iat"))


def cells_at(source: Source, line: int) -> Loop | None:
    """The loop in each of whose rounds a line asks a table for, or sets, another one of its rows or cells."""
    loops = [loop for loop in source.loops_at(line) if not few_rounds(loop)] if source.is_python else []
    rows = [row for each in source.near(line) if (row := _row_asked(each)) is not None] if loops else []
    for loop in loops:
        if loop.body is not None and any(
            syntax.names_in(row) & loop.items and syntax.start_within(row, loop.body) for row in rows
        ):
            return loop
    return None


def _row_asked(node: "Node") -> "Node | None":
    """What says which row is asked for: ``i`` of ``table.loc[i, "price"]``; None for rows that a condition chooses."""
    table = node.named_children[0] if node.type in grammar.INDEXED and node.named_child_count > 1 else None
    if table is None or table.type not in grammar.MEMBERS or syntax.member_name(table) not in _BY_CELL:
        return None
    row = node.named_children[1]
    row = row.named_children[0] if row.type == "tuple" and row.named_children else row
    several = any(each.type in ("comparison_operator", "slice", *grammar.CALLS) for each in syntax.within(row))
    return None if several else row


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
