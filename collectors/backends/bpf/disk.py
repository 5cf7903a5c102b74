"""disk.bpf.c's other half: the requests that the target's threads issued, and what they had to bring into memory."""

import os
import struct

from perfdoctor.collectors.backends.bpf.engine import Engine, Row, Seen
from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.collectors.backends.bpf.programs import Programs, Table
from perfdoctor.collectors.backends.bpf.report import object_names
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.disk import CacheRow, DiskOperation, DiskRow, DiskUse

DISK_KEY = struct.Struct("<QQ4I")
DISK_VALUE = struct.Struct("<4Q32I")
CACHED_KEY = struct.Struct("<QQII")
CACHED_VALUE = struct.Struct("<Q")
QUEUE = struct.Struct("<7Q")
_OPERATIONS = tuple(DiskOperation)
_MINOR_BITS = 20  # of dev_t inside the kernel


class DiskPart(Part):
    source = "disk"
    programs = ("request_ends", "request_begins", "page_comes")

    def __init__(self) -> None:
        self._disk: Table | None = None
        self._cached: Table | None = None
        self._rows: list[Row] = []
        self._misses: list[Row] = []
        self._queue: bytes = bytes(QUEUE.size)
        self._made: Programs | None = None
        self.lost = 0

    def start(self, engine: Engine, made: Programs) -> None:
        self._made = made
        self._disk = made.map("disk", DISK_KEY.size, DISK_VALUE.size)
        self._cached = made.map("cached", CACHED_KEY.size, CACHED_VALUE.size)

    def finish(self, engine: Engine, seen: Seen) -> None:
        assert self._disk is not None and self._cached is not None and self._made is not None
        self._rows = [(DISK_KEY.unpack(key), DISK_VALUE.unpack(value)) for key, value in self._disk.items()]
        self._misses = [(CACHED_KEY.unpack(key), CACHED_VALUE.unpack(value)) for key, value in self._cached.items()]
        self._queue = self._made.peek(".data.queue", QUEUE.size)

    def evidence(self, engine: Engine, seen: Seen) -> dict[str, object]:
        name = object_names(engine)
        devices = _Devices(engine.host)
        rows = [
            DiskRow(
                pid=pid,
                operation=_OPERATIONS[operation & 3],
                device=devices.name(device),
                file=name(pid, thing) if thing else None,
                stack=engine.stacks.of(stack),
                requests=value[0],
                bytes=value[1],
                seconds=value[2] * 1e-9,
                max_seconds=value[3] * 1e-9,
                histogram=tuple(value[4:]),
            )
            for (stack, thing, pid, operation, device, _), value in self._rows
        ]
        cache = [
            CacheRow(pid=pid, file=name(pid, thing) if thing else None, stack=engine.stacks.of(stack), misses=value[0])
            for (stack, thing, pid, _), value in self._misses
        ]
        rows.sort(key=lambda row: (-row.seconds, -row.requests, str(row.file)))
        cache.sort(key=lambda row: (-row.misses, str(row.file)))
        _, area, depth, deepest, issued, at_issue, self.lost = QUEUE.unpack(self._queue)
        length = engine.ended_ns - engine.began_ns
        return {
            "disk": DiskUse(
                rows=tuple(rows),
                cache=tuple(cache),
                mean_depth=area / length if length else 0.0,
                deepest=deepest,
                depth_at_issue=at_issue / issued if issued else 0.0,
                unfinished=depth,
            )
        }


class _Devices:
    """The names of block devices."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: dict[int, str] = {}

    def name(self, device: int) -> str:
        if device not in self._known:
            number = f"{device >> _MINOR_BITS}:{device & (1 << _MINOR_BITS) - 1}"
            try:
                # ../../devices/pci0000:00/.../block/vda/vda1
                self._known[device] = clean(os.path.basename(self._host.read_link(f"/sys/dev/block/{number}")), 64)  # noqa: PTH119
            except OSError:
                self._known[device] = number
        return self._known[device]
