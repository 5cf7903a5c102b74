"""Who allocates, who grows, who never frees."""

from enum import StrEnum

from pydantic import Field

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model


class Mode(StrEnum):
    GROWTH = "growth"
    """page faults and the calls that change the address space: cheap"""
    ALLOCATIONS = "allocations"
    """every call of the allocator (malloc and its kin): dear"""
    OBJECTS = "objects"
    """the allocator, and Python's own for its small objects: dearest"""


class MappedKind(StrEnum):
    """What a system call did to the address space, in the order of growth.bpf.c."""

    ANONYMOUS = "mmap"
    FILE = "mmap of a file"
    UNMAPPED = "munmap"
    HEAP_GROWN = "brk, larger"
    HEAP_SHRUNK = "brk, smaller"
    LARGER = "mremap, larger"
    SMALLER = "mremap, smaller"
    GIVEN_BACK = "madvise, given back"


class MappedRow(Model):
    """Calls that succeeded, of one kind from one stack, and the bytes they named (whole pages). Mapping takes no memory
    yet: that is touched page by page. ``madvise`` (MADV_DONTNEED, MADV_FREE, MADV_REMOVE) gives pages back and keeps
    the addresses."""

    pid: int
    kind: MappedKind
    stack: Stack = ()
    calls: int
    bytes: int


class AllocationRow(Model):
    """What one stack allocated by one function of the allocator (``function``), in one process.

    ``frees``, ``freed_bytes`` and ``mean_life`` (seconds) are of blocks that were allocated here in the window and were
    freed in it; ``outstanding`` ones were not, the oldest of them for ``oldest`` seconds. ``survivors`` are those of
    the outstanding that were allocated in the first third of the window; ``outstanding_thirds`` are the bytes of the
    outstanding by the third in which they were allocated: a leak leaves as many of each, a cache that has filled none
    of the last, work in progress none of the first. ``forgotten`` allocations were counted, but found no room in the
    table of blocks: whether they were freed is not known. ``sizes[i]`` counts blocks of 2**i
    to 2**(i+1) - 1 bytes, ``lives[i]`` those that were freed after as many nanoseconds. realloc is a free of the old
    block and an allocation of the new one.
    """

    pid: int
    function: str
    stack: Stack = ()
    calls: int
    bytes: int
    frees: int = 0
    freed_bytes: int = 0
    outstanding: int = 0
    outstanding_bytes: int = 0
    survivors: int = 0
    survivor_bytes: int = 0
    outstanding_thirds: tuple[int, int, int] = (0, 0, 0)
    oldest: float = 0.0
    mean_life: float = 0.0
    forgotten: int = 0
    forgotten_bytes: int = 0
    largest: int = 0
    sizes: tuple[int, ...] = ()
    lives: tuple[int, ...] = ()


class Allocator(Model):
    """What was probed in one process: ``library`` is where its allocator's functions are, ``functions`` which."""

    pid: int
    library: str
    functions: tuple[str, ...] = ()


class AllocationProfile(Model):
    """One window. In mode growth the page faults are in the evidence's ``faults`` and the trend in its ``memory``; here
    are the calls that changed the address space (``mapped``). In the other modes: ``rows``, most outstanding bytes
    first.

    ``huge_bytes`` (before, after) is what the target has in huge pages (AnonHugePages of /proc/PID/smaps_rollup): one
    page fault may bring 2 MiB where it is not 0. ``unknown_frees`` freed blocks of before the window.
    ``failed`` allocations returned nothing."""

    mode: Mode
    page_bytes: int = 4096
    huge_bytes: tuple[int, int] = (0, 0)
    mapped: tuple[MappedRow, ...] = ()
    allocators: tuple[Allocator, ...] = ()
    rows: tuple[AllocationRow, ...] = ()
    unknown_frees: int = 0
    failed: int = 0
    calls: int = Field(default=0, description="sum over rows")
    bytes: int = Field(default=0, description="sum over rows")
    outstanding_bytes: int = Field(default=0, description="sum over rows")
    survivor_bytes: int = Field(default=0, description="sum over rows")
