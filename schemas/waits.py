"""Time off the CPU outside system calls."""

from enum import StrEnum

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model


class WaitKind(StrEnum):
    BLOCKED = "blocked"
    """asleep outside a system call: a page fault that reads from disk, swap, throttling"""
    RUNNABLE = "runnable"
    """ready to run, waiting for a core (pre-empted or woken and not yet scheduled)"""


class WaitRow(Model):
    """One (process, kind, stack) of time off the CPU that no system call explains."""

    pid: int
    kind: WaitKind
    stack: Stack = ()
    kernel: Stack = ()
    count: int
    seconds: float
    max_seconds: float = 0.0


class FaultRow(Model):
    """Page faults taken in user mode at one stack: where new memory was first touched."""

    pid: int
    stack: Stack = ()
    faults: int
