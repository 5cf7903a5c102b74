"""What is the same whenever a function is called: constants of its file, members that stay as their object was made,
and what the function makes of these alone.
"""

import re
from collections.abc import Set
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.additions import added_to
from perfdoctor.collectors.source_text.algorithms.same_each_time import gives, gives_by_name, handed_directly
from perfdoctor.collectors.source_text.algorithms.unchanged import change, members_in, stays
from perfdoctor.collectors.source_text.looking_loops import few_rounds
from perfdoctor.collectors.source_text.removals import last_name, whole
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_SORTS = grammar.words(
    "sort sorted Slice SliceStable Strings Ints Float64s Sort Stable sort_by sort_by_key sort_unstable sort_unstable_by"
    " sort_unstable_by_key sort_by_cached_key"
)
_ROUNDS = 3
"""in which what is made of names that are made of constants is found"""
_WAITS = ("await", "yield")


class Constants:
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


def sorts(node: "Node") -> bool:
    return node.type in grammar.CALLS and syntax.called_name(node) in _SORTS


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
    if call is None or call.type not in grammar.CALLS or sorts(call) or _added_to(call):
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
