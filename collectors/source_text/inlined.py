"""Which functions of a file can V8 have put into another one, by what they call?

What it had optimized before anybody looked, its profilers tell of the compiled function alone: Panel.add, which
Panel.take calls, which Boosters.tell calls, is told as tell, with lines of add. What has no place in tell is looked for
in the functions of the same file that tell calls, and those call, nearest first.
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.declared import class_in
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 4
_HOLDER = re.compile(r"\b([A-Z]\w*)(?:::<.*>)?::")
_MOST = 64
"""functions that are looked at: V8 stops after some hundred bytes of bytecode"""


class Step(NamedTuple):
    """``function`` is called by ``call``, which stands in the function before."""

    function: "Node"
    call: "Node"


def within(source: Source, function: "Node") -> Iterator[tuple[Step, ...]]:
    """The ways from a function to others, nearest first."""
    seen = {function.id}
    waiting: deque[tuple[Step, ...]] = deque([()])
    while waiting:
        way = waiting.popleft()
        if way:
            yield way
        if len(way) == _DEEPEST:
            continue
        for call in syntax.calls_in(way[-1].function if way else function, functions=True):
            named = called(source, call)
            if named is not None and named.id not in seen and len(seen) < _MOST:
                seen.add(named.id)
                waiting.append((*way, Step(named, call)))


def called(source: Source, call: "Node") -> "Node | None":
    """The function of the file that ``call`` calls, by its name, and where several have that by the class of whose
    object it is called; None where that does not tell it."""
    if function := called_of_class(source, call):
        return function
    named = source.named.get(syntax.called_name(call), [])
    return named[0] if len(named) == 1 and not classes_of(source, call) & grammar.COLLECTIONS else None


def called_of_class(source: Source, call: "Node") -> "Node | None":
    """The one method of the file that ``call`` calls, of an object that is seen to be made of its class."""
    classes = classes_of(source, call)
    named = source.named.get(syntax.called_name(call), [])
    found = [function for function in named if classes and syntax.class_of_method(function) in classes]
    return found[0] if len(found) == 1 else None


def classes_of(source: Source, call: "Node") -> set[str]:
    """The classes of whose object something is called, by what its name, or the last one of a member, gets as value, or
    is declared to be, anywhere in the file."""
    owner = syntax.owner_of_call(call)
    if owner is None:
        return set()
    by_name = source.members if owner.type in grammar.MEMBERS else source.assigned
    name = syntax.member_name(owner) if owner.type in grammar.MEMBERS else syntax.text_of(owner)
    calls = [value for value in by_name.get(name, ()) if value.type in grammar.CALLS]
    made = {syntax.called_name(value) for value in calls}.union(*map(_holders, calls))
    kinds = {kind for each in made for kind in _given_by(source, each)} | source.declared.get(name, set())
    return made | {name for kind in kinds if (name := class_in(kind))}


def _holders(call: "Node") -> list[str]:
    """The class in whose name something is made: ``Vec::with_capacity(8)``"""
    return _HOLDER.findall(syntax.text_of(call.child_by_field_name("function")))


def _given_by(source: Source, name: str) -> set[str]:
    """The types, as they are written, that functions of a name give back."""
    kinds = (syntax.first_field(each, "result", "return_type", "type") for each in source.named.get(name, ()))
    return {syntax.text_of(kind).lstrip(" :->") for kind in kinds if kind is not None}
