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


def next_token(source):
    for kind, pattern in RULES:
        m = pattern.match(source)  # <- hot 14
        if m:
            return Token(kind, m.group())
    raise LexError(source[:20])


def tokens(source):
    while source:
        token = next_token(source)
        source = source[len(token.text):]  # <- cost hot 79
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
