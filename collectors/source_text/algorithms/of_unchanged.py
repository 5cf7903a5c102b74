"""Does a program work out the same again and again, of something that changes, but not in what is asked of it?

``weights = probe_weights(probes)`` in each round, of the places of probes that report another moisture each time: of
all members that the function reads none is set anywhere in the file, once its object is made, nor does what holds them
get, or lose, one. Which object it is given must be the same in the rounds of a loop, as its text shows.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.algorithms.same_each_time import (
    all_that_run,
    alters,
    asked_of,
    gives_by_name,
    only_gives,
    read_from_outside,
)
from perfdoctor.collectors.source_text.algorithms.unchanged import change, members_in, stays
from perfdoctor.collectors.source_text.looking_loops import all_names, few_rounds
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 3
_CALLERS = 4


def of_unchanged_at(source: Source, lines: Sequence[int]) -> int:
    """The line that has it worked out; 0 where there is none. ``lines`` are those of a stack that are of one file,
    innermost first."""
    for number, line in enumerate(lines[1 : 1 + _DEEPEST], 1):
        inner = source.at(lines[number - 1])
        function = syntax.function_around(inner) if inner is not None else None
        call = source.call_at(line, syntax.name_of(function)) if function is not None else None
        if function is None or call is None or not only_gives(source, function):
            return 0
        works = syntax.loops_in(function) and _reads_what_stays(source, function)
        if works and _is_given_the_same(source, call, lines[number:]):
            return line
    return 0


def _reads_what_stays(source: Source, function: "Node") -> bool:
    """Whether a function reads members of what it is given, and nothing that it reads is ever another."""
    read = set[str]()
    for each in all_that_run(source, function):
        outside = read_from_outside(each) - grammar.SELF
        known = {name for name in outside if name in source.named or name in source.classes or gives_by_name(name)}
        if not all(name.isupper() or stays(source, name) for name in outside - known):
            return False
        read |= members_in(each)
    # (what is no member of this file's own is changed who knows where)
    return bool(read) and read <= set(source.declared) | _set_in(source) and not change(source, read)


def _set_in(source: Source) -> set[str]:
    """The members that get a value anywhere in a file."""
    targets = filter(None, map(syntax.target_of, syntax.within(source.root, functions=True)))
    return set[str]().union(*map(members_in, targets))


def _is_given_the_same(source: Source, call: "Node", lines: Sequence[int]) -> bool:
    """Whether a call is given the same objects in the rounds of a loop around it, or around one of its callers."""
    node, names, waiting = call, asked_of(call), iter(lines[1:])
    held = set[str]().union(*(members_in(each) for each in syntax.arguments_of(call)))
    for _ in range(_CALLERS):
        around = syntax.function_around(node)
        if around is None or (held and change(source, held)):
            return False
        for loop in syntax.loops_around(node):
            inside = loop.body is not None and syntax.start_within(node, loop.body)
            if inside and loop.body and syntax.start_within(loop.node, around) and not few_rounds(loop):
                others = names & (loop.items | set(syntax.assigned_in(loop.body)))
                return bool(names) and not others and _is_of_another_kind(loop, loop.body, names)
        if names & set(syntax.assigned_in(around)):
            return False
        outer = source.first_call(waiting, syntax.name_of(around))
        if outer is None:
            return False
        pairs = zip(syntax.parameters_of(around), syntax.arguments_of(outer), strict=False)
        given = [value for parameter, value in pairs if parameter & names]
        if names & (grammar.SELF | {syntax.receiver_of(around)}):
            given += filter(None, [syntax.owner_of_call(outer)])
        held = set[str]().union(*(_held_by(source, each) for each in given))
        if any(map(syntax.calls_in, given)) and not held:
            return False
        node, names = outer, all_names(given)
    return False


def _is_of_another_kind(loop: Loop, body: "Node", names: set[str]) -> bool:
    """Whether a round is another than the last: it does something to what the function is given, or is for something
    else. (A loop that does the same for ever is how a program is kept at work.)"""
    return alters(body, names) or bool(loop.items & syntax.names_in(body))


def _held_by(source: Source, value: "Node") -> set[str]:
    """The members that an expression hands on: by themselves, or by a method that does nothing else."""
    found = members_in(value)
    for call in syntax.calls_in(value):
        function = inlined.called(source, call)
        body = function.child_by_field_name("body") if function is not None else None
        said = [each for each in body.named_children if not each.type.endswith("comment")] if body is not None else []
        while len(said) == 1 and said[0].type in grammar.BLOCKS | {"return_statement", "expression_statement"}:
            said = said[0].named_children
        if len(said) != 1 or said[0].type not in grammar.NAMES | grammar.MEMBERS:
            return set()
        found.add(syntax.last_name(said[0]))
    return found
