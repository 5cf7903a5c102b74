"""What a process's memory is made of."""

from enum import StrEnum

from pydantic import Field

from perfdoctor.schemas.limits import Limits
from perfdoctor.schemas.model import Model


class MemoryKind(StrEnum):
    """What a mapping is for, as far as its name, its rights and the allocator's own marks tell."""

    HEAP = "heap"
    """[heap]: what malloc gets by brk(2)"""
    ARENA = "arena"
    """a heap of glibc's malloc for threads, recognised by its own header"""
    ANONYMOUS = "anonymous"
    """other private memory that no file backs: large allocations, other allocators, runtimes"""
    JIT = "jit"
    """anonymous and executable"""
    MAIN_STACK = "main-stack"
    THREAD_STACK = "thread-stack"
    CODE = "code"
    """executable parts of files"""
    FILE_PRIVATE = "file-private"
    """other parts of programs and libraries, and files mapped privately"""
    FILE_SHARED = "file-shared"
    SHARED_MEMORY = "shared-memory"
    """shared anonymous memory, memfd, System V segments, /dev/shm"""
    HUGE_PAGES = "huge-pages"
    """of hugetlbfs, which Rss and Pss leave out: here they are in both"""
    DEVICE = "device"
    KERNEL = "kernel"
    """vdso and its like"""
    UNKNOWN = "unknown"
    """of a process whose mappings could not be read"""


class Amounts(Model):
    """Bytes (proc_pid_smaps(5)). ``size`` is address space; ``rss`` resident; ``pss`` resident with shared pages
    divided by those who share them, so that it can be summed over processes; ``private_dirty`` would be freed by its
    end; ``huge`` in transparent or hugetlb pages; ``locked`` may not be swapped (its Pss)."""

    size: int = 0
    rss: int = 0
    pss: int = 0
    private_dirty: int = 0
    swap: int = 0
    referenced: int = 0
    anonymous: int = 0
    huge: int = 0
    locked: int = 0


class KindUse(Amounts):
    """All mappings of one kind. ``grown`` is the change of pss + swap over the window. ``per_second`` is the slope of
    the readings between, with the ``confidence`` (0 to 1) that it lasts; None when there were fewer than four."""

    kind: MemoryKind
    mappings: int
    grown: int = 0
    per_second: float | None = None
    confidence: float | None = None


class MappingUse(Amounts):
    """The mappings of one file, in all processes; or one mapping that has no file. ``name`` is hostile text, made safe;
    ``start`` is the address of an unnamed one, in ``pid``. ``fresh``: it was not there when the window began."""

    kind: MemoryKind
    name: str
    pid: int
    processes: int = 1
    mappings: int = 1
    start: int | None = None
    grown: int = 0
    fresh: bool = False


class ProcessMemory(Amounts):
    pid: int
    name: str
    grown: int = 0


class ArenaUse(Model):
    """One heap of glibc's malloc: ``main``, ``thread``, or ``mapped`` (blocks that got a mapping each). Bytes with the
    allocator's own headers. ``free`` lies between blocks that are used (holes); ``top`` is what is left at the end.
    Freed blocks that malloc keeps in its thread caches and fast bins count as used. ``unread`` was not walked: time or
    sense ran out, or it is not in memory."""

    kind: str
    start: int
    size: int
    used: int = 0
    used_blocks: int = 0
    free: int = 0
    free_blocks: int = 0
    largest_free: int = 0
    top: int = 0
    unread: int = 0


class AllocatorUse(Model):
    """Inside one process's allocator. ``holes`` counts free blocks by size: ``holes[i]`` are of 2**i to 2**(i+1) - 1
    bytes. ``arenas`` may be cut: the sums are not. ``not_understood`` heaps made no sense three times over, as when the
    target changed them meanwhile; ``why`` says why there is nothing inside. ``least_free`` is the least that was free
    at any look of the window (None: there was one): what stayed free is not about to be used again."""

    pid: int
    allocator: str
    used: int = 0
    used_blocks: int = 0
    free: int = 0
    least_free: int | None = None
    free_blocks: int = 0
    largest_free: int = 0
    top: int = 0
    unread: int = 0
    not_understood: int = 0
    arenas: tuple[ArenaUse, ...] = ()
    total_arenas: int = 0
    holes: tuple[int, ...] = ()
    why: str = ""


class Space(Model):
    """A part of a runtime's heap, in bytes. ``capacity`` None: it has no end of its own. ``least_free`` as of
    ``AllocatorUse``."""

    name: str
    used: int
    capacity: int | None = None
    least_free: int | None = None


class RuntimeHeap(Model):
    """What the runtime of one process keeps account of. ``counters`` by name: collections, seconds, classes, threads.
    ``grown``: what the counters grew by in the window."""

    pid: int
    runtime: str
    source: str
    spaces: tuple[Space, ...] = ()
    counters: dict[str, float] = Field(default_factory=dict)
    grown: dict[str, float] = Field(default_factory=dict)


class MemoryMap(Model):
    """What the target's memory is made of at the end of the window, and what of it grew.

    ``mappings`` are those that hold or grew most, ``omitted_mappings`` were cut. ``gone`` bytes (pss + swap) were in
    mappings that the window saw end. ``referenced`` is since ``working_set`` began when that is true, else since ever.
    ``read_seconds`` is how long one reading of all mappings took: as long the target's page tables were walked, and it
    may have waited to map memory."""

    total: Amounts = Amounts()
    grown: int = 0
    gone: int = 0
    total_mappings: int = 0
    kinds: tuple[KindUse, ...] = ()
    mappings: tuple[MappingUse, ...] = ()
    rows: int = 0
    """how many rows ``mappings`` would have uncut"""
    omitted_mappings: int = 0
    processes: tuple[ProcessMemory, ...] = ()
    allocators: tuple[AllocatorUse, ...] = ()
    runtimes: tuple[RuntimeHeap, ...] = ()
    limits: Limits | None = None
    working_set: bool = False
    read_seconds: float = 0.0
