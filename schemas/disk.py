"""What reached the disk, and how long it took."""

from enum import StrEnum

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model


class DiskOperation(StrEnum):
    READ = "read"
    WRITE = "write"
    FLUSH = "flush"
    """make the disk keep what it was given"""
    OTHER = "other"


class DiskRow(Model):
    """Block requests of one (process, operation, device, file, stack), issued by the target's own threads.

    ``file`` is what the system call was upon that caused them, None where it had none (a page fault, the file system's
    own work). ``seconds`` is the sum of the times from issue to completion; ``histogram`` as in ``SyscallRow``."""

    pid: int
    operation: DiskOperation
    device: str
    file: str | None = None
    stack: Stack = ()
    requests: int
    bytes: int
    seconds: float
    max_seconds: float
    histogram: tuple[int, ...] = ()


class CacheRow(Model):
    """Pieces of files (folios: one or more pages each) that were brought into the page cache for a (process, file,
    stack), because they were not there: misses."""

    pid: int
    file: str | None = None
    stack: Stack = ()
    misses: int


class Moved(Model):
    """Bytes of the whole target in the window (/proc/PID/io): asked for by its system calls, sockets and pipes
    included (``rchar``, ``wchar``), and fetched from or meant for storage (``read_bytes``; ``write_bytes`` when pages
    were dirtied, which may be written later; ``cancelled`` were dirtied and then thrown away)."""

    asked_read: int = 0
    asked_written: int = 0
    fetched: int = 0
    dirtied: int = 0
    cancelled: int = 0


class DiskUse(Model):
    """``file_read`` are the bytes that its calls read from files (not sockets or pipes), None where that is not known.
    ``hit_share`` is the part of them that was in the page cache already: 1 - fetched / file_read, at least 0 (reading
    ahead may fetch more than was asked for). ``mean_depth`` is the mean number of its requests under way over the
    window, ``deepest`` the most, ``depth_at_issue`` how many were under way when another was issued, on average; None
    where requests were not followed. ``io_wait`` seconds its threads waited for block devices (delay accounting,
    /proc/PID/stat field 42), None where the kernel does not account for it."""

    rows: tuple[DiskRow, ...] = ()
    cache: tuple[CacheRow, ...] = ()
    moved: Moved | None = None
    file_read: int | None = None
    hit_share: float | None = None
    mean_depth: float | None = None
    deepest: int | None = None
    depth_at_issue: float | None = None
    io_wait: float | None = None
    unfinished: int = 0
    """requests that were under way when the window closed"""
