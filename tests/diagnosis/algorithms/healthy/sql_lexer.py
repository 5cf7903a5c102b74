"""Lexer of query templates: one master pattern, places counted as it goes."""
from __future__ import annotations

import re
from typing import Iterator, NamedTuple


class Token(NamedTuple):
    kind: str
    value: str
    line: int
    column: int


KEYWORDS = frozenset(
    "select from where group by having order limit offset join left right inner outer on as "
    "and or not in is null like between union all distinct case when then else end".split()
)

_SPEC = [
    ("comment", r"--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/"),
    ("space", r"\s+"),
    ("number", r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"),
    ("string", r"'(?:[^']|'')*'"),
    ("quoted", r'"(?:[^"]|"")*"'),
    ("param", r":[A-Za-z_]\w*|\?"),
    ("name", r"[A-Za-z_]\w*"),
    ("op", r"<>|!=|<=|>=|\|\||::|[-+*/%=<>]"),
    ("punct", r"[(),.;\[\]]"),
]
_MASTER = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _SPEC))


class LexError(SyntaxError):
    pass


def tokenize(source: str) -> Iterator[Token]:
    pos, line, line_start = 0, 1, 0
    match = _MASTER.match
    while pos < len(source):
        found = match(source, pos)  # <- hot 38
        if found is None:
            raise LexError(f"unexpected {source[pos]!r} at {line}:{pos - line_start + 1}")
        kind, value = found.lastgroup, found.group()  # <- hot 15
        if kind in ("space", "comment", "string"):
            column = pos - line_start + 1
            newlines = value.count("\n")
            if kind == "string":
                yield Token(kind, value, line, column)
            if newlines:
                line += newlines
                line_start = pos + value.rindex("\n") + 1
        else:
            if kind == "name" and value.lower() in KEYWORDS:  # <- hot 11
                kind, value = "keyword", value.lower()
            yield Token(kind, value, line, pos - line_start + 1)  # <- hot 21
        pos = found.end()


def parameters(source: str) -> dict[str, list[int]]:
    """Lines at which each named parameter is used."""
    used: dict[str, list[int]] = {}
    for token in tokenize(source):
        if token.kind == "param":
            used.setdefault(token.value, []).append(token.line)
    return used
