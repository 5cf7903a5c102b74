"""In which line does a function of JavaScript, or TypeScript, call another one, or make objects?

V8 says of a caller only where its function begins. The line of the call is read from the source: where the function
calls the callee by name in one line only, or has the callee (a callback) in it, it is that line. So it is where only
one line of the whole file calls a function of another file, or of V8. Else nobody knows.
"""

import re
from collections.abc import Collection, Iterator
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.inlined import Step
from perfdoctor.collectors.source_text.keeping.keepers import keeps, kept_by
from perfdoctor.collectors.source_text.sources import Source, Sources

if TYPE_CHECKING:
    from tree_sitter import Node

_LARGEST = 4 << 20
"""bytes: what bundlers make of a whole program is one file"""
_NAME = re.compile(r"#?[\w$]+\Z")
_CLASSES = grammar.words("class class_declaration abstract_class_declaration")
_AROUND_NAMES = grammar.words("parenthesized_expression non_null_expression instantiation_expression")
"""(shop.ask)(…), and ask!(…) of TypeScript"""
_MAKES = grammar.words("object array new_expression")
_PACKS = grammar.words("gzip gunzip deflate inflate deflateRaw inflateRaw unzip brotliCompress brotliDecompress")
_KNOWN_AS = {"syncBufferWrapper": frozenset(f"{name}Sync" for name in _PACKS), "asyncBufferWrapper": _PACKS}
"""functions of Node.js that programs know by other names, one each (zlib's makes them)"""


class Function(NamedTuple):
    """Where a function begins, as V8 counts (from 1); ``name`` is what V8 calls it, empty for one without."""

    name: str
    line: int
    column: int


class Placed(NamedTuple):
    """A line in a function; None where it is not known."""

    function: Function
    line: int | None


class CallSites:
    """Of the files of one process. A file whose name tells no language is JavaScript: Node.js has run it."""

    def __init__(self, host: Host, pid: int) -> None:
        self._sources = Sources(host, pid, otherwise=".js", largest_tree=_LARGEST)

    def path(self, file: str, caller: Function, callee: Function, *, same_file: bool) -> tuple[Placed, ...]:
        """The line in ``caller`` that calls ``callee``; ``same_file``: it is in that file, too. Where V8 has put
        functions into ``caller`` of which one makes that call: first the line in that one, and those of its callers."""
        source, node = self._found(file, caller)
        if source is None or node is None:
            return (Placed(caller, None),)
        names, reads = _names(callee, same_file=same_file)
        calls = [call for name in names for call in _calls(source, node, name, reads=reads)]
        # What a function within it calls is its own only where V8 has put that into it.
        if lines := {_line(each) for each in calls if _holder(each) == node} or {_line(each) for each in calls}:
            return (Placed(caller, _only(lines)),)
        inside = same_file and node.start_byte < source.offset(callee.line, callee.column) < node.end_byte
        if inside and callee.line > caller.line:
            return (Placed(caller, callee.line),)
        for way in inlined.within(source, node) if names else ():
            further = [call for name in names for call in _calls(source, way[-1].function, name, reads=reads)]
            if line := _only({_line(each) for each in further}):
                return _placed(caller, way, line)
        # (or it may stand anywhere in the file)
        anywhere = () if same_file else (c for name in names for c in _calls(source, source.root, name, reads=reads))
        lines = {_line(each) for each in anywhere if each.parent and each.parent.type in grammar.MEMBERS}
        # (or a library made the function, and gave it no name: where nothing else of a library is called)
        others = (
            set()
            if same_file or names
            else {_line(each) for each in syntax.calls_in(node) if not _is_own(source, each)}
        )
        return (Placed(caller, _only(lines) or _only(others)),)

    def around(self, file: str, function: Function, line: int) -> tuple[Placed, ...]:
        """A line that V8 tells of ``function``, and where it is called, if it is in another one that V8 has put into
        that."""
        source, node = self._found(file, function)
        if source is not None and node is not None and not syntax.holds(node, line):
            for way in inlined.within(source, node):
                if syntax.holds(way[-1].function, line):
                    return _placed(function, way, line)
        return (Placed(function, line),)

    def keeper(self, file: str, function: Function, apart: Collection[str]) -> tuple[Placed, ...]:
        """The line of a function that V8 may have put into ``function``, in which objects are made and kept, and where
        it is called; none where there is no such. ``apart``: names of functions that were not put into it."""
        source, node = self._found(file, function)
        if source is None or node is None:
            return ()
        found = []
        for way in inlined.within(source, node):
            if not any(syntax.name_of(step.function) in apart for step in way):
                made = _maker(way[-1].function)
                found += [(kept.stays, kept.line == made, way, kept.line) for kept in kept_by(source, way[-1].function)]
        # (the nearest of those from which nothing is taken, rather where something is made)
        best = max(found, key=lambda each: each[:2], default=None)
        return _placed(function, *best[2:]) if best else ()

    def maker(self, file: str, function: Function) -> int | None:
        """The line in which ``function`` makes objects, where it does so in one line only, or in one of a loop: that
        makes most of them."""
        _, node = self._found(file, function)
        return _maker(node) if node is not None else None

    def makes(self, file: str, line: int) -> bool:
        """Whether objects are made in a line, also one of those over which that is written."""
        source = self._sources.of(file)
        node = source.at(line) if source else None
        if node is None:
            return False
        around = takewhile(lambda each: each.type not in grammar.FUNCTIONS, syntax.around(node))
        return any(each.type in _MAKES for each in (*syntax.within(node, functions=True, line=line), *around))

    def keeps(self, file: str, line: int) -> bool:
        """Whether a line puts something into a collection that outlives its function."""
        source = self._sources.of(file)
        return source is not None and keeps(source, line)

    def _found(self, file: str, function: Function) -> "tuple[Source | None, Node | None]":
        """A file and a function in it; None for what is not there."""
        source = self._sources.of(file)
        return source, _function(source, function) if source else None


def _is_own(source: Source, call: "Node") -> bool:
    """Whether what is called may be a function of the same file."""
    return syntax.called_name(call) in source.named


def _maker(function: "Node") -> int | None:
    # (also what functions within it make: V8 may have put them into this one)
    made = [each for each in syntax.within(function, functions=True) if each.type in _MAKES]
    repeated = {_line(each) for each in made if _is_repeated(each, function)}
    return _only({_line(each) for each in made}) or _only(repeated)


def _names(callee: Function, *, same_file: bool) -> tuple[Collection[str], bool]:
    """What a function may be called by, and whether that is the name of a member which it is behind."""
    name = callee.name.rpartition(".")[2]
    reads = name.startswith(("get ", "set "))
    name = name[4:] if reads else name
    if not _NAME.match(name):
        return (), reads
    return ({name} if same_file else _KNOWN_AS.get(name, {name})), reads


def _placed(caller: Function, way: tuple[Step, ...], line: int) -> tuple[Placed, ...]:
    """Where each function on a way calls the next, innermost first; ``line`` is in the last of them."""
    places = [Placed(caller, _line(way[0].call))]
    for step, after in pairwise(way):
        places.append(Placed(_of(step.function), _line(after.call)))
    return (Placed(_of(way[-1].function), line), *reversed(places))


def _of(function: "Node") -> Function:
    return Function(syntax.name_of(function), _line(function), function.start_point[1] + 1)


def _function(source: Source, place: Function) -> "Node | None":
    """The function that begins at a place, from which V8 says its parameters or its name on. A class is the function
    that gives its objects their fields."""
    if place.line <= 1 and place.column <= 1:
        return source.root  # a module
    offset = source.offset(place.line, place.column)
    inmost = source.inmost_at(offset)
    for each in syntax.around(inmost) if inmost is not None else ():
        if each.type in grammar.FUNCTIONS:
            body = each.child_by_field_name("body")
            return each if body is not None and offset < body.start_byte else None
        if each.type in _CLASSES and each.is_named:  # (not the word "class")
            return each
    return None


def _holder(node: "Node") -> "Node":
    """The function that a node is in, or the class whose fields it is for, or the module."""
    each = node
    for each in syntax.around(node):
        if each.is_named and (each.type in grammar.FUNCTIONS or each.type in _CLASSES):
            break
    return each


def _calls(source: Source, node: "Node", name: str, *, reads: bool) -> Iterator["Node"]:
    """Where ``name`` is called within ``node``, at the name; with ``reads`` where a member of that name is used, which
    has a function behind it."""
    for mention in source.mentions(name, node):
        called = mention
        parent = mention.parent
        if parent is not None and parent.type in grammar.MEMBERS:
            if mention != parent.child_by_field_name("property"):
                continue
            called, parent = parent, parent.parent
            if reads:
                yield mention
                continue
        while parent is not None and parent.type in _AROUND_NAMES:
            called, parent = parent, parent.parent
        if parent is None:
            continue
        calls = parent.type in grammar.CALLS and called == syntax.first_field(parent, "function", "constructor")
        if calls or parent.type == "decorator":
            yield mention


def _line(node: "Node") -> int:
    return node.start_point[0] + 1


def _is_repeated(node: "Node", function: "Node") -> bool:
    """Whether a node is in the body of a loop of ``function``."""
    around = (loop for loop in syntax.loops_around(node) if loop.node.start_byte > function.start_byte)
    return any(
        loop.body is not None and loop.body.start_byte <= node.start_byte < loop.body.end_byte for loop in around
    )


def _only(lines: set[int]) -> int | None:
    return lines.pop() if len(lines) == 1 else None
