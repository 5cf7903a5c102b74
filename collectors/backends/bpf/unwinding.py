"""Gives the kernel the tables by which native stacks are walked where frame pointers are not kept."""

import struct
from mmap import mmap

from perfdoctor.collectors.backends.bpf.libbpf import Map
from perfdoctor.collectors.runtimes.native import CodeMapping
from perfdoctor.collectors.runtimes.unwind import UnwindTable, unwind_table

ROW_BYTES = 8
ROWS = 512 << 10
MAPPINGS = 64
MAPPING = struct.Struct("<QQQII")
_KEEPS_FRAMES = 1 << 31
_NO_MAPPING = MAPPING.pack((1 << 64) - 1, 0, 0, 0, 0)


class UnwindTables:
    """``spaces`` and ``rows`` are the maps of those names in tables.h."""

    def __init__(self, spaces: Map, rows: Map) -> None:
        self._spaces = spaces
        self._rows = mmap(rows.fd, ROWS * ROW_BYTES)
        self._used = 0
        self._places: dict[int, tuple[int, int]] = {}
        self._made: dict[bytes, int] = {}
        self._kept: list[UnwindTable] = []
        self.left_out = 0
        """files whose table found no room: callers of their functions are found by frame pointers, or not at all"""

    def add(self, code: list[CodeMapping]) -> int:
        """The number of the space in which these mappings are; 0 where frame pointers are all there is."""
        known = [(mapping, unwind_table(mapping.path)) for mapping in code]
        useful = [(mapping, table) for mapping, table in known if table is not None]
        if not useful:
            return 0
        # Where there is no room for all, those that keep frame pointers can do without.
        useful.sort(key=lambda one: one[1].keeps_frames)
        self.left_out += len(useful[MAPPINGS:])
        placed = [
            (mapping.low, mapping.high, mapping.bias % (1 << 64), *self._place(table))
            for mapping, table in useful[:MAPPINGS]
        ]
        packed = b"".join(MAPPING.pack(*mapping) for mapping in sorted(placed))
        packed += _NO_MAPPING * (MAPPINGS - len(placed))
        number = self._made.get(packed)
        if number is None:
            number = self._made[packed] = len(self._made) + 1
            self._spaces.put(number.to_bytes(4, "little"), packed)
        return number

    def _place(self, table: UnwindTable) -> tuple[int, int]:
        """Where its rows begin, and how many there are, with ``KEEPS_FRAMES``."""
        place = self._places.get(id(table))
        if place is None:
            count = table.count
            if self._used + count > ROWS:
                self.left_out += 1
                count = 0
            at = self._used * ROW_BYTES
            self._rows[at : at + count * ROW_BYTES] = table.rows[: count * ROW_BYTES]
            place = self._used, count | (_KEEPS_FRAMES if table.keeps_frames else 0)
            self._used += count
            self._places[id(table)] = place
            self._kept.append(table)  # so that no other takes its id
        return place

    def close(self) -> None:
        self._rows.close()
