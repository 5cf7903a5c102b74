"""Lexer of the mail template language; positions go into the error report."""
import re
from collections import namedtuple

Token = namedtuple("Token", "kind text line col")

SPEC = re.compile(
    r"(?P<open>\{\{)|(?P<close>\}\})|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<num>\d+)|(?P<op>[-+*/|.,()])|(?P<ws>\s+)|(?P<other>.)"
)


def lex(source):
    line = 1
    line_start = 0
    for match in SPEC.finditer(source):  # <- hot 47
        kind = match.lastgroup
        text = match.group()
        if kind == "ws":
            breaks = text.count("\n")
            if breaks:
                line += breaks
                line_start = match.start() + text.rfind("\n") + 1
            continue
        yield Token(kind, text, line, match.start() - line_start + 1)  # <- hot 33


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
