"""Where things are in an ELF file: its segments, one section, one symbol. Files come from the target: nothing is
trusted."""

import mmap
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SYMBOL = struct.Struct("<IBBHQQ")
_SYMTAB, _DYNSYM, _LOAD, _OBJECT, _FUNCTION = 2, 11, 1, 1, 2


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of the file that is mapped: ``offset`` in the file goes to ``address`` (before relocation)."""

    offset: int
    address: int
    size: int
    executable: bool


class Elf:
    """A little-endian 64-bit ELF file, kept open. OSError when it cannot be read, ValueError when it is something
    else or is damaged."""

    def __init__(self, path: str) -> None:
        self._named: dict[int, list[tuple[int, int, int]]] = {}
        self._file = Path(path).open("rb")  # noqa: SIM115 - closed by close()
        try:
            self._data = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
            self._read_headers()
        except (ValueError, struct.error, IndexError) as error:
            self._file.close()
            raise ValueError(f"{path} is not a sound ELF file: {error}") from error

    @property
    def path(self) -> str:
        """A path to the very file that was opened, also when its name is gone or in another mount namespace."""
        return f"/proc/self/fd/{self._file.fileno()}"

    def _read_headers(self) -> None:
        data = self._data
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not a little-endian 64-bit ELF file")
        (kind,) = struct.unpack_from("<H", data, 16)
        self.relocatable = kind == 3  # ET_DYN: shared library or position-independent program
        program_headers, sections = struct.unpack_from("<QQ", data, 32)
        _, _, programs, section_size, section_count, names_index = struct.unpack_from("<HHHHHH", data, 52)
        self.segments = []
        self._end = 0
        for i in range(programs):
            at = program_headers + 56 * i
            kind, flags, offset, address, _, size, in_memory = struct.unpack_from("<IIQQQQQ", data, at)
            if kind == _LOAD:
                self._end = max(self._end, address + in_memory)
                self.segments.append(Segment(offset, address, size, bool(flags & 1)))
        self._sections = [
            struct.unpack_from("<IIQQQQIIQQ", data, sections + section_size * i) for i in range(section_count)
        ]
        self._names = self._sections[names_index][4] if section_count else 0

    def _text(self, at: int) -> bytes:
        return self._data[at : max(at, self._data.find(b"\0", at))]

    def section(self, name: str) -> tuple[int, int] | None:
        """The address (before relocation) and the size of a section, None when the file has none of that name."""
        wanted = name.encode()
        for section in self._sections:
            if self._text(self._names + section[0]) == wanted:
                return int(section[3]), int(section[5])
        return None

    def function_at(self, address: int) -> str | None:
        """The function of the full symbol table whose extent holds an address (before relocation)."""
        found = self._at(address, _FUNCTION)
        return found[0] if found else None

    def object_at(self, address: int) -> tuple[str, int] | None:
        """The variable whose extent holds an address (before relocation), and how far in; None where none is named."""
        return self._at(address, _OBJECT)

    def _at(self, address: int, wanted: int) -> tuple[str, int] | None:
        if wanted not in self._named:
            self._named[wanted] = sorted(self._read_symbols(wanted))
        symbols = self._named[wanted]
        i = bisect_right(symbols, (address, 1 << 64, 0)) - 1
        if i < 0:
            return None
        start, size, name = symbols[i]
        return (self._text(name).decode("utf-8", "replace"), address - start) if address < start + size else None

    def _read_symbols(self, wanted: int) -> Iterator[tuple[int, int, int]]:
        """(address, size, name) of every symbol of a type. Variables may be in the dynamic table alone."""
        tables = (_SYMTAB, _DYNSYM) if wanted == _OBJECT else (_SYMTAB,)
        for section in self._sections:
            if section[1] in tables:
                strings = self._sections[section[6]][4]
                table = self._data[section[4] : section[4] + section[5] // _SYMBOL.size * _SYMBOL.size]
                for name, info, _, _, address, size in _SYMBOL.iter_unpack(table):
                    if info & 15 == wanted and size:
                        yield address, size, strings + name

    def symbol(self, name: str) -> int | None:
        """The address of a symbol (before relocation) from the dynamic or the full table, None when in neither."""
        wanted = name.encode() + b"\0"
        for section in sorted(self._sections, key=lambda s: s[1] != _DYNSYM):
            if section[1] not in (_SYMTAB, _DYNSYM):
                continue
            strings = self._sections[section[6]]
            text = self._data[strings[4] : strings[4] + strings[5]]
            # A string table may share tails: the name counts only where a string begins.
            at = 0 if text.startswith(wanted) else text.find(b"\0" + wanted) + 1
            if at == 0 and not text.startswith(wanted):
                continue
            table = self._data[section[4] : section[4] + section[5] // _SYMBOL.size * _SYMBOL.size]
            for start, _, _, _, address, _ in _SYMBOL.iter_unpack(table):
                if start == at and address:
                    return int(address)
        return None

    @property
    def end(self) -> int:
        """The address (before relocation) behind the last that the file asks for."""
        return self._end

    def address_of_offset(self, offset: int) -> int | None:
        """The address (before relocation) at which a position in the file is mapped."""
        for segment in self.segments:
            if segment.offset <= offset < segment.offset + segment.size:
                return segment.address + offset - segment.offset
        return None

    def content(self, offset: int, size: int) -> bytes:
        """Bytes of the file; fewer where it ends."""
        return self._data[max(0, offset) : max(0, offset) + size]

    def close(self) -> None:
        self._data.close()
        self._file.close()
