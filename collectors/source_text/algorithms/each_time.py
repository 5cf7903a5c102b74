"""Does a program go through all of a collection each time it adds one to it?

``self.window.append(value)``, and then ``sorted(self.window)``: what is asked of all (a sum, the least, the middle one,
whether one is there) can be kept up to date by what came and what went. The two stand in one function, or in what that
calls; what fills a list in a loop, and goes through it once behind that, is something else, and so is what has another
weight for each.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.additions import added_to
from perfdoctor.collectors.source_text.looking_loops import few_rounds, statements_of
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_CALLERS = 4
_OF_ARGUMENT = grammar.words(
    "sum min max sorted mean fmean median stdev pstdev variance std var percentile quantile average accumulate"
    " max_element min_element nth_element sort stable_sort any all"
)
"""functions that go through all of their first argument"""
_OF_OWNER = grammar.words(
    "sum max min sort sorted average sort_unstable sort_by mean median contains count some every any all find findIndex"
    " includes indexOf"
)
"""methods that go through all of what they are called of"""
_BY_KEY = grammar.words("contains count find")
"""of these, those that maps and sets have, too, which find what they are asked for at once"""
_LISTS = grammar.words("List ArrayList LinkedList CopyOnWriteArrayList Vector Deque ArrayDeque Queue Vec VecDeque list")
_OF_RANGE = grammar.words("find find_if find_if_not count count_if any_of none_of all_of accumulate")
"""functions of C++ that go from one iterator to another"""
_BEGINS = frozenset(("begin", "cbegin"))
_PASSES = grammar.words(
    "iter iter_mut into_iter values stream iterator entries items keys copy to_vec clone cloned copied begin cbegin"
    " slice list tuple enumerate sorted skip peekable mapToInt mapToLong mapToDouble boxed array"
)
"""what gives the same elements, in another dress"""
_EMPTIES = grammar.words("clear drain take split_off replace")


class _Held(NamedTuple):
    """A collection, by its name: of an object, or of a function. ``one_of_many``: the name is that of a collection of
    collections."""

    name: str
    of_object: bool
    one_of_many: bool = False


class Pass(NamedTuple):
    """``by``: the node that goes through a collection."""

    by: "Node"
    held: _Held


def passes_at(source: Source, line: int) -> Iterator[Pass]:
    """What goes through all of a collection at a line: its innermost loop, or a call."""
    loop = source.inmost_loop(line)
    if loop is not None and not loop.endless and not few_rounds(loop):
        over = loop.over
        if loop.counted and loop.body is not None:
            over = tuple(syntax.indexed_by(loop.body, loop.items)) if _from_the_start(loop) else ()
        names = {held for each in over if (held := _held(source, each)) is not None}
        if len(names) == 1 and _only_computes(source, loop.body, loop.items, next(iter(names))):
            yield Pass(loop.node, names.pop())
    for node in source.near(line):
        if node.type in grammar.FUNCTIONS:
            break
        if node.type in grammar.CALLS and (held := _asked_of_all(source, node)):
            yield Pass(node, held)


def _from_the_start(loop: syntax.Loop) -> bool:
    """Whether a loop that counts takes each by its number: ``for (let i = 0; i < this.filled; i++)``, and of nothing
    else than a name or a length."""
    by_itself = all(
        syntax.text_of(each.named_children[-1]) in loop.items
        for each in syntax.within(loop.body or loop.node)
        if each.type in grammar.INDEXED and each.named_child_count > 1 and syntax.names_in(each) & loop.items
    )
    return by_itself and all(syntax.text_of(value) == "0" for value in loop.begins)


def each_time_at(source: Source, lines: Sequence[int]) -> int:
    """The line that adds one to what the innermost of ``lines`` goes through, each time; 0 where there is none. The
    others are its callers', of the same file."""
    for found in passes_at(source, lines[0]):
        if at := _added_beside(source, found, lines[1:]):
            return at
    return 0


def _added_beside(source: Source, found: Pass, callers: Sequence[int]) -> int:
    node, held = found.by, found.held
    waiting = iter(callers)
    for _ in range(_CALLERS):
        function = syntax.function_around(node)
        if function is None:
            return 0
        held = _of_local(source, function, held)
        if not _is_emptied(source, function, held) and (at := _adds(source, function, node, held)):
            return at
        name, parameters = syntax.name_of(function), syntax.parameters_of(function)
        call = source.first_call(waiting, name)
        if call is None:
            return 0
        if not held.of_object:
            at_place = next((number for number, own in enumerate(parameters) if held.name in own), None)
            arguments = syntax.arguments_of(call)
            if at_place is None or at_place >= len(arguments):
                return 0  # (made here, each time anew)
            if (of_caller := _held(source, arguments[at_place])) is None:
                return 0
            held = of_caller
        node = call
    return 0


def _held(source: Source, node: "Node", depth: int = 0) -> _Held | None:
    """The collection that an expression is, or has all elements of."""
    if depth > syntax.DEEPEST:
        return None
    if node.type in grammar.CALLS:
        owner, given = syntax.owner_of_call(node), syntax.arguments_of(node)
        if syntax.called_name(node) not in _PASSES:
            return None
        if owner is not None and owner.type in grammar.NAMES and given and syntax.text_of(owner) in ("Arrays", "np"):
            owner = None
        inner = owner if owner is not None else next(iter(given), None)
        # (items.slice(-20): a few of them)
        few = owner is not None and given and syntax.called_name(node) in ("slice", "skip")
        return _held(source, inner, depth + 1) if inner is not None and not few else None
    if node.type in grammar.MEMBERS:
        return _Held(syntax.member_name(node), True)
    if node.type in grammar.NAMES:
        function = syntax.function_around(node)
        name = syntax.text_of(node)
        is_own = function is not None and name in {*syntax.assigned_in(function), *syntax.parameter_names(function)}
        return _Held(name, not is_own)
    if node.type in grammar.INDEXED and node.named_child_count > 1 and node.named_children[0].type in grammar.MEMBERS:
        return _Held(syntax.member_name(node.named_children[0]), True, one_of_many=True)  # (self.readings[belt])
    if node.named_child_count == 1 and "subscript" not in node.type:
        return _held(source, node.named_children[0], depth + 1)
    return None


def _of_local(source: Source, function: "Node", held: _Held) -> _Held:
    """What a local name stands for: ``values = list(self.window)``."""
    if held.of_object:
        return held
    values = syntax.assigned_in(function).get(held.name, [])
    found = {other for value in values if (other := _held(source, value)) is not None and other != held}
    return found.pop() if len(found) == len(values) == 1 else held


def _asked_of_all(source: Source, call: "Node") -> _Held | None:
    name, owner, given = syntax.called_name(call), syntax.owner_of_call(call), syntax.arguments_of(call)
    held = None
    of_owner = name in _OF_OWNER and (name not in _BY_KEY or _is_listed(source, call))
    if owner is not None and of_owner and not (owner.type in grammar.NAMES and name in _OF_ARGUMENT and given):
        held = _held(source, owner)
    of_range = name in _OF_RANGE and len(given) > 1 and syntax.called_name(given[0]) in _BEGINS
    if held is None and given and (name in _OF_ARGUMENT or of_range):
        held = _held(source, given[0])
    return held


def _is_listed(source: Source, call: "Node") -> bool:
    """Whether what something is called of is seen to be a list, or what gives one element after the other; in
    JavaScript nothing else is asked so."""
    owner = syntax.owner_of_call(call)
    handed_on = owner is not None and owner.type in grammar.CALLS
    return handed_on or source.is_javascript or bool(inlined.classes_of(source, call) & _LISTS)


def _only_computes(source: Source, body: "Node | None", items: frozenset[str], held: _Held) -> bool:
    """Whether a loop works something out of the elements alone: it hands nothing on, and has no weight for each."""
    if body is None:
        return False
    for each in syntax.within(body):
        if each.type == "expression_statement" and each.named_child_count == 1:
            inner = each.named_children[0]
            if inner.type in grammar.CALLS and syntax.called_name(inner) not in grammar.ADDS:
                return False
        if each.type.startswith(("await", "yield")) or ((to := added_to(each)) and _held(source, to) == held):
            return False
    weights = (_held(source, whole) for whole in syntax.indexed_by(body, items))
    return all(other in (None, held) for other in weights)


def _adds(source: Source, function: "Node", by: "Node", held: _Held) -> int:
    """The line of a function that adds one to a collection as often as ``by`` goes through it."""
    around = {loop.node.id for loop in syntax.loops_around(by)}
    for each in syntax.within(function, functions=True):
        if syntax.start_within(each, by) and each.end_byte <= by.end_byte:
            continue
        if each.type not in grammar.CALLS | grammar.ASSIGNMENTS or not _adds_one(source, each, held):
            continue
        loops = {loop.node.id for loop in syntax.loops_around(each) if syntax.start_within(loop.node, function)}
        # (an element that gets another value in each round is worked on; and so is a field of a table)
        adds = each.type in grammar.CALLS or not (loops or held.one_of_many)
        if adds and loops <= around and (held.of_object or loops):
            return each.start_point[0] + 1
    return 0


def _adds_one(source: Source, node: "Node", held: _Held, depth: int = 0) -> bool:
    """Whether a node adds one to a collection, or calls a method of the file that does."""
    if (to := added_to(node)) is not None and _held(source, to) == held:
        return True
    if depth or node.type not in grammar.CALLS or not held.of_object:
        return False
    called = inlined.called(source, node)
    body = called.child_by_field_name("body") if called is not None else None
    said = [inner for each in statements_of(body) for inner in syntax.within(each)] if body is not None else []
    plain = (each for each in said if each.type in grammar.CALLS | grammar.ASSIGNMENTS)
    return any(_adds_one(source, each, held, depth + 1) and not any(syntax.loops_around(each)) for each in plain)


def _is_emptied(source: Source, function: "Node", held: _Held) -> bool:
    """Whether a function takes all out of a collection, or begins with a new one: what it has gathered is done with."""
    for each in syntax.within(function, functions=True):
        if each.type in grammar.CALLS and syntax.called_name(each) in _EMPTIES:
            parts = (syntax.owner_of_call(each), *syntax.arguments_of(each)[:1])
            if any(part is not None and _held(source, part) == held for part in parts):
                return True
        target = syntax.target_of(each) if each.type in grammar.ASSIGNMENTS else None
        if held.of_object and target is not None and target.type not in grammar.INDEXED:
            whole = target.named_children[0] if target.type == "expression_list" else target
            if _held(source, whole) == held:
                return True
    return False
