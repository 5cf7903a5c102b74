"""Expressions of the bpftrace language, read and written anew.

In the target, memory is read with ``uptr()`` around every address: without it bpftrace takes an address as one of the
kernel, and the program could read the memory of the whole machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from perfdoctor.collectors.backends.bpftrace.language import rules
from perfdoctor.collectors.backends.bpftrace.language.rules import Scope
from perfdoctor.collectors.backends.bpftrace.language.tokens import Kind, Words, refuse

RESERVED = "perfdoctor"
"""maps of ours begin so"""
_DEEPEST = 48
_NEAR = 16
"""a constant index below this stays within what the kernel shows of an event: raw_syscalls has args->args[5]"""
_INTEGERS = frozenset({f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)} | {"void", "bool"})
_COMPOUND = frozenset({"struct", "union", "enum"})
_STRENGTH = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7, "<<": 8, ">>": 8,
    "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip


class Shape(Enum):
    """What an expression is, as far as reading through it matters."""

    VALUE = "a value"
    ARGS = "args"
    FIELD = "a field of args"
    MEMORY = "what was read from memory"
    MAP = "a map"
    VARIABLE = "a variable"
    CALL = "a call"


@dataclass(frozen=True, slots=True)
class Read:
    """``text``: the expression as it is handed on."""

    text: str
    shape: Shape = Shape.VALUE
    stepped: bool = False
    """ends or begins with ++ or --: it is a statement of its own"""


class Expressions:
    """Reads expressions from ``words`` that run in ``scope``. ``maps`` collects the names of the program's maps."""

    def __init__(
        self, words: Words, scope: Scope, maps: set[str], *, held: Callable[[str], bool], lent: bool = False
    ) -> None:
        self._words, self._scope, self._maps, self._lent = words, scope, maps, lent
        self._held = held
        self._depth = 0

    def expression(self) -> Read:
        self._enter()
        read = self._binary(1)
        if self._words.taken("?"):
            yes = self.expression()
            self._words.expect(":")
            no = self.expression()
            read = Read(f"{read.text} ? {yes.text} : {no.text}")
        self._depth -= 1
        return read

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise refuse(
                f"The program is nested more than {_DEEPEST} deep.",
                "So deep it cannot be read by people, nor compiled in a bounded time",
                "Put parts of it into variables.",
                self._words.next.line,
            )

    def _binary(self, weakest: int) -> Read:
        left = self._unary()
        while True:
            sign = self._words.next
            strength = _STRENGTH.get(sign.text, 0) if sign.kind is Kind.SIGN else 0
            if strength < weakest or strength == 0 or (sign.text == "/" and self._words.followed_by("{")):
                return left  # a / before a block ends a predicate
            self._words.take()
            left = Read(f"{left.text} {sign.text} {self._binary(strength + 1).text}")

    def _unary(self) -> Read:
        self._enter()
        words = self._words
        sign = words.taken("!", "~", "-", "*", "++", "--")
        if sign is None:
            begin = words.next
            read = self._postfix(self._primary())
            if self._lent and read.shape is Shape.ARGS:  # by itself it is an address of the kernel
                raise rules.lent_less("args may not be used but for its fields.", begin)
        elif sign.text == "*":
            rules.check_reading(sign, self._scope)
            read = Read(f"* {self._of_the_target(self._unary().text)}", Shape.MEMORY)
        else:
            read = Read(f"{sign.text} {self._unary().text}", stepped=sign.text in ("++", "--"))
        self._depth -= 1
        return read

    def _is_held(self, read: Read) -> bool:
        """Whether it is text or an array that the event itself holds. Any other field is a number to us: the process
        may have chosen it, so that read as an address it must be one of the process's."""
        if read.shape is not Shape.FIELD:
            return False
        return self._scope is Scope.ANYWHERE or self._held(read.text.removeprefix("args -> "))

    def _of_the_target(self, address: str) -> str:
        return f"uptr ( {address} )" if self._scope is Scope.TARGET else address

    def _primary(self) -> Read:
        words = self._words
        token = words.next
        if token.kind in (Kind.NUMBER, Kind.STRING):
            return Read(words.take().text)
        if token.kind is Kind.VARIABLE:
            return Read(words.take().text, Shape.VARIABLE)
        if token.kind is Kind.MAP:
            return self._map()
        if token.kind is Kind.NAME:
            return self._name()
        words.expect("(")
        if written := self._type():
            words.expect(")")
            return Read(f"( {written} ) {self._unary().text}")
        parts = self._list(")")
        if not parts:
            raise words.unexpected("something between the brackets")
        return Read(f"( {' , '.join(parts)} )")

    def _list(self, end: str) -> list[str]:
        """Expressions with commas between them, and the sign that ends them."""
        parts: list[str] = []
        while not self._words.taken(end):
            if parts:
                self._words.expect(",")
            parts.append(self.expression().text)
        return parts

    def _map(self) -> Read:
        token = self._words.take()
        rules.check_map(token, RESERVED)
        self._maps.add(token.text)
        text = token.text
        if self._words.taken("["):
            keys = self._list("]")
            text = f"{text} [ {' , '.join(keys)} ]"
        return Read(text, Shape.MAP)

    def _name(self) -> Read:
        words = self._words
        token = words.take()
        if token.text == "sizeof":
            words.expect("(")
            written = self._type() or self.expression().text
            words.expect(")")
            return Read(f"sizeof ( {written} )")
        if not words.taken("("):
            rules.check_name(token, self._scope, lent=self._lent)
            return Read(token.text, Shape.ARGS if token.text == "args" else Shape.VALUE)
        rules.check_call(token, self._scope, lent=self._lent)
        parts = self._arguments(token.text)
        return Read(f"{token.text} ( {' , '.join(parts)} )", Shape.CALL)

    def _arguments(self, function: str) -> list[str]:
        words = self._words
        parts: list[str] = []
        while not words.taken(")"):
            if parts:
                words.expect(",")
            if function in ("kstack", "ustack") and words.next.text in rules.STACK_MODES:
                parts.append(words.take().text)
                continue
            read = self.expression()
            through = function == "str" and not parts and not self._is_held(read)
            parts.append(self._of_the_target(read.text) if through else read.text)
        if function == "buf" and len(parts) > 1:  # without a length it is an array, not an address
            parts[0] = self._of_the_target(parts[0])
        return parts

    def _type(self) -> str | None:
        """``struct task_struct *``: a type, where one stands; takes nothing where none does."""
        words = self._words
        token = words.next
        if token.kind is not Kind.NAME or token.text not in _COMPOUND | _INTEGERS:
            return None
        written = words.take().text
        if written in _COMPOUND:
            name = words.take()
            if name.kind is not Kind.NAME:
                raise words.unexpected("the name of a type", name)
            written += f" {name.text}"
        stars = 0
        while words.taken("*"):
            stars += 1
        if stars > 3:
            raise words.unexpected("at most three *")
        return f"{written} {'*' * stars}".strip()

    def _postfix(self, read: Read) -> Read:
        words = self._words
        while sign := words.taken("->", ".", "[", "++", "--"):
            if sign.text in ("++", "--"):
                return Read(f"{read.text} {sign.text}", read.shape, stepped=True)
            if sign.text == "[":
                read = self._element(read)
                continue
            part = words.take()
            if sign.text == "." and part.kind is Kind.NUMBER and part.text.isdecimal():
                read = Read(f"{read.text}.{part.text}")  # of a tuple
            elif part.kind is not Kind.NAME:
                raise words.unexpected("the name of a field", part)
            elif read.shape is Shape.ARGS:
                read = Read(f"args -> {part.text}", Shape.FIELD)  # args.name is of later versions
            else:
                rules.check_reading(sign, self._scope)
                inside = sign.text == "." and read.shape is Shape.MEMORY
                base = read.text if inside else self._of_the_target(read.text)
                read = Read(f"{base} {sign.text} {part.text}", Shape.MEMORY)
        return read

    def _element(self, read: Read) -> Read:
        rules.check_reading(self._words.next, self._scope)
        index = self.expression().text
        self._words.expect("]")
        of_the_event = self._is_held(read) and index.isdecimal() and int(index) < _NEAR
        base = read.text if of_the_event else self._of_the_target(read.text)
        return Read(f"{base} [ {index} ]", Shape.MEMORY)
