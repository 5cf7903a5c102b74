"""Lexer of the mail template language; positions go into the error report."""
import re
from collections import namedtuple

Token = namedtuple("Token", "kind text line col")

SPEC = re.compile(
    r"(?P<open>\{\{)|(?P<close>\}\})|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<num>\d+)|(?P<op>[-+*/|.,()])|(?P<ws>\s+)|(?P<other>.)"
)


def position(source, offset):
    line = source.count("\n", 0, offset) + 1  # <- cost hot 81
    start = source.rfind("\n", 0, offset) + 1
    return line, offset - start + 1


def lex(source):
    for match in SPEC.finditer(source):  # <- hot 9
        kind = match.lastgroup
        if kind == "ws":
            continue
        line, col = position(source, match.start())  # <- cost
        yield Token(kind, match.group(), line, col)


class TemplateError(Exception):
    def __init__(self, token, message):
        super().__init__(f"{token.line}:{token.col}: {message}")


def check_balance(source):
    depth = 0
    last = None
    for token in lex(source):
        last = token
        if token.kind == "open":
            depth += 1
        elif token.kind == "close":
            depth -= 1
            if depth < 0:
                raise TemplateError(token, "unexpected }}")
    if depth:
        raise TemplateError(last, "missing }}")
