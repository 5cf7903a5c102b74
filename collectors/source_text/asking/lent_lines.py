"""Which lines wait for something that a pool of the program's own lends? By what is taken out and given back.

``line = self.free.get()`` waits for work, or for a connection that nobody uses: the second is put back by the same
function, or by another one of the class whose constructor filled the queue.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.own_files import own_lines
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.syscalls import LentLine

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_LINES = 32
_LEAST = 0.02
"""of the window, that threads wait at a line on average, below which nobody asks"""
_TAKES = grammar.words("get take takeFirst takeLast poll pollFirst pop popleft")
_GIVES = grammar.words("put put_nowait offer offerFirst offerLast putFirst putLast add addFirst addLast push append")
_HANDLERS = grammar.words("except_clause catch_clause")
_WAITS = frozenset({"futex"})


def with_lent(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, which knows lines that wait for something which is lent, or for work."""
    lent = []
    for pid, file, line in _waiting_lines(evidence):
        if (source := sources.of(pid).of(file)) is None:
            continue
        if is_lent(source, line):
            lent.append(LentLine(file=file, line=line))
        elif takes_work(source, line):
            lent.append(LentLine(file=file, line=line, work=True))
    return evidence.model_copy(update={"lent": tuple(dict.fromkeys(lent))}) if lent else evidence


def _waiting_lines(evidence: Evidence) -> Iterable[tuple[int, str, int]]:
    """The innermost own lines that wait for other threads, those that wait longest first."""
    waits: dict[tuple[int, str, int], float] = defaultdict(float)
    for row in evidence.syscalls.rows if evidence.syscalls else ():
        own = next(own_lines(row.stack), None) if row.syscall in _WAITS else None
        if own is not None:
            waits[row.pid, own[0], own[1]] += row.blocked_seconds
    long = (line for line, seconds in waits.items() if seconds >= _LEAST * evidence.window.seconds)
    return islice(sorted(long, key=lambda line: -waits[line]), _MOST_LINES)


def is_lent(source: Source, line: int) -> bool:
    """Whether what a line takes out of a queue is given back to it."""
    return any(_is_given_back(source, call) for call in source.near(line) if _is_by(call, _TAKES))


def takes_work(source: Source, line: int) -> bool:
    """Whether a line takes something out of a queue that CPython has in C: of its other queues a frame tells."""
    takes = (call for call in source.near(line) if source.is_python and _is_by(call, _TAKES))
    return any("SimpleQueue" in inlined.classes_of(source, call) for call in takes)


def _is_given_back(source: Source, take: "Node") -> bool:
    pool, function = _owner(take), syntax.function_around(take)
    if function is None:
        return False
    taken = {name for name, values in syntax.assigned_in(function).items() if any(map(_holds(take), values))}
    gives = [call for name in _GIVES for call in source.calls.get(name, ()) if _owner(call) == pool]
    for give in gives:
        if taken & _given(give) and syntax.start_within(give, function) and not _after_failure(give):
            return True
    # (or the one who took it calls another function for that, and somebody has put in what there is)
    filled = any(_fills(give) for give in gives)
    returned = any(_given(give) & _parameters(give) for give in gives)
    return filled and returned


def _after_failure(give: "Node") -> bool:
    """Whether work that failed is put back, for another attempt."""
    return any(each.type in _HANDLERS for each in syntax.around(give))


def _is_by(call: "Node", names: frozenset[str]) -> bool:
    return call.type in grammar.CALLS and syntax.called_name(call) in names and syntax.owner_of_call(call) is not None


def _owner(call: "Node") -> str:
    owner = syntax.owner_of_call(call)
    return syntax.last_name(owner) if owner is not None else ""


def _holds(take: "Node") -> Callable[["Node"], bool]:
    return lambda value: value.start_byte <= take.start_byte and take.end_byte <= value.end_byte


def _given(give: "Node") -> set[str]:
    return set[str]().union(*map(syntax.names_in, syntax.arguments_of(give)))


def _parameters(give: "Node") -> set[str]:
    function = syntax.function_around(give)
    return syntax.parameter_names(function) if function is not None else set()


def _fills(give: "Node") -> bool:
    """Whether it stands in a loop of a constructor."""
    function = syntax.function_around(give)
    if function is None or not any(True for _ in syntax.loops_around(give)):
        return False
    return syntax.is_constructor(function)
