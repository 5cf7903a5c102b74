"""What the nodes of a source's tree are: which loops stand around one, what a function is called, which names are used.

``grammar.py`` says which nodes are a loop, a function, a call. Names of the tree stay inside: what is told is kinds and
lines. A tree may be as deep as its text is long (``((((…``), so all that goes down, or up, ends at some depth.
"""

import re
from collections.abc import Collection, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import grammar

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 250
"""nodes within each other that are followed"""
_TYPES = re.compile(r"(?:::)?<[^<>]*(?:<[^<>]*>[^<>]*)*>")
"""of a function that is called for a type: ``std::make_unique<Line>``, ``Vec::<u8>::new``"""
_BARE = grammar.NAMES | {"function_declarator"}
_OUTSIDE = re.compile(r"(\w+)(?:<[^<>]*>)?::~?\w+$")
"""the name of a method of C++ that is written outside of its class"""


class Loop(NamedTuple):
    """``items``: the names that each round has anew; ``over``: what they are taken from, or counted up to."""

    node: "Node"
    items: frozenset[str]
    over: tuple["Node", ...]
    condition: "Node | None"
    body: "Node | None"
    counted: bool
    seeks: bool = False
    """by a condition that is handed to a function, or written behind it"""
    first: "Node | None" = None
    """of one that counts, what it does before its rounds: ``i = 0``"""

    @property
    def begins(self) -> "list[Node]":
        """The values with which a loop that counts begins."""
        return [value for values in assigned_in(self.first).values() for value in values] if self.first else []

    @property
    def line(self) -> int:
        return self.node.start_point[0] + 1

    @property
    def head(self) -> int:
        """The line that says it is a loop: of a comprehension its ``for``, of a function for each element that."""
        clauses = (each for each in self.node.named_children if each.type == "for_in_clause")
        listed = self.node.child_by_field_name("arguments") if self.node.type in grammar.CALLS else None
        made = (each for each in listed.named_children if each.type in grammar.FUNCTIONS) if listed is not None else ()
        return (next(clauses, None) or next(iter(made), None) or self.node).start_point[0] + 1

    @property
    def endless(self) -> bool:
        return not self.items


def text_of(node: "Node | None") -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def holds(node: "Node", line: int) -> bool:
    """Whether a line, from 1, is one of a node's."""
    return node.start_point[0] < line <= node.end_point[0] + 1


def start_within(node: "Node", other: "Node") -> bool:
    return other.start_byte <= node.start_byte < other.end_byte


def first_field(node: "Node", *names: str) -> "Node | None":
    """What a node has in the first of the fields that it has."""
    return next(filter(None, map(node.child_by_field_name, names)), None)


def within(node: "Node", *, functions: bool = False, without: Collection[int] = (), line: int = 0) -> Iterator["Node"]:
    """``node`` and all below it, outer ones first; with ``functions`` also into functions that stand in it. Not the
    nodes with an id of ``without``, nor what is in these; with a ``line`` only those that it is a line of."""
    stack = [(node, 0)]
    while stack:
        each, depth = stack.pop()
        if each.id in without or (line and not holds(each, line)):
            continue
        yield each
        if depth < DEEPEST and (functions or each.type not in grammar.FUNCTIONS or each == node):
            stack += ((child, depth + 1) for child in reversed(each.named_children))


def calls_in(node: "Node", *, functions: bool = False) -> Iterator["Node"]:
    """The calls within ``node``, outer ones first; with ``functions`` also in functions that stand in it."""
    return (each for each in within(node, functions=functions) if each.type in grammar.CALLS)


def condition_of(node: "Node") -> "Node | None":
    """What a node asks to choose what comes next: of an ``if``, a loop, a conditional expression."""
    if node.type == "conditional_expression" and len(node.named_children) == 3:
        return node.child_by_field_name("condition") or node.named_children[1]  # (Python has it in the midst)
    return node.child_by_field_name("condition")


def around(node: "Node") -> Iterator["Node"]:
    """``node`` and what it stands in, inner ones first."""
    each: Node | None = node
    for _ in range(2 * DEEPEST):
        if each is None:
            return
        yield each
        each = each.parent


def loops_around(node: "Node") -> Iterator[Loop]:
    """The loops that ``node`` belongs to, inner ones first, up to its function; what a loop hands to a function that
    calls it for each element is in that loop."""
    for each in around(node):
        if each.type in grammar.FUNCTIONS:
            loop = _called_for_each(each)
            if loop is None:
                return
            yield loop
        elif (loop := loop_of(each)) is not None:
            yield loop


def loops_in(node: "Node", line: int = 0) -> list[Loop]:
    """The loops within ``node``, outer ones first; with a ``line`` only those that it is a line of."""
    found = []
    for each in within(node, functions=True, line=line):
        loop = _called_for_each(each) if each.type in grammar.FUNCTIONS else loop_of(each)
        if loop is not None:
            found.append(loop)
    return found


def function_around(node: "Node") -> "Node | None":
    """The function that ``node`` is in; a function that a loop calls for each element belongs to the one around it."""
    return next(
        (each for each in around(node) if each.type in grammar.FUNCTIONS and _called_for_each(each) is None), None
    )


def name_of(function: "Node") -> str:
    """What a function is called; empty for one without a name."""
    named = function.child_by_field_name("name") or function.child_by_field_name("declarator")
    holder = function.parent
    if holder is not None and holder.type == "expression_list":  # (Go)
        holder = holder.parent
    if named is None and holder is not None and holder.type in grammar.ASSIGNMENTS | {"pair"}:
        named = first_field(holder, "name", "left", "key")
    while named is not None and (inner := _declarator_of(named)) is not None:
        named = inner
    return text_of(named).rpartition("::")[2].rpartition(".")[2] if named is not None else ""


def _declarator_of(node: "Node") -> "Node | None":
    if node.type == "reference_declarator" and node.named_children:  # (Receipt &row(…): its field has no name)
        return node.named_children[-1]
    return node.child_by_field_name("declarator")


def name_around(node: "Node") -> str:
    """What the function that a node is in is called; empty for one without a name, or outside of any."""
    function = function_around(node)
    return name_of(function) if function is not None else ""


def parameters_of(function: "Node") -> list[set[str]]:
    """The names of a function's parameters in order, more than one where it takes one apart; without the object that it
    is called of."""
    listed = _parameter_list(function) or function.child_by_field_name("parameter")
    if listed is None:
        return []
    if listed.type in grammar.NAMES:
        return [{text_of(listed)}]
    found = []
    for each in listed.named_children:
        if each.type == "self_parameter":
            continue
        if len(several := each.children_by_field_name("name")) > 1:  # (of Go: i, j int)
            found += [targets_in(one) for one in several]
            continue
        target = each
        for field in ("pattern", "name", "left", "declarator"):
            target = target.child_by_field_name(field) or target
        found += [targets_in(target)]
    own = function.type == "function_definition" and found[:1] in ([{"self"}], [{"cls"}])
    return found[1:] if own else found


def parameter_names(function: "Node") -> set[str]:
    """The names of all of a function's parameters."""
    return set[str]().union(*parameters_of(function))


def _parameter_list(function: "Node") -> "Node | None":
    held: Node | None = function
    while held is not None and held.child_by_field_name("parameters") is None:
        held = _declarator_of(held)
    return held.child_by_field_name("parameters") if held is not None else None


def is_small(function: "Node", lines: int) -> bool:
    """Whether a function has at most so many lines, and no loop: its time is that of the loop that calls it."""
    return function.end_point[0] - function.start_point[0] < lines and not loops_in(function)


def receiver_of(function: "Node") -> str:
    """What a function calls the object that it is called of."""
    if (given := function.child_by_field_name("receiver")) is not None:
        return next(iter(targets_in(given)), "this")
    return "self" if function.type in ("function_item", "function_definition") else "this"


def parameter_texts(function: "Node") -> dict[str, str]:
    """The parameters of a function as they are written, with their types where there are some, by name."""
    listed = _parameter_list(function)
    written = listed.named_children if listed is not None else []
    return {name: text_of(each) for each in written for name in names_in(each)}


def class_of_method(function: "Node") -> str:
    """The class, or other type, that a function is a method of; empty for none."""
    if name := class_around(function):
        return name
    if (outer := _OUTSIDE.search(text_of(function.child_by_field_name("declarator")).partition("(")[0])) is not None:
        return outer[1]
    held = next((each for each in around(function) if each.type == "impl_item"), None)  # (Rust)
    kind = held.child_by_field_name("type") if held is not None else function.child_by_field_name("receiver")  # (Go)
    words = re.findall(r"\w+", text_of(kind).partition("<")[0]) if kind is not None else []
    return words[-1] if words else ""


def is_constructor(function: "Node") -> bool:
    """Whether a function makes an object of the class that it stands in."""
    name = name_of(function)
    return name in ("__init__", "constructor") or (bool(name) and name == class_around(function))


def class_around(node: "Node") -> str:
    """The name of the class, or structure, that a node stands in; empty for none."""
    held = next((each for each in around(node) if each.type in grammar.TYPES), None)
    return text_of(held.child_by_field_name("name")) if held is not None else ""


def member_of_member(node: "Node", receiver: str) -> str:
    """Of ``self.ledger.entries`` the ``ledger``; empty for any other node."""
    inner = owner_of(node) if node.type in grammar.MEMBERS else None
    whole = owner_of(inner) if inner is not None and inner.type in grammar.MEMBERS else None
    return member_name(inner) if inner is not None and whole is not None and text_of(whole) == receiver else ""


def names_in(node: "Node | None", depth: int = 0) -> set[str]:
    """The names that an expression uses, each without what is behind its first dot; no names of functions."""
    if node is None or depth > DEEPEST:
        return set()
    below = partial(names_in, depth=depth + 1)
    if node.type in grammar.NAMES:
        return {text_of(node)}
    if node.type in grammar.MEMBERS:
        return below(owner_of(node))
    if node.type in grammar.CALLS:
        own = node.type == "method_invocation" and owner_of_call(node) is None
        return ({"this"} if own else below(owner_of_call(node))) | below(node.child_by_field_name("arguments"))
    if node.type == "keyword_argument":
        return below(node.child_by_field_name("value"))
    if node.type in grammar.FUNCTIONS:
        return below(node.child_by_field_name("body")).difference(*parameters_of(node))
    if node.type in grammar.LOOPS and (loop := loop_of(node)) is not None:
        return set().union(*map(below, node.named_children)) - loop.items
    return set().union(*map(below, node.named_children))


def owner_of(member: "Node") -> "Node | None":
    """The object, of a member of it."""
    return first_field(member, "object", "operand", "value", "argument")


def last_name(reference: "Node") -> str:
    """Of a function that is named and not called: ``this::row``, ``self.row``, ``row``."""
    return text_of(reference).replace("::", ".").rpartition(".")[2].strip()


def member_name(member: "Node") -> str:
    return text_of(first_field(member, "attribute", "property", "field"))


def owner_of_call(call: "Node") -> "Node | None":
    """The object whose method is called, or whose property is asked; None for a plain function."""
    if call.type in grammar.MEMBERS:
        return owner_of(call)
    if call.type == "method_invocation":
        return call.child_by_field_name("object")
    called = _without_types(call.child_by_field_name("function"))
    return owner_of(called) if called is not None and called.type in grammar.MEMBERS else None


def _without_types(called: "Node | None") -> "Node | None":
    """Of ``line.parse::<Scan>`` the member."""
    typed = called is not None and called.type in ("generic_function", "template_method", "template_function")
    return first_field(called, "function", "name") if typed and called is not None else called


def called_name(call: "Node") -> str:
    """The last name of the function that is called, or of the class of which an object is made."""
    if call.type == "method_invocation":
        return text_of(call.child_by_field_name("name"))
    called = _without_types(first_field(call, "function", "constructor", "type"))
    if called is None:
        return ""
    if called.type in grammar.MEMBERS:
        return member_name(called)
    if call.type in ("object_creation_expression", "new_expression"):
        return re.split(r"::|\.", text_of(called).partition("<")[0])[-1]  # (new HashMap<>(), new Outer.Inner())
    return _TYPES.sub("", text_of(called)).rpartition("::")[2]


def arguments_of(call: "Node") -> list["Node"]:
    listed = call.child_by_field_name("arguments")
    if listed is None:
        return []
    return listed.named_children if listed.type not in grammar.COMPREHENSIONS else [listed]


def targets_in(node: "Node | None", depth: int = 0) -> set[str]:
    """The names that an assignment to ``node`` gives a value; none for a member or an element of something."""
    other = node is None or node.type in grammar.MEMBERS or node.type in grammar.INDEXED or node.type.endswith("type")
    if node is None or other or depth > DEEPEST:
        return set()
    if node.type in grammar.NAMES:
        return {text_of(node)}
    return set().union(*(targets_in(each, depth + 1) for each in node.named_children))


def assigned_in(node: "Node") -> dict[str, list["Node"]]:
    """The names that get a value within ``node``, with the values; a step (``n += 1``) is none of its own."""
    found: dict[str, list[Node]] = {}
    for each in within(node, functions=True):
        if each.type == "match_arm":
            for name, matched in _bound_by(each):
                found.setdefault(name, []).append(matched)
        if each.type == "declaration":  # (of C and C++, without a value: std::vector<int> found;   Tally tally(items);)
            declared = each.children_by_field_name("declarator")
            if each.parent is not None and each.parent.type in grammar.BLOCKS:
                # (for the grammar that may be a function, too)
                declared = [one.child_by_field_name("declarator") or one for one in declared if one.type in _BARE]
            plain = (name for name in declared if name.type in grammar.NAMES)
            found |= {name: found.get(name, []) for name in map(text_of, plain)}
        target = target_of(each)
        if target is None or each.type in grammar.STEPS:
            continue
        value = each.child_by_field_name("value") or each.child_by_field_name("right")
        for name in targets_in(target):
            found.setdefault(name, []).extend([value] if value is not None else [])
    return found


def meant(node: "Node") -> "Node":
    """What an expression is that is a name with one value in its function: ``before = text[:at]``, and of
    ``head, tail = text[:cut], text[cut:]`` the part that has the name. What is given to the function stays a name."""
    function = function_around(node) if node.type in grammar.NAMES else None
    name = text_of(node)
    if function is None or name in parameter_names(function):
        return node
    values = assigned_in(function).get(name, [])
    if len(values) != 1 or values[0].parent is None:
        return node
    target, value = target_of(values[0].parent), values[0]
    if target is None or target.type in grammar.NAMES or target.named_child_count != value.named_child_count:
        return value
    names = [text_of(each) for each in target.named_children]
    return value.named_children[names.index(name)] if name in names else node


def _bound_by(arm: "Node") -> Iterator[tuple[str, "Node"]]:
    """The names that an arm of a match has for parts of what is matched."""
    pattern = arm.child_by_field_name("pattern")
    match = next((each for each in around(arm) if each.type == "match_expression"), None)
    value = match.child_by_field_name("value") if match is not None else None
    if value is not None:
        yield from ((name, value) for name in targets_in(pattern) if name[:1].islower())


def listed_in(value: "Node") -> int:
    """How many elements an expression lists; 0 for one that is no list, or has all of another in it."""
    for each in within(value):
        if each.type in grammar.LISTS:
            if any("spread" in child.type or "splat" in child.type for child in each.named_children):
                return 0  # ([...rows])
            return sum(not child.type.endswith("comment") for child in each.named_children)
    return 0


def numbers_in(node: "Node") -> list[int]:
    """The whole numbers that stand in an expression."""
    texts = (text_of(each) for each in within(node) if not each.named_child_count)
    return [int(text) for text in texts if text.isdecimal() and len(text) < 20]


def target_of(node: "Node") -> "Node | None":
    """What an assignment, a declaration or a step gives a value; None for any other node."""
    if node.type in grammar.STEPS:
        return first_field(node, *grammar.TARGETS) or node.named_child(0)
    if node.type in grammar.ASSIGNMENTS:
        return first_field(node, *grammar.TARGETS)
    return None


def steps_in(node: "Node") -> set[str]:
    """The names that are counted up or down, or added to, within ``node``."""
    return set().union(*(targets_in(target_of(each)) for each in within(node) if each.type in grammar.STEPS))


def without_start(over: "Node") -> "Node":
    """Of ``rows[i + 1:]``, or ``&rows[i + 1..]``, the rows: all that are left are of the whole."""
    if over.type == "reference_expression" and over.named_children:
        over = over.named_children[-1]
    cut = over.type in grammar.INDEXED and text_of(over).endswith((":]", "..]"))
    return over.named_children[0] if cut else over


def pointers_in(node: "Node") -> set[str]:
    """The names of which a node takes what they point to, or a member: ``*s``, ``s->page``, ``it.second``."""
    if node.type in grammar.POINTED or node.type in grammar.MEMBERS:
        return names_in(owner_of(node))
    return set()


def elements_set_by(node: "Node") -> set[str]:
    """The names of lists in which a node puts something in place of an element: ``a[i] = x``, ``[a[i], a[j]] = …``."""
    target = target_of(node)
    if target is None:
        return set()
    places = [target] if target.type in grammar.INDEXED or target.type in grammar.MEMBERS else target.named_children
    whole = (each.named_children[0] for each in places if each.type in grammar.INDEXED and each.named_children)
    return {text_of(each) for each in whole if each.type in grammar.NAMES}


def indexed_by(node: "Node", index: frozenset[str]) -> list["Node"]:
    """The expressions within ``node`` of which an element is taken by one of the names ``index``."""
    found = []
    for each in within(node, functions=True):
        if each.type in grammar.INDEXED and each.named_child_count > 1:
            whole, *rest = each.named_children
            if any(names_in(part) & index for part in rest):
                found.append(whole)
        elif each.type in grammar.CALLS and called_name(each) in grammar.TAKES_BY_INDEX:
            owner = owner_of_call(each)
            if owner is not None and names_in(each.child_by_field_name("arguments")) & index:
                found.append(owner)
    return found


def loop_of(node: "Node") -> Loop | None:
    """``node`` as a loop, if it is one."""
    if node.type not in grammar.LOOPS:
        return None
    body = node.child_by_field_name("body")
    if node.type in grammar.COMPREHENSIONS:
        clauses = [each for each in node.named_children if each.type == "for_in_clause"]
        if not clauses:
            return None
        condition = next((each for each in node.named_children if each.type == "if_clause"), None)
        if condition is None and _is_asked(node):
            condition = body
        items = frozenset[str]().union(*(targets_in(each.child_by_field_name("left")) for each in clauses))
        sources = tuple(filter(None, (each.child_by_field_name("right") for each in clauses)))
        counted = all(map(_is_count, sources))
        return Loop(node, items, sources, condition, body, counted=counted, seeks=condition is not None)
    clause = next((each for each in node.named_children if each.type in ("for_clause", "range_clause")), node)
    item = first_field(clause, "left", "pattern", "name", "declarator")
    over = first_field(clause, "right", "value")
    if item is not None and over is not None:
        return Loop(node, frozenset(targets_in(item)), (over,), None, body, counted=_is_count(over))
    first, condition = first_field(clause, "initializer", "init"), clause.child_by_field_name("condition")
    condition = None if condition is not None and condition.type == "empty_statement" else condition  # (for (;;))
    if condition is None and node.type == "for_statement" and clause is node:
        others = (each for each in node.named_children if each not in (body, first) and each.type != "comment")
        condition = next(others, None)  # (Go)
    if node.type == "for_statement" and clause.child_by_field_name("condition") is not None and first is not None:
        items = frozenset(assigned_in(first)) or frozenset(targets_in(first))
        ends = (condition,) if condition is not None else ()
        return Loop(node, items, ends, condition, body, counted=True, first=first)
    stepped = set[str]()
    if body is not None and condition is not None:
        # (not names_in: that asks for the loops within, and these for theirs)
        asked = {text_of(each) for each in within(condition) if each.type in grammar.NAMES}
        steps = first_field(clause, "update", "increment")
        stepped = ((steps_in(body) | (steps_in(steps) if steps is not None else set())) & asked) | steps_in(condition)
    ends = (condition,) if condition and stepped else ()
    return Loop(node, frozenset(stepped), ends, condition, body, counted=True, first=first)


def _is_asked(generator: "Node") -> bool:
    """Whether what a comprehension makes of each element is an answer, or a number: any(… for …), sum(… for …)."""
    # (it is the call's list of arguments, or stands in that)
    call = next((each for each in islice(around(generator), 1, 3) if each.type in grammar.CALLS), None)
    return call is not None and called_name(call) in grammar.ASKS_OF_EACH


def _is_count(over: "Node") -> bool:
    return over.type == "range_expression" or (over.type == "call" and called_name(over) == "range")


def _called_for_each(function: "Node") -> Loop | None:
    """The loop that a function is the body of: it is handed to one that calls it for each element."""
    listed = function.parent
    if listed is not None and listed.type == "keyword_argument":
        listed = listed.parent
    call = listed.parent if listed is not None and listed.type.startswith("argument") else None
    if call is None or call.type not in grammar.CALLS or called_name(call) not in grammar.CALLS_FOR_EACH:
        return None
    owner = owner_of_call(call)
    library = owner is not None and text_of(owner) in ("slices", "std", "ranges", "itertools", "functools")
    before = [each for each in arguments_of(call) if each != function and each.type != "keyword_argument"]
    over = (owner,) if owner is not None and not library else tuple(before)
    if not over:
        return None
    body = function.child_by_field_name("body")
    seeks = called_name(call) in grammar.SEEKS
    return Loop(call, frozenset().union(*parameters_of(function)), over, None, body, counted=False, seeks=seeks)
