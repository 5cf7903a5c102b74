"""Which backend answers which question, how well, and what that costs: the one place that says so.

tools-check takes from here what each backend answers, docs/backends.md is made from it, and a test holds it against
the ladders (``BACKENDS`` of each question). A new rung is a new row; rows stand in the order of the ladder.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from perfdoctor.collectors import allocations, disk, memory_map, thread_stacks
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpftrace import backend as bpftrace
from perfdoctor.collectors.backends.bpftrace import lent
from perfdoctor.collectors.backends.jvm import backend as jvm
from perfdoctor.collectors.backends.jvm.cpu import LACKS as JAVA_LACKS
from perfdoctor.collectors.backends.ltrace import backend as ltrace
from perfdoctor.collectors.backends.node import backend as node
from perfdoctor.collectors.backends.perf import backend as perf
from perfdoctor.collectors.backends.proc import open_files
from perfdoctor.collectors.backends.pyspy import backend as pyspy
from perfdoctor.collectors.backends.sockets import backend as sockets
from perfdoctor.collectors.backends.strace import backend as strace
from perfdoctor.collectors.host.base import Host
from perfdoctor.schemas.problem import Problem
from perfdoctor.schemas.target import Target

Unavailable = Callable[[Host, Target | None], Problem | None]
DEAR = 1.05
"""times slower; a tool whose cost is above says so in its description"""
OVERHEAD = "bench/overhead.py"
PROFILERS = "bench/profilers.py"
TOOLS = "bench/tools.py"
MEMORY = "bench/memory.py"


class Exactness(StrEnum):
    EXACT = "every event"
    NEARLY = "nearly every event"
    SAMPLES = "samples"
    LOOKS = "looks now and then"


class Lines(StrEnum):
    ALL = "Python and native"
    PYTHON = "Python"
    JAVASCRIPT = "JavaScript"
    JAVA = "Java"
    NATIVE = "native"
    NONE = "none"


class Cost(StrEnum):
    """What it does to its target, as ``TargetCost.kind``."""

    READS = "reads"
    PERTURBS = "perturbs"
    STOPS = "stops"


@dataclass(frozen=True, slots=True)
class Ability:
    """One rung of one question. ``question`` is the module of collectors that asks, ``tool`` who offers it, ``mode``
    what the question calls its kinds. ``slow_down`` is how many times slower a busy but ordinary program runs (None:
    not measured yet), by ``bench``; ``each`` is what one event costs. ``unavailable`` is None for what is no single
    backend."""

    tool: str
    question: str
    backend: str
    unavailable: Unavailable | None
    exact: Exactness
    lines: Lines
    cost: Cost
    each: str = ""
    slow_down: float | None = None
    bench: str = TOOLS
    lacks: tuple[str, ...] = ()
    mode: str = ""

    @property
    def dear(self) -> bool:
        return self.slow_down is not None and self.slow_down > DEAR


_PROC = "proc"


def _always(_host: Host, _target: Target | None) -> None:
    """/proc needs nothing but itself."""


ABILITIES = (
    Ability(
        "proc-watch", "watch", _PROC, _always, Exactness.LOOKS, Lines.NONE, Cost.READS,
        lacks=("which line, which file, which peer",),
    ),
    Ability(
        "proc-memory", "memory_map", _PROC, memory_map.unavailable, Exactness.EXACT, Lines.NONE, Cost.READS,
        each="50 ms for each GiB of small pages", bench="bench/smaps_cost.py", lacks=("which line allocates",),
    ),
    Ability(
        "proc-threads", "thread_stacks", _PROC, thread_stacks.unavailable, Exactness.LOOKS, Lines.ALL, Cost.READS,
        each="a look at each thread some ten times a second", lacks=("who holds a lock that keeps no owner",),
    ),
    Ability(
        "proc-threads", "thread_stacks", jvm.NAME, jvm.unavailable, Exactness.LOOKS, Lines.JAVA, Cost.PERTURBS,
        each="milliseconds in which all threads of Java stand, twice",
        lacks=("native stacks of threads that run Java",),
    ),
    Ability(
        "proc-threads", "thread_stacks", pyspy.NAME, pyspy.unavailable, Exactness.LOOKS, Lines.PYTHON, Cost.READS,
        lacks=("native stacks",),
    ),
    Ability(
        "diagnose", "ledger", bpf.NAME, bpf.unavailable, Exactness.EXACT, Lines.ALL, Cost.PERTURBS,
        each="0.9 µs per event, 199 samples a second",
    ),
    Ability(
        "diagnose", "ledger", "programs", None, Exactness.SAMPLES, Lines.PYTHON, Cost.STOPS,
        each="what trace-cpu and trace-syscalls cost without the engine, half of the window each",
        lacks=("waits off the CPU", "page faults", "threads", "calls by source line"),
    ),
    Ability(
        "trace-cpu", "cpu", bpf.NAME, bpf.unavailable, Exactness.SAMPLES, Lines.ALL, Cost.PERTURBS,
        each="a few microseconds per sample, 99 a second",
        slow_down=1.0, bench=OVERHEAD,
    ),
    Ability(
        "trace-cpu", "cpu", jvm.NAME, jvm.unavailable, Exactness.SAMPLES, Lines.JAVA, Cost.PERTURBS,
        each="a look at up to five threads a hundred times a second",
        lacks=JAVA_LACKS,
    ),
    Ability(
        "trace-cpu", "cpu", node.NAME, node.unavailable, Exactness.SAMPLES, Lines.JAVASCRIPT, Cost.PERTURBS,
        each="12 µs per sample, 99 a second, 9 ms at its beginning, and some lines on its standard error",
        lacks=node.LACKS,
        slow_down=1.0, bench=PROFILERS,
    ),
    Ability(
        "trace-cpu", "cpu", pyspy.NAME, pyspy.unavailable, Exactness.SAMPLES, Lines.PYTHON, Cost.READS,
        lacks=("native and kernel frames", "waits", "children that are not Python"),
        slow_down=1.03, bench=OVERHEAD,
    ),
    Ability(
        "trace-cpu", "cpu", perf.NAME, perf.unavailable, Exactness.SAMPLES, Lines.NATIVE, Cost.PERTURBS,
        lacks=("Python lines", "waits"),
        slow_down=1.0,
    ),
    Ability(
        "trace-syscalls", "syscalls", bpf.NAME, bpf.unavailable, Exactness.EXACT, Lines.ALL, Cost.PERTURBS,
        each="0.9 µs per call with its line, 0.25 µs without",
        slow_down=1.02, bench="bench/own_time.py",
    ),
    Ability(
        "trace-syscalls", "syscalls", bpftrace.NAME, bpftrace.unavailable, Exactness.EXACT, Lines.NONE, Cost.PERTURBS,
        each="1.4 µs per call", lacks=("stacks", "objects", "asleep or ready", "calls that began before the window"),
        slow_down=1.0, bench=OVERHEAD,
    ),
    Ability(
        "trace-syscalls", "syscalls", perf.NAME, perf.unavailable_for_syscalls, Exactness.NEARLY, Lines.NONE,
        Cost.PERTURBS, each="25 µs per call",
        lacks=("stacks", "objects", "bytes", "histograms", "a few calls in a thousand", "new threads and processes"),
        slow_down=2.1, bench=OVERHEAD,
    ),
    Ability(
        "trace-syscalls", "syscalls", strace.NAME, strace.unavailable, Exactness.EXACT, Lines.NONE, Cost.STOPS,
        each="25 µs per call, in two stops", lacks=("stacks", "asleep or ready", "time of unfinished calls"),
        slow_down=3.8, bench=OVERHEAD,
    ),
    Ability(
        "trace-files", "file_use", bpf.NAME, bpf.unavailable, Exactness.EXACT, Lines.ALL, Cost.PERTURBS,
        each="0.9 µs per system call",
    ),
    Ability(
        "trace-files", "file_use", strace.NAME, strace.unavailable, Exactness.EXACT, Lines.NONE, Cost.STOPS,
        each="25 µs per system call, in two stops", lacks=("stacks", "sequential and random access"),
        slow_down=7.3,
    ),
    Ability(
        "trace-files", "file_use", open_files.NAME, open_files.unavailable, Exactness.LOOKS, Lines.NONE, Cost.READS,
        lacks=("files open for less than a tenth of a second", "calls, errors and latencies"),
    ),
    Ability(
        "trace-io", "disk", bpf.NAME, bpf.unavailable, Exactness.EXACT, Lines.ALL, Cost.PERTURBS,
        each="0.9 µs per system call and block request", lacks=("what the kernel writes back later",),
    ),
    Ability(
        "trace-io", "disk", _PROC, disk.unavailable, Exactness.EXACT, Lines.NONE, Cost.READS,
        lacks=("block requests and their latency", "files", "the page cache"),
    ),
    Ability(
        "trace-network", "network", bpf.NAME, bpf.unavailable, Exactness.EXACT, Lines.ALL, Cost.PERTURBS,
        each="1 to 2 µs per call on a socket",
    ),
    Ability(
        "trace-network", "network", strace.NAME, strace.unavailable, Exactness.EXACT, Lines.NONE, Cost.STOPS,
        each="45 µs per call, in two stops", lacks=("stacks", "connects that did not wait", "segments sent again"),
        slow_down=7.3,
    ),
    Ability(
        "trace-network", "network", sockets.NAME, sockets.unavailable, Exactness.LOOKS, Lines.NONE, Cost.READS,
        lacks=("requests", "sends and receives", "connect times", "errors", "name look-ups"),
    ),
    Ability(
        "trace-locks", "locks", bpf.NAME, bpf.unavailable, Exactness.EXACT, Lines.ALL, Cost.PERTURBS,
        each="1 to 2 µs per wait and wake-up, 0.9 µs per other call", lacks=("locks that were taken without a wait",),
    ),
    Ability(
        "trace-locks", "locks", jvm.NAME, jvm.unavailable, Exactness.EXACT, Lines.JAVA, Cost.PERTURBS,
        each="about a microsecond per wait",
        lacks=("the line that held the lock", "waits that were unfinished at the end", "locks of native code"),
    ),
    Ability(
        "trace-locks", "locks", bpftrace.NAME, bpftrace.unavailable, Exactness.EXACT, Lines.NONE, Cost.PERTURBS,
        each="1.4 µs per futex call", lacks=("stacks", "holders"),
    ),
    Ability(
        "trace-locks", "locks", strace.NAME, strace.unavailable, Exactness.EXACT, Lines.NONE, Cost.STOPS,
        each="25 µs per call, in two stops", lacks=("stacks", "holders"),
    ),
    Ability(
        "trace-locks", "locks", perf.NAME, perf.unavailable_for_syscalls, Exactness.NEARLY, Lines.NONE,
        Cost.PERTURBS, each="25 µs per call", lacks=("which lock", "stacks", "holders"),
    ),
    Ability(
        "trace-locks", "locks", pyspy.NAME, pyspy.unavailable, Exactness.SAMPLES, Lines.PYTHON, Cost.READS,
        lacks=("every lock but the GIL",),
    ),
    Ability(
        "trace-memory", "allocations", bpf.NAME, bpf.unavailable, Exactness.EXACT, Lines.ALL, Cost.PERTURBS,
        each="below 1 µs per page fault", bench=MEMORY, mode="growth",
        lacks=("which line keeps what another touched",),
    ),
    Ability(
        "trace-memory", "allocations", perf.NAME, perf.unavailable, Exactness.EXACT, Lines.NATIVE, Cost.PERTURBS,
        each="2.4 µs per page fault", bench=MEMORY, mode="growth",
        lacks=("Python lines", "calls that map and give back memory"),
    ),
    Ability(
        "trace-memory", "allocations", _PROC, allocations.proc_unavailable, Exactness.LOOKS, Lines.NONE, Cost.READS,
        mode="growth", lacks=("which line touches, maps or allocates memory",),
    ),
    Ability(
        "trace-memory", "allocations", bpf.NAME, bpf.unavailable, Exactness.EXACT, Lines.ALL, Cost.PERTURBS,
        each="14 µs per malloc and free, ended by a budget", slow_down=2.6, mode="allocations",
        lacks=("Python's objects of 512 bytes and less",),
    ),
    Ability(
        "trace-memory", "allocations", bpf.NAME, bpf.unavailable, Exactness.EXACT, Lines.ALL, Cost.PERTURBS,
        each="14 µs per allocation and free, ended by a budget", bench=MEMORY, mode="objects",
        lacks=("objects that Python takes from its free lists",),
    ),
    Ability(
        "trace-memory", "allocations", jvm.NAME, jvm.unavailable, Exactness.SAMPLES, Lines.JAVA, Cost.PERTURBS,
        each="about a microsecond per new buffer of a thread", mode="objects",
        lacks=("how many objects", "which objects live on"),
    ),
    Ability(
        "trace-memory", "allocations", node.NAME, node.unavailable, Exactness.SAMPLES, Lines.JAVASCRIPT, Cost.PERTURBS,
        each="a sample for each 16 KiB, at the end a collection of its heap (1 ms a MiB), lines on its standard error",
        mode="objects",
        lacks=("how many objects", "objects that were collected again"),
    ),
    Ability(
        "trace-function", "functions", bpf.NAME, bpf.unavailable, Exactness.EXACT, Lines.ALL, Cost.PERTURBS,
        each="9 µs per call and return, ended by a budget", bench=MEMORY,
        lacks=("calls that the compiler inlined", "how often a Python function is called (its time is sampled)"),
    ),
    Ability(
        "trace-function", "functions", ltrace.NAME, ltrace.unavailable, Exactness.EXACT, Lines.NONE, Cost.STOPS,
        each="85 µs per call, in two stops",
        lacks=("stacks", "a histogram", "values", "which process called"),
    ),
    Ability(
        "trace-custom", "custom", bpftrace.NAME, lent.unavailable, Exactness.EXACT, Lines.NONE, Cost.PERTURBS,
        each="0.3 to 1.4 µs per event, as the program asks", slow_down=1.0,
        lacks=("whatever no probe of bpftrace sees", "dtrace programs on a Mac"),
    ),
)  # fmt: skip


def answers(backend: str) -> dict[str, Unavailable]:
    """The tools that a backend answers, each with what says why it cannot here."""
    return {one.tool: one.unavailable for one in ABILITIES if one.backend == backend and one.unavailable is not None}


def ladder(question: str, mode: str = "") -> tuple[str, ...]:
    """The backends of a question, in the order in which they are tried."""
    return tuple(one.backend for one in ABILITIES if one.question == question and one.mode == mode)
