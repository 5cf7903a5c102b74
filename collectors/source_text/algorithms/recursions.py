"""Does a function work out the same parts again and again, by calling itself with less of what it was given?

``reach(chests - 1, target - points)`` in a loop over what points there are comes to the same two numbers by many ways:
a table of what was worked out (a cache of the function) makes one way of them. A function that goes down a tree is
given its branches, and one that tries moves on a board changes that: neither comes to the same again.
"""

from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.additions import added_to
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_KEEPS = ("memo", "cache", "lru_cache", "seen", "table", "known")
"""words in the text of a function that keeps what it has worked out"""
_OWN = ("self", "this", "Self", "")
_SLICES = grammar.words("slice substring substr subList subspan")
_SIGNS = frozenset("+-")


def overlap_at(source: Source, line: int) -> "Node | None":
    """The call by which the function of a line calls itself so."""
    node = source.at(line)
    function = syntax.function_around(node) if node is not None else None
    name = syntax.name_of(function) if function is not None else ""
    if function is None or not name or not _is_pure(function) or _is_kept(function):
        return None
    given = syntax.parameter_names(function)
    calls = [call for call in syntax.calls_in(function, functions=True) if _is_own(call, name)]
    less = []
    for call in calls:
        handed = [syntax.meant(each) for each in syntax.arguments_of(call)]
        same = all(_is_less(each, given) or _is_the_same(each) for each in handed)
        if same and any(_is_less(each, given) for each in handed) and not _goes_deeper(call):
            less.append(call)
    in_loops = [
        call for call in less if any(syntax.start_within(loop.node, function) for loop in syntax.loops_around(call))
    ]
    by_number = [call for call in less if any(_is_step(each, given) for each in syntax.arguments_of(call))]
    return next(iter(in_loops), None) or (by_number[0] if len(by_number) > 1 else None)


def _is_own(call: "Node", name: str) -> bool:
    owner = syntax.owner_of_call(call)
    return syntax.called_name(call) == name and (owner is None or syntax.text_of(owner) in _OWN)


def _is_less(argument: "Node", given: set[str]) -> bool:
    """Whether an argument is a part of what was given: by a number less, or without its beginning."""
    return _is_step(argument, given) or _is_slice(argument, given)


def _is_the_same(argument: "Node") -> bool:
    """Whether an argument is handed on as it is: what is made of it (``board * 4 + move``) is seldom made again."""
    inner = argument.named_children[-1] if argument.type == "reference_expression" else argument
    return inner.type in grammar.NAMES | grammar.MEMBERS or not inner.named_child_count


def _is_step(argument: "Node", given: set[str]) -> bool:
    """``target - points``, ``i + 1``"""
    if argument.type not in grammar.COMPARISONS or len(argument.named_children) != 2:
        return False
    first, _ = argument.named_children
    plain = first.type in grammar.NAMES and syntax.text_of(first) in given
    return plain and any(not each.is_named and each.type in _SIGNS for each in argument.children)


def _goes_deeper(call: "Node") -> bool:
    """Whether a call in a loop is given a branch, and counts how deep that is: ``render(child, depth + 1)``."""
    items = set[str]().union(*(loop.items for loop in syntax.loops_around(call)))
    given = syntax.arguments_of(call)
    branches = (each for each in given if each.type in grammar.NAMES | grammar.MEMBERS)
    signs = {each.type for argument in given for each in argument.children if not each.is_named}
    return any(syntax.names_in(each) & items for each in branches) and "-" not in signs


def _is_slice(argument: "Node", given: set[str]) -> bool:
    """``text.slice(n)``, ``text[n:]``"""
    if argument.type in grammar.CALLS:
        owner = syntax.owner_of_call(argument)
        name = syntax.called_name(argument)
        return name in _SLICES and owner is not None and syntax.text_of(owner) in given
    inner = argument.named_children[0] if argument.type in ("reference_expression", "unary_expression") else argument
    whole = inner.named_children[0] if inner.named_children else None
    cut = any("slice" in each.type or "range" in each.type for each in (inner, *inner.named_children))
    indexed = inner.type in grammar.INDEXED or inner.type == "slice_expression"
    return indexed and cut and whole is not None and syntax.text_of(whole) in given


def _is_pure(function: "Node") -> bool:
    """Whether a function gives back what it works out, and changes nothing else."""
    returns = False
    for each in syntax.within(function, functions=True):
        returns = returns or each.type.startswith("return")
        if each.type == "expression_statement" and each.named_child_count == 1:
            inner = each.named_children[0]
            if inner.type in grammar.CALLS:
                return False
        if each.type.startswith("yield") or added_to(each) is not None:
            return False
        target = syntax.target_of(each)
        if target is not None and (target.type in grammar.MEMBERS or target.type in grammar.INDEXED):
            return False
    body = function.child_by_field_name("body")
    last = body.named_children[-1] if body is not None and body.named_children else None
    return returns or (last is not None and function.type in ("function_item", "arrow_function"))


def _is_kept(function: "Node") -> bool:
    """Whether it says that what it has worked out is kept."""
    holder = function.parent
    whole = holder if holder is not None and holder.type == "decorated_definition" else function
    words = syntax.text_of(whole).lower()
    return any(word in words for word in _KEEPS)
