"""Does a loop go over a few elements that stand in the source: a table of rules, of lanes, of names?

What multiplies with so few takes no more time than with one. Where it was made is found by its name: in the function,
for all functions, or, of a member of an object, where the constructor got it.
"""

import re
from math import prod
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.looking_loops import FEW, all_names
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_STEPS = 4
"""from a name to what it stands for"""
_BY_LENGTH = frozenset(("from", "fill"))
"""``Array.from({ length: 30 }, …)``, ``Array(30).fill(0)``"""
_EACH = frozenset(("iter", "iter_mut", "into_iter", "stream"))
_SIZED = re.compile(r"\[.*;\s*(\d{1,4})(?:usize)?\s*\]|\[(\d{1,4})\].*", re.DOTALL)
_CONSTRUCTORS = frozenset(("constructor", "__init__"))


def is_short(source: Source, loop: Loop) -> bool:
    """Whether a loop counts up to a small number that has a name for all functions."""
    names = all_names(loop.over) - loop.items if loop.counted else set[str]()
    assigned = (value for name in names for value in source.assigned.get(name, []))
    values = [value for value in assigned if syntax.function_around(value) is None]
    numbers = [text for value in values if (text := syntax.text_of(value)).isdecimal() and len(text) < 20]
    return bool(names) and len(numbers) == len(values) == len(names) and all(int(number) < FEW for number in numbers)


def is_few(source: Source, name: str, function: "Node | None") -> bool:
    """Whether a name stands for a few elements that are listed in the source, in ``function`` or for all functions."""
    values = [each for each in source.assigned.get(name, []) if syntax.function_around(each) in (None, function)]
    kept = [value for value in values if name not in syntax.names_in(value)]
    return bool(kept) and all(_elements(value) in range(1, FEW) for value in kept)


def goes_over_few(source: Source, loop: Loop) -> bool:
    """Whether a loop goes over a few elements that are listed in the source."""
    return not loop.counted and len(loop.over) == 1 and stands_for_few(source, loop.over[0])


def stands_for_few(source: Source, value: "Node") -> bool:
    """Whether an expression stands for a few elements that are listed in the source."""
    return _stands_for_few(source, value, _STEPS)


def _elements(value: "Node") -> int:
    """How many elements an expression lists, or makes by a comprehension or Array.from; 0 where that is not seen."""
    if _is_range(value):
        return min(_size(value), FEW - 1)  # (so many as the source says, as a board has fields)
    made = next((each for each in syntax.within(value) if each.type in grammar.COMPREHENSIONS), None)
    if made is not None:
        clauses = (each for each in made.named_children if each.type == "for_in_clause")
        sizes = [_size(each.child_by_field_name("right")) for each in clauses]
        return prod(sizes) if sizes else 0
    if any(syntax.called_name(call) in _BY_LENGTH for call in syntax.calls_in(value)):
        return max(syntax.numbers_in(value), default=0)
    if value.type == "binary_operator":  # ([0] * ROOM)
        times = [int(text) for text in map(syntax.text_of, value.named_children) if text.isdecimal()]
        return syntax.listed_in(value) * (times[0] if times else 0)
    return syntax.listed_in(value)


def _size(over: "Node | None") -> int:
    """How many rounds a clause of a comprehension goes."""
    if over is None:
        return 0
    if _is_range(over):
        ends = syntax.numbers_in(over) if not syntax.names_in(over) else []
        return ends[-1] - (ends[0] if len(ends) > 1 else 0) if ends else 0
    return syntax.listed_in(over) if over.type in grammar.LISTS else 0


def _is_range(value: "Node") -> bool:
    return value.type in grammar.CALLS and syntax.called_name(value) == "range"


def _stands_for_few(source: Source, value: "Node", steps: int) -> bool:
    if value.type in grammar.LISTS:
        return syntax.listed_in(value) in range(1, FEW)
    if not steps:
        return False
    if value.type in grammar.MEMBERS:
        owner = syntax.owner_of(value)
        own = owner is not None and syntax.text_of(owner) in grammar.SELF
        values = source.members.get(syntax.member_name(value), []) if own else []
        sized = source.declared.get(syntax.member_name(value), set())
        if sized and all(map(_is_sized, sized)):
            return True
        return bool(values) and all(_stands_for_few(source, each, steps - 1) for each in values)
    if value.type in grammar.POINTED | {"reference_expression"} and value.named_children:  # (&mut self.players)
        return _stands_for_few(source, value.named_children[-1], steps)
    if value.type in ("if_expression", "conditional_expression", "ternary_expression"):
        ways = [each for each in _ways(value) if not _is_empty(each)]
        return bool(ways) and all(_stands_for_few(source, each, steps - 1) for each in ways)
    if value.type in grammar.CALLS and syntax.called_name(value) in _EACH and (owner := syntax.owner_of_call(value)):
        return _stands_for_few(source, owner, steps)
    if value.type not in grammar.NAMES:
        return False
    name, function = syntax.text_of(value), syntax.function_around(value)
    given = _given(source, function, name) if function is not None else None
    if given is not None:
        given = [each for each in given if not _is_empty(each)]
        return bool(given) and all(_stands_for_few(source, each, steps - 1) for each in given)
    values = syntax.assigned_in(function).get(name, []) if function is not None else []
    another_name = bool(values) and all(_stands_for_few(source, each, steps - 1) for each in values)
    return another_name or is_few(source, name, function)


def _ways(choice: "Node") -> "list[Node]":
    """What a choice between two may give."""
    if choice.type == "conditional_expression" and not choice.child_by_field_name("consequence"):
        return [choice.named_children[0], choice.named_children[-1]]  # (Python: this if so else that)
    ways = [choice.child_by_field_name(field) for field in ("consequence", "alternative")]
    return [_last(way) for way in ways if way is not None]


def _last(way: "Node") -> "Node":
    """What a block gives, by its last expression."""
    while way.named_children and (way.type in grammar.BLOCKS or way.type in ("else_clause", "expression_statement")):
        way = way.named_children[-1]
    return way


def _is_empty(value: "Node") -> bool:
    """Whether it is a list without elements, handed on as it stands."""
    while value.type in grammar.POINTED | {"reference_expression"} and value.named_children:
        value = value.named_children[-1]
    return value.type in grammar.LISTS and not value.named_children


def _is_sized(kind: str) -> bool:
    """Whether a type says how few there are: ``[Ship; 4]``, ``[4]Ship``."""
    said = _SIZED.fullmatch(kind)
    return said is not None and int(said[1] or said[2]) < FEW


def _given(source: Source, function: "Node", name: str) -> "list[Node] | None":
    """What the calls of a function in its file hand to a parameter; None where it has none of that name."""
    parameters = syntax.parameters_of(function)
    at = next((place for place, own in enumerate(parameters) if name in own), None)
    if at is None:
        return None
    called = syntax.name_of(function)
    called = syntax.class_around(function) if called in _CONSTRUCTORS else called
    arguments = [syntax.arguments_of(call) for call in source.calls.get(called, ())]
    return [listed[at] for listed in arguments if len(listed) > at] if all(len(a) > at for a in arguments) else []
