"""Which hot lines put a text together of itself and a piece more, by a format or a template?

``text = f"{text}{line}"`` copies all that is there for each line, as ``text = text + line`` does; but below it the
runtime only formats, as it does for any text that is made of pieces. The line's own text tells the two apart.
"""

import re
from collections.abc import Iterable
from itertools import islice

from perfdoctor.collectors.source_text.hot_lines import hot_lines
from perfdoctor.collectors.source_text.own_files import own_lines
from perfdoctor.collectors.source_text.sources import SourcesOfAll
from perfdoctor.schemas.cpu import CpuRow, LineShape, ShapedLine

_CALLERS = 8
_LONGEST = 400
"""letters of a line that are read"""
_TEXT = r"([\w.]+)\s*=\s*"
_RUST = r"format!\(\s*\"(?:[^\"]*\{\1\}|\{\}[^\"]*\",\s*&?\1\b)"
_REWRITES = tuple(
    re.compile(pattern)
    for pattern in (
        _TEXT + r"[rR]?[fF][rR]?[\"']{1,3}[^\"']*\{\1\}",
        _TEXT + r"[\"'][^\"']*%s[^\"']*[\"']\s*%\s*\(?\s*\1\b",
        _TEXT + r"[\"'][^\"']*\{\}[^\"']*[\"']\.format\(\s*\1\b",
        _TEXT + _RUST,
        r"\bfold\([^|]*\|\s*(?:mut\s+)?(\w+)\s*,[^|]+\|\s*" + _RUST,
        _TEXT + r"fmt\.Sprint(?:f\(\s*[\"`]%[sv][^\"`]*[\"`],\s*|(?:ln)?\(\s*)\1\b",
        _TEXT + r"strings\.Join\(\s*\[\]string\{\s*\1\b",
        _TEXT + r"(?:String\.format\(\s*\"%s[^\"]*\",\s*|\"%s[^\"]*\"\.formatted\(\s*)\1\b",
        _TEXT + r"(?:std::|fmt::)?format\(\s*\"\{\}[^\"]*\",\s*\1\b",
    )
)


def rewritten(sources: SourcesOfAll, rows: Iterable[CpuRow]) -> Iterable[ShapedLine]:
    """The lines of the target's own files that do so, of those with much of the CPU time below them."""
    for pid, file, line in hot_lines(rows, lambda row: islice(own_lines(row.stack), _CALLERS)):
        text = sources.of(pid).lines(file)
        if 0 < line <= len(text) and rewrites(text[line - 1]):
            yield ShapedLine(file=file, line=line, shape=LineShape.REWRITE)


def rewrites(line: str) -> bool:
    return any(pattern.search(line[:_LONGEST]) for pattern in _REWRITES)
