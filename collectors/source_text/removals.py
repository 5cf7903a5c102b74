"""How a file takes something out of a collection again: what is never taken out grows."""

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_EMPTIES = grammar.words("clear splice retain removeIf drain truncate evict take next remove_if erase_if popitem")
_BOUNDED = re.compile(
    r"\bmaxlen\b|lru|bounded|maxsize|Evicting|removeEldestEntry|(?:Circular|Ring)(?:Buffer|Queue)"
    # ArrayBlockingQueue<>(100), asyncio.Queue(64)
    r"|(?:Array|Linked)Blocking(?:Queue|Deque)\s*(?:<[^()]*>)?\(\s*\w|(?:\b|Lifo|Simple)Queue\((?!\s*0\s*\))\s*\w+\s*\)",
    re.IGNORECASE,
)
_TAKE_OF = grammar.words("delete heappop")
"""functions that take something out of what they are given"""
_COUNTS = re.compile(r"\b(?:length|size|len|count|Len|maxlen|capacity)\b")


class Removal(IntEnum):
    """The surest way of all that a file has; a key may be forgotten."""

    NEVER = 0
    BY_KEY = 1
    EMPTIED = 2
    """whatever is next, or all"""
    SENT = 3
    """through a channel, to somebody who receives most times"""
    BOUNDED = 4
    """what is too much, where something is added"""
    LIMITED = 5
    """the same, by the collection itself: ``deque(maxlen=100)``"""


def removal_of(source: Source, held: "Node") -> tuple[Removal, int]:
    """How a file takes out of a collection, which is known by its name (the last one of a member), and at how many
    places."""
    name = last_name(held)
    mentions = list(source.mentions(name, source.root))
    owned = _removals(source, name) + [each for mention in mentions for each in _in_called(source, mention)]
    places = len(owned) + sum(map(_is_deleted, mentions))
    made = (*source.members.get(name, ()), *source.assigned.get(name, ()))
    if made and all(_BOUNDED.search(syntax.text_of(each)) for each in made):
        return Removal.LIMITED, places
    if any(not syntax.arguments_of(each) or syntax.called_name(each) in _EMPTIES for each in owned):
        return Removal.EMPTIED, places
    return (Removal.BY_KEY if owned else Removal.NEVER), places


def _removals(source: Source, name: str) -> "list[Node]":
    """The methods that are called to take something out of a collection of that name."""
    calls = [call for each in grammar.REMOVES for call in source.calls.get(each, ())]
    # (queue.get() takes the next one out, lines.get(key) does not)
    takes = (call for each in grammar.TAKES_OUT - grammar.REMOVES for call in source.calls.get(each, ()))
    calls += (call for call in takes if not syntax.arguments_of(call))
    return [each for each in calls if (owner := syntax.owner_of_call(each)) and last_name(owner) == name]


def _is_deleted(name: "Node") -> bool:
    """``del lines[key]``, ``delete lines[key]``, ``delete(lines, key)``"""
    for each in syntax.around(name):
        if each.type == "delete_statement" or syntax.text_of(each.child_by_field_name("operator")) == "delete":
            return True
        if each.type in grammar.CALLS:
            first = syntax.arguments_of(each)[:1]
            return syntax.called_name(each) in _TAKE_OF and any(syntax.start_within(name, part) for part in first)
        if each.type.endswith("statement") or each.type in grammar.FUNCTIONS:
            return False
    return False


def _in_called(source: Source, name: "Node") -> "list[Node]":
    """What takes something out of a parameter of a function of the file that is handed the collection."""
    argument = name.parent if name.parent is not None and name.parent.type in grammar.MEMBERS else name
    listed = argument.parent
    call = listed.parent if listed is not None and listed.type.startswith("argument") else None
    named = inlined.called(source, call) if call is not None and call.type in grammar.CALLS else None
    if call is None or named is None:
        return []
    pairs = zip(syntax.parameters_of(named), syntax.arguments_of(call), strict=False)
    own = {one for parameter, given in pairs if given == argument for one in parameter}
    return [each for one in own for each in _removals(source, one) if syntax.start_within(each, named)]


def is_bounded(function: "Node", held: "Node") -> bool:
    """Whether a function that adds asks how many there are."""
    name = last_name(held)
    for each in syntax.within(function):
        condition = syntax.condition_of(each) if each.type in grammar.IFS | grammar.LOOPS else None
        text = syntax.text_of(condition)
        if name in text and _COUNTS.search(text):
            return True
    return False


def last_name(held: "Node") -> str:
    """Of ``self.members[room]`` the members."""
    return syntax.last_name(whole(held))


def whole(held: "Node") -> "Node":
    """Of ``rooms[name]`` the rooms."""
    while held.type in grammar.INDEXED and held.named_children:
        held = held.named_children[0]
    return held
