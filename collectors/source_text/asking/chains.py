"""Which lines ask in each round of a loop by what the last answer said? Those cannot be asked at the same time.

``page = told["next"]`` where ``told`` is what came of ``fetch(page)``.
"""

from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_STEPS = 4


def is_chained(source: Source, line: int) -> bool:
    loop = next(iter(source.loops_at(line)), None)
    if loop is None or loop.body is None:
        return False
    values = _assigned(loop.body)
    calls = [each for each in source.near(line) if each.type in grammar.CALLS and syntax.holds(each, line)]
    asked_by = set[str]().union(*(_names(given) for call in calls for given in syntax.arguments_of(call)))
    clients = {syntax.text_of(owner) for call in calls if (owner := syntax.owner_of_call(call)) is not None}
    answers = {name for name, value in values if syntax.holds(value, line) or _asks(value, clients)}
    for _ in range(_STEPS):
        answers |= {name for name, value in values if _names(value) & answers}
    return any(name in asked_by and name in answers and _names(value) & answers - {name} for name, value in values)


def is_asked_in_a_chain(source: Source, line: int) -> bool:
    """Whether a line of JavaScript is in a function that is only called in loops, each time by what its last answer
    said: no stack leads from there to what it asks."""
    node = source.at(line) if source.is_javascript else None
    function = syntax.function_around(node) if node is not None else None
    while function is not None and not syntax.name_of(function):
        function = syntax.function_around(function.parent) if function.parent is not None else None
    calls = source.calls.get(syntax.name_of(function), []) if function is not None else []
    return bool(calls) and all(is_chained(source, call.start_point[0] + 1) for call in calls)


def _assigned(body: "Node") -> list[tuple[str, "Node"]]:
    """What gets a value in each round, members of objects too, by their text."""
    found = []
    for each in syntax.within(body):
        target = syntax.target_of(each)
        value = each.child_by_field_name("value") or each.child_by_field_name("right")
        if target is None or value is None:
            continue
        names = {syntax.text_of(target)} if target.type in grammar.MEMBERS else syntax.targets_in(target)
        found += [(name, value) for name in names]
    return found


def _names(node: "Node") -> set[str]:
    return {syntax.text_of(each) for each in syntax.within(node) if each.type in grammar.NAMES | grammar.MEMBERS}


def _asks(value: "Node", clients: set[str]) -> bool:
    """Whether it is what came of a call of the same client, on a line of its own: ``line.getresponse()``."""
    owners = (syntax.owner_of_call(call) for call in syntax.calls_in(value))
    return any(owner is not None and syntax.text_of(owner) in clients for owner in owners)
