"""Where do the statements that a database was sent stand in the target's own files?

The line that sends a statement may be a helper through which all go, or, in Node.js, none of the program's: it is sent
later, from the loop. But its text stands somewhere, word by word, or is built of the names of its table and columns
(``knex('readings').where('pond', pond)``). Where it does so once only, that is where it is asked.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from perfdoctor.collectors.protocols import mysql, postgres, redis
from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.own_files import files_of
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.network import NetworkUse, Peer, SaidLine

if TYPE_CHECKING:
    from tree_sitter import Node

_DATABASES = frozenset({postgres.NAME, mysql.NAME, redis.NAME})
_MOST_SHAPES = 8
"""of each peer and process, those that are sent most"""
_MOST_FILES = 64
_LEAST_WORDS = 4
_MOST_WORDS = 12
_WORD = re.compile(r"[a-z_][a-z0-9_]*")
_BETWEEN = r"[^a-z0-9_]+(?:(?:[sd]|\d+|(?<=[:@$({])\w+(?:\)s)?)[^a-z0-9_]+)?"
"""what may stand between two words of a statement: a place for a value, ``%s``, ``$1``, ``:name``"""
_TABLE = re.compile(r"\b(?:from|into|update|join)\s+[\"`]?([a-z_][a-z0-9_]*)", re.IGNORECASE)
_COLUMN = re.compile(r"([a-z_][a-z0-9_]*)[\"`]?\s*(?:=|>=?|<=?|in\b|like\b)\s*(?:any\s*)?\(?\?", re.IGNORECASE)
_PREPARED = re.compile(r"EXECUTE ([A-Za-z_]\w{2,})$")
_COMMAND = re.compile(r"([A-Z]{3,})(?: [^ =]*)?$")
_STORE = re.compile(r"redis|cache|store|client|kv|conn", re.IGNORECASE)
_VERBS = {
    "insert": grammar.words("insert create save bulkCreate insertMany"),
    "update": grammar.words("update increment decrement"),
    "delete": grammar.words("del delete destroy remove"),
}
_NAMED = grammar.words("pair")
_CALLS_UP = 12


class _Place(NamedTuple):
    line: int
    function: "Node | None"


def with_said(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, whose peers' part knows those lines."""
    use = evidence.network
    peers = [peer for peer in use.peers if peer.protocol in _DATABASES] if use else []
    if use is None or not peers:
        return evidence
    files = files_of(_stacks(evidence, use))
    said = []
    for pid, shape in dict.fromkeys(pair for peer in peers for pair in _shapes(peer)):
        known = [(file, source) for file in files.get(pid, [])[:_MOST_FILES] if (source := sources.of(pid).of(file))]
        found = [(file, place) for file, source in known for place in said_in(source, shape)]
        # (one after the other, in one function: hget(key, "vacuum"), hget(key, "flow"))
        functions = {(file, place.function.id if place.function else at) for at, (file, place) in enumerate(found)}
        if len(functions) == 1:
            file, place = found[0]
            said.append(_line(pid, shape, file, place))
    return evidence.model_copy(update={"network": use.model_copy(update={"said": tuple(said)})})


def _line(pid: int, shape: str, file: str, place: _Place) -> SaidLine:
    function = place.function
    first, last = (function.start_point[0] + 1, function.end_point[0] + 1) if function is not None else (0, 0)
    name = (syntax.name_of(function) if function is not None else "") or "(anonymous)"
    return SaidLine(pid=pid, shape=shape, file=file, line=place.line, function=name, first=first, last=last)


def _shapes(peer: Peer) -> Iterator[tuple[int, str]]:
    often = sorted(peer.statements, key=lambda said: -said.seen)
    for pid in dict.fromkeys(said.pid for said in often):
        yield from ((pid, said.shape) for said in [each for each in often if each.pid == pid][:_MOST_SHAPES])


def _stacks(evidence: Evidence, use: NetworkUse) -> Iterator[tuple[int, Stack]]:
    yield from ((row.pid, row.stack) for row in (evidence.cpu.rows if evidence.cpu else ()))
    yield from ((row.pid, row.stack) for peer in use.peers for row in peer.rows)


def said_in(source: Source, shape: str) -> list[_Place]:
    """The lines of a file that ask for a statement: whose text holds it, or else whose calls name its table and all
    columns that it is asked by, or it by the name that it was prepared under."""
    found = _by_words(source, shape) or _by_names(source, shape) or _by_its_name(source, shape)
    command = _COMMAND.match(shape)
    return found or (_by_command(source, command[1].lower()) if command else [])


def _by_words(source: Source, shape: str) -> list[_Place]:
    words = _WORD.findall(shape.lower())[:_MOST_WORDS]
    if len(words) < _LEAST_WORDS:
        return []
    text = re.compile(_BETWEEN.join(map(re.escape, words)) + r"(?![a-z0-9_])")
    return [place for at in text.finditer(source.lowered) if (place := _asked_at(source, at.start()))]


def _asked_at(source: Source, at: int) -> _Place | None:
    """The line that gives a text away: where it stands, or the only one that uses its name."""
    node = source.inmost_at(at)
    function = syntax.function_around(node) if node is not None else None
    if node is None or function is not None:
        return _of_call(node, function) if node is not None else None
    named = next((each for each in syntax.around(node) if each.type in grammar.ASSIGNMENTS | _NAMED), None)
    name = syntax.text_of(syntax.first_field(named, "name", "left", "key")) if named is not None else ""
    used = [each for each in source.mentions(name, source.root) if syntax.function_around(each) is not None]
    return _of_call(used[0], syntax.function_around(used[0])) if len(used) == 1 else None


def _of_call(node: "Node", function: "Node | None") -> _Place:
    """The line where the call begins that something is given to."""
    around = syntax.around(node)
    call = next((each for each, _ in zip(around, range(_CALLS_UP), strict=False) if each.type in grammar.CALLS), node)
    return _Place(call.start_point[0] + 1, function)


def _by_names(source: Source, shape: str) -> list[_Place]:
    table = _TABLE.search(shape)
    if table is None:
        return []
    columns = {name.lower() for name in _COLUMN.findall(shape)}
    verb = shape.split(" ", 1)[0].lower()
    found: dict[int, _Place] = {}
    for name in source.mentions(table[1], source.root):
        chain = _chain(name)
        function = syntax.function_around(name)
        if chain is None or function is None or not _is_quoted(source, name):
            continue
        called = {syntax.called_name(call) for call in syntax.calls_in(chain)}
        words = set(_WORD.findall(syntax.text_of(chain).lower()))
        others = set[str]().union(*(names for other, names in _VERBS.items() if other != verb))
        right = called & _VERBS[verb] if verb in _VERBS else not called & others
        if right and columns <= words:
            found.setdefault(chain.start_byte, _Place(chain.start_point[0] + 1, function))
    return list(found.values())


def _by_its_name(source: Source, shape: str) -> list[_Place]:
    prepared = _PREPARED.match(shape)
    named = [name for name in source.mentions(prepared[1], source.root) if _is_quoted(source, name)] if prepared else []
    return [_of_call(name, function) for name in named if (function := syntax.function_around(name)) is not None]


def _by_command(source: Source, command: str) -> list[_Place]:
    """``this.redis.hget(key, 'flow')``: clients of Redis name their methods as it names its commands."""
    calls = (call for name in (command, command.title()) for call in source.calls.get(name, ()))
    owned = (call for call in calls if (owner := syntax.owner_of_call(call)) and _STORE.search(syntax.text_of(owner)))
    return [
        _Place(call.start_point[0] + 1, function)
        for call in owned
        if (function := syntax.function_around(call)) is not None
    ]


def _chain(name: "Node") -> "Node | None":
    """The outermost of the calls that are made one of the other's answer, in one of which a name stands."""
    chain = None
    for each, _ in zip(syntax.around(name), range(_CALLS_UP), strict=False):
        if each.type in grammar.CALLS:
            chain = each
        elif chain is not None and each.type not in grammar.MEMBERS:
            break
    return chain


def _is_quoted(source: Source, name: "Node") -> bool:
    parent = name.parent
    return "string" in name.type or (parent is not None and "string" in parent.type)
