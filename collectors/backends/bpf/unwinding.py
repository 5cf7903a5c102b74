"""Gives the kernel the tables by which native stacks are walked where frame pointers are not kept."""

import struct

from perfdoctor.collectors.backends.bpf.programs import Table
from perfdoctor.collectors.runtimes.native import CodeMapping
from perfdoctor.collectors.runtimes.unwind import UnwindTable, unwind_table

ROW_BYTES = 8
ROWS = 512 << 10
MAPPINGS = 256
MAPPING = struct.Struct("<QQQII")
_KEEPS_FRAMES = 1 << 31
_NO_MAPPING = MAPPING.pack((1 << 64) - 1, 0, 0, 0, 0)


class UnwindTables:
    """``spaces`` and ``rows`` are the maps of those names in tables.h. ``always``: also for files that keep frame
    pointers, which say nothing at a function's first and last instructions."""

    def __init__(self, spaces: Table, rows: Table, *, always: bool = False) -> None:
        self._spaces, self._rows, self._always = spaces, rows, always
        self._used = 0
        self._places: dict[int, tuple[int, int]] = {}
        self._made: dict[bytes, int] = {}
        self._kept: list[UnwindTable] = []
        self._without: dict[int, UnwindTable] = {}

    @property
    def left_out(self) -> int:
        """files whose table found no room: their callers are found by frame pointers, if at all"""
        return len(self._without)

    def _leave_out(self, table: UnwindTable) -> None:
        self._without[id(table)] = table

    def add(self, code: list[CodeMapping]) -> int:
        """The number of the space in which these mappings are; 0 where frame pointers are all there is."""
        known = [(mapping, unwind_table(mapping.path)) for mapping in code]
        useful = [(mapping, table) for mapping, table in known if table is not None]
        if not useful:
            return 0
        # The program lies lowest, and what it was linked with highest, for that was loaded first: those are on most
        # stacks, so they get their room first. Those that keep frame pointers can do without.
        useful = [useful[0], *useful[:0:-1]]
        if not self._always:
            useful.sort(key=lambda one: one[1].keeps_frames)
        for _, table in useful[MAPPINGS:]:
            self._leave_out(table)
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
                self._leave_out(table)
                count = 0
            self._rows.write(self._used * ROW_BYTES, table.rows[: count * ROW_BYTES])
            place = self._used, count | (_KEEPS_FRAMES if table.keeps_frames else 0)
            self._used += count
            self._places[id(table)] = place
            self._kept.append(table)  # so that no other takes its id
        return place

    def close(self) -> None:
        self._rows.close()
