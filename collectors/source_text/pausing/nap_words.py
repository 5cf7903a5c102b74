"""What do the statements and conditions around a sleep of Go say? ``nap_loops.py`` puts them together."""

from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax

if TYPE_CHECKING:
    from tree_sitter import Node

_LOCKS = frozenset(("Lock", "Unlock", "RLock", "RUnlock", "Gosched"))
_OF_TIME = frozenset(("Until", "Since", "Sub", "Now"))
_NOTHING = frozenset(("nil", "0", "false", '""', "``"))
_WORDS = grammar.NAMES | grammar.words("field_identifier package_identifier")


def words_in(node: "Node | None") -> set[str]:
    """All names within a node, those of members too."""
    inside = syntax.within(node, functions=True) if node is not None else ()
    return {syntax.text_of(each) for each in inside if each.type in _WORDS}


def called_in(statement: "Node") -> str:
    """The name of the function that a statement is a call of; empty for another one."""
    call = statement.named_child(0) if statement.type == "expression_statement" else None
    return syntax.called_name(call) if call is not None and call.type in grammar.CALLS else ""


def is_lock(statement: "Node") -> bool:
    return called_in(statement) in _LOCKS


def is_of_time(node: "Node") -> bool:
    """What is left of a frame, or till a moment: a pace."""
    return any(
        (each.type == "binary_expression" and _operator(each) == "-")
        or (each.type in grammar.CALLS and syntax.called_name(each) in _OF_TIME)
        for each in syntax.within(node, functions=True)
    )


def counts(statement: "Node") -> bool:
    """Whether a statement only counts, or goes on with the loop."""
    if statement.type in ("inc_statement", "dec_statement", "continue_statement"):
        return True
    name = called_in(statement)
    call = statement.named_child(0)
    arguments = [syntax.text_of(each) for each in syntax.arguments_of(call)] if call is not None else []
    if name == "Inc":
        return not arguments
    return name.startswith("Add") and arguments[-1:] == ["1"] and len(arguments) <= 2


def leaves(statement: "Node") -> bool:
    return statement.type in (*grammar.LEAVES, "goto_statement") or called_in(statement) == "panic"


def receives(node: "Node") -> bool:
    return any(each.type == "unary_expression" and _operator(each) == "<-" for each in syntax.within(node))


def asks_to_stop(condition: "Node") -> bool:
    """ctx.Err()"""
    calls = syntax.calls_in(condition)
    return any(syntax.called_name(each) == "Err" and _is_context(syntax.owner_of_call(each)) for each in calls)


def _is_context(owner: "Node | None") -> bool:
    return syntax.text_of(owner).rpartition(".")[2].lower().startswith(("ctx", "context"))


def missed(condition: "Node | None") -> bool:
    """Whether a condition says that nothing was found: ``!ok``, ``job == nil``, ``n <= 0``, ``err != nil``."""
    return condition is not None and any(map(_misses, syntax.within(condition)))


def _misses(node: "Node") -> bool:
    if node.type == "unary_expression":
        return _operator(node) == "!"
    if node.type in grammar.CALLS:
        name = syntax.called_name(node)
        return name.endswith("Empty") or (
            name in ("Is", "As") and syntax.text_of(syntax.owner_of_call(node)) == "errors"
        )
    if node.type != "binary_expression":
        return False
    left, operator, right = _sides(node)
    if operator == "!=":
        return right == "nil" and _is_error(left)
    if operator == "==":
        return right in _NOTHING and not _is_error(left)
    return (operator, right) in (("<=", "0"), ("<", "1"))


def compares(condition: "Node | None") -> bool:
    """Whether it asks for something equal or less, as ``head == tail``."""
    inside = syntax.within(condition) if condition is not None else ()
    for each in inside:
        if each.type == "binary_expression":
            _, operator, right = _sides(each)
            if operator in ("<", "<=") or (operator == "==" and right != "true"):
                return True
    return False


def asks_each_nth(condition: "Node | None") -> bool:
    """Of a pause after so many, or after what went well."""
    inside = syntax.within(condition) if condition is not None else ()
    for each in inside:
        if each.type == "binary_expression":
            left, operator, right = _sides(each)
            if operator == "%" or (operator == "==" and right == "nil" and _is_error(left)):
                return True
    return False


def _is_error(name: str) -> bool:
    return name.rpartition(".")[2].lower().startswith("err")


def _sides(node: "Node") -> tuple[str, str, str]:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    return syntax.text_of(left), _operator(node), syntax.text_of(right)


def _operator(node: "Node") -> str:
    return syntax.text_of(node.child_by_field_name("operator"))
