"""Lexer of the mail template language."""
import re
from collections import namedtuple

Token = namedtuple("Token", "kind text")

RULES = [
    ("open", re.compile(r"\{\{")),
    ("close", re.compile(r"\}\}")),
    ("name", re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")),
    ("pipe", re.compile(r"\|")),
    ("space", re.compile(r"\s+")),
    ("other", re.compile(r".", re.S)),
]


class LexError(ValueError):
    pass


def next_token(source, at):
    for kind, pattern in RULES:
        m = pattern.match(source, at)  # <- hot 51
        if m:
            return Token(kind, m.group()), m.end()  # <- hot 19
    raise LexError(source[at:at + 20])


def tokens(source):
    at, end = 0, len(source)
    while at < end:
        token, at = next_token(source, at)  # <- hot 11
        yield token


def expressions(source):
    inside, names = False, []
    for token in tokens(source):
        if token.kind == "open":
            inside, names = True, []
        elif token.kind == "close" and inside:
            inside = False
            yield tuple(names)
        elif inside and token.kind == "name":
            names.append(token.text)


def used_variables(templates):
    return {expr[0] for text in templates for expr in expressions(text) if expr}
