"""In which line does a function of JavaScript call another one, or make objects?

V8 says of a caller only where its function begins. The line of the call is read from the source: where the function's
text names the callee in one line only, or has the callee (a callback) in it, it is that line. Else nobody knows.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.target_files import content

_LARGEST = 4 << 20
_MOST_FILES = 256
_NAME = re.compile(r"[\w$]+\Z")
# What is no code, and what opens and closes it. A slash may also begin a regular expression: see _Source.
_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|=>|[`(){}\[\];,/]""", re.DOTALL
)
_TEMPLATE = re.compile(r"(?:\\.|[^`\\$]|\$(?!\{))*(?:`|\$\{|\\?\Z)", re.DOTALL)
_EXPRESSION = re.compile(r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n]){1,2000}/[a-z]*")
_BEFORE_EXPRESSION = re.compile(
    r"(?:[(,=:\[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|await|yield))\Z"
)
"""what a slash follows that begins a regular expression, and does not divide"""
# {x, y} where a value is asked for, [1, 2] likewise, new Thing
_MAKES = re.compile(r"(?:[(,=:?\[]|\breturn)\s*\{|(?:[(,=:?]|=>|\breturn)\s*\[|\bnew\s+[A-Za-z_$]")
_OPENS, _CLOSES = frozenset("({["), frozenset(")}]")


class Function(NamedTuple):
    """Where a function begins, as V8 counts (from 1); ``name`` is what V8 calls it, empty for one without."""

    name: str
    line: int
    column: int


class CallSites:
    """Of the files of one process."""

    def __init__(self, host: Host, pid: int) -> None:
        self._host, self._pid = host, pid
        self._files: dict[str, _Source | None] = {}

    def line(self, file: str, caller: Function, callee: Function, *, same_file: bool) -> int | None:
        """The line in ``caller`` that calls ``callee``; ``same_file``: it is in that file, too."""
        source = self._source(file)
        return source.call(caller, callee, same_file=same_file) if source else None

    def maker(self, file: str, function: Function) -> int | None:
        """The line in which ``function`` makes objects, where it does so in one line only."""
        source = self._source(file)
        return source.maker(function) if source else None

    def _source(self, file: str) -> "_Source | None":
        if not file.startswith("/"):
            return None
        if file not in self._files:
            if len(self._files) >= _MOST_FILES:
                return None
            self._files[file] = self._read(file)
        return self._files[file]

    def _read(self, file: str) -> "_Source | None":
        text = content(self._host, self._pid, file, _LARGEST)
        return _Source(text.decode("utf-8", "replace")) if text else None


class _Source:
    """One file: its code without what texts and comments say, and its brackets."""

    def __init__(self, text: str) -> None:
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self._marks: list[tuple[int, str]] = []
        """brackets, commas, semicolons and arrows, in order"""
        code, at = list[str](), 0
        for begin, end in self._no_code(text):
            code += (text[at:begin], re.sub(r"[^\n]", " ", text[begin:end]))
            at = end
        self.code = "".join((*code, text[at:]))
        self._at = [at for at, _ in self._marks]

    def _no_code(self, text: str) -> Iterator[tuple[int, int]]:
        """The parts that are comments, texts, or regular expressions."""
        at, templates = 0, list[int]()
        depth = 0
        while found := _TOKEN.search(text, at):
            piece, begin, at = found[0], found.start(), found.end()
            if piece == "`" or (piece == "}" and templates and templates[-1] == depth):
                if piece == "}":
                    templates.pop()
                    self._marks.append((begin, "}"))
                inside = _TEMPLATE.match(text, at)
                assert inside is not None
                yield (begin if piece == "`" else at), inside.end() - (2 if inside[0].endswith("${") else 0)
                at = inside.end()
                if inside[0].endswith("${"):
                    templates.append(depth)
                    self._marks.append((at - 1, "{"))
            elif piece == "/":
                before = text[max(0, begin - 64) : begin].rstrip()
                begins = not before or _BEFORE_EXPRESSION.search(before)
                if begins and (whole := _EXPRESSION.match(text, begin)):
                    yield begin, whole.end()
                    at = whole.end()
            elif len(piece) > 1 and piece != "=>":
                yield begin, at
            else:
                self._marks.append((begin, piece))
                depth += (piece in _OPENS) - (piece in _CLOSES)

    def call(self, caller: Function, callee: Function, *, same_file: bool) -> int | None:
        begin, end = self._extent(caller)
        name = callee.name.rpartition(".")[2].removeprefix("get ").removeprefix("set ")
        if _NAME.match(name):
            called = re.compile(rf"(?<![\w$]){re.escape(name)}\s*(?:\?\.)?\s*\(")
            lines = {self._line(at.start()) for at in called.finditer(self.code, begin, end)}
            # (A function that is declared looks like a call of it.)
            lines -= {callee.line} if same_file and callee.line > caller.line else set()
            if lines:
                return lines.pop() if len(lines) == 1 else None
        inside = same_file and begin < self._offset(callee) < end and callee.line > caller.line
        return callee.line if inside else None

    def maker(self, function: Function) -> int | None:
        lines = {self._line(found.end() - 1) for found in _MAKES.finditer(self.code, *self._extent(function))}
        return lines.pop() if len(lines) == 1 else None

    def _offset(self, place: Function) -> int:
        return self._lines[min(max(place.line, 1), len(self._lines)) - 1] + max(place.column - 1, 0)

    def _line(self, offset: int) -> int:
        return bisect_right(self._lines, offset)

    def _extent(self, function: Function) -> tuple[int, int]:
        """From where V8 says that it begins (its parameters, or its name) to its end."""
        begin = self._offset(function)
        if function.line <= 1 and function.column <= 1:
            return 0, len(self.code)  # a module
        depth, arrow = 0, False
        first = bisect_left(self._at, begin)
        for i in range(first, len(self._marks)):
            at, mark = self._marks[i]
            if mark == "=>" and not depth:
                arrow = True
                if self.code[at + 2 : at + 66].lstrip()[:1] == "{":
                    continue
                return begin, self._end(i + 1, expression=True)
            if mark == "{" and not depth:
                return begin, self._end(i + 1, expression=False)
            if mark in _OPENS:
                depth += 1
            elif mark in _CLOSES:
                depth -= 1
                if depth < 0:
                    break
            elif mark in ";," and not depth and not arrow:
                break
        return begin, begin

    def _end(self, first: int, *, expression: bool) -> int:
        depth = 0
        for at, mark in islice(self._marks, first, None):
            if mark in _OPENS:
                depth += 1
            elif mark in _CLOSES:
                depth -= 1
                if depth < 0:
                    return at
            elif expression and mark in ";," and not depth:
                return at
        return len(self.code)
