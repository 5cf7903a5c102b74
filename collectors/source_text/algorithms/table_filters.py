"""Does a line take the rows of a table for which something holds (pandas, NumPy)? That looks through all of the table.

``contracts[(contracts["grower"] == load.grower) & …]``, or by a mask that has a name first. In each round of a loop it
is a join, as two loops within each other are.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.looking_loops import Looks
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node


def filter_at(source: Source, line: int) -> Looks | None:
    """What a line of Python looks for in a table; None where it filters none."""
    if not source.is_python:
        return None
    for node in source.near(line):
        if node.type in grammar.FUNCTIONS or node.type in grammar.LOOPS:
            break
        for table, condition in _filters(node):
            over = syntax.names_in(table)
            wanted = syntax.names_in(condition) - over
            compares = any(map(_compares, syntax.within(condition)))
            if compares and over & syntax.names_in(condition) and wanted:
                return Looks(
                    Loop(node, frozenset(), (table,), condition, None, counted=False, seeks=True), over, wanted, True
                )
    return None


def _filters(node: "Node") -> Iterator[tuple["Node", "Node"]]:
    """The table and the condition of a node that takes rows, or that makes the mask by which rows are taken."""
    if node.type == "subscript" and len(taken := _parts(node)) > 1:
        yield taken[0], taken[1]
    mask, value = syntax.target_of(node), node.child_by_field_name("right")
    function = syntax.function_around(node)
    if mask is None or value is None or function is None or mask.type not in grammar.NAMES:
        return
    for each in syntax.within(function):
        table, *by = _parts(each) if each.type == "subscript" else [each]
        if syntax.text_of(mask) in map(syntax.text_of, by):
            yield table, value


def _parts(subscript: "Node") -> list["Node"]:
    return [each for each in subscript.named_children if each.type != "comment"]


def _compares(node: "Node") -> bool:
    return node.type == "comparison_operator" or (
        node.type in grammar.CALLS and syntax.called_name(node) in ("isin", "between", "eq", "ge", "le", "gt", "lt")
    )
