"""Does a function work out, whenever it is asked for something, what follows from what never changes?

``table = {row.sku: row.price for row in self.rows}``, ``order = sorted(SCORES)``, or a loop that fills such a table: in
a function that is given what it is asked for, of which the table knows nothing. The table may be made once. What it is
made of is a constant of the file, or a member that stays as its object was made, and nothing in it is changed anywhere
in the file; and it is made by what gives the same for the same.
"""

import re
from collections.abc import Iterator, Sequence, Set
from functools import cached_property
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.additions import added_to
from perfdoctor.collectors.source_text.algorithms.same_each_time import (
    gives,
    gives_by_name,
    handed_directly,
    makes_much,
)
from perfdoctor.collectors.source_text.algorithms.unchanged import change, members_in, stays
from perfdoctor.collectors.source_text.looking_loops import few_rounds
from perfdoctor.collectors.source_text.removals import last_name, whole
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_LIGHT = grammar.words(
    "len float int str bool round abs get Get getOrDefault contains has append add push size isEmpty"
)
"""functions and methods that take next to nothing: beside them, what is made takes the line's time"""
_SORTS = grammar.words(
    "sort sorted Slice SliceStable Strings Ints Float64s Sort Stable sort_by sort_by_key sort_unstable sort_unstable_by"
    " sort_unstable_by_key sort_by_cached_key"
)
_CALLERS = 4
_ROUNDS = 3
"""in which what is made of names that are made of constants is found"""
_WAITS = ("await", "yield")


def of_constants_at(source: Source, lines: Sequence[int]) -> int:
    """The line that makes what never changes; 0 where there is none. ``lines`` are those of a stack that are of one
    file, innermost first."""
    line = lines[0]
    node = source.at(line)
    function = syntax.function_around(node) if node is not None else None
    if function is None or syntax.is_constructor(function) or not _is_asked(function):
        return 0
    asked_again = not syntax.class_of_method(function) or _is_asked_again(source, lines)
    for made in _made_in_line(source, line):
        loops = list(_loops_of(made, function))
        constant = _Constants(source, function, loops, asked_again=asked_again)
        if all(map(constant.is_gone_over, loops)) and constant.makes(made) and _is_all(source, made, line):
            return made.start_point[0] + 1
    loops = [loop for loop in source.loops_at(line) if syntax.start_within(loop.node, function)]
    if loops and _Constants(source, function, [], asked_again=asked_again).fills(loops[-1]):
        return loops[-1].head
    return 0


def _is_asked(function: "Node") -> bool:
    """Whether a function is given something that it uses, or is called for what comes: a route of Flask's takes that
    from elsewhere."""
    body = function.child_by_field_name("body")
    given = syntax.parameter_names(function) - grammar.SELF - {syntax.receiver_of(function)}
    is_route = function.parent is not None and function.parent.type == "decorated_definition"
    return body is not None and (is_route or bool(given & syntax.names_in(body)))


def _is_asked_again(source: Source, lines: Sequence[int]) -> bool:
    """Whether a method is seen to be called of an object that is there for longer than the call: a member of another
    one, one of the file, or one that is made before a loop around the call."""
    function, waiting = source.function_at(lines[0]), iter(lines[1 : 1 + _CALLERS])
    while function is not None:
        call = source.first_call(waiting, syntax.name_of(function))
        caller = syntax.function_around(call) if call is not None else None
        if call is None or caller is None:
            return False
        owner = syntax.owner_of_call(call)
        if owner is None or syntax.text_of(owner) in grammar.SELF | {syntax.receiver_of(caller)}:
            function = caller  # (of the same object)
            continue
        loops = [loop for loop in syntax.loops_around(call) if syntax.start_within(loop.node, caller)]
        made, items = set(syntax.assigned_in(caller)), frozenset[str]().union(*(loop.items for loop in loops))
        if owner.type not in grammar.NAMES or syntax.text_of(owner) not in made | items:
            return not syntax.names_in(owner) & (made | items | syntax.parameter_names(caller) - grammar.SELF)
        before = (
            loop for loop in loops if loop.body and not syntax.names_in(owner) & set(syntax.assigned_in(loop.body))
        )
        return not syntax.names_in(owner) & items and any(before)
    return False


def _made_in_line(source: Source, line: int) -> "Iterator[Node]":
    """What makes a collection, or something as large, in a line, outer ones first."""
    for each in source.near(line):
        if each.type in grammar.FUNCTIONS and each.start_point[0] + 1 < line:
            return
        if each.start_point[0] + 1 <= line and (
            each.type in grammar.COMPREHENSIONS or makes_much(each) or _sorts(each) or _multiplies(each)
        ):
            yield each


def _sorts(node: "Node") -> bool:
    return node.type in grammar.CALLS and syntax.called_name(node) in _SORTS


def _multiplies(node: "Node") -> bool:
    """``self.design.T @ self.design``"""
    return node.type == "binary_operator" and any(each.type == "@" for each in node.children)


def _loops_of(node: "Node", function: "Node") -> Iterator[Loop]:
    """The loops of a function in which a node is anew in each round."""
    own = takewhile(lambda loop: syntax.start_within(loop.node, function), syntax.loops_around(node))
    return (loop for loop in own if loop.node != node and loop.body and syntax.start_within(node, loop.body))


def _is_all(source: Source, made: "Node", line: int) -> bool:
    """Whether what is made takes the time of its line: all else that is called there takes next to none."""
    calls = (each for each in source.near(line) if each.type in grammar.CALLS and syntax.holds(each, line))
    others = (each for each in calls if not syntax.start_within(each, made) and not syntax.start_within(made, each))
    inside = takewhile(lambda each: each.start_point[0] >= made.start_point[0], syntax.around(made))
    around = (each for each in inside if each.type in grammar.CALLS and each != made)
    return all(syntax.called_name(each) in _LIGHT for each in (*others, *around))


class _Constants:
    """What is the same whenever a function is called. ``loops``: those whose elements are, too, which go over what
    never changes. ``asked_again``: it is a method that is called of the same object, whose members may be."""

    def __init__(self, source: Source, function: "Node", loops: list[Loop], *, asked_again: bool) -> None:
        self._source, self._function, self._asked_again = source, function, asked_again
        self._items = frozenset[str]().union(*(loop.items for loop in loops))
        self._given = syntax.parameter_names(function)
        self._own = set(syntax.assigned_in(function)) | self._given
        self._receiver = grammar.SELF | {syntax.receiver_of(function)}

    def is_gone_over(self, loop: Loop) -> bool:
        """Whether a loop goes over all of what never changes."""
        return bool(loop.over) and not loop.counted and all(self._are_constant(each, set()) for each in loop.over)

    def makes(self, node: "Node") -> bool:
        """Whether an expression follows from constants alone, and changes nothing."""
        return self._are_constant(node, self._derived) and self._only_gives(node, self._derived)

    def fills(self, loop: Loop, derived: Set[str] = frozenset()) -> bool:
        """Whether a loop goes over what never changes and does nothing but fill collections that were made, of such,
        before it."""
        body = loop.body
        if loop.counted or body is None or few_rounds(loop) or not all(self._are_constant(o, set()) for o in loop.over):
            return False
        filled = set(filter(None, map(_added_to, syntax.within(body)))) & self._own - loop.items
        own = filled | set(syntax.assigned_in(body))
        values = syntax.assigned_in(self._function)
        before = (value for name in own for value in values.get(name, ()) if not syntax.start_within(value, body))
        if not filled or filled & self._given or not all(self._is_of_constants(value, derived) for value in before):
            return False
        own |= loop.items | derived
        for each in syntax.within(body):
            target = syntax.target_of(each)
            if target is not None and not syntax.names_in(whole(target)) <= own:
                return False
            if each.type.startswith(("return", "break", "raise", "throw")):
                return False
        return self._are_constant(body, own) and self._only_gives(body, own)

    @cached_property
    def _derived(self) -> set[str]:
        """The names of the function that stand for what is made, and filled, of constants alone."""
        inside = list(syntax.within(self._function, functions=True))
        adds = [(name, each) for each in inside if (name := _added_to(each))]
        values, found = syntax.assigned_in(self._function), set[str]()
        others = self._given | syntax.steps_in(self._function).union(*map(_changed_by, inside))
        for _ in range(_ROUNDS):
            for name in values.keys() - found - others:
                made = [each for each in values[name] if not self._is_filled_at(each, found)]
                filled = all(self._is_filled_at(each, found) for held, each in adds if held == name)
                if made and filled and all(self._is_of_constants(each, found) for each in made):
                    found.add(name)
        return found

    def _is_filled_at(self, node: "Node", derived: Set[str]) -> bool:
        return any(self.fills(loop, derived) for loop in syntax.loops_around(node))

    def _is_of_constants(self, value: "Node", derived: Set[str]) -> bool:
        """Whether a value is made of what never changes, or is empty."""
        if not syntax.names_in(value) - self._receiver and not members_in(value):
            return True
        return self._are_constant(value, derived) and self._only_gives(value, derived)

    def _only_gives(self, node: "Node", own: Set[str]) -> bool:
        for each in syntax.within(node, functions=True):
            if each.type.startswith(_WAITS):
                return False
            if each.type in grammar.CALLS and not gives(self._source, each, own | self._items):
                return False
        return True

    def _are_constant(self, node: "Node", own: Set[str]) -> bool:
        """Whether all that is named in a node never changes, but for what is the function's ``own``."""
        inside = own | self._items | _bound_in(node)
        names_of_items = syntax.names_in(node) & self._items
        names = syntax.names_in(node) - inside
        members = {name for name in members_in(node) if name not in inside}
        bare = {name for name in names - self._receiver if not self._is_known(name)}
        if grammar.leaves_out_this(self._source.file):
            members, bare = members | (bare - self._own), bare & self._own
        if bare & self._own or not all(stays(self._source, name) or self._stays_around(name) for name in bare):
            return False
        if not bare and not members and not names_of_items:
            return bool(own & syntax.names_in(node))  # (what stands in the line itself is no work)
        if members and (not self._asked_again or change(self._source, members)):
            return False
        return not self._is_set(node)

    def _stays_around(self, name: str) -> bool:
        """Whether a name is of a function around this one, which runs once, and sets up what the ones in it use."""
        outer = (each for each in islice(syntax.around(self._function), 1, None) if each.type in grammar.FUNCTIONS)
        for around in outer:
            values = syntax.assigned_in(around).get(name, [])
            own = [each for each in values if syntax.function_around(each) == around]
            if not own and name not in syntax.parameter_names(around):
                continue
            inside = (each for each in syntax.within(around, functions=True) if syntax.function_around(each) != around)
            touched = any(name in (_changed_by(each) | {_added_to(each)}) for each in inside)
            return len(values) == len(own) < 2 and not touched and self._runs_once(around)
        return False

    def _runs_once(self, function: "Node") -> bool:
        """Whether a function is called at most once in its file, and in no loop."""
        calls = self._source.calls.get(syntax.name_of(function), [])
        return len(calls) < 2 and not any(any(syntax.loops_around(call)) for call in calls)

    def _is_known(self, name: str) -> bool:
        """Whether a name is of a module, a function or a class."""
        if name in self._own:
            return False
        own = name in self._source.named or name in self._source.classes or name in self._imported
        return own or (name not in self._source.assigned and (name[:1].isupper() or gives_by_name(name)))

    @cached_property
    def _imported(self) -> frozenset[str]:
        """All words of what a file imports."""
        found = (each for each in self._source.root.named_children if each.type.startswith(("import", "use_decl")))
        return frozenset(word for each in found for word in re.findall(r"\w+", syntax.text_of(each)))

    def _is_set(self, node: "Node") -> bool:
        """Whether an element that a node asks for by a name that stands in the text is given another value somewhere:
        ``row["price"]``."""
        asked = {syntax.text_of(each.named_children[-1]) for each in syntax.within(node) if _is_by_text(each)}
        targets = filter(None, map(syntax.target_of, syntax.within(self._source.root, functions=True)))
        return bool(asked) and any(
            _is_by_text(each) and syntax.text_of(each.named_children[-1]) in asked for each in targets
        )


def _added_to(node: "Node") -> str:
    """The name of the collection to which a node adds something; empty where it does not."""
    if (held := added_to(node)) is not None:
        return last_name(held)
    # (Go: names = append(names, name))
    first = syntax.arguments_of(node)[:1] if node.type in grammar.CALLS and syntax.called_name(node) == "append" else []
    return syntax.text_of(first[0]) if first and first[0].type in grammar.NAMES else ""


def _changed_by(node: "Node") -> set[str]:
    """The names to which a statement does something, other than to add an element or to sort what is there."""
    call = node.named_children[0] if node.type == "expression_statement" and node.named_child_count == 1 else None
    if call is None or call.type not in grammar.CALLS or _sorts(call) or _added_to(call):
        return set()
    return handed_directly(call)


def _bound_in(node: "Node") -> set[str]:
    """The names that comprehensions and functions within a node have for what they are given, and those of functions
    that are handed on by their names."""
    found = set[str]()
    for each in syntax.within(node, functions=True):
        if each.type in grammar.COMPREHENSIONS and (loop := syntax.loop_of(each)):
            found |= loop.items
        if each.type in grammar.FUNCTIONS:
            found |= syntax.parameter_names(each)
        if each.type == "method_reference":
            found.add(syntax.last_name(each))
    return found


def _is_by_text(node: "Node") -> bool:
    return node.type in grammar.INDEXED and bool(node.named_children) and "string" in node.named_children[-1].type
