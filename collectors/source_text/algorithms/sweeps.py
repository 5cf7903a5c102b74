"""Does a program go over all of something again and again, until a round has changed nothing?

``while changed: changed = False; for edge in edges: if candidate < best[edge.to]: best[edge.to] = candidate; changed =
True``: each change is looked for among all. A queue of what has changed goes on from there alone. The same is ``while
len(done) < len(tasks)``, where each round looks for the next one that is ready among all.
"""

from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import comparisons, grammar, syntax
from perfdoctor.collectors.source_text.additions import added_to
from perfdoctor.collectors.source_text.looking_loops import all_names
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_NO = frozenset(("false", "False", "0"))
_YES = frozenset(("true", "True", "1"))


def sweep_at(source: Source, line: int) -> Loop | None:
    """The outer loop of such two that a line is in."""
    loops = list(source.loops_at(line))
    for number, inner in enumerate(loops):
        flags = _set_with_a_better_one(inner)
        for outer in loops[number + 1 :]:
            if flags & _reset_in(outer, inner) & _asked(outer) or _takes_one(inner, outer):
                return outer
    return None


def _takes_one(inner: Loop, outer: Loop) -> bool:
    """Whether each round looks for one among those that are left, and goes on until all are taken."""
    left = syntax.names_in(outer.node.child_by_field_name("condition") or outer.condition)
    if not outer.endless or not left or outer.body is None or inner.endless:
        return False
    if inner.seeks:
        over = all_names(inner.over)
        return bool(over & left) and any(_is_taken_out(each, over) for each in syntax.within(outer.body))
    for each in syntax.within(inner.body) if inner.body is not None else ():
        then = each.child_by_field_name("consequence") if each.type in grammar.IFS else None
        inside = list(syntax.within(then)) if then is not None else []
        added = all_names(held for one in inside if (held := added_to(one)) is not None)
        if added & left and any(one.type.startswith("break") for one in inside):
            return True
    return False


def _is_taken_out(node: "Node", names: set[str]) -> bool:
    """Whether a node takes something out of a collection, or makes a new one without it."""
    owner = syntax.owner_of_call(node) if node.type in grammar.CALLS else None
    if owner is not None and syntax.called_name(node) in grammar.REMOVES:
        return bool(syntax.names_in(owner) & names)
    target = syntax.target_of(node) if node.type in grammar.ASSIGNMENTS else None
    value = syntax.first_field(node, "value", "right")
    return target is not None and value is not None and bool(syntax.targets_in(target) & names & syntax.names_in(value))


def _set_with_a_better_one(loop: Loop) -> set[str]:
    """The names that get the value true where an element, or a member, gets a value that is less or more."""
    found = set[str]()
    for each in syntax.within(loop.body) if loop.body is not None else ():
        condition, then = (each.child_by_field_name(name) for name in ("condition", "consequence"))
        if (
            each.type not in grammar.IFS
            or condition is None
            or then is None
            or not comparisons.asks_for_order(condition)
        ):
            continue
        targets = {syntax.text_of(target) for one in syntax.within(then) if (target := _changed(one)) is not None}
        if any(target in syntax.text_of(condition) for target in targets):
            found |= {name for name, value in _words(then) if value in _YES}
    return found


def _changed(node: "Node") -> "Node | None":
    target = syntax.target_of(node) if node.type in grammar.ASSIGNMENTS else None
    while target is not None and target.named_child_count == 1 and target.type not in grammar.INDEXED:
        target = target.named_children[0]
    return target if target is not None and target.type in grammar.INDEXED | grammar.MEMBERS else None


def _words(node: "Node") -> list[tuple[str, str]]:
    """The names that get one word as value within a node, with that."""
    values = syntax.assigned_in(node)
    return [(name, syntax.text_of(value).strip()) for name in values for value in values[name]]


def _reset_in(outer: Loop, inner: Loop) -> set[str]:
    """The names that get the value false in each round of a loop, outside of another one."""
    found = set[str]()
    for each in syntax.within(outer.body, without=(inner.node.id,)) if outer.body is not None else ():
        if syntax.target_of(each) is not None:
            found |= {name for name, value in _words(each) if value in _NO}
    return found


def _asked(outer: Loop) -> set[str]:
    """The names by which a loop ends."""
    names = syntax.names_in(outer.node.child_by_field_name("condition"))
    for each in syntax.within(outer.body) if outer.body is not None else ():
        then = each.child_by_field_name("consequence") if each.type in grammar.IFS else None
        if then is not None and any(one.type.startswith(("break", "return")) for one in syntax.within(then)):
            names |= syntax.names_in(each.child_by_field_name("condition"))
    return names
