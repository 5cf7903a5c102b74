"""What proc-memory returns: what a process's memory is made of, cut to what fits an answer."""

from perfdoctor.schemas.answers import Traced
from perfdoctor.schemas.limits import Limits
from perfdoctor.schemas.memory_map import AllocatorUse, Amounts, ProcessMemory, RuntimeHeap
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall


class KindLine(Model):
    """See ``KindUse``: bytes; ``grown`` over the window; ``slope`` is (bytes per second, confidence), empty without."""

    kind: str
    mappings: int
    size: int
    rss: int
    pss: int
    private_dirty: int
    swap: int
    referenced: int
    grown: int
    slope: tuple[float, ...] = ()


class MappingLine(Model):
    """See ``MappingUse``: of one file in all processes, or one mapping without a file, at ``start`` in ``pid``."""

    kind: str
    name: str
    pid: int
    start: int
    mappings: int
    rss: int
    pss: int
    swap: int
    grown: int
    fresh: bool


class MemoryInside(Model):
    """By process: what each holds, its allocator's own account, its runtime's. ``limits`` are the target's."""

    processes: tuple[ProcessMemory, ...]
    total_processes: int
    omitted_processes: int
    allocators: tuple[AllocatorUse, ...]
    runtimes: tuple[RuntimeHeap, ...]
    working_set: bool
    read_seconds: float
    limits: Limits | None


class MemoryAnswer(Traced):
    """``bytes_per_second`` is the slope of anonymous memory + swap, ``confidence`` that it grows (see
    ``MemoryTrend``)."""

    total: Amounts
    grown: int
    bytes_per_second: float
    confidence: float
    kinds: tuple[KindLine, ...]
    mappings: tuple[MappingLine, ...]
    total_mappings: int
    omitted_mappings: int
    inside: MemoryInside
    next: tuple[NextCall, ...]
