"""What a Host can do. ``local`` does it directly, ``recorded`` replays it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import anyio

from perfdoctor.schemas.problem import Problem


class Program(Protocol):
    """A program that is running. Its output arrives as bytes; its text is hostile data."""

    pid: int

    def output(self) -> AsyncIterator[bytes]:
        """Chunks of standard output until it ends."""
        ...

    async def errors(self) -> bytes:
        """All that it wrote on standard error so far (the first 64 KiB)."""
        ...

    async def interrupt(self) -> None:
        """Ask it, once, to end and to say what it has (SIGINT). Its output goes on until it does."""
        ...

    async def stop(self) -> None:
        """End it without waiting for its answer: INT, then TERM, then KILL, each with a short grace. Idempotent."""
        ...

    async def wait(self) -> int:
        """Its return code (negative: the signal that ended it), once it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Launch:
    """What is to be started: ``argv`` is found by the PATH of ``environment``, which is all that it gets. ``user`` is
    (uid, gid, groups), None: ours. ``contained`` False: in no control group of its own, as where none can be made."""

    argv: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    folder: str | None = None
    user: tuple[int, int, tuple[int, ...]] | None = None
    contained: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """How a launched program ended. ``status`` as wait(2) has it; ``at`` is the monotonic clock's; ``cpu`` are seconds
    (user, system) of it and all its descendants; ``resident`` the most bytes that one process of them had, 0 where the
    program never had more than what stood in its place before."""

    status: int
    at: float
    cpu: tuple[float, float]
    resident: int


class Launched(Protocol):
    """A program that was started under supervision: first it is stopped before its first instruction."""

    pid: int
    supervisor: int
    """the process that all of them descend from, also those that lost their parents"""
    contained: bool
    """whether a control group of its own holds all its descendants; or else they are found by their parents"""
    began_at: float
    """when it was told to go, by the monotonic clock"""
    output_ended: anyio.Event
    """``read`` has come to the end"""

    async def go(self) -> None:
        """Let it begin. ProblemError when it cannot be executed."""
        ...

    async def read(self, feed: Callable[[int, bytes], object]) -> None:
        """Give ``feed`` each chunk of its standard output (1) and standard error (2), in a worker thread, until both
        have ended."""
        ...

    async def ended(self) -> Ended:
        """How it ended, once it has. Its descendants may live on."""
        ...

    async def cpu(self) -> tuple[float, float]:
        """Seconds (user, system) of all that was started, living and dead, since ``go``."""
        ...

    async def end(self, grace: float) -> tuple[int, int]:
        """End it and everything that it started: TERM, and after ``grace`` seconds KILL. How many processes there were,
        and how many could not be ended (they wait for a disk). Idempotent."""
        ...


class Memory(Protocol):
    """The memory of a process, for reading (/proc/PID/mem)."""

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes, or OSError."""
        ...

    def resident(self, address: int, size: int) -> list[bool]:
        """Of each page from ``address`` (at a page's beginning) on, whether it is in memory (/proc/PID/pagemap). To
        read another would make it so. OSError where the kernel does not tell."""
        ...

    def close(self) -> None: ...


class Channel(Protocol):
    """One connection to the privileged helper; what was opened through it ends with it."""

    def ask(self, header: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes, tuple[int, ...]]:
        """One request (helper/protocol.py): the answer, its bytes, and descriptors, which are the caller's from now on.
        ProblemError when it is refused, OSError when the system could not or the helper is gone."""
        ...

    def close(self) -> None: ...


class Helper(Protocol):
    """The privileged helper, as an unprivileged server sees it."""

    def unavailable(self) -> Problem | None:
        """Why it does not serve us; None when it does. Asks it once."""
        ...

    def connect(self) -> Channel: ...


class Host(Protocol):
    """A machine. Only implementations of this start processes; nobody ever starts a shell."""

    attach_runtimes: bool
    """whether runtimes may be asked about themselves (Java by its attach mechanism, Node.js by its inspector)"""

    helper: Helper | None
    """who loads our BPF programs where we may not; None: we do it ourselves, or cannot"""

    def which(self, program: str) -> str | None:
        """The absolute path of a program on PATH, or beside our own interpreter."""
        ...

    def run(
        self,
        argv: Sequence[str],
        *,
        kill: bool = True,
        tracefs: bool = False,
        extra_environment: dict[str, str] | None = None,
    ) -> AbstractAsyncContextManager[Program]:
        """Start ``argv`` with no standard input; ProblemError when there is no such program.

        Leaving the context stops the program and waits for it, on success, error and cancellation alike; when we are
        killed, it ends too. ``kill=False`` is for programs whose death by SIGKILL would harm their target: they get
        INT and TERM only, with more patience. ``tracefs`` lets it see the kernel's tracepoints: where nobody has
        mounted them, they are mounted for this program alone, and are gone with it."""
        ...

    def launch(self, wanted: Launch) -> AbstractAsyncContextManager[Launched]:
        """Start a program with no standard input, stopped before its first instruction. ProblemError when it cannot be
        started.

        Leaving the context ends it and everything that it started, also what left its process group and session, on
        success, error and cancellation alike; and so does our own end, however it comes."""
        ...

    def read_file(self, path: str, limit: int = 16 << 20) -> bytes:
        """The first ``limit`` bytes of a file, or OSError."""
        ...

    def list_folder(self, path: str) -> list[str]:
        """Names in a folder, or OSError."""
        ...

    def read_link(self, path: str) -> str: ...

    def memory(self, pid: int) -> Memory:
        """Open a process's memory for reading, or OSError."""
        ...

    def forget_references(self, pid: int) -> None:
        """Let the kernel forget which pages of a process were used (1 to /proc/PID/clear_refs), or OSError. The one
        thing that is ever written below /proc/PID: it costs the process a walk through its page tables, and then a
        little at each page that it uses again."""
        ...
