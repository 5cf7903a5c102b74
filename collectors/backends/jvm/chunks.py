"""Reads a recording of Java Flight Recorder: chunks that describe themselves, events, and the constants they point to.

The format has no document but its writer (hotspot/share/jfr/recorder, version 2 since JDK 11; JDK 8u262 writes it too).
The bytes are the target's: bounded, and ValueError where they contradict themselves.
"""

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_HEAD = struct.Struct(">4sHHqqqqqqqI")
_METADATA, _CHECKPOINT = 0, 1
_MOST_STRINGS = 1 << 20
_MOST_ITEMS = 1 << 20
_DEEPEST = 24
_NUMBERS = {"char", "short", "int", "long"}


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: int
    constant: bool
    many: bool


@dataclass(slots=True)
class _Class:
    name: str
    fields: list[_Field] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Constant:
    """What a field points to; ``Chunk.look_up`` says what that is."""

    kind: int
    key: int


@dataclass(frozen=True, slots=True)
class Event:
    """``values`` by the name of the field; ``startTime`` and ``duration`` in ticks, see ``Chunk``. It stands for
    ``weight`` events of its name, of which the others were not read."""

    name: str
    values: dict[str, Any]
    weight: int = 1


class _Cursor:
    def __init__(self, data: memoryview, at: int) -> None:
        self.data, self.at = data, at

    def number(self) -> int:
        """LEB128 of 64 bits, whose ninth byte has eight."""
        value = shift = 0
        for position in range(9):
            byte = self.data[self.at]
            self.at += 1
            if position == 8:
                return value | byte << shift
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        return value

    def take(self, size: int) -> bytes:
        if not 0 <= size <= len(self.data) - self.at:
            raise ValueError("longer than what holds it")
        self.at += size
        return bytes(self.data[self.at - size : self.at])

    def text(self) -> str | int | None:
        """A string; the key of one in the table of strings (int); or None."""
        how = self.take(1)[0]
        if how in (0, 1):
            return None if how == 0 else ""
        if how == 2:
            return self.number()
        size = self.number()
        if how == 3:
            return self.take(size).decode("utf-8", "replace")
        if how == 5:
            return self.take(size).decode("latin-1")
        if how != 4 or size > len(self.data):
            raise ValueError("not a string")
        return "".join(chr(min(self.number(), 0x10FFFF)) for _ in range(size))


class Chunk:
    """One chunk. Ticks become Unix time by ``time_of``, and seconds by ``seconds``."""

    def __init__(self, data: memoryview) -> None:
        head = _HEAD.unpack_from(data, 0)
        magic, major, _, size, checkpoint, metadata, nanos, _, ticks, frequency, flags = head
        if magic != b"FLR\0" or major != 2 or not flags & 1:
            raise ValueError("not a chunk of a version that is known")
        if not _HEAD.size < size <= len(data) or frequency <= 0:
            raise ValueError("a chunk that was not finished")
        self.size = size
        self._nanos: int = nanos
        self._ticks: int = ticks
        self._frequency: int = frequency
        self._data = data[:size]
        self._classes: dict[int, _Class] = {}
        self._constants: dict[int, dict[int, Any]] = {}
        self._read_metadata(metadata)
        self._read_checkpoints(checkpoint)

    def time_of(self, ticks: int) -> float:
        """Unix time."""
        return self._nanos * 1e-9 + (ticks - self._ticks) / self._frequency

    def seconds(self, ticks: int) -> float:
        return ticks / self._frequency

    def events(self, wanted: frozenset[str], most: Mapping[str, int] = MappingProxyType({})) -> Iterator[Event]:
        """In no order. Of each name in ``most`` at most about so many, evenly over the chunk: to read one takes tens of
        microseconds, and a program that reads in small pieces makes a hundred thousand a second."""
        number = Counter(kind for kind, _ in self._events())
        passed: Counter[int] = Counter()
        for kind, cursor in self._events():
            known = self._classes.get(kind)
            if known is None or known.name not in wanted:
                continue
            passed[kind] += 1
            one_of = 1 + number[kind] // most[known.name] if known.name in most else 1
            if passed[kind] % one_of == 0:
                yield Event(known.name, self._fields(cursor, known, 0), one_of)

    def _events(self) -> Iterator[tuple[int, "_Cursor"]]:
        at = _HEAD.size
        while at < self.size:
            cursor = _Cursor(self._data, at)
            size = cursor.number()
            kind = cursor.number()
            if size <= 0 or at + size > self.size:
                raise ValueError("an event that is longer than its chunk")
            if kind not in (_METADATA, _CHECKPOINT):
                yield kind, cursor
            at += size

    def look_up(self, value: object) -> Any:
        """What a field's value stands for, one step: its fields as a dict, a string, or None where it is not known."""
        if not isinstance(value, Constant):
            return value
        return self._constants.get(value.kind, {}).get(value.key)

    def fields(self, value: object) -> Mapping[str, Any]:
        found = self.look_up(value)
        return found if isinstance(found, dict) else {}

    def text(self, value: object) -> str:
        """A string, also one that is wrapped in a symbol."""
        for _ in range(4):
            value = self.look_up(value)
            if isinstance(value, dict):
                value = value.get("string", value.get("name"))
            if isinstance(value, str):
                return value
        return ""

    def _read_metadata(self, at: int) -> None:
        cursor = self._event_at(at, _METADATA)
        for _ in range(3):  # when, how long, which
            cursor.number()
        count = cursor.number()
        if count > _MOST_STRINGS:
            raise ValueError("too many names")
        names = [str(cursor.text() or "") for _ in range(count)]
        self._element(cursor, names, None, 0)

    def _element(self, cursor: _Cursor, names: list[str], inside: _Class | None, depth: int) -> None:
        if depth > _DEEPEST:
            raise ValueError("too deep")
        name = names[cursor.number()]
        told = {names[cursor.number()]: names[cursor.number()] for _ in range(min(cursor.number(), _MOST_ITEMS))}
        if name == "class":
            inside = self._classes.setdefault(int(told.get("id", -1)), _Class(told.get("name", "")))
        elif name == "field" and inside is not None:
            kind, many = int(told.get("class", -1)), told.get("dimension", "0") != "0"
            inside.fields.append(_Field(told.get("name", ""), kind, told.get("constantPool") == "true", many))
            inside = None
        elif name not in {"metadata", "root"}:
            inside = None
        for _ in range(min(cursor.number(), _MOST_ITEMS)):
            self._element(cursor, names, inside, depth + 1)

    def _read_checkpoints(self, at: int) -> None:
        seen: set[int] = set()
        while at not in seen:
            seen.add(at)
            cursor = self._event_at(at, _CHECKPOINT)
            cursor.number(), cursor.number()  # when, how long
            back = cursor.number()
            cursor.take(1)  # what it is for
            for _ in range(min(cursor.number(), _MOST_ITEMS)):
                kind = cursor.number()
                known = self._classes.get(kind)
                if known is None:
                    raise ValueError("constants of no known class")
                table = self._constants.setdefault(kind, {})
                for _ in range(min(cursor.number(), _MOST_ITEMS)):
                    key = cursor.number()
                    value = self._one(cursor, kind, known, 0)
                    table.setdefault(key, value)
            if back == 0:
                return
            at += back - (1 << 64) if back >> 63 else back

    def _event_at(self, at: int, kind: int) -> _Cursor:
        if not _HEAD.size <= at < self.size:
            raise ValueError("points out of the chunk")
        cursor = _Cursor(self._data, at)
        cursor.number()
        if cursor.number() != kind:
            raise ValueError("points at another kind of event")
        return cursor

    def _fields(self, cursor: _Cursor, known: _Class, depth: int) -> dict[str, Any]:
        if depth > _DEEPEST:
            raise ValueError("too deep")
        return {one.name: self._field(cursor, one, depth) for one in known.fields}

    def _field(self, cursor: _Cursor, one: _Field, depth: int) -> Any:
        if not one.many:
            return self._value(cursor, one, depth)
        count = cursor.number()
        if count > _MOST_ITEMS:
            raise ValueError("too many items")
        return [self._value(cursor, one, depth) for _ in range(count)]

    def _value(self, cursor: _Cursor, one: _Field, depth: int) -> Any:
        if one.constant:
            return Constant(one.kind, cursor.number())
        known = self._classes.get(one.kind)
        if known is None:
            raise ValueError("a field of no known class")
        return self._one(cursor, one.kind, known, depth)

    def _one(self, cursor: _Cursor, kind: int, known: _Class, depth: int) -> Any:
        name = known.name
        if name in _NUMBERS:
            value = cursor.number()
            return value - (1 << 64) if value >> 63 else value
        if name in ("boolean", "byte"):
            return cursor.take(1)[0]
        if name == "float":
            return struct.unpack(">f", cursor.take(4))[0]
        if name == "double":
            return struct.unpack(">d", cursor.take(8))[0]
        if name == "java.lang.String":
            text = cursor.text()
            return Constant(kind, text) if isinstance(text, int) else text
        return self._fields(cursor, known, depth + 1)


def chunks(data: bytes) -> Iterator[Chunk]:
    """The chunks of a recording. ValueError where one cannot be read; those before it have been given."""
    view = memoryview(data)
    while len(view) > 0:
        try:
            chunk = Chunk(view)
        except (IndexError, struct.error, OverflowError, RecursionError) as error:
            raise ValueError("ends too soon") from error
        yield chunk
        view = view[chunk.size :]
