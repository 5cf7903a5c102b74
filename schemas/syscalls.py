"""What a process asked of the kernel."""

from pydantic import Field

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model

BUCKETS = 32
"""Latency histogram: bucket i counts calls that took from 2**i to 2**(i+1) - 1 nanoseconds (0 ns: bucket 0)."""


class SyscallRow(Model):
    """One (process, system call, object, stack).

    ``calls`` ended inside the window, ``unfinished`` had not when it closed (their wait so far is in
    ``seconds``). ``errors`` returned a negative value, ``empty`` returned exactly 0 (end of file, nothing
    ready). ``bytes`` is the sum of what read- and write-like calls returned. ``seconds`` is wall time inside
    the call; of it ``blocked_seconds`` were spent asleep and ``runnable_seconds`` ready, waiting for a core.
    ``object`` says upon what, as far as known: a path, ``fd:7``, ``fd:7 (socket:[123])``, ``futex:0x…``; None where
    the call has no object or the backend cannot tell. ``histogram`` is empty where the backend has none.
    """

    pid: int
    syscall: str
    object: str | None = None
    stack: Stack = ()
    calls: int
    errors: int = 0
    empty: int = 0
    unfinished: int = 0
    bytes: int = 0
    seconds: float = 0.0
    blocked_seconds: float = 0.0
    runnable_seconds: float = 0.0
    max_seconds: float = 0.0
    histogram: tuple[int, ...] = ()

    @property
    def on_core_seconds(self) -> float:
        """Of ``seconds``, what was neither spent asleep nor in line for a core."""
        return self.seconds - self.blocked_seconds - self.runnable_seconds


class ErrnoCount(Model):
    """How often a system call failed with an error, by its name (``ENOENT``)."""

    syscall: str
    errno: str
    calls: int


class PacedLine(Model):
    """A line of the target's own code that sleeps until a moment which it has worked out."""

    file: str
    line: int


SYNCS = frozenset(("fsync", "fdatasync", "sync", "syncfs", "msync", "sync_file_range"))
"""system calls that wait until the disk has what was written"""


class SharedSync(Model):
    """A line of the target's own code that syncs for several that wait for it: afterwards each of them is told."""

    file: str
    line: int


class PollLine(Model):
    """A line of the target's own code that sleeps in a loop which does nothing but look again."""

    file: str
    line: int


class LentLine(Model):
    """A line of the target's own code that waits until a pool of its own has something to lend: what it takes out of a
    queue is given back to it. ``work``: it is not, but a queue that is written in C gives the line its next piece of
    work, which no frame tells."""

    file: str
    line: int
    work: bool = False


class SyscallProfile(Model):
    """Every system call of the window, by stack. Rows are in order of ``seconds``, then ``calls``."""

    rows: tuple[SyscallRow, ...] = ()
    errnos: tuple[ErrnoCount, ...] = ()
    calls: int = Field(default=0, description="sum of calls over all rows")
    seconds: float = Field(default=0.0, description="sum of seconds over all rows")
