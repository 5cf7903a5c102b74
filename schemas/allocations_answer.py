"""What trace-memory returns: one window, cut to what fits an answer."""

from perfdoctor.schemas.allocations import Mode
from perfdoctor.schemas.answers import Traced
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall


class TouchedLine(Model):
    """Pages that were first touched from one line (mode growth). ``bytes`` is faults times the page size: at least so
    much. ``mapped_bytes`` of address space were asked for there (mmap, brk, mremap), ``returned_bytes`` given back
    (munmap, madvise)."""

    location: Location | None
    faults: int
    bytes: int
    share: float
    mapped_bytes: int
    returned_bytes: int
    stack: Stack


class AllocationLine(Model):
    """What one line allocated. ``left_bytes`` in ``left`` blocks were not freed in the window, ``survivor_bytes`` of
    them are from its first third. ``keeps`` is the judgement (diagnosis/keeping.py); ``oldest`` and ``mean_life`` are
    seconds."""

    location: Location | None
    calls: int
    bytes: int
    left: int
    left_bytes: int
    survivor_bytes: int
    oldest: float
    mean_life: float
    keeps: str
    stack: Stack


class MemoryAnswer(Traced):
    """``grows``: anonymous memory and swap rose steadily by ``bytes_per_second``; None where that was not watched."""

    mode: Mode
    grows: bool | None
    bytes_per_second: float
    touched: tuple[TouchedLine, ...] = ()
    lines: tuple[AllocationLine, ...] = ()
    unknown_frees: int = 0
    total_lines: int
    omitted_lines: int
    next: tuple[NextCall, ...]
