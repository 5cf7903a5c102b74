"""Which process is asked about."""

from typing import Any

from perfdoctor.schemas.model import Model


class Target(Model):
    """A process, held by pid *and* start time, because a pid is reused.

    ``start_time`` is in seconds since boot (field 22 of /proc/PID/stat over the clock tick). ``runtime`` is
    what runs the code: ``python3.12``, ``node``, ``java``, ``native`` or ``unknown``. ``others`` are further processes
    that are measured together with it: all of those that are called ``name``.

    ``commit`` is that of the git checkout that its code lies in (uncommitted changes are not told), ``build_id`` is its
    program's, as the linker wrote it (in hexadecimal); None where there is none, or where it cannot be read.
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
    others: tuple[int, ...] = ()
    commit: str | None = None
    build_id: str | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """Those that were asked for, without their children."""
        return (self.pid, *self.others)

    @property
    def argument(self) -> dict[str, Any]:
        """How a tool is asked about it again."""
        return {"name": self.name} if self.others else {"pid": self.pid}
