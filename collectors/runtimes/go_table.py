"""Functions, files and lines of a Go program without symbols or DWARF: from the table that its runtime needs itself.

``runtime.pclntab`` of Go 1.16 and newer (src/runtime/symtab.go, src/debug/gosym/pclntab.go). Its text is hostile:
offsets are bounded, loops too. Of code that was inlined it has the line, and the name of the function that it was
inlined into; what lies between stands in a table elsewhere (go_inlining.py).
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from perfdoctor.collectors.runtimes.elf import Elf
from perfdoctor.collectors.runtimes.go_inlining import find_inlining

_SECTIONS = (".gopclntab", ".data.rel.ro.gopclntab")
_1_16, _1_18, _1_20 = 0xFFFFFFFA, 0xFFFFFFF0, 0xFFFFFFF1
_MOST_FUNCTIONS = 4_000_000
_MOST_STEPS = 1 << 20
_NO_FILE = 0xFFFFFFFF
_MOST_ROWS = 2_000_000
_INLINED = 2
"""which of a function's further tables has a place's number, from 0, in the tree of inlined calls"""
_TREE = 3
"""which of a function's data, behind those tables, is that tree"""
_MOST_INLINED = 32
_TOP, _LEAVES_STACK = 1, 2
"""flags of a function: nothing called it; it writes the stack pointer"""
_FIRST = "_rt0_amd64_linux"
"""the function that a program which Go itself linked begins with"""


class Place(NamedTuple):
    """A place in the code of Go. ``inlined``: file and line are those of code that was inlined into ``function``."""

    function: str
    file: str | None
    line: int | None
    inlined: bool = False


class _Function(NamedTuple):
    """``position``: of the address that was asked for, in the function's code. ``tables``: where its ``more`` further
    tables begin."""

    offset: int
    position: int
    files: int
    lines: int
    more: int
    unit: int
    tables: int


class GoTable:
    """The table of one file. ValueError when it has none, or one of another version."""

    def __init__(self, elf: Elf) -> None:
        name = next((name for name in _SECTIONS if elf.section(name)), "")
        self._data = data = elf.section_content(name)
        try:
            self._read_header(elf, elf.section(name) or (0, 0))
        except struct.error as error:
            raise ValueError("a damaged table of Go") from error
        if len(data) < self._functions + 8 * self._count:
            raise ValueError("a damaged table of Go")

    def _read_header(self, elf: Elf, section: tuple[int, int]) -> None:
        magic, zero, self._quantum, pointer = struct.unpack_from("<IHBB", self._data)
        if magic not in (_1_16, _1_18, _1_20) or zero or pointer != 8 or self._quantum not in (1, 2, 4):
            raise ValueError("no table of Go 1.16 or newer")
        self._old, self._numbered = magic == _1_16, magic == _1_20
        numbers = struct.unpack_from("<7Q" if self._old else "<8Q", self._data, 8)
        self._count = numbers[0]
        *_, self._names, self._units, self._files, self._steps, self._functions = numbers
        if self._count > _MOST_FUNCTIONS or max(numbers[-5:]) > len(self._data):
            raise ValueError("a damaged table of Go")
        shape = "<2Q" if self._old else "<2I"
        self._size = struct.calcsize(shape)
        rows = self._data[self._functions : self._functions + self._size * self._count]
        self._entries = list(struct.iter_unpack(shape, rows))
        self._starts = [entry for entry, _ in self._entries]
        if self._starts != sorted(self._starts):
            raise ValueError("a damaged table of Go")
        self._text = 0 if self._old else self._find_text(elf, numbers[2], section[0] + 24)
        self._inlining = None if self._old else find_inlining(elf, section[0], wide=not self._numbered)

    def _find_text(self, elf: Elf, said: int, field: int) -> int:
        """Where the functions begin that the table counts from: as the header says, or, in a program that is moved when
        it starts, its relocation; newer versions leave it to whoever knows how it was linked."""
        if found := said or elf.relocated(field):
            return found
        text, _ = elf.section(".text") or (0, 0)
        for start, offset in self._entries:
            if text + start == elf.entry and self._name(offset) == _FIRST:
                return text
        raise ValueError("the table of Go does not say where its functions begin")

    def find(self, address: int) -> Place | None:
        """What is at an address (before relocation); None where no function of Go is."""
        try:
            at = self._function_at(address)
            return at and self._place(at, at.position)
        except (struct.error, IndexError):
            return None

    def calls(self, address: int) -> tuple[Place, ...]:
        """The functions that were inlined at an address, innermost first, and the one that they were inlined into, each
        with its line; empty where that is not known."""
        found: list[Place] = []
        try:
            at = self._function_at(address)
            position = at.position if at else 0
            while at is not None and len(found) < _MOST_INLINED:
                place = self._place(at, position)
                if place is None or not place.inlined:
                    return (*found, place) if place else ()
                call = self._inlining and self._inlining.call(self._tree(at), self._inlined(at, position) or 0)
                if not call:
                    return ()
                found.append(Place(self._string(self._names + call.name), place.file, place.line))
                position = call.position
        except (struct.error, IndexError):
            return ()
        return ()

    def _function_at(self, address: int) -> "_Function | None":
        at = address - self._text
        i = bisect_right(self._starts, at) - 1
        if i < 0 or at < 0 or (i == len(self._starts) - 1 and at > self._starts[i] + _MOST_STEPS):
            return None
        start, offset = self._entries[i]
        place = self._functions + offset + (8 if self._old else 4)
        _, _, _, _, files, lines, more, unit = struct.unpack_from("<8I", self._data, place)
        return _Function(offset, at - start, files, lines, more, unit, place + (40 if self._numbered else 36))

    def _place(self, at: "_Function", position: int) -> Place | None:
        line, inlined = self._value(at.lines, position), self._inlined(at, position)
        file = self._file(at.unit, self._value(at.files, position))
        if line is None or inlined is None:
            return None
        return Place(self._name(at.offset), file, line if line > 0 else None, inlined >= 0)

    def _inlined(self, at: "_Function", position: int) -> int | None:
        """The number of what was inlined there, -1 where nothing was."""
        if at.more <= _INLINED:
            return -1
        (tree,) = struct.unpack_from("<I", self._data, at.tables + 4 * _INLINED)
        return self._value(tree, position) if tree else -1

    def _tree(self, at: "_Function") -> int:
        """Where the tree of a function's inlined calls begins, from where all such data do. IndexError: it has none."""
        if self._data[at.tables - 1] <= _TREE:
            raise IndexError("no tree of inlined calls")
        (tree,) = struct.unpack_from("<I", self._data, at.tables + 4 * (at.more + _TREE))
        return int(tree)

    def function(self, name: str) -> int | None:
        """Where the function of this name begins (before relocation)."""
        wanted = self._data.find(b"\0" + name.encode() + b"\0", self._names) + 1 - self._names
        place = 8 if self._old else 4
        for start, offset in self._entries:
            with suppress(struct.error):
                if wanted > 0 and struct.unpack_from("<I", self._data, self._functions + offset + place)[0] == wanted:
                    return int(self._text + start)
        return None

    def frame_sizes(self) -> Iterator[tuple[int, int | None]]:
        """(address, bytes of the stack that are in use there below the return address) up to the next row's address.
        None: there is no caller; -1: the function leaves its stack, and it is not known."""
        rows = 0
        for start, offset in self._entries:
            if rows > _MOST_ROWS:
                return
            rows += 1
            try:
                steps, flags = self._stack_of(offset)
            except (struct.error, IndexError):
                continue
            if flags & _TOP:
                yield self._text + start, None
            elif flags & _LEAVES_STACK or not steps:
                yield self._text + start, -1
            else:
                begins = start
                with suppress(IndexError):
                    for used, ends in self._walk(steps):
                        rows += 1
                        yield self._text + begins, max(-1, used)
                        begins = start + ends

    def _stack_of(self, offset: int) -> tuple[int, int]:
        """Where the steps of a function's stack are, and its flags."""
        place = self._functions + offset + (8 if self._old else 4)
        (steps,) = struct.unpack_from("<I", self._data, place + 12)
        return steps, self._data[place + (37 if self._numbered else 33)]

    def _name(self, offset: int) -> str:
        (name,) = struct.unpack_from("<I", self._data, self._functions + offset + (8 if self._old else 4))
        return self._string(self._names + name)

    def _file(self, unit: int, number: int | None) -> str | None:
        if number is None or number < 0:
            return None
        (name,) = struct.unpack_from("<I", self._data, self._units + 4 * (unit + number))
        return None if name == _NO_FILE else self._string(self._files + name) or None

    def _string(self, at: int) -> str:
        end = self._data.find(b"\0", at, at + 4096)
        return self._data[at : max(at, end)].decode("utf-8", "replace")

    def _value(self, offset: int, wanted: int) -> int | None:
        """What a table of steps says of the position ``wanted`` in its function."""
        return next((value for value, ends in self._walk(offset) if wanted < ends), None) if offset else None

    def _walk(self, offset: int) -> Iterator[tuple[int, int]]:
        """The steps of a table: a value, and the position in the function up to which it holds."""
        at, value, position = self._steps + offset, -1, 0
        for step in range(_MOST_STEPS):
            delta, at = self._number(at)
            if delta == 0 and step:
                return
            value += -(delta + 1 >> 1) if delta & 1 else delta >> 1
            length, at = self._number(at)
            if not length:
                return
            position += length * self._quantum
            yield value, position

    def _number(self, at: int) -> tuple[int, int]:
        """A number in seven bits a byte, and where the next one is."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self._data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, at
        raise IndexError("not a number")
