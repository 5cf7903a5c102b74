"""Which calls of a Go program were inlined into which, without DWARF: the trees that its runtime keeps for tracebacks.

The table of functions (go_table.py) has their places counted from an address that only the runtime's own description
of the program knows (``runtime.firstmoduledata``, src/runtime/symtab.go): it begins with the address of that table, and
has the other at a place that depends on the version. Read of Go 1.18 to 1.27; of programs that are moved when they are
loaded (PIE) the description is made at run time, and nothing is found.
"""

import struct
from typing import NamedTuple

from perfdoctor.collectors.runtimes.elf import Elf

_SECTIONS = (".noptrdata", ".go.module")
"""where the description is; since Go 1.26 in a section of its own"""
_WHERE = {True: (38,), False: (40, 43)}
"""words from its beginning to the address: until Go 1.19, and since 1.20 and 1.27"""
_TEXT = 22
"""the word that has the beginning of the code"""
_WIDE = struct.Struct("<hBxiiii")
"""parent, kind, file, line, name, position"""
_NARROW = struct.Struct("<B3xiii")
"""kind, name, position, first line"""
_LARGEST = 64 << 20


class Call(NamedTuple):
    """A call that was inlined: ``name`` is where the name of what was called is, ``position`` where in the code of the
    whole function it was called."""

    name: int
    position: int


class Inlining:
    """``data`` holds the trees."""

    def __init__(self, data: bytes, *, wide: bool) -> None:
        self._data, self._row = data, _WIDE if wide else _NARROW

    def call(self, tree: int, number: int) -> Call | None:
        """The call of this number in a tree; None where there is none."""
        at = tree + number * self._row.size
        if not 0 <= at <= len(self._data) - self._row.size:
            return None
        fields = self._row.unpack_from(self._data, at)
        name, position = fields[-2:] if self._row is _WIDE else fields[1:3]
        return Call(name, position) if name > 0 and position >= 0 else None


def find_inlining(elf: Elf, table: int, *, wide: bool) -> Inlining | None:
    """``table``: the address of the table of functions (before relocation). ``wide``: as Go wrote trees until 1.19."""
    for section in _SECTIONS:
        content, at = elf.section_content(section), -1
        while (at := content.find(struct.pack("<Q", table), at + 1)) >= 0:
            if at % 8 or len(content) - at < 8 * (max(_WHERE[wide]) + 1):
                continue
            words = struct.unpack_from(f"<{max(_WHERE[wide]) + 1}Q", content, at)
            if words[_TEXT] != (elf.section(".text") or (0, 0))[0]:
                continue
            for where in _WHERE[wide]:
                if (data := _read(elf, words[where])) is not None:
                    return Inlining(data, wide=wide)
    return None


def _read(elf: Elf, address: int) -> bytes | None:
    """What the file holds from an address (before relocation) on, to the end of its segment."""
    for segment in elf.segments:
        if segment.address <= address < segment.address + segment.size and not segment.executable:
            offset = segment.offset + address - segment.address
            return elf.content(offset, min(_LARGEST, segment.address + segment.size - address))
    return None
