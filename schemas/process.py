"""Which processes there are, and how one behaves over time."""

from perfdoctor.schemas.limits import Limits
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import Collection, NextCall, Window
from perfdoctor.schemas.target import Target


class ProcessRow(Model):
    """One process. ``cpu_share`` is of one core, over a short look (1.0 = one core fully used); ``rss`` in bytes;
    ``age`` in
    seconds since it started; ``ports`` it listens on (TCP); ``why`` says what of it matched."""

    pid: int
    ppid: int
    name: str
    command: str
    user: str
    runtime: str
    state: str
    cpu_share: float
    rss: int
    threads: int
    age: float
    cwd: str | None = None
    container: str | None = None
    ports: tuple[int, ...] = ()
    children: int = 0
    why: str = ""


class FindAnswer(Model):
    """Processes that match, busiest first."""

    summary: str
    processes: tuple[ProcessRow, ...]
    total: int
    omitted: int
    unreadable: int
    next: tuple[NextCall, ...]


class Reading(Model):
    """One look at the target (and its children when asked), ``at`` seconds after the first.

    Rates are per second since the previous reading: ``cpu`` in cores, ``*_switches``, ``*_faults``, ``read_bytes`` and
    ``write_bytes`` as the storage layer counts them, ``read_calls`` and ``write_calls`` (/proc/PID/io syscr, syscw).
    None: this kernel or our privileges do not tell."""

    at: float
    cpu: float
    user_cpu: float
    system_cpu: float
    rss: int
    pss: int | None = None
    threads: int
    fds: int | None = None
    sockets: int | None = None
    voluntary_switches: float
    involuntary_switches: float
    minor_faults: float
    major_faults: float
    read_bytes: float | None = None
    write_bytes: float | None = None
    read_calls: float | None = None
    write_calls: float | None = None
    runnable_share: float | None = None
    """time that its threads waited for a core, in cores"""


class Trend(Model):
    """One figure over the window: its mean, extremes and Theil-Sen slope per second; ``confidence`` 0 to 1 that it
    moves."""

    metric: str
    unit: str
    mean: float
    low: float
    high: float
    slope: float
    confidence: float


class WatchAnswer(Model):
    recording: str
    target: Target
    window: Window
    collection: Collection
    summary: str
    trends: tuple[Trend, ...]
    readings: tuple[Reading, ...]
    total_readings: int
    omitted_readings: int
    pressure: dict[str, float]
    """pressure stall information: share of the window in which some task waited, by cpu, io, memory; empty where the
    kernel has none"""
    limits: Limits | None = None
    """of the target's control groups, and what they did to it in the window; None where none can be seen"""
    next: tuple[NextCall, ...]
