"""Which of the lines that make memory grow put something into a collection that outlives their function?

New pages are first touched wherever the allocator happens to need the next one: where a message is parsed, say. What
keeps the objects is a line that adds them to a list or map of its object, of the program, or of its caller.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.additions import added_to, grows, is_own, value_of
from perfdoctor.collectors.source_text.class_objects import are_many, is_one, is_plain, made_in
from perfdoctor.collectors.source_text.keeping.escapes import Escape, escape_of
from perfdoctor.collectors.source_text.looking_loops import all_names, expanded
from perfdoctor.collectors.source_text.own_files import own_frames
from perfdoctor.collectors.source_text.removals import Removal, removal_of
from perfdoctor.collectors.source_text.sources import Source, Sources, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.memory import KeptLine

if TYPE_CHECKING:
    from tree_sitter import Node

_LEAST_GROWTH = 1 << 20
"""bytes in the window, below which nobody asks"""
_MOST_STACKS = 64
_MOST_SEARCHED = 8
"""of those, by whose calls a keeper is looked for: that reads whole files"""
_MOST_FOLLOWED = 24
_CALLERS = 8
_OwnFrame = tuple[str, int, str]
"""its file, line and function"""
_MAKES = frozenset({"make", "new", "with_capacity"})
"""what makes a collection in Go and Rust"""
_ORDER = ({Removal.NEVER, Removal.BY_KEY}, {Removal.EMPTIED}, {Removal.SENT})
"""which ends are told before others; what is bounded keeps nothing"""
_OUTERMOST = frozenset({"<module>", "main"})
"""functions of which a line may be all that is known of a stack: one that runs a server"""
_TAIL = re.compile(r"[.:#]+")
"""what parts the names of modules, classes and functions"""


def with_kept(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, whose memory part knows the lines that keep what they are given."""
    trend = evidence.memory
    if trend is None or len(trend.samples) < 2:
        return evidence
    if trend.samples[-1].anonymous - trend.samples[0].anonymous < _LEAST_GROWTH:
        return evidence
    kept = tuple(dict.fromkeys(_kept(sources, evidence)))
    return evidence.model_copy(update={"memory": trend.model_copy(update={"kept": kept})}) if kept else evidence


def _kept(sources: SourcesOfAll, evidence: Evidence) -> Iterator[KeptLine]:
    search = _Search(sources)
    known, by_a_server = list[KeptLine](), list[tuple[int, list[_OwnFrame]]]()
    for pid, stack in _stacks(evidence):
        frames = list(islice(own_frames(stack), _CALLERS))
        removal, line = search.followed(pid, frames)
        stays, taken, sent = ([line] if line and removal in kinds else [] for kinds in _ORDER)
        fills = [line.model_copy(update={"limited": True})] if line and removal is Removal.LIMITED else []
        told = stays or _but(fills, search.on_the_way(pid, frames)) or taken
        if not told and len(frames) == 1 and frames[0][2] in _OUTERMOST:
            by_a_server.append((pid, frames))
            continue
        known += stays
        yield from told or _but(fills, search.beside(pid, frames)) or sent or fills
    for pid, frames in by_a_server:
        ((file, at, _),) = frames
        # (a library reads what lines of the program keep: nothing is known of it but that)
        kept = next((each for each in known if each.file == file), None)
        yield from [kept.model_copy(update={"line": at})] if kept else search.beside(pid, frames)


def _but(fills: list[KeptLine], found: list[KeptLine]) -> list[KeptLine]:
    """Without the lines that only fill a collection which holds no more than so many."""
    full = {(one.file, one.through or one.line) for one in fills}
    return [one for one in found if (one.file, one.through or one.line) not in full]


class _Search:
    """For the lines that keep what is made on a stack, each line and file looked at once."""

    def __init__(self, sources: SourcesOfAll) -> None:
        self._sources = sources
        self._known: dict[tuple[int, str, int, str], bool] = {}
        self._alone: dict[tuple[int, str, int], tuple[int, str] | None] = {}
        self._holders: dict[tuple[int, str, int], tuple[int, str] | None] = {}
        self._left = _MOST_SEARCHED
        self._followed: dict[tuple[int, str, tuple[int, ...], str], Escape | None] = {}
        self._left_to_follow = _MOST_FOLLOWED

    def followed(self, pid: int, frames: Sequence[_OwnFrame]) -> tuple[Removal, KeptLine | None]:
        """The line that what is made on a stack ends up at, and how it is taken out there."""
        if not frames or self._left_to_follow == 0:
            return Removal.NEVER, None
        file, line, function = frames[0]
        lines = tuple(at for _, at, _ in takewhile(lambda frame: frame[0] == file, frames))
        source = self._sources.of(pid).of(file)
        key = pid, file, lines, function
        if key not in self._followed:
            self._left_to_follow -= 1
            self._followed[key] = escape_of(source, lines, function) if source is not None else None
        found = self._followed[key]
        if found is None:
            return Removal.NEVER, None
        holder = _holder_of(source, found.line) if source is not None and found.owner else None
        through, function = holder or (found.line, found.function)
        return found.removal, KeptLine(file=file, line=line, through=through, function=function)

    def on_the_way(self, pid: int, frames: Iterable[_OwnFrame]) -> list[KeptLine]:
        """The lines of a stack that keep."""
        below, found = "", []
        for file, line, function in frames:
            key = pid, file, line, below
            if key not in self._known:
                source = self._sources.of(pid).of(file)
                self._known[key] = source is not None and keeps(source, line, below)
            found += [self._told(pid, file, line)] if self._known[key] else []
            below = _TAIL.split(function)[-1]
        return found

    def _told(self, pid: int, file: str, line: int) -> KeptLine:
        """A line that keeps, or rather the one that keeps the object to whose own collection it adds."""
        if (pid, file, line) not in self._holders:
            source = self._sources.of(pid).of(file)
            self._holders[pid, file, line] = _holder_of(source, line) if source is not None else None
        holder = self._holders[pid, file, line]
        if holder is None:
            return KeptLine(file=file, line=line)
        return KeptLine(file=file, line=line, through=holder[0], function=holder[1], of_its_own=True)

    def beside(self, pid: int, frames: Sequence[_OwnFrame]) -> list[KeptLine]:
        """One that keeps in what they call, or else the only one of the innermost one's file."""
        if not frames or self._left == 0:
            return []
        self._left -= 1
        sources = self._sources.of(pid)
        if kept := _kept_by_hand(sources, frames) or _kept_in_calls(sources, frames):
            return [kept]
        file, line, _ = frames[0]
        if (pid, file, line) not in self._alone:
            source = self._sources.of(pid).of(file)
            self._alone[pid, file, line] = _kept_elsewhere(source, line) if source is not None else None
        at = self._alone[pid, file, line]
        return [KeptLine(file=file, line=line, through=at[0], function=at[1])] if at else []


def _kept_by_hand(sources: Sources, frames: Iterable[_OwnFrame]) -> KeptLine | None:
    """The line that keeps what a function of the stack gives back, where its caller hands that to another function:
    ``visit.show(timetable.page(dance))``."""
    below = ""
    for file, line, name in frames:
        source = sources.of(file)
        node = source.at(line) if source and below else None
        function = syntax.function_around(node) if node is not None else None
        if source is not None and node is not None and function is not None:
            for called, given in _handed(source, node, function, below):
                for kept in kept_by(source, called, only=given):
                    return KeptLine(file=file, line=line, through=kept.line, function=syntax.name_of(called))
        below = _TAIL.split(name)[-1]
    return None


def _handed(source: Source, node: "Node", function: "Node", below: str) -> Iterator[tuple["Node", set[str]]]:
    """The functions of a file that are handed what a call of ``below`` at ``node`` gives, with the names that they have
    for it."""
    made = [call for call in syntax.calls_in(node) if syntax.called_name(call) == below]
    if not made:
        return
    values = syntax.assigned_in(function).items()
    names = {name for name, given in values if any(call in made for one in given for call in syntax.calls_in(one))}
    for call in syntax.calls_in(function):
        called = inlined.called(source, call)
        if called is None or called == function:
            continue
        for parameter, argument in zip(syntax.parameters_of(called), syntax.arguments_of(call), strict=False):
            if any(one in made for one in syntax.calls_in(argument)) or syntax.text_of(argument) in names:
                yield called, parameter


def _kept_in_calls(sources: Sources, frames: Iterable[_OwnFrame]) -> KeptLine | None:
    """A line of the innermost function that keeps something, or calls one of the same file that does: the nearest of
    those from which nothing is taken, rather one that keeps what its function was given."""
    for file, line, _ in frames:
        source = sources.of(file)
        function = syntax.function_around(node) if source and (node := source.at(line)) else None
        if source is None or function is None:
            continue
        near = (function, *(way[-1].function for way in inlined.within(source, function)))
        stay = [(kept, syntax.name_of(each)) for each in near for kept in kept_by(source, each) if kept.stays]
        if stay:
            kept, name = max(stay, key=lambda one: one[0].given)
            return KeptLine(file=file, line=line, through=kept.line, function=name)
    return None


def _kept_elsewhere(source: Source, line: int) -> tuple[int, str] | None:
    """The only line of a file, with its function, that keeps objects of a class which the function around ``line``
    makes, or that keeps anything at all: one that adds to a collection from which nothing is taken, or else any."""
    node = source.at(line)
    maker = syntax.function_around(node) if node is not None else None
    made = made_in(source, maker) if maker is not None else set[str]()
    return only_kept(source, made) or only_kept(source, ("",)) or only_kept(source, made, stays=False)


def only_kept(source: Source, names: Iterable[str], *, stays: bool = True, but: str = "") -> tuple[int, str] | None:
    """The only line of a file, with its function, that keeps objects of these classes (of the class "": anything);
    with ``stays`` where nothing is taken out again. Not in methods of the class ``but``."""
    functions = [each for each in syntax.within(source.root, functions=True) if is_plain(each)]
    kept = {
        (each.line, syntax.name_of(function))
        for name in names
        for function in functions
        if not but or syntax.class_of_method(function) != but
        for each in kept_by(source, function, of=name)
        if each.stays or not stays
    }
    return next(iter(kept)) if len(kept) == 1 else None


def _holder_of(source: Source, line: int) -> tuple[int, str] | None:
    """Of a line at which an object adds to a collection of its own: the only line, with its function, that keeps
    objects of its class, of which the program makes one after the other. (A session keeps what it hears, and somebody
    keeps all sessions.)"""
    node = source.at(line)
    function = syntax.function_around(node) if node is not None else None
    name = syntax.class_of_method(function) if function is not None else ""
    return only_kept(source, (name,), but=name) if name and are_many(source, name) else None


def _stacks(evidence: Evidence) -> list[tuple[int, Stack]]:
    """Those with most objects that live on, and those with most new pages."""
    living: dict[tuple[int, Stack], int] = defaultdict(int)
    touched: dict[tuple[int, Stack], int] = defaultdict(int)
    for row in evidence.living or ():
        living[row.pid, row.stack] += row.samples
    for fault in evidence.faults or ():
        touched[fault.pid, fault.stack] += fault.faults
    most = (sorted(weights, key=lambda key: -weights[key])[:_MOST_STACKS] for weights in (living, touched))
    return list(dict.fromkeys(key for keys in most for key in keys))


def keeps(source: Source, line: int, below: str = "") -> bool:
    """Whether a line adds something to a collection that its function did not make. ``below``: the function of the
    target's own that it calls, which may be named as those of collections are."""
    node = source.at(line)
    function = syntax.function_around(node) if node is not None else None
    if node is None or function is None:
        return False
    additions = (each for each, _ in _additions(node, function) if syntax.holds(each, line))
    return not all(is_own(source, each, below) for each in additions)


class Kept(NamedTuple):
    """A line that adds to a collection which outlives its function; ``stays``: the file takes nothing out of that;
    ``given``: it adds what the function was given."""

    line: int
    stays: bool
    given: bool


def kept_by(source: Source, function: "Node", of: str = "", only: set[str] | None = None) -> Iterator[Kept]:
    """The lines of a function that keep what they add, also those of functions in it; only those that keep objects of
    a class, where one is named, or what has one of the names ``only``."""
    for each in syntax.within(function, functions=True):
        adds = each.type in grammar.CALLS | grammar.ASSIGNMENTS and grows(source, each)
        holder = syntax.function_around(each) if adds else None
        if holder is None:
            continue
        for addition, held in _additions(each, holder, deep=False):
            value = value_of(addition)
            if is_own(source, addition) or (of and (value is None or not is_one(value, holder, of))):
                continue
            if only is not None and not only & syntax.names_in(value):
                continue
            given = syntax.parameter_names(holder)
            stays = removal_of(source, held)[0] is Removal.NEVER
            yield Kept(addition.start_point[0] + 1, stays, bool(given & syntax.names_in(value)))


def _additions(node: "Node", function: "Node", *, deep: bool = True) -> Iterator[tuple["Node", "Node"]]:
    """What in ``node`` adds something to a collection that ``function`` did not make, and the collection."""
    own = syntax.assigned_in(function)
    given = syntax.parameter_names(function)
    for each in syntax.within(node) if deep else (node,):
        held = added_to(each)
        names = syntax.names_in(held)
        if held is None or not names:
            continue
        # (a local name may stand for a member: group = this.groups.get(name))
        local = {name for name in names if name in own and name not in given}
        if local != names or _is_of_outside(local, own):
            yield each, held


def _is_of_outside(names: set[str], values: dict[str, list["Node"]]) -> bool:
    """Whether local names stand for something that is there already, by what they are made of."""
    made = [value for name in names for value in values.get(name, ()) if not _is_new(value)]
    return bool(made) and bool(expanded(all_names(made), values) - set(values))


def _is_new(value: "Node") -> bool:
    """Whether it is an object that is made there: ``new Array(STEPS).fill(0)``, ``[…]``, ``dict(…)``."""
    if value.type == "expression_list" and value.named_child_count == 1:  # (Go)
        value = value.named_children[0]
    for _ in range(syntax.DEEPEST):
        owner = syntax.owner_of_call(value) if value.type in grammar.CALLS else None
        if owner is None or owner.type not in grammar.CALLS | grammar.LITERALS:
            break
        value = owner
    made = value.type in grammar.LITERALS or value.type in ("new_expression", "object_creation_expression")
    return made or (value.type in grammar.CALLS and syntax.called_name(value) in grammar.COLLECTIONS | _MAKES)
