"""What allocators and runtimes say of their own memory, of the processes of one reading."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from perfdoctor.collectors.allocators import glibc, pools
from perfdoctor.collectors.allocators.glibc import Heap, Malloc
from perfdoctor.collectors.allocators.which import GLIBC, allocator_of
from perfdoctor.collectors.allocators.window import Budget
from perfdoctor.collectors.backends.proc.smaps import Mapping
from perfdoctor.collectors.host.base import Host, Memory
from perfdoctor.collectors.mappings.changes import held
from perfdoctor.collectors.mappings.reading import Process, Reading
from perfdoctor.collectors.runtimes import hsperf
from perfdoctor.collectors.runtimes.maps import read_mappings
from perfdoctor.collectors.runtimes.which import runtime_of
from perfdoctor.schemas.memory_map import AllocatorUse, ArenaUse, RuntimeHeap, Space
from perfdoctor.schemas.target import Target

_PROCESSES = 8
"""that are looked into: the target, and the largest of its descendants"""
_SECONDS = 1.0
"""for all of them together, of allocators and of interpreters each"""
_BYTES = 2 << 30
_ARENAS = 16
_ELF_64 = b"\x7fELF\x02\x01"


@dataclass
class Inside:
    """``arenas`` by process: the low ends of mappings with heaps of glibc's malloc for threads."""

    allocators: list[AllocatorUse] = field(default_factory=list)
    runtimes: list[RuntimeHeap] = field(default_factory=list)
    arenas: dict[tuple[int, float], set[int]] = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)


def look_inside(
    host: Host, target: Target, reading: Reading, java: dict[int, dict[str, float]], *, seconds: float = _SECONDS
) -> Inside:
    """Reads the target's memory for up to twice ``seconds``; the target does not notice. ``java`` are the counters of
    Java machines when the window began. Blocking: call it in a worker thread."""
    look = _Look(host, java, seconds)
    readable = [(key, process) for key, process in reading.processes.items() if process.source == "smaps"]
    readable.sort(key=lambda item: (item[0][0] != target.pid, -sum(map(held, item[1].mappings))))
    for key, process in readable[:_PROCESSES]:
        runtime = target.runtime if process.pid == target.pid else runtime_of(host, process.pid)
        memory = None
        with contextlib.suppress(OSError):
            memory = host.memory(process.pid)
        try:
            look.found.arenas[key] = look.allocator(process, memory)
            look.runtime(process, runtime, memory)
        finally:
            if memory:
                memory.close()
    if len(readable) > _PROCESSES:
        look.lack(f"the allocators of {len(readable) - _PROCESSES} smaller processes")
    return look.found


def java_counters(host: Host, reading: Reading) -> dict[int, dict[str, float]]:
    """The counters of every Java machine among the processes of a reading, by pid."""
    counters = {}
    for process in reading.processes.values():
        entries = hsperf.read(host, process.pid, process.mappings)
        if entries:
            counters[process.pid] = hsperf.heap_of(entries, process.pid, "java").counters
    return counters


class _Look:
    """Into one process after the other, with one budget for all."""

    def __init__(self, host: Host, java: dict[int, dict[str, float]], seconds: float) -> None:
        self._host, self._java = host, java
        self._malloc, self._objects = Budget(seconds, _BYTES), Budget(seconds, _BYTES)
        self.found = Inside()

    def lack(self, what: str) -> None:
        if what not in self.found.lacks:
            self.found.lacks.append(what)

    def allocator(self, process: Process, memory: Memory | None) -> set[int]:
        """The low ends of the mappings with heaps for threads."""
        pid = process.pid
        name = allocator_of(self._host, pid, process.mappings)
        why = ""
        if name == "unknown":
            why = "which allocator it uses could not be told"
        elif not name.startswith(GLIBC):
            why = f"the inside of {name} is not read"
        elif memory is None:
            why = "its memory may not be read (needs CAP_SYS_PTRACE)"
        elif not _is_64_bit(self._host, pid):
            why = "only 64-bit programs are understood"
        if why or memory is None:
            self.found.allocators.append(AllocatorUse(pid=pid, allocator=name, why=why))
            return set()
        ends = _ends(self._host, process)
        malloc = glibc.read_malloc(memory, process.mappings, process.stacks, ends, self._malloc)
        self.found.allocators.append(_use(pid, name, malloc))
        return malloc.arena_mappings

    def runtime(self, process: Process, runtime: str, memory: Memory | None) -> None:
        size = pools.pool_size(runtime)
        if size and memory:
            found = pools.read_pools(memory, _plain(process), size, self._objects)
            if found.pools:
                self.found.runtimes.append(_python(process.pid, runtime, found))
        elif runtime == "java":
            entries = hsperf.read(self._host, process.pid, process.mappings)
            if entries is None:
                self.lack("Java's heap (the machine shares no hsperfdata: see -XX:+UsePerfData)")
            else:
                heap = hsperf.heap_of(entries, process.pid, runtime)
                self.found.runtimes.append(_since(heap, self._java.get(process.pid)))
        elif runtime == "node":
            self.lack("V8's spaces (only its inspector tells, which would open a port in the process)")


def _since(heap: RuntimeHeap, before: dict[str, float] | None) -> RuntimeHeap:
    if before is None:
        return heap
    grown = {name: value - before.get(name, 0.0) for name, value in heap.counters.items()}
    return heap.model_copy(update={"grown": {name: value for name, value in grown.items() if value}})


def _ends(host: Host, process: Process) -> Callable[[int], int]:
    def end_of(low: int) -> int:
        with contextlib.suppress(OSError):
            for mapping in read_mappings(host, process.pid):
                if mapping.low == low:
                    return mapping.high
        return next((m.high for m in process.mappings if m.low == low), low)

    return end_of


def _is_64_bit(host: Host, pid: int) -> bool:
    try:
        return host.read_file(f"/proc/{pid}/exe", 6) == _ELF_64
    except OSError:
        return False


def _use(pid: int, name: str, malloc: Malloc) -> AllocatorUse:
    heaps = sorted(malloc.heaps, key=lambda heap: (-heap.size, heap.start))
    holes = [sum(column) for column in zip(*(heap.holes for heap in heaps), strict=True)]
    while holes and not holes[-1]:
        holes.pop()
    return AllocatorUse(
        pid=pid,
        allocator=name,
        used=sum(heap.used for heap in heaps),
        used_blocks=sum(heap.used_blocks for heap in heaps),
        free=sum(heap.free for heap in heaps),
        free_blocks=sum(heap.free_blocks for heap in heaps),
        largest_free=max((heap.largest_free for heap in heaps), default=0),
        top=sum(heap.top for heap in heaps),
        unread=sum(heap.unread for heap in heaps),
        not_understood=malloc.not_understood,
        arenas=tuple(_arena(heap) for heap in heaps[:_ARENAS]),
        total_arenas=len(heaps),
        holes=tuple(holes),
        why="" if heaps else "it has no heap: malloc was not used yet, or another allocator took its place",
    )


def _arena(heap: Heap) -> ArenaUse:
    return ArenaUse(
        kind=heap.kind,
        start=heap.start,
        size=heap.size,
        used=heap.used,
        used_blocks=heap.used_blocks,
        free=heap.free,
        free_blocks=heap.free_blocks,
        largest_free=heap.largest_free,
        top=heap.top,
        unread=heap.unread,
    )


def _plain(process: Process) -> list[Mapping]:
    return [
        m
        for m in process.mappings
        if m.rights.startswith("rw") and m.rights[3] == "p" and not m.inode and m.low not in process.stacks
    ]


def _python(pid: int, runtime: str, found: pools.Pools) -> RuntimeHeap:
    counters = {
        "arenas": len(found.arenas),
        "pools": found.pools,
        "empty pools": found.empty_pools,
        "blocks": found.blocks,
        pools.UNREAD: found.unread,
    }
    return RuntimeHeap(
        pid=pid,
        runtime=runtime,
        source="obmalloc",
        spaces=(Space(name="objects up to 512 bytes", used=found.used, capacity=found.size),),
        counters={name: float(value) for name, value in counters.items() if value or name == "blocks"},
    )
