"""Objects of a class, in the text of a file: what makes them, and whether a value is one."""

import re
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_WITH_TYPES = frozenset({"composite_literal", "struct_expression", "compound_literal_expression"})
"""of Go, Rust and C: a type, and values of its parts"""
_WORD = re.compile(r"\w+")


def made_by(node: "Node") -> set[str]:
    """The names that may be the class of what a node makes: ``Session(1)``, ``make_unique<Session>(1)``,
    ``&Session{…}``, ``Session::new(1)``, ``NewSession(1)``."""
    if node.type not in grammar.CALLS | _WITH_TYPES:
        return set()
    words = _WORD.findall(syntax.text_of(syntax.first_field(node, "function", "constructor", "type", "name")))
    return {*words, *(word.removeprefix("New") for word in words)}


def made_in(source: Source, function: "Node") -> set[str]:
    """The classes of the file of which a function makes objects."""
    return set[str]().union(*map(made_by, syntax.within(function))) & source.classes


def is_one(value: "Node", function: "Node", name: str) -> bool:
    """Whether a value in ``function`` is an object of a class: by what makes it, by its declared type, or by its own
    name."""
    written, assigned = syntax.parameter_texts(function), syntax.assigned_in(function)
    for each in syntax.names_in(value):
        if each.replace("_", "").lower() == name.lower() or name in _WORD.findall(written.get(each, "")):
            return True
        if any(name in made_by(part) for one in assigned.get(each, ()) for part in syntax.within(one)):
            return True
    return any(name in made_by(part) for part in syntax.within(value))


def are_many(source: Source, name: str) -> bool:
    """Whether objects of a class are made in a function that is called again and again, or in a loop."""
    makers = (each for each in syntax.within(source.root, functions=True) if name in made_by(each))
    return any(any(syntax.loops_around(each)) or _is_called_again(each) for each in makers)


def _is_called_again(node: "Node") -> bool:
    function = syntax.function_around(node)
    return function is not None and is_plain(function)


def is_plain(node: "Node") -> bool:
    """Whether it is a function that is called again and again: what constructors add is there once."""
    if node.type not in grammar.FUNCTIONS:
        return False
    name = syntax.name_of(node)
    return name not in ("main", "init") and not syntax.is_constructor(node)
