"""Hot lines of files in which a regular expression may go back again and again: ``(\\w+\\s*)+$``, ``.*.*``.

Such an expression takes time with a power of what does not match, or worse; without it the time that goes into regular
expressions is mostly what they are for.
"""

import re
from collections.abc import Iterable

from perfdoctor.collectors.source_text.hot_lines import hot_lines
from perfdoctor.collectors.source_text.own_files import own_lines
from perfdoctor.collectors.source_text.sources import SourcesOfAll
from perfdoctor.schemas.cpu import CpuRow, LineShape, ShapedLine
from perfdoctor.schemas.frame import FrameKind

_LONGEST = 400
"""letters of a line that are read"""
_LINES = 6
"""over which an expression may be written"""
# (a+)+   (?:\w+\s?)*   ([^,]*,?)+
_GROUP = re.compile(r"\((?:\?[:P<\w>]*)?(?P<body>(?:[^()\\\n]|\\.){0,80}?(?<!\\)[+*](?:[^()\\\n]|\\.){0,40})\)[+*{]")
# .*.*   .+.*
_ANY = re.compile(r"(?<!\\)\.[*+][?+]?\.[*+]")
_PART = re.compile(r"(?P<atom>\[\^?\]?(?:[^\]\\]|\\.)*\]|\\.|[^\\])(?P<times>[*+?]|\{[\d,]*\})?[?+]?")
_TEXT = re.compile(r"[\"'`/]")
_NAME = re.compile(r"\b[A-Za-z_]\w*")


def backtracking(sources: SourcesOfAll, rows: Iterable[CpuRow]) -> Iterable[ShapedLine]:
    """The hot lines of Python that use such an expression; or whose file has one, where they name none."""
    known: dict[tuple[int, str], bool] = {}
    for pid, file, line in hot_lines(rows, _python_line):
        lines = sources.of(pid).lines(file)
        own = lines[line - 1] if 0 < line <= len(lines) else ""
        made = _made_of_names(lines, own)
        if not made and own and (pid, file) not in known:
            known[pid, file] = any(map(goes_back, lines))
        if any(map(goes_back, (own, *made))) if made else own and known[pid, file]:
            yield ShapedLine(file=file, line=line, shape=LineShape.BACKTRACK)


def _made_of_names(lines: list[str], own: str) -> list[str]:
    """The lines of a file that make what a line names: ``WORDS = re.compile(…)``."""
    names = set(_NAME.findall(own[:_LONGEST]))
    return [
        one
        for number, line in enumerate(lines)
        if "compile(" in line and (name := _NAME.match(line.lstrip())) and name[0] in names
        for one in lines[number : number + _LINES]
    ]


def _python_line(row: CpuRow) -> Iterable[tuple[str, int]]:
    return own_lines(row.stack[:1]) if row.stack and row.stack[0].kind is FrameKind.PYTHON else ()


def goes_back(line: str) -> bool:
    """Whether a line of a file has a text that is an expression which may go back again and again."""
    text = line[:_LONGEST]
    if not _TEXT.search(text):
        return False
    return _ANY.search(text) is not None or any(not _is_kept_apart(group["body"]) for group in _GROUP.finditer(text))


def _is_kept_apart(body: str) -> bool:
    """Whether each round of a group begins or ends with a letter that nothing repeated in it can take: ``<br>\\s*``."""
    parts = [(part["atom"], part["times"] or "") for part in _PART.finditer(body)]
    repeated = [atom for atom, times in parts if times[:1] in ("*", "+", "{")]
    plain = (atom for atom, times in parts if not times and len(atom) == 1 and atom not in ".|^$")
    return "|" not in body and any(not any(_takes(atom, letter) for atom in repeated) for letter in plain)


def _takes(atom: str, letter: str) -> bool:
    try:
        return re.fullmatch(atom, letter, re.IGNORECASE) is not None
    except re.error:
        return True
