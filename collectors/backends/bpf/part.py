"""One question's own programs and tables, beside those of watch.bpf.c and in the same window.

A part is a C file that includes watch.bpf.c after its own maps and functions (it may look on at every system call by
defining AT_CALL_BEGIN and AT_CALL_END, see calls.h), and a subclass of this that starts it and reads it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfdoctor.collectors.backends.bpf.engine import Engine, Seen
    from perfdoctor.collectors.backends.bpf.programs import Programs


class Part:
    """Everything but ``evidence`` is optional; the engine calls them in this order."""

    source = "watch"
    """the C file, without .bpf.c"""
    programs: tuple[str, ...] = ()
    """its programs for tracepoints, attached in this order after those of watch.bpf.c"""
    unattached: tuple[str, ...] = ()
    """its programs that ``start`` attaches by itself: uprobes"""
    enough: str = ""
    """why the window is to end early; set while it runs"""

    @property
    def file(self) -> Path:
        return Path(__file__).with_name(f"{self.source}.bpf.o")

    def configure(self, made: Programs) -> None:
        """Opened and not loaded: constants may be set (``made.initial_section(".rodata.part")``)."""

    def start(self, engine: Engine, made: Programs) -> None:
        """Loaded, ``engine.lives`` knows the processes, nothing is attached: tables may be filled, uprobes attached.
        OSError or ProblemError ends the attempt."""

    def introduce(self, engine: Engine, made: Programs, pid: int) -> None:
        """A process of the window executed another program and has just been looked at again."""

    def hear(self, data: bytes) -> None:
        """A record of its own from the ring buffer: its first u32 is RECORD_PART or above."""

    def tick(self, engine: Engine) -> None:
        """Some twenty times a second, in a thread beside the one that takes what the kernel sends."""

    def requests_so_far(self) -> int:
        """How many requests peers have begun to ask of the target; 0 where that is not known."""
        return 0

    def so_far(self) -> str:
        """One line for progress; empty leaves it to the engine."""
        return ""

    def finish(self, engine: Engine, seen: Seen) -> None:
        """The window is closed, nothing is attached, the tables can be read for the last time."""

    def evidence(self, engine: Engine, seen: Seen) -> dict[str, object]:
        """What it adds to the Evidence, by field name; ``collections`` is left to the question."""
        raise NotImplementedError
