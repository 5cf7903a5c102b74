"""Which hot lines search a few elements that stand in the source: ``if (["mov", "mp4"].includes(kind))``?

A hash table would not be faster than going through four of them. What is searched is told by the text, up to where a
parameter was listed in a call. So is a text that is compared with one word: ``memcmp(line, "error", 5)``.
"""

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.few import stands_for_few
from perfdoctor.collectors.source_text.hot_lines import hot_lines
from perfdoctor.collectors.source_text.own_files import own_lines
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.cpu import CpuRow, LineShape, ShapedLine

if TYPE_CHECKING:
    from tree_sitter import Node

_CALLERS = 2
_SEARCHES = grammar.words(
    "contains includes indexOf lastIndexOf index count find findIndex some any position Contains Index"
)
_COMPARES = grammar.words("memcmp bcmp strcmp strncmp strcasecmp strncasecmp")


def few_searched(sources: SourcesOfAll, rows: Iterable[CpuRow]) -> Iterable[ShapedLine]:
    for pid, file, line in hot_lines(rows, lambda row: islice(own_lines(row.stack), _CALLERS)):
        source = sources.of(pid).of(file)
        if source is not None and searches_few(source, line):
            yield ShapedLine(file=file, line=line, shape=LineShape.FEW)


def searches_few(source: Source, line: int) -> bool:
    """Whether all that a line searches stands in the source."""
    node = source.at(line)
    inside = syntax.within(node, functions=True, line=line) if node is not None else ()
    searched = [each for each in inside if _searched(each) is not None or _compares_texts(each)]
    return bool(searched) and all(_is_with_few(source, each) for each in searched)


def _is_with_few(source: Source, node: "Node") -> bool:
    over = _searched(node)
    return stands_for_few(source, over) if over is not None else _is_with_a_word(node)


def _compares_texts(node: "Node") -> bool:
    return node.type in grammar.CALLS and syntax.called_name(node) in _COMPARES


def _is_with_a_word(call: "Node") -> bool:
    """Whether what has a name of its own (no element of a list, no member of one) is compared with a literal."""
    given = syntax.arguments_of(call)[:2]
    return {each.type in grammar.NAMES for each in given} == {True, False} and any("string" in e.type for e in given)


def _searched(node: "Node") -> "Node | None":
    """What a call, or ``in`` of Python, goes through."""
    if node.type in grammar.CALLS:
        if syntax.called_name(node) not in _SEARCHES:
            return None
        given = syntax.arguments_of(node)
        owner = syntax.owner_of_call(node)
        # (slices.Contains(list, one) of Go)
        of_module = owner is not None and syntax.text_of(owner) == "slices"
        return given[0] if of_module and given else owner
    operators = {syntax.text_of(each) for each in node.children if not each.is_named}
    if node.type == "comparison_operator" and operators & {"in", "not in"}:
        return node.named_children[-1]
    return None
