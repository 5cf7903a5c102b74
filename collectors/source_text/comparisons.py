"""Expressions that compare: which parts of a source's tree give an answer, and no more than that."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax

if TYPE_CHECKING:
    from tree_sitter import Node

_NEGATIONS = frozenset(("unary_expression", "not_operator"))
_ORDER = frozenset(("<", ">", "<=", ">="))


def adds_more_than_one(node: "Node") -> bool:
    """Whether a step is other than by one, or by an answer (``found |= a == b``)."""
    if node.type not in grammar.STEPS:
        return False
    right = node.child_by_field_name("right")
    return right is not None and syntax.text_of(right) not in ("1", "1.0", "1L") and not is_an_answer(right)


def returns_an_answer(function: "Node") -> bool:
    """Whether a function does nothing but compare what it is given."""
    body = function.child_by_field_name("body")
    if body is None:
        return False
    plain = body.type not in grammar.BLOCKS  # ((a, b) => a.at === b.at)
    said = [each for each in ((body,) if plain else body.named_children) if not each.type.endswith("comment")]
    while len(said) == 1 and said[0].type in grammar.BLOCKS | grammar.LEAVES:
        said = said[0].named_children
    return len(said) == 1 and is_an_answer(said[0])


def answer_kept_by(node: "Node") -> "Node | None":
    """The comparison whose answer a node gives a name or counts: ``found = a == b``, ``n += a == b``."""
    if syntax.target_of(node) is None:
        return None
    value = syntax.first_field(node, "value", "right")
    return value if value is not None and is_an_answer(value) else None


def asks_for_order(node: "Node") -> bool:
    """Whether an expression asks which of two is less."""
    compared = (each for each in syntax.within(node) if each.type in grammar.COMPARISONS)
    return any(operator.type in _ORDER for each in compared for operator in each.children)


def parts_of_answer(value: "Node", depth: int = 0) -> Iterator["Node"]:
    """What is joined by ``and``."""
    operators = {each.type for each in value.children if not each.is_named}
    if depth < syntax.DEEPEST and (value.type in grammar.WRAPS or operators & {"&&", "and"}):
        for each in value.named_children:
            yield from parts_of_answer(each, depth + 1)
    else:
        yield value


def is_an_answer(value: "Node", depth: int = 0) -> bool:
    """Whether an expression compares, and gives no more than what came out of that."""
    inner = value
    if depth > syntax.DEEPEST:
        return False
    while inner.type in grammar.WRAPS and (
        parts := [c for c in inner.named_children if not c.type.endswith("comment")]
    ):
        inner = parts[0]
    if inner.type in _NEGATIONS and inner.named_children:
        return is_an_answer(inner.named_children[-1], depth + 1)
    if inner.type in grammar.CALLS and syntax.called_name(inner) in grammar.COMPARES:
        return True
    if inner.type in grammar.CONDITIONALS:
        asks = syntax.condition_of(inner)
        others = (each for each in inner.named_children if each != asks)
        return asks is not None and is_an_answer(asks, depth + 1) and not any(each.named_child_count for each in others)
    if inner.type not in grammar.COMPARISONS:
        return False
    operators = {each.type for each in inner.children if not each.is_named}
    if operators & grammar.JOINS_ANSWERS:
        return any(is_an_answer(each, depth + 1) for each in inner.named_children)
    return bool(operators & grammar.COMPARES_BY)
