"""Which hot lines work something out only to compare it, in constant time, with what is kept? A password is checked so:
``hmac.compare_digest(derived(phrase, salt), stored)``. That it takes long is what it is for.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.hot_lines import hot_stacks
from perfdoctor.collectors.source_text.own_files import own_lines
from perfdoctor.collectors.source_text.sources import Sources, SourcesOfAll
from perfdoctor.schemas.cpu import CpuRow, LineShape, ShapedLine

if TYPE_CHECKING:
    from tree_sitter import Node

_COMPARES = grammar.words(
    "compare_digest constant_time_compare timingSafeEqual ConstantTimeCompare constantTimeAreEqual CRYPTO_memcmp"
    " isEqual verify_slices_are_equal ct_eq"
)
_WORTH = 0.15
"""of all CPU time: keys are derived for long"""


def logins(sources: SourcesOfAll, rows: Iterable[CpuRow]) -> Iterator[ShapedLine]:
    for pid, lines in hot_stacks(rows, lambda row: own_lines(row.stack), worth=_WORTH):
        if _is_compared(sources.of(pid), lines[:2]):
            yield ShapedLine(file=lines[0][0], line=lines[0][1], shape=LineShape.LOGIN)


def _is_compared(sources: Sources, lines: Sequence[tuple[str, int]]) -> bool:
    """Whether the innermost function compares what its line works out, or its caller what it gives back."""
    name = ""
    for file, line in lines:
        source = sources.of(file)
        node = source.at(line) if source else None
        function = syntax.function_around(node) if node is not None else None
        if node is None or function is None:
            return False
        made = {name} if name else set(map(syntax.called_name, syntax.calls_in(node)))
        values = syntax.assigned_in(function)
        kept = {one for one, given in values.items() if any(_calls(value, made) for value in given)}
        compared = (each for each in syntax.calls_in(function) if syntax.called_name(each) in _COMPARES)
        given = (one for each in compared for one in syntax.arguments_of(each))
        if any(_calls(one, made) or syntax.names_in(one) & kept for one in given):
            return True
        name = syntax.name_of(function)
    return False


def _calls(node: "Node", names: set[str]) -> bool:
    return any(syntax.called_name(each) in names for each in syntax.calls_in(node))
