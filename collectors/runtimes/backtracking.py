"""Hot lines of files in which a regular expression may go back again and again: ``(\\w+\\s*)+$``, ``.*.*``.

Such an expression takes time with a power of what does not match, or worse; without it the time that goes into regular
expressions is mostly what they are for.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from perfdoctor.collectors.runtimes.own_files import may_be_own
from perfdoctor.collectors.runtimes.sources import SourcesOfAll
from perfdoctor.schemas.cpu import CpuRow, LineShape, ShapedLine
from perfdoctor.schemas.frame import FrameKind

_WORTH = 0.03
"""of all CPU time, from which on a line is read"""
_LONGEST = 400
"""letters of a line that are read"""
# (a+)+   (?:\w+\s?)*   ([^,]*,?)+   .*.*   .+.*
_GOES_BACK = re.compile(
    r"\((?:\?[:P<\w>]*)?(?:[^()\\\n]|\\.){0,80}?(?<!\\)[+*](?:[^()\\\n]|\\.){0,40}\)[+*{]|(?<!\\)\.[*+][?+]?\.[*+]"
)
_TEXT = re.compile(r"[\"'`/]")


def backtracking(sources: SourcesOfAll, rows: Iterable[CpuRow]) -> Iterable[ShapedLine]:
    """The hot lines of Python whose file has such an expression, at whatever line."""
    spent: dict[tuple[int, str, int], float] = defaultdict(float)
    every = 0.0
    for row in rows:
        every += row.seconds
        frame = next(iter(row.stack), None)
        if frame is not None and frame.kind is FrameKind.PYTHON and frame.file and frame.line:
            spent[row.pid, frame.file, frame.line] += row.seconds
    for (pid, file, line), seconds in spent.items():
        if seconds >= _WORTH * every and may_be_own(file) and any(map(goes_back, sources.of(pid).lines(file))):
            yield ShapedLine(file=file, line=line, shape=LineShape.BACKTRACK)


def goes_back(line: str) -> bool:
    """Whether a line of a file has a text that is an expression which may go back again and again."""
    text = line[:_LONGEST]
    return bool(_TEXT.search(text) and _GOES_BACK.search(text))
