"""What trace-cpu and trace-syscalls return: the shape of one window, cut to what fits an answer."""

from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import Collection, NextCall, Window
from perfdoctor.schemas.syscalls import ErrnoCount
from perfdoctor.schemas.target import Target


class Traced(Model):
    """What every answer of a measurement begins with."""

    recording: str
    target: Target
    window: Window
    collection: Collection
    summary: str


class CpuLine(Model):
    """``self_seconds`` were spent with this the innermost line of the user's own code (what a library does is charged
    to the line that called it), ``total_seconds`` with it anywhere on the stack (counted once per sample); shares are
    of the profile's CPU time."""

    location: Location
    self_seconds: float
    self_share: float
    total_seconds: float
    total_share: float
    doing: str = ""
    """the function under the line that holds most of it: of a library, the interpreter or the kernel"""


class CpuStack(Model):
    """``stack`` holds the innermost frames; ``omitted_frames`` callers are left out of this answer."""

    stack: Stack
    omitted_frames: int = 0
    seconds: float
    share: float


class CpuAnswer(Traced):
    cpu_seconds: float
    cores_used: float
    kernel_share: float
    events: dict[str, int]
    """by the processor's own counters; empty where it offers none"""
    lines: tuple[CpuLine, ...]
    total_lines: int
    omitted_lines: int
    stacks: tuple[CpuStack, ...]
    total_stacks: int
    omitted_stacks: int
    next: tuple[NextCall, ...]


class SyscallTotal(Model):
    """One system call over the window. Percentiles are upper bounds of log2 buckets, in seconds; None where the
    backend has none."""

    syscall: str
    calls: int
    errors: int
    bytes: int
    seconds: float
    blocked_seconds: float
    mean_seconds: float
    p50_seconds: float | None
    p99_seconds: float | None
    max_seconds: float


class SyscallLine(Model):
    """One system call from one line of the user's code."""

    location: Location | None
    syscall: str
    object: str | None
    objects: int
    """how many different objects (paths, descriptors) the line used; ``object`` is the most used"""
    calls: int
    errors: int
    empty: int
    bytes: int
    seconds: float
    stack: Stack
    omitted_frames: int = 0
    """callers of ``stack`` that are left out of this answer"""


class SyscallAnswer(Traced):
    calls: int
    calls_per_second: float
    seconds: float
    totals: tuple[SyscallTotal, ...]
    total_syscalls: int
    omitted_syscalls: int
    lines: tuple[SyscallLine, ...]
    total_lines: int
    omitted_lines: int
    errnos: tuple[ErrnoCount, ...]
    next: tuple[NextCall, ...]
