"""The one line in which a program of Node.js asks its peers, or answers or calls them, by the text of its files.

Node.js sends from its own loop, when no line of the program is on the stack any more, and who asks or answers seldom is
seldom sampled meanwhile. Where its own files do so in one line only, that line is it.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from perfdoctor.collectors.source_text import grammar, inlined, syntax
from perfdoctor.collectors.source_text.own_files import files_of
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.network import AskingLine, WrittenLine

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_FILES = 64
_MOST = {"asking": 1, "answering": 8, "connecting": 1}
"""lines of a kind among which the one is known, or may be told by its time"""
_SEVERAL = 3
"""lines of one function that await the same, from which on they are one after the other"""
_MODULES = grammar.words("http https http2")
_SOCKETS = grammar.words("net tls")
_OPENS = grammar.words("connect createConnection")
_SESSIONS = grammar.words("Client MongoClient Connection createClient createConnection")
"""classes of sessions with databases and stores, and what makes them"""
_OF_UNDICI = grammar.words("Client Pool BalancedPool Agent")
_BY_CLIENTS = grammar.words("request stream fetch pipeline")
_FROM_UNDICI = re.compile(r"\{([^{}]*)\}\s*(?:=\s*require\s*\(\s*|from\s+)['\"]undici['\"]")
_METHODS = grammar.words("get request connect")
_CLIENTS = grammar.words("axios got undici superagent needle ky")
_FUNCTIONS = grammar.words("fetch axios got needle ky")
_ANSWERS = grammar.words("end send json sendFile pipe")
_RESPONSES = grammar.words("response res reply")
"""what handlers of http, Express and Fastify call what they answer by"""


def with_asking(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, whose peers' part knows those lines of each process, where there is but one of a kind."""
    if evidence.target.runtime != "node" or evidence.network is None or not evidence.network.peers:
        return evidence
    kinds = (("asking", asking), ("answering", answering), ("connecting", connecting))
    found: dict[str, list[AskingLine]] = {kind: [] for kind, _ in kinds}
    for pid, files in files_of(_stacks(evidence)).items():
        known = [(file, sources.of(pid).of(file)) for file in sorted(files)[:_MOST_FILES]]
        for kind, lines_of in kinds:
            lines = [
                AskingLine(pid=pid, file=file, line=line, function=name)
                for file, source in known
                if source is not None
                for line, name in lines_of(source)
            ]
            if kind == "asking" and len(lines) == 1:
                lines = [lines[0].model_copy(update={"awaited": awaited(lines[0].function, known)})]
            found[kind] += lines if len(lines) <= _MOST[kind] else []
    told = {kind: tuple(lines) for kind, lines in found.items()}
    return evidence.model_copy(update={"network": evidence.network.model_copy(update=told)})


def awaited(function: str, files: list[tuple[str, Source | None]]) -> WrittenLine | None:
    """The line that awaits what a function gives one after the other, in a loop or by several lines of one function,
    where only one function does: of who awaits, no stack tells once it waits."""
    found = [
        WrittenLine(file=file, line=call.start_point[0] + 1, function=syntax.name_around(call) or "(anonymous)")
        for file, source in files
        if source is not None
        for call in _one_after_the_other(source.calls.get(function, ()))
    ]
    return found[0] if len(found) == 1 else None


def _one_after_the_other(calls: "Iterable[Node]") -> "Iterator[Node]":
    """Of each function that awaits such calls in a loop, or several of them, the first."""
    by_function: dict[int, list[Node]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.start_byte):
        if call.parent is not None and call.parent.type == "await_expression":
            function = syntax.function_around(call)
            by_function[function.id if function is not None else 0].append(call)
    for awaits in by_function.values():
        looped = [call for call in awaits if any(syntax.loops_around(call))]
        if looped or len(awaits) >= _SEVERAL:
            yield (looped or awaits)[0]


def _stacks(evidence: Evidence) -> Iterator[tuple[int, Stack]]:
    for row in evidence.cpu.rows if evidence.cpu else ():
        yield row.pid, tuple(frame for frame in row.stack if frame.kind is FrameKind.JAVASCRIPT)


def asking(source: Source) -> Iterator[tuple[int, str]]:
    """The lines of a file that call a client, with the names of their functions."""
    told = list(_lines(source, _asks_by_a_library))
    return iter(told) if told else _lines(source, _asks)


def answering(source: Source) -> Iterator[tuple[int, str]]:
    """The lines of a file that give a response a body, with the names of their functions."""
    return _lines(source, _answers)


def connecting(source: Source) -> Iterator[tuple[int, str]]:
    """The lines of a file that open a connection of their own, with the names of their functions."""
    return _lines(source, _connects)


def _lines(source: Source, does: "Callable[[Source, Node], bool]") -> Iterator[tuple[int, str]]:
    told = set[int]()
    for call in sorted(chain.from_iterable(source.calls.values()), key=lambda call: call.start_byte):
        line = call.start_point[0] + 1
        if line not in told and does(source, call):
            told.add(line)
            yield line, syntax.name_around(call) or "(anonymous)"


def _asks(_source: Source, call: "Node") -> bool:
    owner, name = syntax.owner_of_call(call), syntax.called_name(call)
    if owner is None:
        return name in _FUNCTIONS
    return (syntax.text_of(owner) in _MODULES and name in _METHODS) or syntax.text_of(owner) in _CLIENTS


def _asks_by_a_library(source: Source, call: "Node") -> bool:
    """By a client of its own, as undici's: who has one uses http itself for something else."""
    owner, name = syntax.owner_of_call(call), syntax.called_name(call)
    if name not in _BY_CLIENTS or "undici" not in source.lowered:
        return False
    if owner is None:
        taken = _FROM_UNDICI.search(source.lowered)
        return taken is not None and name in re.split(r"\W+", taken[1])
    return bool(inlined.classes_of(source, call) & _OF_UNDICI)


def _connects(source: Source, call: "Node") -> bool:
    owner = syntax.owner_of_call(call)
    if owner is None or syntax.called_name(call) not in _OPENS:
        return False
    return syntax.text_of(owner) in _SOCKETS or bool(inlined.classes_of(source, call) & _SESSIONS)


def _answers(_source: Source, call: "Node") -> bool:
    """``response.end(body)``, ``file.pipe(response)``; without a body it says next to nothing."""
    owner, name, given = syntax.owner_of_call(call), syntax.called_name(call), syntax.arguments_of(call)
    if owner is None or name not in _ANSWERS or not given:
        return False
    whose = given[0] if name == "pipe" else owner
    for each in syntax.within(whose):  # (response.writeHead(200).end(body))
        if each.type not in grammar.CALLS and each.type not in grammar.MEMBERS:
            return syntax.text_of(each) in _RESPONSES
    return False
