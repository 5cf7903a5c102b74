"""Where does what is made at a line end up? It is followed through names, to what keeps it beyond the functions that
handled it.

A frame that is made is put into an object, the object is given back, and the caller adds it to the map of those that
wait for their answer: that line keeps the frame, whatever else the program has of lists. Names are followed without
their order; what a call gives is taken to hold what it was given where it makes an object, or is a function of the same
file that gives that back.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.additions import added_to, is_at_a_place, is_number, is_own, value_of
from perfdoctor.collectors.source_text.class_objects import are_many, made_by
from perfdoctor.collectors.source_text.keeping.unfreed import is_freed, lost_at
from perfdoctor.collectors.source_text.removals import Removal, is_bounded, removal_of, whole
from perfdoctor.collectors.source_text.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_FRAMES = 6
_DEEPEST = 3
_MOST = 4000
"""nodes that are looked at for one stack"""
_ROUNDS = 4
_GIVES_A_PART = grammar.words(
    "clone cloned copy deepcopy to_vec slice concat share wrap encode unwrap expect Bytes String from toString bytes"
    " Some Ok to_owned into collect join submit spawn supplyAsync runAsync async create_task ensure_future then"
    " make_shared make_unique Arc Rc Box new tuple list dict set bytearray freeze assign all resolve of"
)
"""functions and methods that give what they were given, or something with it in it"""
_AROUND = grammar.words(
    "parenthesized_expression await_expression await unary_expression reference_expression non_null_expression"
    " expression_list pointer_expression"
)
_GIVE_THEIR_LAST = grammar.words("function_item arrow_function lambda lambda_expression closure_expression")
"""functions that may give back what stands at their end"""
_FINDS_OR_MAKES = grammar.words("setdefault computeIfAbsent entry or_insert or_insert_with or_default GetOrAdd")
_ON = re.compile(r"on[_A-Z]")
"""onMessage, on_data: what is given a function to call"""
_DRAINS = grammar.words("get shift poll take pop popleft pop_front recv receive remove removeFirst pollFirst dequeue")
_SENDS = frozenset(("send", "try_send", "unbounded_send"))
_LEAKS = grammar.words("deleteOnExit leak into_raw forget intern WithCancel register atexit")
"""what keeps what it is given, or called of, for ever"""


class Escape(NamedTuple):
    """``line`` of ``function`` keeps it. ``owner``: the class whose object has the collection, where it is its own."""

    line: int
    function: str
    removal: Removal
    owner: str = ""
    places: int = 0
    """at which it is taken out again"""


def escape_of(source: Source, lines: Sequence[int], function: str = "") -> Escape | None:
    """Of what is made at the innermost of ``lines``, in ``function``; the others are its callers', of the same file."""
    search = _Search(source)
    found = search.from_line(lines, function)
    # (an object that has it of its own may be gone soon: rather who is given what it has)
    last = found[-1].owner if found else ""
    best = min(found, key=lambda one: (one.removal, bool(one.owner), one.owner != last, one.places), default=None)
    if best is None or (best.owner and are_many(source, best.owner)):
        # (what an object keeps of its own is kept by who keeps the object)
        holders = [one for one in search.of_classes() if one.owner != (best.owner if best else "")]
        holder = min(holders, key=lambda one: (one.removal, one.places), default=None)
        if holder is not None and (best is None or holder.removal is Removal.NEVER or holder.removal < best.removal):
            return holder
    return best


class _Search:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = _MOST
        self._members = set[str]()
        """members that hold it, by their names"""
        self._classes = set[str]()
        """classes whose objects hold it"""
        self._asked = set[int]()
        """functions that are looked at for what they give back"""

    def from_line(self, lines: Sequence[int], name: str = "") -> list[Escape]:
        found: list[Escape] = []
        node = self._begun_at(lines[0], name) or self._source.at(lines[0])
        callers = iter(lines[1:])
        for _ in range(_FRAMES):
            if node is None:
                break
            function = syntax.function_around(node)
            if function is None:  # (what each object of a class has from its beginning)
                self._classes |= {syntax.class_around(node)}
                break
            names = self._names_of(node, function)
            found += self._in(function, names, node)
            if not found and names & grammar.SELF and self._members:
                found += self._in_other_methods(function, node)
            if any(one.removal is Removal.NEVER and not one.owner for one in found):
                break
            unkept = all(one.removal >= Removal.BOUNDED for one in found) and grammar.frees(self._source.file)
            if unkept and (lost := lost_at(function, node)):
                found.append(Escape(lost, syntax.name_of(function), Removal.BY_KEY))
            gives = self._gives_back(function, names, node)
            self._classes |= {syntax.class_of_method(function)} if self._fills(function, names) else set()
            name = syntax.name_of(function)
            maker = syntax.class_around(function) if syntax.is_constructor(function) else ""
            call = next((each for line in callers if (each := self._call(line, name, maker)) is not None), None)
            if call is None:
                break
            filled = self._fills(function, names) or any(one.owner for one in found)
            node = call if gives or maker else self._handed_on(call, function, names, filled=filled)
        return found

    def _begun_at(self, line: int, name: str) -> "Node | None":
        """All of a function that begins at a line, of which V8 may say no more than that it made something."""
        if not self._source.is_javascript:
            return None
        begun = (each for each in self._source.near(line) if each.type in grammar.FUNCTIONS)
        here = (each for each in begun if each.start_point[0] + 1 == line < each.end_point[0] + 1)
        called = name.rpartition(".")[2]
        found = next((each for each in here if (syntax.name_of(each) or "(anonymous)") == called), None)
        return found.child_by_field_name("body") if found is not None else None

    def _in_other_methods(self, function: "Node", made: "Node") -> list[Escape]:
        """The lines of the same object's other methods that keep what a member of it has."""
        name = syntax.class_of_method(function)
        others = [each for own in self._source.named.values() for each in own if each != function]
        same = (each for each in others if name and syntax.class_of_method(each) == name)
        return [one for each in same for one in self._in(each, self._spread(each, set()), made)]

    def _call(self, line: int, name: str, maker: str) -> "Node | None":
        for each in self._source.near(line):
            if each.type in grammar.CALLS and (
                syntax.called_name(each) in {name, maker} - {""} or maker in made_by(each)
            ):
                return each
            handed = each.type in grammar.NAMES | grammar.REFERENCES and syntax.last_name(each) == name and name
            if handed and each.parent is not None and each.parent.type.startswith("argument"):
                return each.parent.parent  # (std::async(std::launch::async, index, path))
        return None

    def _handed_on(self, call: "Node", function: "Node", names: set[str], *, filled: bool) -> "Node | None":
        """The argument of a call that a function has put it into; the call itself where it is the object."""
        for parameter, argument in zip(syntax.parameters_of(function), syntax.arguments_of(call), strict=False):
            if parameter & names:
                return argument
        owner = syntax.owner_of_call(call)
        return owner if owner is not None and filled else call

    def _names_of(self, node: "Node", function: "Node") -> set[str]:
        """The names that hold, in a function, what is made at a node."""
        names = set[str]()
        for each in syntax.within(function, functions=True):
            if not _is_in(node, each):
                continue
            if syntax.target_of(each) is not None and each.type in grammar.ASSIGNMENTS:
                names |= self._targets(each)
            if each.type == "expression_statement" and each.named_child_count == 1:  # (seen.resize(64))
                owner = syntax.owner_of_call(each.named_children[0])
                names |= syntax.names_in(owner) - grammar.SELF if owner is not None else set()
            held = added_to(each)
            if held is not None:
                names |= syntax.names_in(held) - grammar.SELF
                self._members |= {syntax.member_name(held)} if held.type in grammar.MEMBERS else set()
        if node.type in grammar.NAMES:
            names |= {syntax.text_of(node)}
        return self._spread(function, names)

    def _targets(self, assignment: "Node") -> set[str]:
        """The names that an assignment gives it to: of a member, the object that has it."""
        target = syntax.target_of(assignment)
        names = set[str]()
        for each in (target, *(target.named_children if target is not None else ())):
            if each is None:
                continue
            if each.type in grammar.NAMES:
                names |= {syntax.text_of(each)}
            elif each.type in grammar.MEMBERS:
                names |= syntax.names_in(each)
                self._members |= {syntax.member_name(each)}
            elif each.type in grammar.INDEXED and each.named_children:
                names |= syntax.names_in(each.named_children[0]) - grammar.SELF
        return names or syntax.targets_in(target)

    def _spread(self, function: "Node", names: set[str]) -> set[str]:
        """These names, and those of what is made of them."""
        for _ in range(_ROUNDS):
            before = len(names) + len(self._members)
            for each in syntax.within(function, functions=True):
                self._left -= 1
                if self._left < 0:
                    return names
                value = syntax.first_field(each, "value", "right") if each.type in grammar.ASSIGNMENTS else None
                if value is not None and self._holds(value, names):
                    names = names | self._targets(each)
                held = added_to(each)
                if held is not None and (value := value_of(each)) is not None and self._holds(value, names):
                    names = names | (syntax.names_in(held) - grammar.SELF if held.type in grammar.NAMES else set())
            if len(names) + len(self._members) == before:
                break
        return names

    def _holds(self, value: "Node", names: set[str], depth: int = 0) -> bool:
        """Whether an expression gives something that has it in it."""
        self._left -= 1
        if depth > syntax.DEEPEST or self._left < 0:
            return False
        if value.type in grammar.NAMES or value.type == "shorthand_property_identifier":
            return syntax.text_of(value) in names - grammar.SELF
        if value.type in grammar.MEMBERS:
            return syntax.member_name(value) in self._members or self._is_method(value, names)
        if value.type in grammar.FUNCTIONS:  # (a closure)
            return bool(syntax.names_in(value) & names)
        if value.type in grammar.CALLS:
            name, given = syntax.called_name(value), syntax.arguments_of(value)
            if name in _DRAINS and (owner := syntax.owner_of_call(value)) is not None and owner.type in grammar.MEMBERS:
                return syntax.member_name(owner) in self._members
            named = inlined.called(self._source, value)
            if named is not None and not made_by(value) & self._source.classes:
                return self._is_given_back(named, given, names, depth)
            makes = bool(made_by(value) & self._source.classes) or name[:1].isupper() or name in _GIVES_A_PART
            if makes:
                owner = syntax.owner_of_call(value)
                parts = (*given, owner) if owner is not None and name in _GIVES_A_PART else given
                return any(self._holds(each, names, depth + 1) for each in parts)
            return False
        if value.type in grammar.COMPARISONS or value.type in grammar.INDEXED:
            return False
        return any(self._holds(each, names, depth + 1) for each in value.named_children)

    def _is_method(self, value: "Node", names: set[str]) -> bool:
        """Whether it is a method of an object that holds it: ``bus.connect(self.on_sample)``."""
        owner = syntax.text_of(syntax.owner_of(value))
        return owner in names & grammar.SELF and syntax.member_name(value) in self._source.named

    def _is_given_back(self, named: "Node", given: "list[Node]", names: set[str], depth: int) -> bool:
        """Whether a function of the file gives back something with an argument in it that holds it."""
        if named.id in self._asked or depth > _DEEPEST:
            return False
        pairs = zip(syntax.parameters_of(named), given, strict=False)
        handed = {name for own, each in pairs if self._holds(each, names, depth + 1) for name in own}
        if not handed:
            return False
        self._asked.add(named.id)
        gives = self._gives_back(named, self._spread(named, handed), None)
        self._asked.discard(named.id)
        return gives

    def _in(self, function: "Node", names: set[str], made: "Node", depth: int = 0) -> list[Escape]:
        """The lines of a function, and of those of the file that it hands it to, that keep it."""
        found: list[Escape] = []
        own = syntax.assigned_in(function)
        given = syntax.parameter_names(function)
        for each in syntax.within(function, functions=True):
            self._left -= 1
            if self._left < 0:
                return found
            if (held := self._kept_by(each, names, made)) is not None and _outlives(held, own, given):
                found.append(self._escape(each, held, function))
            elif each.type in grammar.CALLS and depth < _DEEPEST:
                found += self._in_called(each, names, made, depth)
            if any(one.removal is Removal.NEVER for one in found):
                return found
        return found or self._found_or_made(function, names, own)

    def _found_or_made(self, function: "Node", names: set[str], own: "dict[str, list[Node]]") -> list[Escape]:
        """Names that stand for what a collection has under a key, which it makes where there is none:
        ``auto &seen = numbers[word]``."""
        for name in sorted(names - grammar.SELF):
            for value in own.get(name, ()):
                made = value.type in grammar.CALLS and syntax.called_name(value) in _FINDS_OR_MAKES
                indexed = value.type in grammar.INDEXED and grammar.makes_by_index(self._source.file)
                held = value.named_children[0] if indexed else syntax.owner_of_call(value) if made else None
                if held is not None and _outlives(held, own, set()):
                    return [self._escape(value, held, function)]
        return []

    def _in_called(self, call: "Node", names: set[str], made: "Node", depth: int) -> list[Escape]:
        named = inlined.called(self._source, call)
        if named is None or syntax.start_within(call, named):
            return []
        pairs = zip(syntax.parameters_of(named), syntax.arguments_of(call), strict=False)
        handed = {
            name
            for parameter, argument in pairs
            if self._holds(argument, names) or _is_in(made, argument)
            for name in parameter
        }
        return self._in(named, self._spread(named, handed), made, depth + 1) if handed else []

    def _kept_by(self, node: "Node", names: set[str], made: "Node") -> "Node | None":
        """What a node adds it to; None where it adds something else, or nothing."""
        if node.type in grammar.CALLS:
            name, given = syntax.called_name(node), syntax.arguments_of(node)
            if name in _LEAKS:
                parts = (*given, owner) if (owner := syntax.owner_of_call(node)) is not None else given
                if any(self._holds(each, names) or _is_in(made, each) for each in parts):
                    return node
            listens = name in grammar.LISTENS or _ON.match(name)
            if listens and any(each.type in grammar.FUNCTIONS | grammar.REFERENCES for each in given):
                held = syntax.owner_of_call(node)
                closes = any(
                    self._holds(each, names) or (names & grammar.SELF and syntax.names_in(each) & grammar.SELF)
                    for each in given
                )
                return held if closes else None
        if (channel := self._sent_to(node, names, made)) is not None:
            return channel
        held = added_to(node) if not is_own(self._source, node) else None
        value = value_of(node) if held is not None else None
        if held is None or value is None:
            return self._counted(node, names) or self._linked(node, names)
        parts = syntax.arguments_of(node) if node.type in grammar.CALLS else (value,)
        mine = any(self._holds(each, names) or _is_in(made, each) or _is_it(each, names) for each in parts)
        return held if mine and not is_number(value) and not is_at_a_place(node) else None

    def _sent_to(self, node: "Node", names: set[str], made: "Node") -> "Node | None":
        """The channel that it is sent through: what nobody receives any more, or not as fast, stays there."""
        if node.type == "send_statement":
            channel, value = syntax.first_field(node, "channel"), syntax.first_field(node, "value")
        elif (
            node.type in grammar.CALLS
            and syntax.called_name(node) in _SENDS
            and grammar.has_channels(self._source.file)
        ):
            channel, value = syntax.owner_of_call(node), next(iter(syntax.arguments_of(node)), None)
        else:
            return None
        sent = value is not None and (self._holds(value, names) or _is_in(made, value))
        return channel if sent else None

    def _counted(self, node: "Node", names: set[str]) -> "Node | None":
        """``agents[agent]++``: a key is kept."""
        counts = node.type in grammar.STEPS and not grammar.frees(self._source.file)
        target = syntax.target_of(node) if counts else None
        if target is None or target.type not in grammar.INDEXED or len(target.named_children) < 2:
            return None
        return target.named_children[0] if syntax.names_in(target.named_children[-1]) & names - grammar.SELF else None

    def _linked(self, node: "Node", names: set[str]) -> "Node | None":
        """``hall->closed = sitting``, where the one before is kept in ``sitting->older``: a linked list."""
        target = syntax.target_of(node) if node.type in grammar.ASSIGNMENTS else None
        value = syntax.first_field(node, "value", "right")
        function = syntax.function_around(node)
        if target is None or value is None or function is None or value.type not in grammar.NAMES:
            return None
        name, head = syntax.text_of(value), syntax.text_of(target)
        if name not in names:
            return None
        for each in syntax.within(function):
            link = syntax.target_of(each) if each.type in grammar.ASSIGNMENTS else None
            before = syntax.first_field(each, "value", "right")
            if link is None or before is None or link.type not in grammar.MEMBERS:
                continue
            if syntax.text_of(before) == head and syntax.names_in(link) == {name}:
                return target
        return None

    def _escape(self, node: "Node", held: "Node", function: "Node") -> Escape:
        inner = syntax.function_around(node) or function
        names = syntax.names_in(held)
        plain = grammar.leaves_out_this(self._source.file) and whole(held).type in grammar.NAMES
        own = bool(names & (grammar.SELF | {syntax.receiver_of(inner)})) or plain
        if own:
            self._classes |= {syntax.class_of_method(inner)}  # (somebody may keep the object)
        removal, places = removal_of(self._source, held)
        freed = (target := syntax.target_of(node)) is not None and is_freed(inner, syntax.text_of(target))
        removal = max(removal, Removal.BOUNDED) if freed or is_bounded(inner, held) else removal
        if node.type == "send_statement" or syntax.called_name(node) in _SENDS:
            removal = Removal.SENT
        if node.type in grammar.STEPS:  # (what is counted keeps a key, which may be known already)
            removal = max(removal, Removal.BY_KEY)
        name = syntax.name_of(inner) or syntax.name_of(function)
        return Escape(node.start_point[0] + 1, name, removal, syntax.class_of_method(inner) if own else "", places)

    def _gives_back(self, function: "Node", names: set[str], made: "Node | None") -> bool:
        for each in syntax.within(function, functions=True):
            if each.type.startswith(("return", "yield")):
                parts = each.named_children
                if any(self._holds(part, names) or (made is not None and _is_in(made, part)) for part in parts):
                    return True
        body = function.child_by_field_name("body")
        if body is None:
            return False
        last = body.named_children[-1] if body.type in grammar.BLOCKS and body.named_children else body
        return function.type in _GIVE_THEIR_LAST and (
            self._holds(last, names) or (made is not None and _is_in(made, last))
        )

    def _fills(self, function: "Node", names: set[str]) -> bool:
        """Whether a method puts it into its own object."""
        return bool(names & grammar.SELF) or (syntax.receiver_of(function) in names)

    def of_classes(self) -> list[Escape]:
        """The lines that keep objects which hold it."""
        found: list[Escape] = []
        for name in sorted(self._classes - {""}):
            for function in syntax.within(self._source.root, functions=True):
                if function.type not in grammar.FUNCTIONS:
                    continue
                for call in (each for each in syntax.calls_in(function) if name in made_by(each)):
                    found += self._in(function, self._names_of(call, function), call)
        return found


def _outlives(held: "Node", own: "dict[str, list[Node]]", given: set[str]) -> bool:
    """Whether a collection is there longer than its function."""
    if held.type in grammar.CALLS:
        return True
    names = syntax.names_in(held)
    local = {name for name in names if name in own and name not in given}
    if not local or local != names:
        return bool(names)
    values = [value for name in local for value in own[name]]
    return any(_is_found(value) for value in values)


def _is_in(node: "Node", other: "Node") -> bool:
    """Whether one of the two is in the other: what is made may be all of a line."""
    within = other.start_byte <= node.start_byte and node.end_byte <= other.end_byte
    return within or (node.start_byte <= other.start_byte and other.end_byte <= node.end_byte)


def _is_it(value: "Node", names: set[str]) -> bool:
    """Whether a value is the object itself: ``registry.add(this)``."""
    return syntax.text_of(value) in grammar.SELF & names


def _is_found(value: "Node") -> bool:
    """Whether a value is something that was there before: a member, what a map has."""
    if value.type in grammar.MEMBERS or value.type in grammar.INDEXED:
        return True
    if value.type in grammar.CALLS:
        name = syntax.called_name(value)
        made = name in grammar.COLLECTIONS or name in ("make", "new", "with_capacity") or value.type == "new_expression"
        return not made and syntax.owner_of_call(value) is not None
    inner = value.named_children
    return value.type in _AROUND and bool(inner) and _is_found(inner[-1])
