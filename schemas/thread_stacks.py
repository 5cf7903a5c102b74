"""What every thread is doing, and who waits for whom."""

from enum import StrEnum

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model


class ThreadState(StrEnum):
    """As the kernel tells it (R, S, D, T or t, the rest)."""

    RUNNING = "running"
    SLEEPING = "sleeping"
    UNINTERRUPTIBLE = "uninterruptible"
    STOPPED = "stopped"
    ENDED = "ended"


class WaitKind(StrEnum):
    """What a thread waits for of another one: a mutex that it holds, or its end (pthread_join)."""

    MUTEX = "mutex"
    JOIN = "join"


class WaitsIn(Model):
    """The system call that a thread is in. ``object``: the path or socket of a descriptor, the address of a futex, the
    pid that is waited for; empty where the call has none. ``interpreter``: the futex is a lock of the interpreter's
    own, in all likelihood the GIL."""

    call: str
    object: str = ""
    interpreter: bool = False


class ThreadStand(Model):
    """One thread over the window. Seconds: ``seen`` is how long it was there, the four after it add up to that.
    ``running`` and ``runnable`` (ready, waiting for a core) are the scheduler's own account; how the rest is shared
    between ``sleeping`` and ``uninterruptible`` is sampled. ``tid`` is ours, ``own_tid`` the target's, in its own pid
    namespace. ``stack`` and ``waits`` are of the window's end, of its begin for one that ended; ``moved``: the stack,
    the call or its object was another one at the begin. ``rested``: it did not run at all between the two."""

    pid: int
    tid: int
    own_tid: int
    name: str
    state: ThreadState
    seen: float
    running: float = 0.0
    runnable: float = 0.0
    sleeping: float = 0.0
    uninterruptible: float = 0.0
    voluntary: int = 0
    involuntary: int = 0
    waits: WaitsIn | None = None
    stack: Stack = ()
    moved: bool = False
    rested: bool = False
    began: bool = False
    ended: bool = False


class Pool(Model):
    """Threads of one process that are called alike (but for digits) and began in the same function. Shares are of the
    time that they were there; ``idle`` threads ran less than 1 % of it, ``busy`` ones ran or waited for a core at least
    80 %. ``saturated``: all are busy, and some of that is waiting for a core."""

    pid: int
    name: str
    entry: str
    threads: int
    idle: int
    busy: int
    running_share: float
    runnable_share: float
    saturated: bool


class WaitEdge(Model):
    """A thread that sleeps until another one lets go of what lies at ``address``, or ends. ``stands``: it was so at the
    begin and at the end, and the waiter did not run between."""

    pid: int
    kind: WaitKind
    address: int
    waiter: int
    holder: int
    stands: bool


class StuckHolder(Model):
    """A thread that slept elsewhere through the whole window, while others waited as long for what it holds."""

    pid: int
    tid: int
    address: int
    waiters: tuple[int, ...]


class TaskGroup(Model):
    """Tasks of asyncio, or goroutines, that stand alike at the window's end. ``state``: waiting, running, or not begun
    (of goroutines also runnable, and in a system call; ``waits`` is the runtime's own word then). ``waits``: what
    for ("a task", "11 tasks (gather)", the class of what it awaits), "its turn" where the loop will go on with it,
    empty for one that does not wait. ``stack``: the coroutines that await each other, innermost first, and behind them
    those of the tasks that await the task itself, or through ``gather``. ``names`` are of the first few."""

    pid: int
    tasks: int
    state: str
    waits: str = ""
    names: tuple[str, ...] = ()
    stack: Stack = ()


class ThreadStacks(Model):
    """``deadlocks`` are circles of threads (by tid, each waits for the next) that stood through the window.
    ``omitted`` threads were too many to be looked at; ``looks`` is how often states were sampled. ``tasks`` are those
    of asyncio, or the goroutines, by what they wait in, most first."""

    threads: tuple[ThreadStand, ...] = ()
    omitted: int = 0
    looks: int = 0
    pools: tuple[Pool, ...] = ()
    edges: tuple[WaitEdge, ...] = ()
    deadlocks: tuple[tuple[int, ...], ...] = ()
    stuck: tuple[StuckHolder, ...] = ()
    tasks: tuple[TaskGroup, ...] = ()
