"""Does a loop look through a list for something that is added to it where it is not there?

The list grows with each new one, and all of it is gone through for the next: a map finds it at once. What a table says
where to look (the chain of a bucket) is short.
"""

from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.additions import added_to
from perfdoctor.collectors.source_text.looking_loops import all_names, few_rounds, jumps
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_LOOKED_UP = grammar.words("get computeIfAbsent setdefault entry getOrDefault get_mut or_default or_insert_with")
"""methods that give what a map has for a key"""


def find_or_add_at(source: Source, line: int) -> Loop | None:
    """The loop of a line, which stops when it has found something, in a function that adds to what it goes over."""
    for loop in source.loops_at(line):
        function = syntax.function_around(loop.node)
        if function is None or loop.endless or few_rounds(loop) or jumps(loop) or not _stops(loop, line):
            continue
        over = _gone_over(loop)
        if over and not _is_looked_up(loop, function) and _adds(loop, function, over):
            return loop
    return None


def _gone_over(loop: Loop) -> set[str]:
    """What a loop goes over, as it is written."""
    if not loop.counted:
        return set(map(syntax.text_of, map(syntax.without_start, loop.over)))
    parts = [part for part in (loop.body, loop.condition) if part is not None]
    return {syntax.text_of(found) for part in parts for found in syntax.indexed_by(part, loop.items)}


def _stops(loop: Loop, line: int) -> bool:
    """Whether a loop leaves when it has found an element, and a line is in what it asks."""
    if loop.seeks:
        return loop.node.type not in grammar.COMPREHENSIONS
    if loop.body is None:
        return False
    for each in syntax.within(loop.body):
        asks = each.child_by_field_name("condition") if each.type in grammar.IFS else None
        then = each.child_by_field_name("consequence") if asks is not None else None
        if asks is None or then is None or line > asks.end_point[0] + 1 or not syntax.names_in(asks) & loop.items:
            continue
        leaves = (one.type for one in syntax.within(then) if one.type in grammar.LEAVES)
        if any(kind.startswith(("break", "return")) for kind in leaves):
            return True
    return False


def _is_looked_up(loop: Loop, function: "Node") -> bool:
    """Whether a loop goes over what a table has for something: ``for (const one of this.cells.get(cell))``."""
    values = syntax.assigned_in(function)
    made = [value for name in all_names(loop.over) for value in values.get(name, ())]
    parts = [each for part in (*loop.over, *made) for each in syntax.within(part)]
    return any(
        each.type in grammar.INDEXED or (each.type in grammar.CALLS and syntax.called_name(each) in _LOOKED_UP)
        for each in parts
        if not loop.counted or each.type not in grammar.INDEXED
    )


def _adds(loop: Loop, function: "Node", over: set[str]) -> bool:
    """Whether something is added, behind a loop, to what it goes over."""
    for each in syntax.within(function, functions=True):
        behind = each.start_byte >= loop.node.end_byte or _is_else_of(loop, each)
        held = added_to(each) if behind else None
        if held is not None and syntax.text_of(held) in over:
            return True
    return False


def _is_else_of(loop: Loop, node: "Node") -> bool:
    """Whether it stands behind a loop of Python that has ended without a break."""
    other = loop.node.child_by_field_name("alternative")
    return other is not None and syntax.start_within(node, other)
