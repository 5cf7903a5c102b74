"""Words of the bpftrace language. What is not known is refused: it is never handed on."""

import re
from dataclasses import dataclass
from enum import StrEnum

from perfdoctor.collectors.backends.bpftrace.language.refused import ProgramRefusedError
from perfdoctor.collectors.text import quoted

LONGEST_PROGRAM = 16 << 10
MOST_TOKENS = 4096
_SHOWN = 60


class Kind(StrEnum):
    NUMBER = "number"
    NAME = "name"
    VARIABLE = "variable"
    MAP = "map"
    STRING = "string"
    SIGN = "sign"
    PROBE = "probe"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    line: int

    @property
    def shown(self) -> str:
        return "the end of the program" if self.kind is Kind.END else quoted(self.text, _SHOWN)


# 12  0x1f  1_000  1e6  8ull
_NUMBER = r"(?:0[xX][0-9a-fA-F]{1,16}|[0-9][0-9_]{0,23}(?:[eE][0-9]{1,2})?)(?:[uU]?[lL]{0,2})(?![0-9A-Za-z_])"
# The escapes of C; the end of a line ends no string.
_STRING = r'"(?:[^"\\\x00-\x1f\x7f]|\\(?:[nrt"\\]|x[0-9a-fA-F]{2}|[0-7]{3}))*"'
_SIGNS = (
    r"<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||\+=|-=|\*=|/=|%=|&=|\|=|\^=|[-+*/%&|^~!<>=?:;,.(){}\[\]]"
)  # fmt: skip
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)"
    rf"|(?P<number>{_NUMBER})|(?P<string>{_STRING})"
    r"|(?P<map>@[A-Za-z_][A-Za-z0-9_]*|@)|(?P<variable>\$[A-Za-z_][A-Za-z0-9_]*)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    rf"|(?P<sign>{_SIGNS})"
)
# uprobe:/usr/bin/python3.11:PyObject_Malloc   tracepoint:syscalls:sys_enter_*   BEGIN
_PROBE = re.compile(r"[A-Za-z_][\w.:/*?+$@\[\]-]*")


def refuse(what: str, why: str, next_step: str, line: int = 0) -> ProgramRefusedError:
    at = f" (line {line} of the program)" if line else ""
    return ProgramRefusedError(what, f"{why.removesuffix('.')}{at}.", next_step)


class Words:
    """The tokens of a program, one after the other; what a probe is called is a token of its own."""

    def __init__(self, program: str) -> None:
        if len(program) > LONGEST_PROGRAM:
            raise refuse(
                f"The program is longer than {LONGEST_PROGRAM:,} characters.",
                "Each of its parts is compiled and put into the kernel.",
                "Ask one question at a time: shorten the program.",
            )
        self._program, self._at, self._line, self._count = program, 0, 1, 0
        self._ahead: Token | None = None

    @property
    def next(self) -> Token:
        """The token ahead."""
        if self._ahead is None:
            self._ahead = self._read()
        return self._ahead

    def take(self) -> Token:
        token, self._ahead = self.next, None
        return token

    def taken(self, *texts: str) -> Token | None:
        """The token ahead, taken, if it is one of these signs or names."""
        there = self.next
        return self.take() if there.kind in (Kind.SIGN, Kind.NAME) and there.text in texts else None

    def expect(self, text: str) -> Token:
        there = self.taken(text)
        if there is None:
            raise self.unexpected(f"`{text}`")
        return there

    def followed_by(self, text: str) -> bool:
        """Whether ``text`` comes after the token ahead."""
        at = self._at if self.next.kind is not Kind.END else len(self._program)
        while (found := _TOKEN.match(self._program, at)) and found["space"] is not None:
            at = found.end()
        return self._program.startswith(text, at)

    def unexpected(self, wanted: str, token: Token | None = None) -> ProgramRefusedError:
        token = token or self.next
        return refuse(
            f"The program cannot be read at {token.shown}.",
            f"{wanted[:1].upper()}{wanted[1:]} is expected there",
            "Correct it there. Accepted is the common part of the bpftrace language, without #include, struct "
            "definitions, macros and configuration.",
            token.line,
        )

    def probe(self) -> Token:
        """The name of a probe: what follows must be one."""
        assert self._ahead is None
        self._skip()
        found = _PROBE.match(self._program, self._at)
        if not found:
            raise self.unexpected("a probe, such as tracepoint:syscalls:sys_enter_read,")
        self._at = found.end()
        return Token(Kind.PROBE, found[0], self._line)

    @property
    def ended(self) -> bool:
        self._skip()
        return self._ahead is None and self._at >= len(self._program)

    def _skip(self) -> None:
        while self._ahead is None and (found := _TOKEN.match(self._program, self._at)) and found["space"] is not None:
            self._line += found[0].count("\n")
            self._at = found.end()

    def _read(self) -> Token:
        self._skip()
        if self._at >= len(self._program):
            return Token(Kind.END, "", self._line)
        self._count += 1
        if self._count > MOST_TOKENS:
            raise refuse(
                f"The program has more than {MOST_TOKENS:,} words.",
                "Each of its parts is compiled and put into the kernel.",
                "Ask one question at a time: shorten the program.",
            )
        found = _TOKEN.match(self._program, self._at)
        if not found:
            raise self._not_a_word()
        self._at = found.end()
        return Token(Kind(str(found.lastgroup)), found[0], self._line)

    def _not_a_word(self) -> ProgramRefusedError:
        here = self._program[self._at : self._at + 20]
        shown = quoted(here, _SHOWN)
        if here.startswith("#"):
            return refuse(
                f"The preprocessor may not be used: {shown}.",
                "#include and #define are worked by a C compiler, which reads files of the machine",
                "Leave it out; types of the kernel are known without it.",
                self._line,
            )
        if here.startswith("$"):
            return refuse(
                f"There are no arguments to be put in for {shown}.",
                "The program is all that is handed over",
                "Write the value into the program.",
                self._line,
            )
        return refuse(
            f"The program cannot be read at {shown}.",
            "No word of the language begins so, or a text or comment has no end, or holds a control character",
            "Correct it there.",
            self._line,
        )
