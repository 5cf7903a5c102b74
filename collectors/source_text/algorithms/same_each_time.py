"""Does a function work out the same in each round of a loop?

``granted(user, grants)`` for each of the files that a user asks for, ``build_table()`` for each frame: nothing that it
is given, or reads, is another in the next round, and it does nothing but give back what it has worked out. What may
change something (a call that is not known here, a member that is set) is taken for a reason to ask again.
"""

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.algorithms.unchanged import change, members_in, stays
from perfdoctor.collectors.source_text.few import is_short
from perfdoctor.collectors.source_text.looking_loops import all_names, expanded, few_rounds
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.collectors.source_text.syntax import Loop

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 3
_CALLERS = 4
_MOST_CALLED = 32
_CRUNCHES = grammar.words(
    "inv pinv det slogdet solve lstsq svd eig eigh eigvals eigvalsh cholesky qr matrix_power fft ifft rfft irfft fft2"
    " fmean pstdev stdev pvariance variance quantiles unique argsort lexsort percentile quantile median cov corrcoef"
    " histogram bincount convolve correlate polyfit"
)
"""functions of numpy, and of what is like it, that take much for what they are given"""
_GIVES = (
    grammar.words(
        "len range enumerate zip sorted min max sum any all abs round int float str bool set list dict tuple frozenset"
        " map filter reversed ord chr hash isinstance join split strip lstrip rstrip lower upper casefold title replace"
        " startswith endswith get items keys values copy count index find encode decode append add update"
        " reduce forEach flatMap flat slice concat includes indexOf has entries toLowerCase toUpperCase trim startsWith"
        " endsWith padStart padEnd charCodeAt at some every from of sqrt floor ceil pow Number String Boolean parseInt"
        " parseFloat repeat push sort reverse fill"
        " iter iter_mut into_iter collect cloned copied fold chain rev to_string to_owned to_vec clone as_str is_empty"
        " contains contains_key unwrap unwrap_or expect chars bytes windows chunks extend insert entry or_insert"
        " or_default with_capacity new push_str to_lowercase to_uppercase parse lines"
        " make cap ToLower ToUpper Split Fields Join HasPrefix HasSuffix Contains TrimSpace Repeat"
        " stream toList toSet size isEmpty equals length charAt substring valueOf getOrDefault containsKey put merge"
        " emplace push_back emplace_back insert begin end reserve resize assign"
        " sqrt cbrt sin cos tan asin acos atan atan2 tanh exp log log2 log10 ln powi powf hypot signum clamp rem_euclid"
        " to_radians to_degrees fabs fmod trunc cycle skip take step_by scan product position last first cmp"
        " partial_cmp toArray Float64Array Float32Array Int32Array Uint32Array Int16Array Uint16Array Int8Array"
        " Uint8Array"
        " to_bits from_bits wrapping_add wrapping_mul rotate_left saturating_sub checked_sub min_by max_by"
        " linspace logspace zeros ones empty arange eye identity array asarray outer dot matmul where clip cumsum"
        " cumprod mean std var hanning hamming blackman bartlett kaiser meshgrid tile stack concatenate vstack hstack"
        " diff interp maximum minimum log1p expm1 deg2rad rad2deg astype reshape ravel transpose flatten zeros_like"
        " ones_like full_like power square absolute radians degrees comb factorial"
        " combinations combinations_with_replacement permutations product accumulate islice starmap groupby pairwise"
        " zip_longest takewhile dropwhile perm gcd lcm isqrt dist prod"
        " static_cast double long size_t string float32 float64 int32 int64 uint32 uint64 uint8 byte rune"
        " findall finditer toMap groupingBy partitioningBy mapping counting joining fromEntries"
        " load_pem_private_key load_pem_public_key load_der_private_key load_der_public_key load_pem_x509_certificate"
        " load_der_x509_certificate import_key pbkdf2_hmac scrypt loads safe_load fromstring literal_eval sha256 sha512"
        " blake2b md5 sha1 crc32 adler32 hexdigest digest b64encode b64decode fromhex hex unhexlify hexlify"
        " fromisoformat strptime isoformat strftime Decimal Fraction parseFragment parse_obj model_validate"
    )
    | _CRUNCHES
    | grammar.COLLECTIONS
)
"""functions and methods that give back what they make of what they are given, or change what is a function's own"""


_MAKES = (
    grammar.COLLECTIONS
    | _CRUNCHES
    | grammar.words(
        "sorted frozenset keys values entries split splitlines collect toList toSet asList reversed compile map filter"
        " tuple sum min max findall fromEntries loads safe_load fromstring literal_eval parse"
    )
)
"""what makes a collection, or something as large, of what it is given"""
_HEAPS = grammar.words(
    "heappush heappop heapify heapreplace heappushpop insort insort_left insort_right Slice SliceStable Strings Ints"
    " Float64s Stable"
)
"""functions that change the first that they are given"""
_IN_PLACE = grammar.words(
    "sort reverse fill resize assign sort_by sort_by_key sort_unstable sort_unstable_by sort_unstable_by_key dedup"
)
_COPIES = frozenset(("slice", "concat", "copy", "clone", "to_vec", "flat", "flatMap"))
_MODULES = grammar.words("np numpy math Math std f32 f64")
"""names of modules of functions that give the same for the same"""
_PARTS = grammar.INDEXED | grammar.POINTED | {"unary_expression", "expression_list"}


def same_at(source: Source, lines: Sequence[int]) -> int:
    """The line that calls what gives the same in each round of a loop, or never anything else; 0 where there is none.
    ``lines`` are those of a stack that are of one file, innermost first."""
    if _is_made_anew(source, lines[0]) or _is_of_its_object(source, lines):
        return lines[0]
    for number, line in enumerate(lines[1 : 1 + _DEEPEST], 1):
        inner = source.at(lines[number - 1])
        function = syntax.function_around(inner) if inner is not None else None
        name = syntax.name_of(function) if function is not None else ""
        call = source.call_at(line, name)
        if function is None or call is None or not only_gives(source, function):
            return 0
        if _is_constant(source, function) or _is_invariant(source, call, lines[number:]):
            return line
    return 0


def _is_made_anew(source: Source, line: int) -> bool:
    """Whether a line of a loop makes a collection of what is the same in each round: ``new Set(blocked)``."""
    for node in source.near(line):
        if node.type in grammar.FUNCTIONS and node.start_point[0] + 1 < line:
            return False
        if node.type not in grammar.CALLS or syntax.called_name(node) not in _MAKES or node.start_point[0] + 1 > line:
            continue
        names = asked_of(node)
        loop = next((each for each in syntax.loops_around(node) if each.node != node), None)
        if names and loop is not None and _is_in_rounds(loop, node):
            function = syntax.function_around(node)
            own = syntax.assigned_in(function) if function is not None else {}
            return _stays(loop, node, names, own) and not names & set(syntax.assigned_in(node))
    return False


def _is_of_its_object(source: Source, lines: Sequence[int]) -> bool:
    """Whether a line of a method makes a collection of what its object has from its beginning alone, and the method is
    called in a loop: ``lines = this.text.split("\\n")``, for the place of each node."""
    node = source.at(lines[0])
    function = syntax.function_around(node) if node is not None else None
    if function is None or syntax.is_constructor(function):
        return False
    made = (each for each in source.near(lines[0]) if each.type in grammar.CALLS and syntax.called_name(each) in _MAKES)
    for each in made:
        given = [one for one in (syntax.owner_of_call(each), *syntax.arguments_of(each)) if one is not None]
        members = set[str]().union(*map(members_in, given))
        others = {name for name in asked_of(each) - grammar.SELF if not name.isupper()}
        if not members or others or change(source, members):
            continue
        if _is_called_in_a_loop(source, function, lines[1:]):
            return True
    return False


def _is_called_in_a_loop(source: Source, function: "Node | None", lines: Sequence[int]) -> bool:
    """Whether a method is called in a loop, of the same object in each round; or by another one that is."""
    waiting = iter(lines)
    while function is not None:
        call = source.first_call(waiting, syntax.name_of(function))
        owner = syntax.owner_of_call(call) if call is not None else None
        if call is None or owner is None:
            return False
        names = syntax.names_in(owner)
        loops = [loop for loop in syntax.loops_around(call) if not loop.endless and _is_in_rounds(loop, call)]
        if loops:
            return not any(names & loop.items for loop in loops)
        function = syntax.function_around(call) if names <= grammar.SELF else None
    return False


def asked_of(call: "Node") -> set[str]:
    """The names of all that a call is given: its arguments, and the object that it is called of."""
    owner = syntax.owner_of_call(call)
    given = syntax.arguments_of(call)
    return all_names((*given, owner) if owner is not None else given)


def _stays(loop: Loop, node: "Node", names: set[str], own: "dict[str, list[Node]]") -> bool:
    """Whether names stand for the same in each round of a loop."""
    # (what comes of it is changed, and may be a part of what it was made of)
    gives = {name for name, values in own.items() if any(node in syntax.calls_in(value) for value in values)}
    altered = loop.body is not None and (alters(loop.body, gives) or _waits(loop.body))
    return not (loop.endless or few_rounds(loop) or altered or _has_others(loop, expanded(names, own)))


def _is_constant(source: Source, function: "Node") -> bool:
    """Whether a function is given nothing, and reads nothing that may change."""
    body = function.child_by_field_name("body")
    if body is None or syntax.parameters_of(function) or syntax.class_of_method(function):
        return False
    own = _made_in(function, body)
    read = syntax.names_in(body) - own
    return all(name.isupper() or name in source.named or name in _MODULES or stays(source, name) for name in read)


def _made_in(function: "Node", body: "Node") -> set[str]:
    """The names that a function, whose body is given, sets: by assignments, and as the items of its loops."""
    return set(syntax.assigned_in(function)).union(*(loop.items for loop in syntax.loops_in(body)))


def _is_invariant(source: Source, call: "Node", lines: Sequence[int]) -> bool:
    """Whether a call is given the same in each round of the nearest loop around it."""
    names = asked_of(call)
    if syntax.owner_of_call(call) is None and grammar.leaves_out_this(source.file):
        names = names | _read_by(source, call)  # (of its object)
    node, waiting = call, iter(lines[1:])
    for _ in range(_CALLERS):
        around = syntax.function_around(node)
        if around is None:
            return False
        own = syntax.assigned_in(around)
        for loop in syntax.loops_around(node):
            if not syntax.start_within(loop.node, around) or loop.node == node:
                continue
            if not _is_in_rounds(loop, node):
                continue  # (what a loop goes over is asked for once)
            if few_rounds(loop) or is_short(source, loop):
                names = names - loop.items  # (each of a few, in each round of another one)
                continue
            return _stays(loop, node, names, own)
        names = expanded(names, own)
        if alters(around, names):
            return False
        parameters = syntax.parameters_of(around)
        given = syntax.parameter_names(around)
        local = (names & set(own)) - given
        if any(any(syntax.calls_in(value)) for name in local for value in own[name]):
            return False
        name = syntax.name_of(around)
        outer = source.first_call(waiting, name)
        if outer is None:
            return False
        pairs = zip(parameters, syntax.arguments_of(outer), strict=False)
        of_caller = [value for parameter, value in pairs if parameter & names]
        # (what is neither given nor made here is the object's, or of all)
        if (owner := syntax.owner_of_call(outer)) is not None and names - given - local:
            of_caller.append(owner)
        if any(any(syntax.calls_in(value)) for value in of_caller):
            return False
        names = all_names(of_caller) | ((names - given - local) if owner is None else set())
        if not names:
            return False
        node = outer
    return False


def _read_by(source: Source, call: "Node") -> set[str]:
    """The names that the function of a call reads and has not from there: members, which need no ``this``."""
    function = inlined.called(source, call)
    body = function.child_by_field_name("body") if function is not None else None
    if function is None or body is None:
        return set()
    own = _made_in(function, body)
    return {name for name in syntax.names_in(body) - own - syntax.parameter_names(function) if name[:1].islower()}


def read_from_outside(function: "Node") -> set[str]:
    """The names that a function reads, and is neither given nor sets."""
    body = function.child_by_field_name("body")
    if body is None:
        return set()
    inner = (each for each in syntax.within(body, functions=True) if each.type in grammar.FUNCTIONS)
    own = _made_in(function, body).union(*map(syntax.parameter_names, inner))
    return syntax.names_in(body) - own - syntax.parameter_names(function)


def all_that_run(source: Source, function: "Node") -> "list[Node]":
    """A function, and those of the file that it calls."""
    found = [function]
    for each in found:
        for call in syntax.calls_in(each, functions=True):
            called = inlined.called(source, call) if len(found) < _MOST_CALLED else None
            if called is not None and called not in found:
                found.append(called)
    return found


def gives_by_name(name: str) -> bool:
    """Whether a function, or a module of functions, gives back the same for the same, by its name."""
    return name in _GIVES or name in _MODULES


def _waits(node: "Node") -> bool:
    """Whether others may change something meanwhile."""
    return any(each.type.startswith(("await", "yield")) for each in syntax.within(node))


def _is_in_rounds(loop: Loop, node: "Node") -> bool:
    return any(part is not None and syntax.start_within(node, part) for part in (loop.body, loop.condition))


def _has_others(loop: Loop, names: set[str]) -> bool:
    """Whether a round of a loop has others of some names, or may change what they stand for."""
    if names & loop.items or loop.body is None:
        return bool(names & loop.items)
    made = set(syntax.assigned_in(loop.body)) | syntax.steps_in(loop.body)
    return bool(names & made) or alters(loop.body, names)


def alters(node: "Node", names: set[str]) -> bool:
    """Whether something that a name stands for may be changed: a member or an element is set, it is handed to what
    gives nothing back, or such a method is called of it."""
    for each in syntax.within(node, functions=True):
        target = syntax.target_of(each)
        if target is not None and target.type not in grammar.NAMES and syntax.names_in(target) & names:
            return True
        if each.type == "expression_statement" and each.named_child_count == 1:
            inner = each.named_children[0]
            inner = inner.named_children[0] if inner.type.startswith("await") and inner.named_children else inner
            if inner.type in grammar.CALLS and handed_directly(inner) & names:
                return True
    return False


def handed_directly(call: "Node") -> set[str]:
    """The names of the object that is called, and of what it is given, without those of calls that give it something:
    ``places.add(place(entrant, leveller))``."""
    owner = syntax.owner_of_call(call)
    given = [each for each in syntax.arguments_of(call) if each.type not in grammar.CALLS]
    return all_names((*given, owner) if owner is not None else given)


def only_gives(source: Source, function: "Node", depth: int = 0) -> bool:
    """Whether a function does nothing but give back what it has worked out."""
    body = function.child_by_field_name("body")
    if body is None or depth > _DEEPEST:
        return False
    own = _made_in(function, body)
    inner = (each for each in syntax.within(body, functions=True) if each.type in grammar.FUNCTIONS)
    own |= set[str]().union(*map(syntax.parameter_names, inner))
    returns = body.type not in grammar.BLOCKS or function.type == "function_item"
    for each in syntax.within(body, functions=True):
        returns = returns or each.type.startswith("return")
        if each.type.startswith(("await", "yield", "throw", "raise", "delete")):
            return False
        target = syntax.target_of(each)
        if target is not None and not _bases(target) <= own:
            return False
        if each.type in grammar.CALLS and not gives(source, each, own, depth):
            return False
    return returns


def only_builds(source: Source, constructor: "Node") -> bool:
    """Whether a constructor does nothing but work out the members of its object."""
    body = constructor.child_by_field_name("body")
    if body is None:
        return False
    own, given = _made_in(constructor, body), syntax.parameter_names(constructor) - grammar.SELF
    for each in syntax.within(body, functions=True):
        if each.type.startswith(("await", "yield", "throw", "raise", "delete")):
            return False
        target = syntax.target_of(each)
        if target is not None and _bases(target) & given:
            return False
        if each.type in grammar.CALLS and not gives(source, each, own | grammar.SELF, 1):
            return False
    return True


def _bases(target: "Node") -> set[str]:
    """The names of what a target is a part of: ``set`` of ``set[lower(key)]``."""
    while target.type in _PARTS and target.named_children:
        target = target.named_children[0]
    return syntax.names_in(target) or syntax.targets_in(target)


def _constructed(source: Source) -> set[str]:
    """The classes whose constructors do something, in languages in which these have no name of their class."""
    made = (each for name in ("__init__", "constructor") for each in source.named.get(name, ()))
    return {syntax.class_around(each) for each in made}


def makes_much(node: "Node") -> bool:
    """Whether a node is a call that makes a collection, or something as large, of what it is given."""
    return node.type in grammar.CALLS and syntax.called_name(node) in _MAKES


def gives(source: Source, call: "Node", own: Set[str], depth: int = 0) -> bool:
    """Whether a call gives back the same for the same, or changes nothing but what is a function's ``own``."""
    name, owner = syntax.called_name(call), syntax.owner_of_call(call)
    if owner is None and name in own:
        return True  # (a closure that stands within)
    if name in source.classes and not any(map(syntax.is_constructor, source.named.get(name, ()))):
        return name not in _constructed(source)  # (a record)
    if _is_component(source, call):
        return True
    if (named := inlined.called(source, call)) is not None:
        return only_gives(source, named, depth + 1)
    if name in _HEAPS:
        given = syntax.arguments_of(call)
        return bool(given) and syntax.names_in(given[0]) <= own
    if name in grammar.ADDS | _IN_PLACE and owner is not None:
        # (what is added to is a function's own, or made there; set() and put() of others change these)
        made = owner.type in grammar.CALLS and syntax.called_name(owner) in _MAKES | _COPIES
        return made or syntax.names_in(owner) <= own or not syntax.names_in(owner)
    return name in _GIVES


def _is_component(source: Source, call: "Node") -> bool:
    """Whether a call asks a record of Java for one of its components."""
    if syntax.arguments_of(call) or syntax.owner_of_call(call) is None:
        return False
    return syntax.called_name(call) in source.components
