"""files.bpf.c's other half: which accesses went on where the one before had ended."""

import struct

from perfdoctor.collectors.backends.bpf.call_classes import NUMBERS
from perfdoctor.collectors.backends.bpf.engine import Engine, Row, Seen
from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.collectors.backends.bpf.programs import Programs, Table
from perfdoctor.collectors.backends.bpf.report import object_names
from perfdoctor.collectors.syscall_names import name_of
from perfdoctor.schemas.frame import Stack

ORDER_KEY = struct.Struct("<QQII")
ORDER = struct.Struct("<QQ")
_ACCESSES = ("read readv", "write writev", "pread64 preadv preadv2", "pwrite64 pwritev pwritev2", "lseek", "close")
"""from 1 on, as `enum access` counts them"""
ACCESSES = {name: number for number, names in enumerate(_ACCESSES, 1) for name in names.split()}


class FilesPart(Part):
    """``orders``, after the window: (sequential, random) by (pid, object, stack, whether it writes)."""

    source = "files"

    def __init__(self) -> None:
        self._orders: Table | None = None
        self._rows: list[Row] = []
        self.orders: dict[tuple[int, str | None, Stack, bool], tuple[int, int]] = {}

    def start(self, engine: Engine, made: Programs) -> None:
        accesses = made.map("accesses", 4, 1)
        for number in range(NUMBERS):
            if access := ACCESSES.get(name_of(number)):
                accesses.put(number.to_bytes(4, "little"), bytes([access]))
        self._orders = made.map("orders", ORDER_KEY.size, ORDER.size)

    def finish(self, engine: Engine, seen: Seen) -> None:
        assert self._orders is not None
        self._rows = [(ORDER_KEY.unpack(key), ORDER.unpack(value)) for key, value in self._orders.items()]

    def evidence(self, engine: Engine, seen: Seen) -> dict[str, object]:
        name = object_names(engine)
        for (stack, thing, pid, writes), (sequential, random) in self._rows:
            key = (pid, name(pid, thing), engine.stacks.of(stack), bool(writes))
            before = self.orders.get(key, (0, 0))
            self.orders[key] = (before[0] + sequential, before[1] + random)
        return {}
