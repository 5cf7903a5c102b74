"""A statement without its values: ``SELECT a FROM t WHERE b = ? AND c IN (?)``.

Comments go, strings and numbers become ``?``, lists of values shrink to one. Where a dialect would decide whether a
quote ends a string, the shape ends instead: half a shape is better than half a secret.
"""

import re
from enum import Enum

from perfdoctor.collectors.protocols.words import bounded

_MOST_TEXT = 4096


class Dialect(Enum):
    POSTGRES = "postgres"
    MYSQL = "mysql"


_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<line>--[^\n]*(?:\n|$))
    |(?P<hash>\#[^\n]*(?:\n|$))
    |(?P<block>/\*)
    |(?P<dollar>\$(?:[A-Za-z_]\w{0,62})?\$)
    |(?P<placeholder>\$\d+|%s|\?|(?<![:\w]):[A-Za-z_]\w*)
    |(?P<prefixed>(?:[uU]&|[eEnNxXbB])?')
    |(?P<double>")
    |(?P<tick>`)
    |(?P<number>(?:0[xX][0-9a-fA-F]+|0[bB][01]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)\w*)
    |(?P<word>[A-Za-z_\u0080-\uffff][\w$]*)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_DIGITS = re.compile(r"\d{3,}")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w$]{0,62}")
_VERB = re.compile(
    r"\s*(?:/\*.{0,200}?\*/\s*|--[^\n]{0,200}\n\s*)*\(?\s*(?:select|insert|update|delete|with|begin|commit|rollback|set|"
    r"show|create|drop|alter|truncate|replace|explain|call|execute|prepare|deallocate|declare|fetch|close|copy|start|"
    r"savepoint|release|lock|unlock|vacuum|analyze|use|describe|desc|grant|revoke|merge|values|table|listen|notify|"
    r"unlisten|discard|reset|do|kill|flush|load|optimize|handler|xa|end|abort|refresh|reindex|cluster|comment)\b",
    re.IGNORECASE | re.DOTALL,
)


def begins_statement(text: str) -> bool:
    return _VERB.match(text) is not None


def shape(text: str, dialect: Dialect, *, whole: bool) -> str:
    """``whole`` False: ``text`` is only the statement's beginning, and its last word may be cut."""
    words: list[str] = []
    text = text[:_MOST_TEXT].rstrip("\0")
    at = 0
    ended = True
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:  # pragma: no cover - the last branch takes any character
            break
        kind, token = found.lastgroup, found[0]
        end: int | None = found.end()
        if kind == "block":
            end = _after_comment(text, found.end())
        elif kind == "hash" and dialect is Dialect.POSTGRES:
            end = at + 1  # an operator there
            words.append("#")
        elif kind == "dollar":
            close = text.find(token, found.end())
            end = close + len(token) if close >= 0 else None
            words.append("?")
        elif kind in ("prefixed", "double", "tick"):
            end, word = _quoted(text, found.end(), token[-1], dialect)
            words.append(word)
        elif kind in ("placeholder", "number"):
            words.append("?")
        elif kind == "word":
            cut = found.end() == len(text) and not whole
            words.append("?" if cut or len(token) > 63 else _DIGITS.sub("?", token))
        elif kind == "other":
            words.append(token if token.isascii() else "?")
        if end is None:
            ended = False
            break
        at = end
    said = _joined(_shrunk(words))
    return bounded(said if whole and ended else f"{said} …")


def _after_comment(text: str, at: int) -> int | None:
    """Nested ones too, as PostgreSQL reads them: where others would end it earlier, too much is left out."""
    depth = 1
    for mark in re.finditer(r"/\*|\*/", text[at:]):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return at + mark.end()
    return None


def _quoted(text: str, at: int, quote: str, dialect: Dialect) -> tuple[int | None, str]:
    """Where what begins before ``at`` ends, and what is shown of it; None where it does not end, or may not."""
    is_name = quote == "`" or (quote == '"' and dialect is Dialect.POSTGRES)
    begin = at
    while (close := text.find(quote, at)) >= 0:
        if text[close - 1 : close] == "\\" and close > begin:
            return None, "?"  # an escape in one dialect and setting, a character in another
        if text[close + 1 : close + 2] != quote:
            inside = text[begin:close]
            shown = inside if is_name and _IDENTIFIER.fullmatch(inside) else "?"
            return close + 1, _DIGITS.sub("?", shown)
        at = close + 2
    return None, "?"


def _shrunk(words: list[str]) -> list[str]:
    """``( ? , ? , ? )`` becomes ``( ? )``, and ``( ? ) , ( ? )`` one ``( ? )``; a sign before a value goes with it."""
    kept: list[str] = []
    for word in words:
        if (
            word == "?"
            and kept[-1:] in (["-"], ["+"])
            and (len(kept) < 2 or kept[-2] in "(,=<>?" or kept[-2].isalpha())
        ):
            kept.pop()
        kept.append(word)
        if kept[-3:] == ["?", ",", "?"]:
            del kept[-2:]
        if len(kept) >= 7 and kept[-7:] == ["(", "?", ")", ",", "(", "?", ")"]:
            del kept[-4:]
        if kept[-2:] == ["?", "?"]:
            kept.pop()
    return kept


_TIGHT_BEFORE = frozenset(",);.]")
_TIGHT_AFTER = frozenset("(.[")


def _joined(words: list[str]) -> str:
    said: list[str] = []
    for i, word in enumerate(words):
        before = words[i - 1] if i else ""
        call = word == "(" and before.isidentifier() and before.upper() not in _BEFORE_LIST
        operator = before in _OPERATORS and word in _OPERATORS
        if i and word not in _TIGHT_BEFORE and before not in _TIGHT_AFTER and not call and not operator:
            said.append(" ")
        said.append(word)
    return "".join(said).strip().rstrip(";").rstrip()


_OPERATORS = frozenset("<>=!:|&~@#-+*/%^")
_BEFORE_LIST = {"IN", "VALUES", "AND", "OR", "NOT", "FROM", "WHERE", "SELECT", "ON", "JOIN", "AS", "ANY", "ALL", "SET"}
