"""Which process is asked about."""

from perfdoctor.schemas.model import Model


class Target(Model):
    """A process, held by pid *and* start time, because a pid is reused.

    ``start_time`` is in seconds since boot (field 22 of /proc/PID/stat over the clock tick). ``runtime`` is
    what runs the code: ``python3.12``, ``node``, ``java``, ``native`` or ``unknown``.
    """

    pid: int
    start_time: float
    name: str
    command: tuple[str, ...] = ()
    user: str = ""
    runtime: str = "unknown"
    threads: int = 0
    cwd: str | None = None
    children: bool = True
