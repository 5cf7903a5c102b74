"""Files with marks: stacks for marked lines, with those that call their functions, in the same file."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node

from perfdoctor.collectors.source_text import grammar, syntax
from perfdoctor.collectors.source_text.class_objects import made_by
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind

_MARK = re.compile(r"<-.*\b(?:cost|hot|made)\b")
_COST = re.compile(r"<-.*\bcost\b")
_KINDS = {".py": FrameKind.PYTHON, ".js": FrameKind.JAVASCRIPT, ".ts": FrameKind.JAVASCRIPT, ".java": FrameKind.JAVA}
_RUNTIMES = {".py": "python", ".js": "node", ".ts": "node", ".java": "java", ".go": "go"}
_DEEPEST = 6


def source_of(path: Path) -> Source:
    return Source(str(path), path.read_bytes())


def marked(source: Source, word: str) -> list[tuple[int, int]]:
    """The lines with a mark of this word, and the number behind it."""
    found = re.compile(rf"<-.*\b{word} (\d+)")
    return [(n, int(mark[1])) for n, line in enumerate(source.lines, 1) if (mark := found.search(line))]


def is_cost(source: Source, line: int | None) -> bool:
    """Whether a line is marked as one that its owner would change."""
    return line is not None and bool(_COST.search(source.lines[line - 1]))


def of_a_runtime(seen: Evidence, path: Path) -> Evidence:
    """The window, as one of this process running what the file is written in."""
    runtime = _RUNTIMES.get(path.suffix, "native")
    return seen.model_copy(update={"target": seen.target.model_copy(update={"runtime": runtime, "pid": os.getpid()})})


def stack_of(path: Path, source: Source, line: int) -> Iterator[Frame]:
    """A line with those that call its function, and the functions of these, in the same file."""
    kind = _KINDS.get(path.suffix, FrameKind.NATIVE)
    module = "/srv/app" if kind is FrameKind.NATIVE else None
    node, at = source.at(line), line
    for depth in range(_DEEPEST):
        function = syntax.function_around(node) if node is not None else None
        name = syntax.name_of(function) if function is not None else "<module>"
        yield Frame(kind=kind, function=name, file=str(path), line=at, module=module)
        if function is None:
            return
        calls = [call for call in _calls(source, name, function) if not syntax.start_within(call, function)]
        itself = [call for call in source.calls.get(name, ()) if syntax.start_within(call, function)]
        if depth == 0 and itself:
            yield Frame(kind=kind, function=name, file=str(path), line=itself[0].start_point[0] + 1, module=module)
        node = min(calls, key=lambda call: not _is_hot(source, call), default=None)
        if node is None:
            return
        at = node.start_point[0] + 1


def _calls(source: Source, name: str, function: Node) -> list[Node]:
    if calls := source.calls.get(name):
        return calls
    if name and name == syntax.class_around(function):
        return [call for call in syntax.calls_in(source.root, functions=True) if name in made_by(call)]
    members = (each for each in syntax.within(source.root, functions=True) if each.type in grammar.MEMBERS)
    return [each for each in members if syntax.member_name(each) == name]


def _is_hot(source: Source, call: Node) -> bool:
    function = syntax.function_around(call)
    if function is None:
        return False
    lines = source.lines[function.start_point[0] : function.end_point[0] + 1]
    return any(map(_MARK.search, lines))
