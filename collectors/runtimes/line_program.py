"""File and line of an address in a program that was built with ``-gsplit-dwarf``: its functions are described in files
that stay with the object files, its lines are still here. Read by ``pyelftools``, unit by unit, as they are asked for.
"""

import struct
from bisect import bisect_right
from itertools import islice
from typing import Any

_LARGEST = 1 << 20
"""bytes of all units' lines that are read where nothing says which unit an address is in: about a second"""
_MOST_LINES = 1 << 31
_LARGEST_UNIT = 8 << 20
_LARGEST_SECTIONS = 256 << 20
"""bytes of debug information, unpacked, that are read into memory"""
_MOST_UNITS = 100_000
_LOOKED_AT = 64
"""units, of which one must be split: compilers' own start files are not"""
_UNSOUND = (
    *(ValueError, KeyError, AttributeError, TypeError, IndexError, AssertionError, OSError),
    *(ArithmeticError, RecursionError, NotImplementedError, struct.error),
)
"""what the library raises for files that are damaged, beside its own errors: it does not check what it reads"""


class LineProgram:
    """``place`` is (file, line), by address before relocation. ValueError when the file has no split units."""

    def __init__(self, path: str) -> None:
        from elftools.common.exceptions import DWARFError, ELFError
        from elftools.construct import ConstructError
        from elftools.elf.elffile import ELFFile

        self._file = open(path, "rb")  # noqa: SIM115, PTH123 - closed by close()
        self._units: dict[int, list[tuple[int, str | None, int | None]]] = {}
        self._unsound = (*_UNSOUND, ELFError, DWARFError, ConstructError)
        try:
            elf = ELFFile(self._file)
            size = sum(int(section.data_size) for section in elf.iter_sections() if section.name.startswith(".debug_"))
            if size > _LARGEST_SECTIONS:
                raise ValueError("more debug information than is read")
            self._dwarf: Any = elf.get_dwarf_info(relocate_dwarf_sections=False)
            if not any(map(_is_split, islice(self._dwarf.iter_CUs(), _LOOKED_AT))):
                raise ValueError("no unit is split")
            self._ranges = self._dwarf.get_aranges()
            lines = elf.get_section_by_name(".debug_line")
            self._small = lines is not None and lines.data_size <= _LARGEST
        except self._unsound as error:
            self._file.close()
            raise ValueError(f"no split units: {error}") from error

    def close(self) -> None:
        self._file.close()

    def place(self, address: int) -> tuple[str | None, int | None]:
        try:
            return self._place(address)
        except self._unsound:
            return None, None

    def _place(self, address: int) -> tuple[str | None, int | None]:
        offset = self._ranges.cu_offset_at_addr(address) if self._ranges else None
        if offset is not None:
            return self._in_unit(self._dwarf.get_CU_at(offset), address)
        if not self._small:
            return None, None
        for unit in islice(self._dwarf.iter_CUs(), _MOST_UNITS):
            found = self._in_unit(unit, address)
            if found != (None, None):
                return found
        return None, None

    def _in_unit(self, unit: Any, address: int) -> tuple[str | None, int | None]:
        rows = self._units.get(unit.cu_offset)
        if rows is None:
            rows = self._units[unit.cu_offset] = sorted(self._read(unit), key=lambda row: row[0])
        i = bisect_right(rows, address, key=lambda row: row[0]) - 1
        return rows[i][1:] if i >= 0 else (None, None)

    def _read(self, unit: Any) -> list[tuple[int, str | None, int | None]]:
        """(address, file, line); where code ends, no file."""
        program = self._dwarf.line_program_for_CU(unit)
        if program is None or program.program_end_offset - program.program_start_offset > _LARGEST_UNIT:
            return []
        folder = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
        names = _Names(program, folder.value.decode("utf-8", "replace") if folder else "")
        rows: list[tuple[int, str | None, int | None]] = []
        for entry in program.get_entries():
            state = entry.state
            if state is not None:
                # (a damaged program counts below nothing)
                line = state.line if 0 < state.line < _MOST_LINES else None
                rows.append((state.address, None, None) if state.end_sequence
                            else (state.address, names.of(state.file), line))  # fmt: skip
        return rows


def _is_split(unit: Any) -> bool:
    return not {"DW_AT_dwo_name", "DW_AT_GNU_dwo_name"}.isdisjoint(unit.get_top_DIE().attributes)


class _Names:
    """The files of one unit: counted from 1 before DWARF 5, from 0 since."""

    def __init__(self, program: Any, folder: str) -> None:
        self._first = 0 if program.header["version"] >= 5 else 1
        self._files, self._folders, self._home = program["file_entry"], program["include_directory"], folder
        self._known: dict[int, str | None] = {}

    def of(self, number: int) -> str | None:
        if number not in self._known:
            self._known[number] = self._read(number)
        return self._known[number]

    def _read(self, number: int) -> str | None:
        if not 0 <= number - self._first < len(self._files):
            return None
        entry = self._files[number - self._first]
        which = entry.dir_index - self._first
        folder = self._folders[which].decode("utf-8", "replace") if 0 <= which < len(self._folders) else ""
        name = entry.name.decode("utf-8", "replace")
        path = name if name.startswith("/") else f"{folder}/{name}" if folder else name
        return path if path.startswith("/") or not self._home else f"{self._home}/{path}"
