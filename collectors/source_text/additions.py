"""What adds something to a collection: which node does, to what, and what it adds."""

from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_ADDS_TO_FIRST = frozenset({"append", "heappush", "heap_push"})
"""functions that add to their first argument: Go's own, and Python's"""


def added_to(node: "Node") -> "Node | None":
    """The collection to which a node adds something; None where it does not."""
    if node.type in grammar.CALLS and syntax.arguments_of(node):
        owner = syntax.owner_of_call(node)
        first = syntax.arguments_of(node)[0]
        if owner is None:
            return first if syntax.called_name(node) in _ADDS_TO_FIRST and first.type in grammar.MEMBERS else None
        if syntax.called_name(node) in grammar.LISTENS and owner.type in grammar.MEMBERS:
            return owner if any(given.type in grammar.FUNCTIONS for given in syntax.arguments_of(node)) else None
        while owner.type in grammar.CALLS and syntax.called_name(owner) in grammar.ADDS:
            if (inner := syntax.owner_of_call(owner)) is None:
                break
            owner = inner  # (text.append(row).append(end))
        own = syntax.text_of(owner) in grammar.SELF  # (what a method of its own keeps, is kept in there)
        return owner if syntax.called_name(node) in grammar.ADDS | grammar.SCHEDULES and not own else None
    target = syntax.target_of(node)
    while target is not None and target.type not in grammar.INDEXED and target.named_child_count == 1:
        target = target.named_children[0]
    return target.named_children[0] if target is not None and target.type in grammar.INDEXED else None


def value_of(addition: "Node") -> "Node | None":
    """What is added: the last argument, or the value."""
    if addition.type in grammar.CALLS:
        given = syntax.arguments_of(addition)
        return given[0] if syntax.called_name(addition) in grammar.SCHEDULES else given[-1]
    return syntax.first_field(addition, "value", "right")


def is_number(value: "Node") -> bool:
    """Whether it is counted: ``counts.get(status, 0) + 1``."""
    return value.type in grammar.COMPARISONS and any(syntax.text_of(each).isdigit() for each in value.named_children)


def is_own(source: Source, addition: "Node", below: str = "") -> bool:
    """Whether what adds is a method of the target's own: it is in there that something is kept."""
    if addition.type not in grammar.CALLS or syntax.owner_of_call(addition) is None:
        return False
    name = syntax.called_name(addition)
    if name == below or inlined.called_of_class(source, addition) is not None:
        return True
    # (of what class the object is, is not seen: the file has one method of that name)
    methods = [each for each in source.named.get(name, ()) if syntax.class_of_method(each)]
    return len(methods) == 1 and not inlined.classes_of(source, addition)
