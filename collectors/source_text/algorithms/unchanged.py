"""Does a member of an object stay as it was made?"""

from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.additions import added_to
from perfdoctor.collectors.source_text.removals import last_name, whole
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_SEVERAL = grammar.words("expression_list pattern_list tuple_pattern")
_LITERALS = grammar.words("composite_literal struct_expression")
"""objects that are written down with what they hold"""


def members_in(node: "Node") -> set[str]:
    """The names of the members that an expression mentions, without those of methods that it calls."""
    members = (each for each in syntax.within(node, functions=True) if each.type in grammar.MEMBERS)
    return {syntax.member_name(each) for each in members if not _is_called(each)}


def change(source: Source, members: set[str], *, added: bool = True) -> bool:
    """Whether any of these members gets another value, or an element, once its object is made."""
    for each in syntax.within(source.root, functions=True):
        target = syntax.target_of(each)
        # (*self.counts.entry(isbn).or_insert(0) += copies)
        parts = target.named_children if target is not None and target.type in _SEVERAL else [target]
        changed = set[str]().union(*(members_in(whole(part)) for part in parts if part is not None))
        held = (added_to(each) or _taken_from(each)) if added else None
        if held is not None:
            changed |= {last_name(held)}
        bare = syntax.targets_in(target) if target is not None and grammar.leaves_out_this(source.file) else set[str]()
        if (changed | bare) & members:
            around = syntax.function_around(each)
            if around is None or syntax.is_constructor(around):
                continue
            # (a variable of a function may have the name of a member)
            local = set(syntax.assigned_in(around)) | syntax.parameter_names(around)
            if held is not None and held.type in grammar.NAMES and syntax.text_of(held) in local:
                changed -= {last_name(held)}
            if (changed | bare - _declared_in(around)) & members and not _is_of_a_new_one(source, each, around):
                return True
    return False


def stays(source: Source, name: str) -> bool:
    """Whether a name of the file gets its value outside of functions, and nothing is done to that in them."""
    values = source.assigned.get(name, [])
    if not values or any(syntax.function_around(each) is not None for each in values):
        return False
    for each in syntax.within(source.root, functions=True):
        held, target = added_to(each) or _taken_from(each), syntax.target_of(each)
        touched = {last_name(held)} if held is not None else set[str]()
        if target is not None and target.type not in grammar.NAMES:
            touched |= syntax.names_in(whole(target))
        if name in touched and syntax.function_around(each) is not None:
            return False
    return True


def _is_of_a_new_one(source: Source, node: "Node", function: "Node") -> bool:
    """Whether what a node changes belongs to an object that its function has made: it is filled before it is used."""
    held = added_to(node) or _taken_from(node) or syntax.target_of(node)
    while held is not None and held.type == "expression_list" and held.named_child_count == 1:  # (Go)
        held = held.named_children[0]
    held = whole(held) if held is not None else None
    owner = syntax.owner_of(held) if held is not None and held.type in grammar.MEMBERS else None
    name = syntax.text_of(owner) if owner is not None and owner.type in grammar.NAMES else ""
    values = syntax.assigned_in(function).get(name, [])
    return bool(values) and all(_makes_an_object(source, each) for each in values)


def _makes_an_object(source: Source, value: "Node") -> bool:
    """``&Fares{}``, ``new Fares()``, ``Fares()``, ``Fares::new()``"""
    made = (each for each in syntax.within(value) if each.type in (*_LITERALS, *grammar.CALLS))
    first = next(made, None)
    if first is None or first.type in _LITERALS:
        return first is not None
    named = syntax.called_name(first) in source.classes
    return named or syntax.text_of(first.child_by_field_name("function")).partition("::")[0] in source.classes


def _declared_in(function: "Node") -> set[str]:
    """The variables that a function declares, of a language in which those of its object have plain names, too."""
    found = syntax.parameter_names(function)
    for each in syntax.within(function, functions=True):
        if each.type in ("variable_declarator", "declaration", "init_declarator", "enhanced_for_statement"):
            name = syntax.first_field(each, "name", "declarator")
            found = found | (syntax.targets_in(name) if name is not None else set())
    return found


def _is_called(member: "Node") -> bool:
    call = member.parent
    return call is not None and call.type in grammar.CALLS and call.child_by_field_name("function") == member


def _taken_from(node: "Node") -> "Node | None":
    """The collection out of which a node takes something."""
    takes = node.type in grammar.CALLS and syntax.called_name(node) in grammar.REMOVES
    return syntax.owner_of_call(node) if takes else None
