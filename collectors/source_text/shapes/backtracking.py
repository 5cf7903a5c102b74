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
# (a+)+   (?:\w+\s?)*   ([^,]*,?)+   .*.*   .+.*
_GOES_BACK = re.compile(
    r"\((?:\?[:P<\w>]*)?(?:[^()\\\n]|\\.){0,80}?(?<!\\)[+*](?:[^()\\\n]|\\.){0,40}\)[+*{]|(?<!\\)\.[*+][?+]?\.[*+]"
)
_TEXT = re.compile(r"[\"'`/]")


def backtracking(sources: SourcesOfAll, rows: Iterable[CpuRow]) -> Iterable[ShapedLine]:
    """The hot lines of Python whose file has such an expression, at whatever line."""
    known: dict[tuple[int, str], bool] = {}
    for pid, file, line in hot_lines(rows, _python_line):
        if (pid, file) not in known:
            known[pid, file] = any(map(goes_back, sources.of(pid).lines(file)))
        if known[pid, file]:
            yield ShapedLine(file=file, line=line, shape=LineShape.BACKTRACK)


def _python_line(row: CpuRow) -> Iterable[tuple[str, int]]:
    return own_lines(row.stack[:1]) if row.stack and row.stack[0].kind is FrameKind.PYTHON else ()


def goes_back(line: str) -> bool:
    """Whether a line of a file has a text that is an expression which may go back again and again."""
    text = line[:_LONGEST]
    return bool(_TEXT.search(text) and _GOES_BACK.search(text))
