"""What a Host can do. ``local`` does it directly, ``recorded`` replays it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol


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


class Host(Protocol):
    """A machine. Only implementations of this start processes; nobody ever starts a shell."""

    attach_runtimes: bool
    """whether runtimes may be asked about themselves (a Java machine by its attach mechanism)"""

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
