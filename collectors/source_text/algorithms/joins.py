"""Does a loop look through all of something in each round of another loop?

Such code takes time with the product of two sizes, and an index, a sorted list or a grid would take that away: for each
payment it walks all assessments, for each mark it counts the lines of the text from the start. It is seen in the
source: an inner loop that only looks, over something that is the same in each round of an outer loop, for something
that is not. The outer loop may be in a caller: then the call's arguments say what the parameters are. What is the outer
round's own (the lines of this order) is looked through once.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import comparisons, grammar, syntax
from perfdoctor.collectors.source_text.algorithms.picks import pick_at
from perfdoctor.collectors.source_text.algorithms.table_filters import filter_at
from perfdoctor.collectors.source_text.few import goes_over_few, is_few, is_short
from perfdoctor.collectors.source_text.looking_loops import Looks, all_names, expanded, few_rounds, looks_of
from perfdoctor.collectors.source_text.sources import Source, Sources
from perfdoctor.collectors.source_text.syntax import Loop
from perfdoctor.schemas.cpu import LineShape

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_CALLERS = 5
_NEW = "()"
"""in place of a name: what a call gives, another each time"""
_STEPS = 3
"""from what a loop goes over to how it was made"""
_RANGES = grammar.words(
    "take_while takeWhile takewhile partition_point lower_bound upper_bound equal_range bisect bisect_left bisect_right"
    " lowerBound upperBound subMap tailMap headMap subSet tailSet headSet irange binarySearch binary_search"
    " binary_search_by SearchInts SearchFloat64s SearchStrings"
)
SMALL = 10
"""lines of a function that is called by a condition, and has no loop: its time is the loop's"""


class At(NamedTuple):
    """A line of a stack. ``function``: of JavaScript, where the line may be one of another function, which V8 has put
    into this one."""

    file: str
    line: int
    function: str = ""


class Join(NamedTuple):
    """``outer``: the line of the loop in whose rounds another one looks through the same, or of the function that is
    called again and again from outside. ``depth``: which line of the stack is in the loop that looks: 1 where the
    innermost one is in a small function that the loop calls. ``shape``: how it is one, where not by two loops."""

    outer: At
    depth: int
    shape: LineShape = LineShape.NESTED


def join_at(sources: Sources, stack: Sequence[At]) -> Join | None:
    """Of a stack of the user's own lines, innermost first: the join that its innermost line is in, if it is in one."""
    answers = ""
    for depth, at in enumerate(stack[:2]):
        source = sources.of(at.file)
        node = source.at(at.line) if source else None
        if source is None or node is None:
            return None
        if depth == 0 and (takes := filter_at(source, at.line)) is not None:
            outer = _outer(sources, stack, takes)
            return Join(outer, 0, LineShape.FILTER) if outer else None
        if (picks := pick_at(source, at.line)) is not None:
            little = _are_few(source, picks) or _is_a_range(picks.loop)
            outer = None if little else _outer(sources, stack[depth:], picks)
            return Join(outer, depth) if outer else None
        loop = source.inmost_loop(at.line)
        if loop is not None:
            looks = looks_of(loop, at.line, answers or _asked(source, loop))
            if looks is None and depth == 0 and _measures(source, at.line):
                continue
            few = is_short(source, loop) or goes_over_few(source, loop)
            if looks is None or few or _are_few(source, looks) or _is_a_bucket(looks) or _is_a_range(loop):
                return None
            outer = _outer(sources, stack[depth:], looks)
            return Join(outer, depth) if outer else None
        function = source.function_at(at.line)
        if function is None or not syntax.is_small(function, SMALL):
            return None
        answers = syntax.name_of(function) if comparisons.returns_an_answer(function) else ""
    return None


def _measures(source: Source, line: int) -> bool:
    """Whether a line is in a short function that works out, in a loop, one number of what it is given: how far two are
    from each other."""
    function = source.function_at(line)
    if function is None or function.end_point[0] - function.start_point[0] >= SMALL or not syntax.name_of(function):
        return False
    changes = (syntax.target_of(each) for each in syntax.within(function, functions=True))
    return not any(each.type in grammar.MEMBERS | grammar.INDEXED for each in changes if each is not None)


def _are_few(source: Source, looks: Looks) -> bool:
    function = syntax.function_around(looks.loop.node)
    return all(is_few(source, each, function) for each in looks.over)


def _is_a_bucket(looks: Looks) -> bool:
    """Whether a loop that counts begins where a table says for what it looks for: ``i = begin[cell_of(mark.x)]``."""
    function = syntax.function_around(looks.loop.node)
    own = syntax.assigned_in(function) if function is not None else {}
    starts = looks.loop.begins
    starts += [value for name in all_names(starts) for value in own.get(name, ())]
    looked_up = (each for value in starts for each in syntax.within(value) if each.type in grammar.INDEXED)
    return any(syntax.names_in(each) & looks.wanted for each in looked_up)


def _is_a_range(loop: Loop) -> bool:
    """Whether a loop goes over what a search by halves has found, or what a condition on their order leaves:
    ``self.printings[first..].iter().take_while(…)``, where ``first`` comes from partition_point."""
    function = syntax.function_around(loop.node)
    own = syntax.assigned_in(function) if function is not None else {}
    values = [*loop.over, *loop.begins]
    for _ in range(_STEPS):
        calls = (call for value in values for call in syntax.calls_in(value))
        if any(syntax.called_name(call) in _RANGES for call in calls):
            return True
        values = [made for name in all_names(values) for made in own.get(name, ())]
    return False


def _asked(source: Source, loop: Loop) -> str:
    """The function of the same file that a loop calls and which does nothing but compare, or one that was handed in;
    empty where there is none."""
    names = dict.fromkeys(map(syntax.called_name, syntax.calls_in(loop.node, functions=True)))
    around = syntax.function_around(loop.node)
    given = syntax.parameter_names(around) if around is not None else set()
    if loop.seeks and (handed_in := next((name for name in names if name in given), "")):
        return handed_in
    known = ((name, source.functions.get(name)) for name in names)
    return next((name for name, function in known if function and comparisons.returns_an_answer(function)), "")


def _outer(sources: Sources, stack: Sequence[At], looks: Looks) -> At | None:
    """The loop, or the function called from outside, in whose rounds a loop goes over the same for something else."""
    node, at, callers = looks.loop.node, stack[0], iter(stack[1:])
    over, wanted = _without_owner(sources, at, looks)
    for _ in range(_MOST_CALLERS):
        function = syntax.function_around(node)
        outside = list(loops_outside(node, function))
        for number, loop in enumerate(outside, 1):
            made = _made_in(loop)
            if node == looks.loop.node and _goes_on(looks.loop, made):
                return None
            if _is_rounds_own(loop, over, made):
                if loop.endless and _taken_out(loop):
                    return None  # (the neighbours of what was reached: a walk goes where it has not been)
                if function is not None and _calls_itself(node, function):
                    return None  # (the branches of a tree, of which a search leaves most out)
                over = (over - loop.items) | all_names(loop.over)
            elif _is_no_work(sources.of(at.file), loop):
                continue
            elif (looks.extreme and not few_rounds(loop)) or (
                expanded(wanted, made) & _of_round(loop, made, at.file)
                and (_counts(loop, looks) or expanded(wanted, made) & _filled_by_asking(loop, at.file))
            ):
                # (pairs within a group are as many as groups are large)
                of_group = any(_is_rounds_own(each, over, _made_in(each)) for each in outside[number:])
                return At(at.file, loop.head) if not of_group else None
        if function is None:
            return None
        own = syntax.assigned_in(function)
        over, wanted = expanded(over, own), expanded(wanted, own | _filled_by_calls(function, at.file))
        parameters = syntax.parameters_of(function)
        local = set(own).difference(*parameters)
        if any(not all_names(own[name]) for name in over & local):
            return None  # (made here, each time anew)
        name = syntax.name_of(function)
        given = set[str]().union(*parameters)
        call = _call_within(sources, at, name)
        if call is None:
            # (a generator has a frame of its own, below that of its function)
            caller = next(
                (each for each in callers if not _is_within(each, at, function) or call_in(sources, each, name)), None
            )
            if caller is None:
                called = wanted & (given | local) and not over & given and looks.for_equal and name != "main"
                return At(at.file, function.start_point[0] + 1) if called else None
            at = caller
            call = call_in(sources, at, name)
        handed = call is None and _handed(sources, at, name)  # (orders.filter(this::isLate))
        if call is None and not handed:
            call = _only_call(sources, at, name)
        if call is None:
            return At(at.file, at.line) if handed and wanted & given and not over & given else None
        arguments = _arguments(call, parameters)
        if any(arguments[name].type in grammar.STEPS for name in wanted & set(arguments)) and over - wanted:
            return At(at.file, call.start_point[0] + 1)  # (read(place++): the next one each time)
        made_anew = any(_is_made(arguments[name]) for name in wanted & set(arguments))
        over, wanted = (_of_caller(names - local, function, call, arguments, at.file) for names in (over, wanted))
        wanted |= {_NEW} if made_anew else set()
        node = call
    return None


def _is_no_work(source: Source | None, loop: Loop) -> bool:
    """Whether a loop goes over a few, or sleeps in each round and goes on for ever, as a service does: its rounds are
    not those of an algorithm."""
    if source is not None and goes_over_few(source, loop):
        return True
    return loop.endless and any(
        syntax.called_name(each) in grammar.SLEEPS for each in syntax.calls_in(loop.body or loop.node)
    )


def _calls_itself(node: "Node", function: "Node") -> bool:
    return node.type in grammar.CALLS and syntax.called_name(node) == syntax.name_of(function)


def _without_owner(sources: Sources, at: At, looks: Looks) -> tuple[set[str], set[str]]:
    """What a loop goes over and looks for, where a method goes over what the owner of its object has
    (``self.ledger.entries``): the owner made the object and handed itself over (``Account(self, number)``), so that is
    the same for all objects."""
    source, function = sources.of(at.file), syntax.function_around(looks.loop.node)
    made = syntax.class_around(function) if function is not None else ""
    receiver = syntax.receiver_of(function) if function is not None else ""
    if source is not None and made and receiver in looks.over:
        members = [syntax.member_of_member(each, receiver) for over in looks.loop.over for each in syntax.within(over)]
        owners = {f"{receiver}.{name}" for name in members if name}
        if owners and made in source.handed_their_maker:
            return (looks.over - {receiver}) | owners, looks.wanted | (looks.named & {receiver})
    return looks.over, looks.wanted


def _is_within(line: At, at: At, function: "Node") -> bool:
    return line.file == at.file and syntax.holds(function, line.line)


def loops_outside(node: "Node", function: "Node | None") -> Iterator[Loop]:
    """The loops around ``node`` within its function, without the one that ``node`` itself is."""
    for loop in syntax.loops_around(node):
        if function is not None and loop.node.start_byte < function.start_byte:
            return
        if loop.node != node:
            yield loop


def _goes_on(inner: Loop, made: dict[str, list["Node"]]) -> bool:
    """Whether a loop goes on where it was left in the round before: what it counts by begins outside of both."""
    own = syntax.assigned_in(inner.node)
    counts = inner.counted and inner.condition is not None and inner.node.type not in grammar.COMPREHENSIONS
    return counts and not inner.items & (set(made) | set(own))


def _made_in(loop: Loop) -> dict[str, list["Node"]]:
    """The names that get a value in each round, with the values."""
    made: dict[str, list[Node]] = {}
    for part in (loop.condition, loop.body):
        for name, values in syntax.assigned_in(part).items() if part is not None else ():
            made.setdefault(name, []).extend(values)
    return made


def _of_round(loop: Loop, made: dict[str, list["Node"]], file: str) -> set[str]:
    """The names that are another thing in each round."""
    steps = syntax.steps_in(loop.body) if loop.body is not None else set[str]()
    steps |= _filled_in(loop)
    return {_NEW, *loop.items, *made, *steps, *_filled_by_asking(loop, file)}


def _filled_by_asking(loop: Loop, file: str) -> set[str]:
    """What the condition of a loop fills anew: ``while (journal.read(entry))``."""
    calls = syntax.calls_in(loop.condition) if loop.condition is not None and grammar.fills_arguments(file) else ()
    return set[str]().union(*(all_names(syntax.arguments_of(call)) for call in calls))


def _filled_by_calls(function: "Node", file: str) -> dict[str, list["Node"]]:
    """What names get by a call that is handed their place, with what else it is handed: ``sscanf(line, "%d", &n)``."""
    found: dict[str, list[Node]] = {}
    for call in syntax.calls_in(function) if grammar.fills_arguments(file) else ():
        given = syntax.arguments_of(call)
        filled = [each for each in given if each.type in grammar.POINTED and syntax.text_of(each).startswith("&")]
        for each in filled:
            for name in syntax.names_in(each):
                found.setdefault(name, []).extend(other for other in given if other not in filled)
    return found


def _filled_in(loop: Loop) -> set[str]:
    """The collections of plain names that get more, or lose something, in each round: ``done.add(name)``."""
    found = set[str]()
    for each in syntax.within(loop.body) if loop.body is not None else ():
        owner = syntax.owner_of_call(each) if each.type in grammar.CALLS else None
        if owner is not None and syntax.called_name(each) in grammar.ADDS | grammar.REMOVES:
            found |= {syntax.text_of(owner)} if owner.type in grammar.NAMES else set()
    return found


def _is_rounds_own(loop: Loop, names: set[str], made: dict[str, list["Node"]]) -> bool:
    """Whether some of ``names`` are the round's own: its element, or made in it, of nothing or by a call."""
    # (append(rows, x) is rows, with more in it)
    anew = {name: [value for value in made[name] if name not in syntax.names_in(value)] for name in made}
    names = expanded(names, anew)
    return bool(names & loop.items) or any(
        not _is_another_name(value) for name in names for value in anew.get(name, ())
    )


def _is_another_name(value: "Node") -> bool:
    return bool(syntax.names_in(value)) and not _is_made(value)


def _counts(loop: Loop, looks: Looks) -> bool:
    """Whether the rounds of a loop may be many: elements of something, or, where each is searched for, any others."""
    return not few_rounds(loop) and (looks.for_equal or _is_of_data(loop))


def _is_of_data(loop: Loop) -> bool:
    if loop.endless:
        return bool(_taken_out(loop))
    return bool(all_names((*loop.over, loop.first) if loop.first is not None else loop.over) - loop.items)


def _taken_out(loop: Loop) -> set[str]:
    """The line of work that a loop asks whether it is empty, and takes the next piece out of."""
    condition = loop.node.child_by_field_name("condition") or loop.condition
    if condition is None or loop.body is None:
        return set()
    calls = (each for part in (condition, loop.body) for each in syntax.calls_in(part))
    takes = grammar.TAKES_OUT | grammar.REMOVES
    owners = (syntax.owner_of_call(each) for each in calls if syntax.called_name(each) in takes)
    taken = all_names(owner for owner in owners if owner is not None) | _keys_deleted_from(loop.body)
    return taken & syntax.names_in(condition)


def _keys_deleted_from(body: "Node") -> set[str]:
    """The names of maps that lose a key: ``del pending[name]``, ``delete(open, stop)``."""
    found = set[str]()
    for each in syntax.within(body):
        if each.type == "delete_statement":
            found |= all_names(part.named_children[0] for part in each.named_children if part.type in grammar.INDEXED)
        elif each.type in grammar.CALLS and syntax.called_name(each) == "delete" and syntax.owner_of_call(each) is None:
            found |= all_names(syntax.arguments_of(each)[:1])
    return found


def call_in(sources: Sources, at: At, name: str) -> "Node | None":
    source = sources.of(at.file)
    return source.call_at(at.line, name) if source else None


def _handed(sources: Sources, at: At, name: str) -> bool:
    """Whether a line hands a function ``name`` to one that calls it for each element."""
    source = sources.of(at.file)
    near = source.near(at.line) if source and name else []
    calls = (each for each in near if each.type in grammar.CALLS and syntax.called_name(each) in grammar.CALLS_FOR_EACH)
    handed = (given for call in calls for given in syntax.arguments_of(call) if syntax.holds(given, at.line))
    return any(given.type in grammar.REFERENCES and syntax.last_name(given) == name for given in handed)


def _call_within(sources: Sources, at: At, name: str) -> "Node | None":
    """The call of ``name`` in the function of ``at``, where the two were made one: then no line of a stack is of it."""
    holding = at.function.rpartition(".")[2]
    source = sources.of(at.file) if holding and name and holding != name else None
    holder = source.functions.get(holding) if source else None
    calls = syntax.calls_in(holder, functions=True) if holder else ()
    return next((each for each in calls if syntax.called_name(each) == name), None)


def _only_call(sources: Sources, at: At, name: str) -> "Node | None":
    """The one call of ``name`` in the file of ``at``, where V8 may have put more than one function into its."""
    source = sources.of(at.file) if at.function and name else None
    calls = source.calls.get(name, ()) if source else ()
    return calls[0] if len(calls) == 1 else None


def _arguments(call: "Node", parameters: list[set[str]]) -> dict[str, "Node"]:
    """What a call gives a function, by the names of its parameters."""
    arguments = syntax.arguments_of(call)
    plain = [each for each in arguments if each.type != "keyword_argument"]
    given = {name: value for own, value in zip(parameters, plain, strict=False) for name in own}
    for each in arguments:
        if each.type == "keyword_argument":
            given[syntax.text_of(each.child_by_field_name("name"))] = each
    return given


def _is_made(value: "Node") -> bool:
    return any(syntax.calls_in(value))


def _of_caller(names: set[str], function: "Node", call: "Node", arguments: dict[str, "Node"], file: str) -> set[str]:
    """What ``names`` of a function are called by its caller: arguments, and the object that it is called of."""
    given = {name: syntax.names_in(value) for name, value in arguments.items()}
    owner = syntax.owner_of_call(call)
    if owner is not None:
        given[syntax.receiver_of(function)] = syntax.names_in(owner)
        if grammar.leaves_out_this(file):
            given |= {name: syntax.names_in(owner) for name in names if name not in given and not name.isupper()}
    return set[str]().union(*(given.get(name, {name}) for name in names))
