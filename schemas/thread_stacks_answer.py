"""What proc-threads returns: threads by what they stand in, cut to what fits an answer."""

from perfdoctor.schemas.answers import Traced
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall
from perfdoctor.schemas.thread_stacks import Pool, StuckHolder


class ThreadGroup(Model):
    """Threads with the same stack in the same call. Shares are of the time they were there: (running, waiting for a
    core, asleep, uninterruptible). ``names`` and ``tids`` are of the first few."""

    threads: int
    state: str
    location: Location | None
    call: str
    object: str
    objects: int
    moved: int
    names: tuple[str, ...]
    tids: tuple[int, ...]
    cpu_seconds: float
    shares: tuple[float, ...]
    voluntary: int
    involuntary: int
    stack: Stack
    omitted_frames: int = 0


class WaitLine(Model):
    """One thread that others wait for: ``location`` is where it is itself, ``at`` where the first of them waits."""

    kind: str
    pid: int
    address: int
    holder: int
    holder_name: str
    location: Location | None
    doing: str
    waiters: tuple[int, ...]
    total_waiters: int
    at: Location | None
    stands: int


class TaskLine(Model):
    """See ``TaskGroup``."""

    tasks: int
    state: str
    waits: str
    location: Location | None
    names: tuple[str, ...]
    stack: Stack
    omitted_frames: int = 0


class CircleMember(Model):
    tid: int
    name: str
    location: Location | None


class ThreadsAnswer(Traced):
    """``states``: threads by their last state. See ``ThreadStacks``."""

    states: dict[str, int]
    cpu_seconds: float
    runnable_seconds: float
    groups: tuple[ThreadGroup, ...]
    total_groups: int
    omitted_groups: int
    pools: tuple[Pool, ...]
    total_pools: int
    omitted_pools: int
    waits: tuple[WaitLine, ...]
    total_waits: int
    omitted_waits: int
    deadlocks: tuple[tuple[CircleMember, ...], ...]
    total_deadlocks: int
    stuck: tuple[StuckHolder, ...]
    total_stuck: int
    omitted_threads: int
    tasks: tuple[TaskLine, ...]
    total_tasks: int
    """tasks of asyncio, or goroutines, in all groups"""
    omitted_task_groups: int
    next: tuple[NextCall, ...]
