"""One recording, as lists show it."""

from enum import StrEnum

from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall, Window
from perfdoctor.schemas.target import Target


class Kind(StrEnum):
    """Which question made it; from MEMORY_MAP on, also the part of the evidence that answers it."""

    WATCH = "watch"
    CPU = "cpu"
    SYSCALLS = "syscalls"
    DIAGNOSIS = "diagnosis"
    WORKLOAD = "workload"
    MEMORY_MAP = "memory_map"
    THREAD_STACKS = "thread_stacks"
    FILE_USE = "file_use"
    DISK = "disk"
    NETWORK = "network"
    ALLOCATIONS = "allocations"
    LOCKS = "locks"
    FUNCTIONS = "functions"
    CUSTOM = "custom"


class Recording(Model):
    """``created`` is Unix time; ``caller`` asked for it; ``state`` is ``complete``, or ``partial`` when the window
    ended early; ``bytes`` is the compressed size."""

    id: str
    created: float
    kind: Kind
    caller: str
    target: Target
    window: Window
    state: str
    summary: str
    bytes: int


class RecordingsAnswer(Model):
    """What ``recordings`` returns: one recording for show and delete."""

    summary: str
    recordings: tuple[Recording, ...]
    total: int
    omitted: int
    next: tuple[NextCall, ...]
