"""Where things are in an ELF file: its segments, one section, one symbol. Files come from the target: nothing is
trusted."""

import mmap
import os
import re
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")
_RELOCATIONS, _RELATIVE = 4, (8, 1027)
"""SHT_RELA; R_X86_64_RELATIVE and R_AARCH64_RELATIVE"""
_NOBITS, _COMPRESSED, _BUILD_ID = 8, 0x800, 3
_LARGEST_SECTION = 64 << 20
_PAGE = os.sysconf("SC_PAGESIZE")
_SYMTAB, _DYNSYM, _LOAD, _NO_TYPE, _OBJECT, _FUNCTION, _INDIRECT = 2, 11, 1, 0, 1, 2, 10
_CODE = (_NO_TYPE, _FUNCTION, _INDIRECT)
_NESTED = 8
"""symbols that may begin within another one, and end before it does"""


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
        self._code: list[tuple[int, int]] | None = None
        self._file = Path(path).open("rb")  # noqa: SIM115 - closed by close()
        try:
            self._data = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
            self._read_headers()
        except (ValueError, struct.error, IndexError, OverflowError) as error:
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
        self.entry, program_headers, sections = struct.unpack_from("<QQQ", data, 24)
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
        if any(section[6] >= section_count for section in self._sections if section[1] in (_SYMTAB, _DYNSYM)):
            raise ValueError("a table of symbols without names")

    def _text(self, at: int) -> bytes:
        at = min(at, len(self._data))
        return self._data[at : max(at, self._data.find(b"\0", at))]

    def _rows(self, section: tuple[int, ...], row: struct.Struct) -> bytes:
        """The whole rows of a table: of a damaged file it may end anywhere."""
        table = self._data[section[4] : section[4] + section[5]]
        return table[: len(table) // row.size * row.size]

    def section(self, name: str) -> tuple[int, int] | None:
        """The address (before relocation) and the size of a section, None when the file has none of that name."""
        wanted = name.encode()
        for section in self._sections:
            if self._text(self._names + section[0]) == wanted:
                return int(section[3]), int(section[5])
        return None

    def section_content(self, name: str) -> bytes:
        """What is in a section, at most ``_LARGEST_SECTION`` bytes; empty where there is none of that name, and where
        it is compressed."""
        wanted = name.encode()
        for section in self._sections:
            if (
                self._text(self._names + section[0]) == wanted
                and section[1] != _NOBITS
                and not section[2] & _COMPRESSED
            ):
                return self._data[section[4] : section[4] + min(section[5], _LARGEST_SECTION)]
        return b""

    def relocated(self, address: int) -> int:
        """What the loader writes at an address, counted from where the file is loaded; 0 where it writes nothing."""
        for section in self._sections:
            if section[1] == _RELOCATIONS:
                table = self._rows(section, _RELOCATION)
                for where, kind, value in _RELOCATION.iter_unpack(table):
                    if where == address and kind in _RELATIVE:
                        return int(value)
        return 0

    def build_id(self) -> str:
        """What tells this build from all others, in hexadecimal; empty where the linker did not write it."""
        note = self.section_content(".note.gnu.build-id")
        if len(note) < 16:
            return ""
        name, size, kind = struct.unpack_from("<III", note)
        start = 12 + (name + 3 & ~3)
        return note[start : start + size].hex() if kind == _BUILD_ID and size <= 64 else ""

    def function_at(self, address: int) -> str | None:
        """The function of the full symbol table whose extent holds an address (before relocation)."""
        found = self._at(address, _FUNCTION)
        return found[0] if found else None

    def is_in_symbol(self, address: int) -> bool:
        """Whether an address (before relocation) lies within a symbol of code. One that says no size (of assembly)
        reaches to the next, or to the end of its section: but not where the names of others may be gone."""
        if self._code is None:
            self._code = sorted(self._read_code_symbols())
        i = bisect_right(self._code, (address, 1 << 64)) - 1
        for start, size in reversed(self._code[max(0, i - _NESTED) : i + 1]):
            if address < start + size:
                return True
            if not size and (start, size) == self._code[i] and any(section[1] == _SYMTAB for section in self._sections):
                return any(low <= start and address < low + length for _, _, _, low, _, length, *_ in self._sections)
        return False

    def _read_code_symbols(self) -> Iterator[tuple[int, int]]:
        """(Word by word: there may be some hundred thousand.)"""
        for section in self._sections:
            if section[1] in (_SYMTAB, _DYNSYM):
                words = memoryview(self._rows(section, _SYMBOL)).cast("Q").tolist()
                for about, address, size in zip(words[::3], words[1::3], words[2::3], strict=True):
                    if address and about >> 48 and about >> 32 & 15 in _CODE:
                        yield address, size

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
                table = self._rows(section, _SYMBOL)
                for name, info, _, _, address, size in _SYMBOL.iter_unpack(table):
                    if info & 15 == wanted and size:
                        yield address, size, strings + name

    def symbol(self, name: str) -> int | None:
        """The address of a symbol (before relocation) from the dynamic or the full table, None when in neither."""
        found = self.extent(name)
        return found[0] if found else None

    def extent(self, name: str) -> tuple[int, int] | None:
        """The same with its size."""
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
            table = self._rows(section, _SYMBOL)
            for start, _, _, _, address, size in _SYMBOL.iter_unpack(table):
                if start == at and address:
                    return int(address), int(size)
        return None

    def functions(self, names: set[str]) -> dict[str, int]:
        """Where in the file the functions of these names begin; those that it only takes from others are left out."""
        found: dict[str, int] = {}
        for section in sorted(self._sections, key=lambda s: s[1] != _DYNSYM):
            if section[1] not in (_SYMTAB, _DYNSYM) or len(found) == len(names):
                continue
            start, size = self._sections[section[6]][4:6]
            text = self._data[start : start + size]
            # (A string table may share tails: a name may begin in the midst of another.)
            wanted = {at.start(): name for name in names for at in re.finditer(re.escape(name.encode()) + b"\0", text)}
            table = self._rows(section, _SYMBOL)
            for name, info, _, home, address, _ in _SYMBOL.iter_unpack(table):
                if name in wanted and home and info & 15 == _FUNCTION:
                    offset = self.offset_of_address(address)
                    if offset is not None:
                        found.setdefault(wanted[name], offset)
        return found

    def function_symbols(self) -> Iterator[tuple[str, int]]:
        """(name, address before relocation) of every function that the file defines, of both tables."""
        for section in self._sections:
            if section[1] not in (_SYMTAB, _DYNSYM):
                continue
            start, size = self._sections[section[6]][4:6]
            text = self._data[start : start + size]
            table = self._rows(section, _SYMBOL)
            for name, info, _, home, address, _ in _SYMBOL.iter_unpack(table):
                if home and address and info & 15 in (_FUNCTION, _INDIRECT) and name < len(text):
                    end = text.find(b"\0", name)
                    yield text[name : end if end >= 0 else len(text)].decode("utf-8", "replace"), int(address)

    @property
    def identity(self) -> tuple[int, int]:
        """(device, inode) of the file."""
        status = os.fstat(self._file.fileno())
        return status.st_dev, status.st_ino

    @property
    def revision(self) -> tuple[int, int, int]:
        """The same and when it was changed (ns): what is known by it stays true when another file takes the inode."""
        return *self.identity, os.fstat(self._file.fileno()).st_mtime_ns

    def offset_of_address(self, address: int) -> int | None:
        """The position in the file of what is mapped at an address (before relocation)."""
        for segment in self.segments:
            if segment.address <= address < segment.address + segment.size:
                return segment.offset + address - segment.address
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

    def address_of_code(self, offset: int) -> int | None:
        """The same for a position that is mapped to be executed. A mapping begins with a whole page, on which the
        segment before may end: linkers that save pages (lld, gold) put the two at different addresses."""
        for segment in self.segments:
            if segment.executable and segment.offset & ~(_PAGE - 1) <= offset < segment.offset + segment.size:
                return segment.address + offset - segment.offset
        return None

    def content(self, offset: int, size: int) -> bytes:
        """Bytes of the file; fewer where it ends."""
        return self._data[max(0, offset) : max(0, offset) + size]

    def checksum(self, limit: int) -> int | None:
        """The CRC-32 of the whole file; None for one of more than ``limit`` bytes."""
        return zlib.crc32(self._data) if len(self._data) <= limit else None

    def texts(self, pattern: re.Pattern[bytes]) -> Iterator[tuple[bytes, ...]]:
        """The groups of every place in the file that matches. Reads all of it: some 2 ms a megabyte."""
        return (found.groups() for found in pattern.finditer(self._data))

    def contains(self, text: bytes, limit: int = 64 << 20) -> bool:
        """Whether a text is anywhere in its first ``limit`` bytes."""
        return self._data.find(text, 0, limit) >= 0

    def close(self) -> None:
        self._data.close()
        self._file.close()
