"""The account that a Java virtual machine keeps of itself: heap, collections, classes, threads.

HotSpot keeps it in memory that it shares with a file, /tmp/hsperfdata_USER/PID, for jstat. We read the memory and not
the file: whose path and content another user may have prepared. The bytes are the target's all the same: bounded and
checked (hotspot/share/runtime/perfMemory.hpp, perfData.hpp).
"""

import re
import struct
from collections.abc import Sequence

from perfdoctor.collectors.backends.proc.smaps import Mapping
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.memory_map import RuntimeHeap, Space

# /tmp/hsperfdata_shop/4242
_FILE = re.compile(r"/hsperfdata_[^/]+/\d+(?: \(deleted\))?$")
_LARGEST = 1 << 20
_MOST = 4096
_MAGIC = b"\xca\xfe\xc0\xc0"
_Value = int | str

# sun.gc.generation.0.space.1.capacity
_SPACE = re.compile(r"sun\.gc\.generation\.(\d+)\.space\.(\d+)\.(used|capacity|name)$")
_COLLECTOR = re.compile(r"sun\.gc\.collector\.(\d+)\.(name|invocations|time)$")
_COUNTERS = {
    "java.threads.live": "threads",
    "java.cls.loadedClasses": "classes",
    "java.cls.unloadedClasses": "unloaded classes",
}
_OTHERS = ("sun.gc.metaspace", "sun.gc.compressedclassspace")
BESIDE_THE_HEAP = frozenset(name.removeprefix("sun.gc.") for name in _OTHERS)
"""spaces that hold classes, not objects"""


def parse(data: bytes) -> dict[str, _Value]:
    """Every entry by its name. ValueError when this is no such account, or it is being written just now."""
    if len(data) < 32 or data[:4] != _MAGIC:
        raise ValueError("not a hsperfdata")
    order = "<" if data[4] else ">"
    major, accessible = data[5], data[7]
    if major != 2 or not accessible:
        raise ValueError("a hsperfdata of another version, or one that is not finished")
    at, count = struct.unpack_from(f"{order}ii", data, 24)
    head = struct.Struct(f"{order}iiibbbbi")
    entries: dict[str, _Value] = {}
    for _ in range(min(max(count, 0), _MOST)):
        if not 0 <= at <= len(data) - head.size:
            break
        length, name_at, vector, kind, _, _, _, value_at = head.unpack_from(data, at)
        if length < head.size or not 0 < name_at < length or not 0 < value_at < length:
            break
        name = _text(data[at + name_at : at + min(length, name_at + 256)])
        value = at + value_at
        if kind == ord("J") and vector == 0 and value + 8 <= len(data):
            entries[name] = struct.unpack_from(f"{order}q", data, value)[0]
        elif kind == ord("B") and vector > 0:
            entries[name] = _text(data[value : value + min(vector, 512, length - value_at)])
        at += length
    return entries


def heap_of(entries: dict[str, _Value], pid: int, runtime: str) -> RuntimeHeap:
    """The spaces of the heap and what lies beside it; collections by collector, seconds spent in them."""
    spaces: dict[tuple[int, int], dict[str, _Value]] = {}
    collectors: dict[int, dict[str, _Value]] = {}
    for name, value in entries.items():
        if space := _SPACE.match(name):
            spaces.setdefault((int(space[1]) % 100, int(space[2]) % 100), {})[space[3]] = value
        elif collector := _COLLECTOR.match(name):
            collectors.setdefault(int(collector[1]) % 100, {})[collector[2]] = value
    rows = [
        Space(
            name=clean(f"{_name_of_generation(entries, generation)}{parts.get('name', at)}", 60),
            used=_number(parts.get("used")),
            capacity=_number(parts.get("capacity")),
        )
        for (generation, at), parts in sorted(spaces.items())
    ]
    for other in _OTHERS:
        if f"{other}.used" in entries:
            used, capacity = (_number(entries.get(f"{other}.{what}")) for what in ("used", "capacity"))
            rows.append(Space(name=other.removeprefix("sun.gc."), used=used, capacity=capacity))
    ticks = _number(entries.get("sun.os.hrt.frequency")) or 1_000_000_000
    counters: dict[str, float] = {}
    for at, parts in sorted(collectors.items()):
        name = clean(str(parts.get("name", at)), 40)
        counters[f"{name}: times"] = float(_number(parts.get("invocations")))
        counters[f"{name}: seconds"] = _number(parts.get("time")) / ticks
    for theirs, ours in _COUNTERS.items():
        if theirs in entries:
            counters[ours] = float(_number(entries[theirs]))
    return RuntimeHeap(pid=pid, runtime=runtime, source="hsperfdata", spaces=tuple(rows), counters=counters)


def read(host: Host, pid: int, mappings: Sequence[Mapping]) -> dict[str, _Value] | None:
    """None where the machine keeps no such account (-XX:-UsePerfData, +PerfDisableSharedMem), and where it may not be
    read."""
    mapping = next((m for m in mappings if m.inode and _FILE.search(m.name)), None)
    if mapping is None:
        return None
    try:
        memory = host.memory(pid)
    except OSError:
        return None
    try:
        return parse(memory.read(mapping.low, min(mapping.size, _LARGEST)))
    except (OSError, ValueError):
        return None
    finally:
        memory.close()


def _name_of_generation(entries: dict[str, _Value], generation: int) -> str:
    name = entries.get(f"sun.gc.generation.{generation}.name")
    return f"{name} " if isinstance(name, str) and name else ""


def _number(value: _Value | None) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 62 else 0


def _text(data: bytes) -> str:
    return clean(data.partition(b"\0")[0].decode("utf-8", "replace"), 256)
