"""Does a sort work out the keys that it compares by anew in each comparison?

``sort.Slice(stones, func(i, j int) bool { return stones[i].Deficit() > stones[j].Deficit() })``: n elements are
compared some n log n times, and each time both keys are made. What is worked out once for each, before, is compared at
no cost.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 5
_SORTS = grammar.words(
    "sort Sort sorted Slice SliceStable SortFunc SortStableFunc stable_sort partial_sort nth_element toSorted sort_by"
    " sort_by_key sort_unstable_by sort_unstable_by_key sortWith cmp_to_key"
)


def keys_at(source: Source, lines: Sequence[int]) -> int:
    """The line of a comparison that makes a key by a function with a loop; 0 for none. ``lines`` are those of a stack
    that are of one file, innermost first."""
    for inner, line in pairwise(lines[: _DEEPEST + 1]):
        node = source.at(inner)
        function = syntax.function_around(node) if node is not None else None
        call = source.call_at(line, syntax.name_of(function)) if function is not None else None
        if function is None or call is None:
            continue
        compares = _comparison_around(call)
        if compares is not None and syntax.loops_in(function) and _is_of_one(call, compares):
            return line
    return 0


def _comparison_around(call: "Node") -> "Node | None":
    """The function that a sort is handed to compare two by, where a call is in it."""
    for each in syntax.around(call):
        if each.type not in grammar.FUNCTIONS:
            continue
        listed = each.parent
        while listed is not None and not listed.type.startswith("argument"):
            listed = listed.parent if listed.type not in grammar.BLOCKS else None
        sort = listed.parent if listed is not None else None
        return each if sort is not None and syntax.called_name(sort) in _SORTS else None
    return None


def _is_of_one(call: "Node", compares: "Node") -> bool:
    """Whether what is called gets one of the two that are compared: a key, and no comparison of its own."""
    owner = syntax.owner_of_call(call)
    given = [*syntax.arguments_of(call), *((owner,) if owner is not None else ())]
    names = set[str]().union(*map(syntax.names_in, given)) if given else set[str]()
    both = syntax.parameter_names(compares)
    return len(both) == 2 and len(both & names) == 1
