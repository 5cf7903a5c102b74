"""Which of the lines that make memory grow put something into a collection that outlives their function?

New pages are first touched wherever the allocator happens to need the next one: where a message is parsed, say. What
keeps the objects is a line that adds them to a list or map of its object, of the program, or of its caller.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.runtimes import grammar, syntax
from perfdoctor.collectors.runtimes.looking_loops import all_names, expanded
from perfdoctor.collectors.runtimes.own_files import own_lines
from perfdoctor.collectors.runtimes.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.memory import KeptLine

if TYPE_CHECKING:
    from tree_sitter import Node

_LEAST_GROWTH = 1 << 20
"""bytes in the window, below which nobody asks"""
_MOST_STACKS = 64
_CALLERS = 8


def with_kept(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, whose memory part knows the lines that keep what they are given."""
    trend = evidence.memory
    if trend is None or len(trend.samples) < 2:
        return evidence
    if trend.samples[-1].anonymous - trend.samples[0].anonymous < _LEAST_GROWTH:
        return evidence
    kept = tuple(_kept(sources, evidence))
    return evidence.model_copy(update={"memory": trend.model_copy(update={"kept": kept})}) if kept else evidence


def _kept(sources: SourcesOfAll, evidence: Evidence) -> Iterator[KeptLine]:
    for pid, file, line in dict.fromkeys(_lines(evidence)):
        source = sources.of(pid).of(file)
        if source is not None and keeps(source, line):
            yield KeptLine(file=file, line=line)


def _lines(evidence: Evidence) -> Iterator[tuple[int, str, int]]:
    for pid, stack in _stacks(evidence):
        yield from ((pid, file, line) for file, line in islice(own_lines(stack), _CALLERS))


def _stacks(evidence: Evidence) -> Iterable[tuple[int, Stack]]:
    """Those with most new pages, or most objects that live on."""
    weights: dict[tuple[int, Stack], int] = defaultdict(int)
    for fault in evidence.faults or ():
        weights[fault.pid, fault.stack] += fault.faults
    for row in evidence.living or ():
        weights[row.pid, row.stack] += row.samples
    return sorted(weights, key=lambda key: -weights[key])[:_MOST_STACKS]


def keeps(source: Source, line: int) -> bool:
    """Whether a line adds something to a collection that its function did not make."""
    node = source.at(line)
    function = syntax.function_around(node) if node is not None else None
    if node is None or function is None:
        return False
    return any(syntax.holds(each, line) for each, _ in _additions(node, function))


class Kept(NamedTuple):
    """A line that adds to a collection which outlives its function; ``stays``: the file takes nothing out of that."""

    line: int
    stays: bool


def kept_by(source: Source, function: "Node") -> Iterator[Kept]:
    """The lines of a function that keep what they add, also those of functions in it."""
    for each in syntax.within(function, functions=True):
        holder = syntax.function_around(each) if each.type in grammar.CALLS | grammar.ASSIGNMENTS else None
        for addition, held in _additions(each, holder, deep=False) if holder is not None else ():
            yield Kept(addition.start_point[0] + 1, not _is_emptied(source, held))


def _additions(node: "Node", function: "Node", *, deep: bool = True) -> Iterator[tuple["Node", "Node"]]:
    """What in ``node`` adds something to a collection that ``function`` did not make, and the collection."""
    own = syntax.assigned_in(function)
    given = set[str]().union(*syntax.parameters_of(function))
    for each in syntax.within(node) if deep else (node,):
        held = _added_to(each)
        names = syntax.names_in(held)
        if held is None or not names:
            continue
        # (a local name may stand for a member: group = this.groups.get(name))
        local = {name for name in names if name in own and name not in given}
        if local != names or _is_of_outside(local, own):
            yield each, held


def _is_emptied(source: Source, collection: "Node") -> bool:
    """Whether a method takes anything out of a collection in the file, by its name: the last one of a member."""
    name = syntax.last_name(collection)
    removals = (call for each in grammar.REMOVES for call in source.calls.get(each, ()))
    return any(syntax.last_name(owner) == name for each in removals if (owner := syntax.owner_of_call(each)))


def _added_to(node: "Node") -> "Node | None":
    """The collection to which a node adds something; None where it does not."""
    if node.type in grammar.CALLS and syntax.arguments_of(node):
        owner = syntax.owner_of_call(node)
        first = syntax.arguments_of(node)[0]
        if owner is None:
            return first if syntax.called_name(node) == "append" and first.type in grammar.MEMBERS else None  # (Go)
        own = syntax.text_of(owner) in ("self", "this")  # (what a method of its own keeps, is kept in there)
        return owner if syntax.called_name(node) in grammar.ADDS and not own else None
    target = syntax.target_of(node)
    while target is not None and target.type not in grammar.INDEXED and target.named_child_count == 1:
        target = target.named_children[0]
    return target.named_children[0] if target is not None and target.type in grammar.INDEXED else None


def _is_of_outside(names: set[str], values: dict[str, list["Node"]]) -> bool:
    """Whether local names stand for something that is there already, by what they are made of."""
    made = [value for name in names for value in values.get(name, ())]
    return bool(made) and bool(expanded(all_names(made), values) - set(values))
