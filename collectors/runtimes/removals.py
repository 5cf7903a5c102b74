"""How a file takes something out of a collection again: what is never taken out grows."""

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from perfdoctor.collectors.runtimes import grammar, syntax
from perfdoctor.collectors.runtimes.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_EMPTIES = grammar.words("clear splice retain removeIf drain truncate evict take next remove_if erase_if popitem")
_COUNTS = re.compile(r"\b(?:length|size|len|count|Len|maxlen|capacity)\b")


class Removal(IntEnum):
    """The surest way of all that a file has; a key may be forgotten."""

    NEVER = 0
    BY_KEY = 1
    EMPTIED = 2
    """whatever is next, or all"""
    BOUNDED = 3
    """what is too much, where something is added"""


def removal_of(source: Source, held: "Node") -> Removal:
    """How a file takes out of a collection, which is known by its name: the last one of a member."""
    name = last_name(held)
    removals = (call for each in grammar.REMOVES | grammar.TAKES_OUT for call in source.calls.get(each, ()))
    owned = [each for each in removals if (owner := syntax.owner_of_call(each)) and last_name(owner) == name]
    if any(not syntax.arguments_of(each) or syntax.called_name(each) in _EMPTIES for each in owned):
        return Removal.EMPTIED
    return Removal.BY_KEY if owned else Removal.NEVER


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
    while held.type in grammar.INDEXED and held.named_children:
        held = held.named_children[0]
    return syntax.last_name(held)
