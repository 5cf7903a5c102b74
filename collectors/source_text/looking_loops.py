"""Does a loop do no more than to look, and for what?

Its own statements are conditions, and what these need: names for parts of an element, steps by one, words that leave.
What a loop makes or sums up for each element is work, and so is what it does with those that it has found.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import comparisons, grammar, syntax
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

FEW = 32
"""rounds, or elements, that stand in the source: a table of rules, of names, which a program may well walk"""
_EQUAL = frozenset(("==", "===", "!=", "!==", "is", "is not"))
_ORDER = grammar.COMPARES_BY - _EQUAL
_SEVERAL = grammar.words("expression_list pattern_list tuple_pattern tuple_expression left_assignment_list")
_AROUND = grammar.BLOCKS | {"return_statement", "parenthesized_expression"}
_JUMPS = frozenset(("*", "/", "//", "<<", ">>", ">>>"))
_CRUNCHES = frozenset(("%", "&", "|", "^", "<<", ">>", ">>>"))


class Looks(NamedTuple):
    """What a loop goes over and what it looks for, as names of the function that it is in. ``for_equal``: something
    that is the same, rather than less or more. ``extreme``: for the least or most of all, whatever is around it.
    ``named``: all names that it compares by, also those that it goes over."""

    loop: Loop
    over: set[str]
    wanted: set[str]
    for_equal: bool
    extreme: bool = False
    named: frozenset[str] = frozenset()


def looks_of(loop: Loop, line: int, answers: str = "") -> Looks | None:
    """What a loop looks for; None for one that does more, or whose ``line`` is in what it does with what it found.
    ``answers``: a function that does nothing but compare what it is given."""
    if loop.endless or few_rounds(loop) or jumps(loop):
        return None
    over, by_number = _gone_over(loop)
    if not over or (loop.body is not None and not (_only_looks(loop, line) and _leaves_alone(loop, over))):
        return None
    inside = syntax.assigned_in(loop.body) if loop.body is not None else {}
    wanted, equal, by_function, of_elements = set[str](), False, False, set[str]()
    for condition in _conditions(loop):
        if not by_number and _looks_up_by_an_element(condition, loop.items):
            continue  # (labels[key] != value: one by one, and no search)
        names = expanded(syntax.names_in(condition), inside)
        # (that two numbers differ, i != j, is no question about what they are the numbers of)
        asks = bool(answers) and _is_answered_by(answers, condition, loop.items)
        asks = asks or _is_held(condition, loop.items | set(inside))
        # (distances[place] is as much of an element as place.distance)
        of_elements |= all_names(syntax.indexed_by(condition, loop.items)) if not by_number else set()
        if (asks or _compares(condition) or _ranks(loop)) and names & (over if by_number else loop.items):
            wanted |= names
            equal = equal or _asks_for_equal(condition) or _asks_for_range(condition, loop.items | set(inside))
            by_function = by_function or asks
    if not wanted or _is_by_a_table(loop, inside, wanted) or _ends_by_order(loop):
        return None
    inner = loop.items | over | set(inside) | syntax.steps_in(loop.node)
    # (for (…) if (bag.heard < silent.heard) silent = bag;)
    kept = set(inside) - loop.items
    best = _ranks(loop) or _picks(loop) or any(_is_kept(each, loop.items | over, kept, answers) for each in _ifs(loop))
    extreme = not equal and wanted <= inner | of_elements and best
    named = frozenset(wanted)
    if loop.counted and _starts_anew(loop):
        wanted |= all_names(loop.over)
    return Looks(loop, over - loop.items, wanted - inner, equal or by_function, extreme, named)


def _looks_up_by_an_element(condition: "Node", items: Set[str]) -> bool:
    """Whether what another map has for the same key is compared with what belongs to it."""
    for each in syntax.within(condition):
        sides = each.named_children if each.type in grammar.COMPARISONS else []
        keys = {syntax.text_of(one.named_children[-1]) for one in sides if one.type in grammar.INDEXED}
        values = {syntax.text_of(one) for one in sides if one.type in grammar.NAMES}
        if keys & items and values & items:
            return True
    return False


def _ends_by_order(loop: Loop) -> bool:
    """Whether a loop over what comes behind an element (``j = i + 1``) ends at the first that is too far: what it goes
    over is sorted, and it meets the near ones alone."""
    if _starts_anew(loop) or loop.body is None:
        return False
    for asks in _ifs(loop):
        condition, then = asks.child_by_field_name("condition"), asks.child_by_field_name("consequence")
        said = list(statements_of(then)) if then is not None else []
        leaves = len(said) == 1 and said[0].type.startswith("break")
        # (a search leaves, too, when it has found something; but it asks for more, or does more)
        parts = list(comparisons.parts_of_answer(condition)) if leaves and condition is not None else []
        if len(parts) == 1 and comparisons.asks_for_order(parts[0]):
            return True
    return False


def _is_by_a_table(loop: Loop, inside: dict[str, list["Node"]], wanted: set[str]) -> bool:
    """Whether what a loop compares stands in a table of both, the element and what is looked for: ``trans[p, t]``."""
    values = (value for name in wanted for value in inside.get(name, ()))
    looked_up = (each for value in values for each in syntax.within(value) if each.type in grammar.INDEXED)
    both = (all_names(each.named_children[1:]) for each in looked_up)
    return any(names & loop.items and names - loop.items - set(inside) for names in both)


def _ifs(loop: Loop) -> Iterator["Node"]:
    statements = statements_of(loop.body) if loop.body is not None else ()
    return (each for each in statements if each.type in grammar.IFS)


def _is_kept(asks: "Node", elements: Set[str], best: set[str], answers: str) -> bool:
    """Whether an ``if`` compares an element with the best so far, by itself or by a function, and keeps it then."""
    condition, then = (asks.child_by_field_name(name) for name in ("condition", "consequence"))
    if condition is None or then is None:
        return False
    by_function = bool(answers) and any(syntax.called_name(each) == answers for each in syntax.calls_in(condition))
    if not (by_function or _operators(condition) & _ORDER):
        return False
    kept = syntax.assigned_in(then)
    return any(name in best & syntax.names_in(condition) and all_names(kept[name]) & elements for name in kept)


def _picks(loop: Loop) -> bool:
    """``reduce((best, one) => (one.at < best.at ? one : best))``"""
    body = loop.body
    while body is not None and body.type in _AROUND and body.named_child_count == 1:
        body = body.named_children[0]
    condition = syntax.condition_of(body) if body is not None and body.type in grammar.CONDITIONALS else None
    if body is None or condition is None or not _operators(condition) & _ORDER:
        return False
    either = [each for each in body.named_children if each != condition]
    return all(each.type in grammar.NAMES and syntax.text_of(each) in loop.items for each in either)


def few_rounds(loop: Loop) -> bool:
    """Whether a loop counts up to a small number that stands in the source, or around something by so many."""
    if not loop.counted or not loop.items:
        return False
    if all_names(loop.over) - loop.items:
        return _goes_around(loop)
    numbers = [number for over in loop.over for number in syntax.numbers_in(over)]
    return max(numbers, default=0) in range(2, FEW)  # (down to 0 may be from anywhere)


def jumps(loop: Loop) -> bool:
    """Whether a loop that counts leaves most out: ``child = 2 * child + 1``, ``i = (i - 1) / 2``."""
    if not loop.counted or loop.node.type in grammar.COMPREHENSIONS:
        return False
    for each in syntax.within(loop.node, without=(loop.first.id,) if loop.first is not None else ()):
        target = syntax.target_of(each) if each.type in grammar.ASSIGNMENTS - grammar.STEPS else None
        value = syntax.first_field(each, "value", "right")
        if target is None or value is None or not syntax.targets_in(target) & loop.items:
            continue
        if any(child.type in _JUMPS for part in syntax.within(value) for child in part.children):
            return True
    return False


def _goes_around(loop: Loop) -> bool:
    """``for (y = at / WIDE - 1; y <= at / WIDE + 1; y++)``, ``for y in range(y0 - 1, y0 + 2)``"""
    over = loop.over[0]
    if over.type in grammar.CALLS:
        ends = syntax.arguments_of(over)[:2]  # (range)
        begins, ends = ends[:1], ends[1:]
    elif over.type == "range_expression":
        begins, ends = over.named_children[:1], over.named_children[1:]
    else:
        begins, ends = loop.begins, list(over.named_children)
    return bool(_midsts(begins) & _midsts(ends))


def _midsts(nodes: Iterable["Node"]) -> set[str]:
    """What expressions are but for a small number that is added or taken away, as they are written."""
    found = set[str]()
    for node in nodes:
        for each in syntax.within(node):
            plain = each == node and each.type in grammar.NAMES
            sum_of = each.named_children if each.type in ("binary_expression", "binary_operator") else []
            number = syntax.text_of(sum_of[1]) if len(sum_of) == 2 else ""
            few = number.isdecimal() and len(number) < 3 and int(number) < FEW
            if plain or (few and any(sign in ("+", "-") for sign in map(syntax.text_of, each.children[1:2]))):
                found.add("".join(syntax.text_of(each if plain else sum_of[0]).split()))
    return found


def all_names(nodes: Iterable["Node"]) -> set[str]:
    return set[str]().union(*map(syntax.names_in, nodes))


def expanded(names: set[str], values: dict[str, list["Node"]], depth: int = 4) -> set[str]:
    """``names``, and all that they are made of by ``values``."""
    found, new = set(names), set(names)
    for _ in range(depth):
        new = {name for each in new for name in all_names(values.get(each, ()))} - found
        if not new:
            break
        found |= new
    return found


def _gone_over(loop: Loop) -> tuple[set[str], bool]:
    """What a loop goes over, and whether it does so by number: then its items are no elements."""
    if not loop.counted:
        return all_names(map(syntax.without_start, loop.over)), False
    parts = [part for part in (loop.body, loop.condition) if part is not None]
    indexed = all_names(found for part in parts for found in syntax.indexed_by(part, loop.items))
    return (indexed | _looked_up(loop), True) if indexed else (_begins_at(loop, parts), False)


def _looked_up(loop: Loop) -> set[str]:
    """The names by which a loop that counts looks up where to begin or end: ``k = start[row]; k < start[row + 1]``."""
    ends = (*loop.over, loop.first) if loop.first is not None else loop.over
    looked_up = grammar.INDEXED | grammar.CALLS | grammar.MEMBERS
    return all_names(each for end in ends for each in syntax.within(end) if each.type in looked_up) - loop.items


def _begins_at(loop: Loop, parts: Sequence["Node"]) -> set[str]:
    """Where a pointer or an iterator starts that a loop counts up: ``s = p->slots; for (; s < end; s++)``."""
    pointed = (syntax.pointers_in(each) for part in parts for each in syntax.within(part))
    pointers = set[str]().union(*pointed) & loop.items
    function = syntax.function_around(loop.node)
    values = syntax.assigned_in(function) if function is not None and pointers else {}
    return all_names(value for name in pointers for value in values.get(name, ())) - loop.items


def _starts_anew(loop: Loop) -> bool:
    """Whether a loop that counts begins at the same place each time."""
    return not all_names(loop.begins)


def _conditions(loop: Loop) -> Iterator["Node"]:
    """What a loop asks in each round, without what inner loops ask."""
    if loop.seeks:
        yield loop.condition or loop.body or loop.node
    inner = {each.node.id for each in syntax.loops_in(loop.body)} if loop.body is not None else set()
    if loop.condition is not None and not loop.seeks:
        yield from (each for each in comparisons.parts_of_answer(loop.condition) if _asks_of_an_element(each, loop))
    for node in syntax.within(loop.body, without=inner) if loop.body is not None else ():
        if (answer := comparisons.answer_kept_by(node)) is not None:
            yield answer
        if (condition := syntax.condition_of(node)) is not None:
            yield condition


def _asks_of_an_element(part: "Node", loop: Loop) -> bool:
    """Whether a part of a loop's own condition asks what is there, rather than whether it has come to the end."""
    pointed = {name for each in syntax.within(part) for name in syntax.pointers_in(each)}
    return bool(pointed & loop.items or syntax.indexed_by(part, loop.items))


def _only_looks(loop: Loop, line: int) -> bool:
    assert loop.body is not None
    # (what a comprehension makes of those that it has found)
    if loop.condition is not None and loop.seeks and loop.condition != loop.body:
        return not any(syntax.calls_in(loop.body))
    for statement in statements_of(loop.body):
        if statement.type not in grammar.IFS:
            if not _is_plain(statement):
                return False
            continue
        asks = statement.child_by_field_name("condition") or statement
        parts = (*statement.children_by_field_name("consequence"), *statement.children_by_field_name("alternative"))
        at = [part for part in parts if line > asks.end_point[0] + 1 and syntax.holds(part, line)]
        if not all(_is_plain(each) for part in at for each in statements_of(part)):
            return False  # (the time goes to what it does with what it has found)
        leaves = len(parts) == 1 and any(each.type.startswith("continue") for each in statements_of(parts[0]))
        if leaves and (line <= statement.end_point[0] + 1 or line == loop.node.end_point[0] + 1):
            return True  # (what follows is done with what was found, and takes no time)
    return True


def _leaves_alone(loop: Loop, over: Set[str]) -> bool:
    """Whether a loop neither puts another element in place of one, once it has found something, nor hands all that it
    goes over to a function: what is changed so (a part of a tour is turned round) is not looked through again."""
    for part in (part for each in _ifs(loop) for part in each.children_by_field_name("consequence")):
        if any(each.type in grammar.LEAVES for each in statements_of(part)):
            continue  # (what was found is changed where it stands)
        for each in syntax.within(part):
            given = syntax.arguments_of(each) if each.type in grammar.CALLS else ()
            if any(_is_all_of(over, one) for one in given) or syntax.elements_set_by(each) & over:
                return False
    return True


def _is_all_of(over: Set[str], given: "Node") -> bool:
    """Whether an argument is all that a loop goes over, or begins to go through it."""
    begin = (each for each in syntax.calls_in(given) if syntax.called_name(each) in grammar.BEGINS)
    return syntax.text_of(given) in over or any(syntax.names_in(each) & over for each in begin)


def statements_of(block: "Node", depth: int = 0) -> Iterator["Node"]:
    """What stands in a block, one after the other."""
    if block.type not in grammar.BLOCKS or depth > syntax.DEEPEST:
        yield block
        return
    for each in block.named_children:
        inner = each.named_children
        if each.type in grammar.BLOCKS:
            yield from statements_of(each, depth + 1)
        elif each.type == "expression_statement" and len(inner) == 1 and inner[0].type in grammar.IFS:
            yield inner[0]
        elif not each.type.endswith("comment"):
            yield each


def _is_plain(statement: "Node") -> bool:
    """Whether a statement of a loop is a step by one, a name for something, or leaves."""
    if statement.type in grammar.LEAVES:
        return True
    inner = statement.named_children[:1] if statement.type == "expression_statement" else []
    if any(each.type in grammar.CALLS for each in inner) or syntax.loops_in(statement):
        return False
    for each in syntax.within(statement):
        target = syntax.target_of(each)
        if each.type.startswith(("await", "yield")) or comparisons.adds_more_than_one(each):
            return False
        parts = target.named_children if target is not None and target.type in _SEVERAL else [target]
        if any(part is not None and not syntax.targets_in(part) for part in parts):
            return False  # (an element or a member is changed in each round)
    return True


def _asks_for_equal(condition: "Node") -> bool:
    calls = syntax.calls_in(condition, functions=True)
    return bool(_operators(condition) & _EQUAL) or any(syntax.called_name(each) in grammar.COMPARES for each in calls)


def _ranks(loop: Loop) -> bool:
    """Whether it looks for the least or most by a key: ``min(rows, key=lambda row: distance(row, place))``."""
    return loop.seeks and loop.node.type in grammar.CALLS and syntax.called_name(loop.node) in grammar.RANKS


def _is_answered_by(function: str, condition: "Node", elements: Set[str]) -> bool:
    """Whether a condition calls a function, or a method of that name of an element."""
    calls = (each for each in syntax.calls_in(condition, functions=True) if syntax.called_name(each) == function)
    owners = map(syntax.owner_of_call, calls)
    return any(owner is None or syntax.names_in(owner) <= elements for owner in owners)


def _is_held(condition: "Node", elements: Set[str]) -> bool:
    """Whether an element is asked if it holds something else: ``entry.network.Contains(ip)``."""
    for each in syntax.calls_in(condition):
        owner = syntax.owner_of_call(each) if syntax.called_name(each) in grammar.HOLDS else None
        given = syntax.arguments_of(each)
        if owner is not None and given and syntax.names_in(owner) & elements and all_names(given) - elements:
            return True
    return False


def _asks_for_range(condition: "Node", elements: Set[str]) -> bool:
    """Whether something must lie between two bounds."""
    compared = [
        syntax.names_in(each) - elements
        for each in syntax.within(condition, functions=True)
        if each.type in grammar.COMPARISONS
        for operator in each.children
        if operator.type in _ORDER
    ]
    return any(one & other for number, one in enumerate(compared) for other in compared[:number])


def _compares(condition: "Node") -> bool:
    """Whether it compares by itself. What crunches numbers to decide does work, and so may any other call: a rule that
    is asked, an expression that is matched."""
    operators = _operators(condition)
    calls = syntax.calls_in(condition, functions=True)
    named = grammar.COMPARES | grammar.ORDERS
    compares = operators & (_EQUAL | _ORDER) or any(syntax.called_name(each) in named for each in calls)
    return bool(compares) and not operators & _CRUNCHES


def _operators(node: "Node") -> set[str]:
    found = set[str]()
    for each in syntax.within(node, functions=True):
        if each.type in grammar.COMPARISONS and not any(map(_is_nothing, each.named_children)):
            found |= {child.type for child in each.children if not child.is_named}
    return found


def _is_nothing(node: "Node") -> bool:
    """Whether it is the word for nothing: who asks for that looks for no other thing."""
    return not node.named_child_count and syntax.text_of(node) in grammar.NOTHING
