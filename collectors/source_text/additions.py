"""What adds something to a collection: which node does, to what, and what it adds."""

from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.declared import is_map
from perfdoctor.collectors.source_text.removals import last_name
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_ADDS_TO_FIRST = frozenset({"append", "heappush", "heap_push"})
"""functions that add to their first argument: Go's own, and Python's"""


_LABELS = grammar.words("labels WithLabelValues with_label_values")
"""of a metric (Prometheus), which keeps a series for each combination of values that it has ever seen"""
_MAPS = frozenset({"dictionary", "object", "dictionary_comprehension"})
"""literals of what finds values by any key"""
_COUNTS = grammar.words("len size length count sum strlen")
"""calls that give a number"""


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
        if syntax.called_name(node) in _LABELS:
            return owner if any(map(syntax.names_in, syntax.arguments_of(node))) else None
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
    """Whether it is counted: ``counts.get(status, 0) + 1``, ``len(body)``."""
    if value.type in grammar.CALLS:
        return syntax.called_name(value) in _COUNTS
    return value.type in grammar.COMPARISONS and any(syntax.text_of(each).isdigit() for each in value.named_children)


def is_at_a_place(addition: "Node") -> bool:
    """Whether it is put at a place that stands in the text, instead of what was there: ``seen["status"] = status``."""
    target = syntax.target_of(addition) if addition.type not in grammar.CALLS else None
    key = target.named_children[-1] if target is not None and target.type in grammar.INDEXED else None
    return key is not None and not any(each.type in grammar.NAMES for each in syntax.within(key))


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


def grows(source: Source, node: "Node") -> bool:
    """Whether what a node adds makes a collection larger: an element of a list that gets another value does not, nor
    does a number that is set or counted up."""
    held = added_to(node)
    if held is None or node.type in grammar.CALLS:
        return held is not None
    value, target = value_of(node), syntax.target_of(node)
    if value is None or not syntax.names_in(value) or is_number(value) or is_at_a_place(node):
        return False
    if syntax.text_of(node.child_by_field_name("operator")) not in "=":
        return False  # (of Go: totals[at] += used)
    if target is not None and any(each.type in grammar.STEPS for each in syntax.within(target)):
        return True  # (items[count++] = item)
    name = last_name(held)
    kinds = source.declared.get(name, set())
    made = (*source.members.get(name, ()), *source.assigned.get(name, ()))
    if not kinds and not made:
        return True
    within = [each for value in made for each in (syntax.within(value) if held.type in grammar.INDEXED else (value,))]
    return any(map(is_map, kinds)) or any(map(_is_map, within))


def _is_map(value: "Node") -> bool:
    """Whether a value is one that finds what it holds by any key."""
    made = syntax.text_of(value).removeprefix("new ").removeprefix("make(")
    return value.type in _MAPS or is_map(made)
