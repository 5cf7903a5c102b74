"""What one look at a process saw."""

from dataclasses import dataclass

from perfdoctor.collectors.backends.proc.io import Io


@dataclass(frozen=True, slots=True)
class Look:
    """``at`` seconds after the first look. Counters are totals since then, gauges are as they were at that moment.
    None: may not be read, or this kernel does not tell."""

    at: float
    user: float
    system: float
    minor_faults: float
    major_faults: float
    voluntary: float
    involuntary: float
    runnable: float | None
    io: Io | None
    rss: int
    pss: int | None
    threads: int
    fds: int | None
    sockets: int | None
