"""Objects of CPython, as they lie in the memory of a process: what their type is called, what a dictionary, a set or an
instance holds.

Whoever asks must be ready for BROKEN: the process runs on, so what lies there may be gone or another thing.
"""

import json
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from perfdoctor.collectors.host.base import Memory
from perfdoctor.collectors.runtimes.python_layout import Layout

_MOST_ENTRIES = 1 << 16
"""of a dictionary"""
_MOST_SLOTS = 1 << 18
"""of a set"""
_MOST_BASES = 32
_SPLIT, _GENERAL = 2, 0
"""kinds of tables of keys (pycore_dict.h)"""
_MANAGED, _INLINE = 1 << 4, 1 << 2
"""Py_TPFLAGS_MANAGED_DICT, Py_TPFLAGS_INLINE_VALUES"""
BROKEN = (OSError, ValueError, struct.error, OverflowError)
"""what reading memory may raise that is gone, or is not what it should be"""


@dataclass(frozen=True, slots=True)
class Offsets:
    """In bytes; see scripts/make_layouts.py."""

    modules: int
    module_dict: int
    dict_keys: int
    dict_values: int
    keys_log2_index_bytes: int
    keys_kind: int
    keys_entries: int
    keys_indices: int
    values_first: int
    set_mask: int
    set_table: int
    weakref_object: int
    type_flags: int
    type_basicsize: int
    type_dictoffset: int
    type_base: int
    type_keys: int
    list_size: int
    list_items: int
    generator_state: int
    generator_frame: int
    frame_stacktop: int
    frame_locals: int
    state_created: int
    state_awaits: int
    """of a coroutine that awaits another one; before 3.13, where it is not told from one that yields, of both: then"""
    resume: int
    """is the instruction that goes on behind an await,"""
    resume_replaced: int
    """or what the interpreter put in its place"""


@cache
def kept_offsets(minor: int) -> Offsets:
    return Offsets(**json.loads((Path(__file__).parent / "layouts" / f"tasks-3.{minor}.json").read_text()))


class TornError(ValueError):
    """What lies there is not what it should be."""


class Objects:
    """Of one process, for one reading."""

    def __init__(self, memory: Memory, layout: Layout, at: Offsets) -> None:
        self._memory, self._layout, self._at = memory, layout, at
        self._types: dict[int, str] = {}

    def pointer(self, at: int) -> int:
        return int(struct.unpack("<Q", self._memory.read(at, 8))[0])

    def signed(self, at: int) -> int:
        return int(struct.unpack("<q", self._memory.read(at, 8))[0])

    def type_of(self, at: int) -> str:
        """What the type of an object is called; ValueError where there is no object."""
        if at < 4096 or at & 7:
            raise TornError("not an object")
        return self.called(self.pointer(at + 8))

    def called(self, kind: int) -> str:
        """What a type is called."""
        known = self._types.get(kind)
        if known is None:
            name = self.pointer(kind + self._layout.type_name)
            # (to the end of its page at most: what lies behind may not be there)
            raw = self._memory.read(name, min(64, 4096 - name % 4096))
            known = self._types[kind] = raw.split(b"\0", 1)[0].decode("utf-8", "replace")
        return known

    def base(self, kind: int, wanted: str) -> int | None:
        """The type of that name which a type is, or is derived from; None where there is none."""
        for _ in range(_MOST_BASES):
            if not kind:
                return None
            if self.called(kind) == wanted:
                return kind
            kind = self.pointer(kind + self._at.type_base)
        return None

    def item(self, dictionary: int, key: bytes) -> int:
        """What a dictionary has under a key; 0 where it has none."""
        if self.type_of(dictionary) != "dict":
            raise TornError("not a dictionary")
        keys = self.pointer(dictionary + self._at.dict_keys)
        place, value = self._find(keys, key)
        if place is None or value:
            return value
        values = self.pointer(dictionary + self._at.dict_values)
        return self.pointer(values + self._at.values_first + 8 * place) if values else 0

    def _find(self, keys: int, key: bytes) -> tuple[int | None, int]:
        """(which entry has a key, and its value) of a table of keys; (None, 0) where there is none."""
        head = self._memory.read(keys, self._at.keys_indices)
        count = struct.unpack_from("<q", head, self._at.keys_entries)[0]
        indices = head[self._at.keys_log2_index_bytes]
        if not 0 <= count <= _MOST_ENTRIES or indices > 24:
            raise TornError("not a table of keys")
        size = 24 if head[self._at.keys_kind] == _GENERAL else 16
        raw = self._memory.read(keys + self._at.keys_indices + (1 << indices), size * count)
        for place in range(count):
            name, value = struct.unpack_from("<2Q", raw, place * size + size - 16)
            if name and self._is(name, key):
                return place, value
        return None, 0

    def _is(self, at: int, key: bytes) -> bool:
        """Whether a string of ASCII is ``key``."""
        layout = self._layout
        try:
            if self.signed(at + layout.unicode_length) != len(key):
                return False
            return self._memory.read(at + layout.ascii_data, len(key)) == key
        except BROKEN:
            return False

    def members(self, at: int) -> list[int]:
        """What a set has in it."""
        if self.type_of(at) != "set":
            raise TornError("not a set")
        slots = self.signed(at + self._at.set_mask) + 1
        if not 0 < slots <= _MOST_SLOTS:
            raise TornError("not a set")
        raw = self._memory.read(self.pointer(at + self._at.set_table), 16 * slots)
        # (the mark of a place that was left has the hash -1)
        return [key for key, value in struct.iter_unpack("<Qq", raw) if key and value != -1]

    def attribute(self, at: int, name: bytes) -> int:
        """An attribute of an instance; 0 where it has none."""
        kind = self.pointer(at + 8)
        (flags,) = struct.unpack("<Q", self._memory.read(kind + self._at.type_flags, 8))
        offset = self.signed(kind + self._at.type_dictoffset)
        if not flags & _MANAGED:
            dictionary = self.pointer(at + offset) if 0 < offset < 4096 else 0
            return self.item(dictionary, name) if dictionary else 0
        values, dictionary = self._managed(at, kind, flags)
        if dictionary:
            return self.item(dictionary, name)
        place, _ = self._find(self.pointer(kind + self._at.type_keys), name)
        return self.pointer(values + self._at.values_first + 8 * place) if values and place is not None else 0

    def _managed(self, at: int, kind: int, flags: int) -> tuple[int, int]:
        """(values, dictionary) of an instance, before which (pycore_object.h) lies which of both it has."""
        if self._layout.minor == 11:
            return self.pointer(at - 32), self.pointer(at - 24)
        word = self.pointer(at - 24)
        if self._layout.minor == 12:
            return (word + 1, 0) if word & 1 else (0, word)
        if word or not flags & _INLINE:
            return 0, word
        return at + self.signed(kind + self._at.type_basicsize), 0
