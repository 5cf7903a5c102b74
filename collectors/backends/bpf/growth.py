"""growth.bpf.c's other half: who asked the kernel for memory, and the faults that it took on the target's behalf."""

import mmap
import struct

from perfdoctor.collectors.backends.bpf.call_classes import NUMBERS
from perfdoctor.collectors.backends.bpf.engine import Engine, Row, Seen
from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.collectors.backends.bpf.programs import Programs, Table
from perfdoctor.collectors.syscall_names import name_of
from perfdoctor.schemas.allocations import AllocationProfile, MappedKind, MappedRow, Mode
from perfdoctor.schemas.frame import Stack

MEMORY_CALLS = struct.Struct("<6i")
MAPPED_KEY = struct.Struct("<QII")
MAPPED_VALUE = struct.Struct("<2Q")
_KINDS = tuple(MappedKind)
_CALLS = ("mmap", "munmap", "brk", "mremap", "madvise")


class GrowthPart(Part):
    """Goes with ``Wanted(faults=True)``: kernel faults become points like those of user mode."""

    source = "growth"
    programs = ("kernel_faults",)

    def __init__(self) -> None:
        self._mapped: Table | None = None
        self._rows: list[Row] = []

    def configure(self, made: Programs) -> None:
        known = {name_of(number): number for number in range(NUMBERS)}
        numbers = [known[name] for name in _CALLS]
        MEMORY_CALLS.pack_into(made.initial_section(".rodata.growth"), 0, *numbers, 0)

    def start(self, engine: Engine, made: Programs) -> None:
        self._mapped = made.map("mapped", MAPPED_KEY.size, MAPPED_VALUE.size)

    def finish(self, engine: Engine, seen: Seen) -> None:
        assert self._mapped is not None
        self._rows = [(MAPPED_KEY.unpack(key), MAPPED_VALUE.unpack(value)) for key, value in self._mapped.items()]

    def evidence(self, engine: Engine, seen: Seen) -> dict[str, object]:
        merged: dict[tuple[int, int, Stack], list[int]] = {}
        for (stack, pid, kind), (calls, size) in self._rows:
            row = merged.setdefault((pid, kind, engine.stacks.of(stack)), [0, 0])
            row[0] += calls
            row[1] += size
        rows = [
            MappedRow(pid=pid, kind=_KINDS[kind], stack=stack, calls=calls, bytes=size)
            for (pid, kind, stack), (calls, size) in merged.items()
        ]
        rows.sort(key=lambda row: (-row.bytes, -row.calls, row.kind, row.pid))
        return {"allocations": AllocationProfile(mode=Mode.GROWTH, page_bytes=mmap.PAGESIZE, mapped=tuple(rows))}
