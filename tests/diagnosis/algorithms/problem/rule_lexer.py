"""Lexer for the firewall rule language."""
import re
from dataclasses import dataclass

SPEC = [
    ("WS", r"\s+"),
    ("COMMENT", r"#[^\n]*"),
    ("CIDR", r"\d+\.\d+\.\d+\.\d+(?:/\d+)?"),
    ("NUMBER", r"\d+"),
    ("WORD", r"[A-Za-z_][\w-]*"),
    ("ARROW", r"->"),
    ("PUNCT", r"[{}:;,=!]"),
]
PATTERN = re.compile("|".join(f"(?P<{name}>{rx})" for name, rx in SPEC))
SKIP = {"WS", "COMMENT"}


@dataclass
class Token:
    kind: str
    text: str
    line: int


class LexError(ValueError):
    pass


class Lexer:
    def __init__(self, source):
        self.rest = source
        self.line = 1

    def next_token(self):
        while self.rest:
            m = PATTERN.match(self.rest)  # <- hot 5
            if m is None:
                raise LexError(f"line {self.line}: unexpected {self.rest[0]!r}")
            text = m.group()
            self.rest = self.rest[len(text):]  # <- cost hot 88
            line = self.line
            self.line += text.count("\n")
            if m.lastgroup not in SKIP:
                return Token(m.lastgroup, text, line)
        return None

    def __iter__(self):
        while True:
            token = self.next_token()
            if token is None:
                return
            yield token


def rules(source):
    current = []
    for token in Lexer(source):
        if token.kind == "PUNCT" and token.text == ";":
            yield current
            current = []
        else:
            current.append(token)
    if current:
        raise LexError("missing ';' at end of file")
