"""Where CPU time went."""

from enum import StrEnum

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model

# __bpf_trace_sys_enter  bpf_trace_run2  trace_call_bpf: by these the kernel runs programs at tracepoints and probes
_TRACING = ("__bpf_trace_", "bpf_trace_run", "trace_call_bpf", "uprobe_multi_link_", "uprobe_prog_run")


class CpuRow(Model):
    """Samples of one (process, thread name, stack).

    ``stack`` is what the target's code was doing, in its own language where it can be read;
    where mixed stacks were asked for, with the native frames between the Python lines that called them and those
    that they called;
    ``native`` is the native user stack (innermost first) beside a Python stack, empty otherwise;
    ``kernel`` is the kernel stack where the sample fell into the kernel. ``seconds`` are the samples scaled so
    that all rows of the profile add up to the exact CPU time of the threads.
    """

    pid: int
    thread: str = ""
    stack: Stack = ()
    native: Stack = ()
    kernel: Stack = ()
    samples: int
    seconds: float

    @property
    def is_tracing(self) -> bool:
        """Whether the kernel was running a tracing program (of ours, or of another tracer) in the thread's time."""
        return any(frame.function.startswith(_TRACING) for frame in self.kernel)


class LineShape(StrEnum):
    """What the text of a line, or of the loop around it, says that it does."""

    WALK = "walks a linked list"
    BUCKET = "goes along what a hash table has at one place"
    SCAN = "compares one element after the other"
    FEW = "searches a few that stand in the source"
    SHIFT = "moves the rest of a list"
    GROW = "makes a new one of what it has and a piece more"
    REWRITE = "puts a text together of itself and a piece more"
    BACKTRACK = "is of a file with a regular expression that may go back again and again"
    JOIN = "puts many pieces together at once"
    RESORT = "sorts what one more was added to"
    LETTER = "counts the letters of a text from its start, to come to one"
    SPIN = "does nothing until something else has changed"
    NESTED = "looks through all of something, in each round of another loop"
    FILTER = "takes rows of a table by a condition, in each round of a loop"
    EACH_TIME = "goes through all of something, for each that is added to it"
    SWEEP = "goes over all again, until nothing changes"
    OVERLAP = "works out the same parts again and again, by calling itself"
    SAME = "works out the same in each round"
    ELEMENTS = "goes over an array of numpy element by element"
    CELLS = "asks a table of pandas for one row or cell in each round of a loop"
    LOGIN = "works out what it compares with a secret that is kept"
    PART = "is asked by a loop, of each element or again and again"


class ShapedLine(Model):
    """A line of the target's own code that held CPU time. ``file`` as in frames. ``outer_file``, ``outer_line``: of a
    NESTED one, where the other loop begins, or a function that is called from outside for each thing that comes; of an
    EACH_TIME one the line that adds, of a SWEEP the loop whose rounds go over all, of an OVERLAP
    the line that calls the function again, of a SAME the line that asks for it."""

    file: str
    line: int
    shape: LineShape
    outer_file: str | None = None
    outer_line: int | None = None


class RecurringCalls(Model):
    """A Python function that was called with the same arguments again and again: of ``calls`` that looks at its frames
    met, only so many had ``different`` ones. ``of_object``: its first argument is an object (``self``); ``objects``:
    another one is, which may be another inside each time. ``kept``: the long texts that it is given are there after the
    call, for somebody keeps them; None where it is given none. ``only_gives``: its text says that it does nothing but
    give back what it works out, of what it is given and of what does not change; None where its text is not the
    program's own."""

    pid: int
    file: str
    function: str
    calls: int
    different: int
    of_object: bool = False
    objects: bool = False
    kept: bool | None = None
    only_gives: bool | None = None


class EventCount(Model):
    """How often an event happened to the target, as the processor's own counters say.

    ``counted_share`` is the part of the time in which it was counted: where the processor has too few counters they
    take turns, and ``count`` is already extrapolated."""

    event: str
    count: int
    counted_share: float = 1.0


class CpuProfile(Model):
    """``hz`` samples were asked for per second of CPU time; ``cpu_seconds`` is the exact CPU time of the target's
    threads in the window (/proc/PID/schedstat), ``sampled_seconds`` what the samples alone would say. ``events``
    is empty where the processor offers no counters. ``mixed``: Python stacks carry native frames, in all but
    ``unplaced`` samples between the right ones. ``shapes``: of its hottest lines of compiled code, those whose text
    says what they do. ``recurring``: functions of Python that were called with the same arguments again and again."""

    rows: tuple[CpuRow, ...] = ()
    hz: int = 0
    samples: int = 0
    cpu_seconds: float = 0.0
    sampled_seconds: float = 0.0
    events: tuple[EventCount, ...] = ()
    mixed: bool = False
    unplaced: int = 0
    shapes: tuple[ShapedLine, ...] = ()
    recurring: tuple[RecurringCalls, ...] = ()
