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

    async def stop(self) -> None:
        """Ask it to end: the signals of ``run`` in their order, each with its grace. Idempotent."""
        ...

    async def wait(self) -> int:
        """Its return code (negative: the signal that ended it), once it has ended."""
        ...


class Memory(Protocol):
    """The memory of a process, for reading (/proc/PID/mem)."""

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes, or OSError."""
        ...

    def close(self) -> None: ...


class Host(Protocol):
    """A machine. Only implementations of this start processes; nobody ever starts a shell."""

    def which(self, program: str) -> str | None:
        """The absolute path of a program on PATH, or beside our own interpreter."""
        ...

    def run(
        self,
        argv: Sequence[str],
        *,
        kill: bool = True,
        extra_environment: dict[str, str] | None = None,
    ) -> AbstractAsyncContextManager[Program]:
        """Start ``argv`` with no standard input. Leaving the context stops the program (INT, then TERM, then KILL when
        ``kill``) and waits for it, on success, error and cancellation alike. It dies with us (PR_SET_PDEATHSIG)."""
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
