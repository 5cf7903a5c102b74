"""How memory moved."""

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model


class MemorySample(Model):
    """One reading, ``at`` seconds after the window began. Bytes, of the whole target (its children included when
    the target says so). ``rss`` is resident, ``anonymous`` the part of it that no file backs, from /proc/PID/status
    (VmRSS, RssAnon); ``swap`` is VmSwap."""

    at: float
    rss: int
    anonymous: int
    swap: int = 0


class HeapReading(Model):
    """What a runtime that collects garbage has in use, ``at`` seconds after the window began: bytes, with the garbage
    since the last collection; ``collected``: right after one, so that it is next to all in use. ``reserved``: what it
    holds of the kernel for its heap, used or not (V8's totalSize); 0: not told. ``made``: all that the program has
    asked of it since it began, which garbage collection does not lessen; 0: not told. Of Go the last collection before
    the window is told too, at a negative ``at``."""

    at: float
    used: int
    collected: bool = False
    reserved: int = 0
    made: int = 0


class LivingRow(Model):
    """What one stack allocated in the window and was alive at its end, from ``samples``. V8 says how many ``bytes``
    they stand for (garbage that was not collected yet is among them); Java does not (None)."""

    pid: int
    stack: Stack
    samples: int
    bytes: int | None = None


class KeptLine(Model):
    """A line of the target's own code that adds something to a collection which outlives its function. ``through``: it
    does so in what it calls, at this line of ``function`` in the same file; or, where it adds to an object's own
    (``of_its_own``), that line keeps the object. ``limited``: the collection is made to hold no more than so many."""

    file: str
    line: int
    through: int | None = None
    function: str = ""
    of_its_own: bool = False
    limited: bool = False


class NativeMaker(Model):
    """A class of Java (``java.util.zip.Deflater``) whose native code took ``pages`` of new memory in the window.
    ``line``: the only one of the target's own that makes such objects, or those that hold them; ``keeps``: it adds them
    to a collection that outlives its function."""

    pid: int
    name: str
    pages: int
    file: str | None = None
    line: int | None = None
    function: str = ""
    keeps: bool = False


class MemoryTrend(Model):
    """Readings over the window and the straight line through them.

    ``bytes_per_second`` is the Theil-Sen slope of ``anonymous + swap``; ``confidence`` (0 to 1) is the share of
    pairs of readings that rise, so that a sawtooth is not taken for growth. ``minor_faults`` and
    ``major_faults`` are differences over the window (/proc/PID/stat fields 10 and 12). ``heap`` is of the target's own
    runtime, empty where it has none that collects or does not tell. ``kept``: of the lines that allocate.
    ``native``: of Java."""

    samples: tuple[MemorySample, ...] = ()
    bytes_per_second: float = 0.0
    confidence: float = 0.0
    minor_faults: int = 0
    major_faults: int = 0
    heap: tuple[HeapReading, ...] = ()
    kept: tuple[KeptLine, ...] = ()
    native: tuple[NativeMaker, ...] = ()
