"""The one line in which a program of Node.js asks its peers, by the text of its files.

Node.js sends from its own loop, when no line of the program is on the stack any more, and a program that asks seldom is
seldom sampled while it does. Where its own files call a client in one line only, that line is it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perfdoctor.collectors.runtimes import grammar, syntax
from perfdoctor.collectors.runtimes.own_files import may_be_own
from perfdoctor.collectors.runtimes.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import FrameKind
from perfdoctor.schemas.network import AskingLine

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_FILES = 64
_MODULES = grammar.words("http https http2")
_METHODS = grammar.words("get request connect")
_CLIENTS = grammar.words("axios got undici superagent needle ky")
_FUNCTIONS = grammar.words("fetch axios got needle ky")


def with_asking(sources: SourcesOfAll, evidence: Evidence) -> Evidence:
    """The same evidence, whose peers' part knows that line of each process, where there is but one."""
    if evidence.target.runtime != "node" or evidence.network is None or not evidence.network.peers:
        return evidence
    found = []
    for pid, files in _own_files(evidence).items():
        lines = []
        for file in sorted(files)[:_MOST_FILES]:
            if (source := sources.of(pid).of(file)) is not None:
                lines += [AskingLine(pid=pid, file=file, line=line, function=name) for line, name in asking(source)]
        found += lines if len(lines) == 1 else []
    return evidence.model_copy(update={"network": evidence.network.model_copy(update={"asking": tuple(found)})})


def _own_files(evidence: Evidence) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for row in evidence.cpu.rows if evidence.cpu else ():
        for frame in row.stack:
            if frame.kind is FrameKind.JAVASCRIPT and frame.file and may_be_own(frame.file):
                found.setdefault(row.pid, set()).add(frame.file)
    return found


def asking(source: Source) -> Iterator[tuple[int, str]]:
    """The lines of a file that call a client, with the names of their functions."""
    told = set[int]()
    for node in syntax.within(source.root, functions=True):
        line = node.start_point[0] + 1
        if node.type in grammar.CALLS and line not in told and _asks(node):
            told.add(line)
            function = syntax.function_around(node)
            yield line, (syntax.name_of(function) if function is not None else "") or "(anonymous)"


def _asks(call: "Node") -> bool:
    owner, name = syntax.owner_of_call(call), syntax.called_name(call)
    if owner is None:
        return name in _FUNCTIONS
    return (syntax.text_of(owner) in _MODULES and name in _METHODS) or syntax.text_of(owner) in _CLIENTS
