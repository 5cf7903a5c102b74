"""Without any tracing: how far the positions of open files move (/proc/PID/fdinfo, proc_pid_fdinfo(5))."""

import contextlib
import os
import time
from collections import defaultdict

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.proc.fd import read_position
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.target import why_denied
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.file_use import FileAct, FileRow, FileUse
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, Window
from perfdoctor.schemas.target import Target

NAME = "proc"
_LOOK_SECONDS = 0.1
_MOST = 2048
"""descriptors looked at each time"""


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why open files cannot be seen here; None when they can."""
    try:
        host.list_folder(f"/proc/{target.pid if target else 'self'}/fd")
    except PermissionError:
        if target:
            return why_denied(host, target.pid)
        return Problem(
            what="Open files cannot be seen.", why="/proc/self/fd may not be read.", next_step="Mount /proc."
        )
    except OSError:
        return None
    return None


class _Watch:
    def __init__(self) -> None:
        self.last: dict[tuple[int, str], tuple[str, int]] = {}
        self.moved: dict[tuple[int, str, bool], int] = defaultdict(int)
        self.opened: dict[tuple[int, str], int] = defaultdict(int)
        self.looks = self.cut = 0

    def look(self, host: Host, target: Target) -> bool:
        """False when nobody of the target is there any more."""
        now: dict[tuple[int, str], tuple[str, int]] = {}
        there = False
        for pid in tree(host, target):
            with contextlib.suppress(OSError):
                names = host.list_folder(f"/proc/{pid}/fd")
                there = True
                self.cut = max(self.cut, len(names) - _MOST)
                for fd in names[:_MOST]:
                    with contextlib.suppress(OSError, ValueError):
                        self._look_at(host, pid, fd, now)
        self.last = now
        self.looks += 1
        return there

    def _look_at(self, host: Host, pid: int, fd: str, now: dict[tuple[int, str], tuple[str, int]]) -> None:
        path = host.read_link(f"/proc/{pid}/fd/{fd}")
        if not path.startswith("/") or path.startswith("/dev/"):
            return
        position, flags = read_position(host, pid, fd)
        writes = flags & os.O_ACCMODE != os.O_RDONLY
        now[pid, fd] = path, position
        before = self.last.get((pid, fd))
        if before is None or before[0] != path:
            if self.looks:
                self.opened[pid, clean(path)] += 1
            return
        self.moved[pid, clean(path), writes] += max(0, position - before[1])

    def use(self) -> FileUse:
        rows = [
            FileRow(pid=pid, path=path, act=FileAct.WRITE if writes else FileAct.READ, calls=0, bytes=moved)
            for (pid, path, writes), moved in self.moved.items()
            if moved
        ]
        rows += [FileRow(pid=pid, path=path, act=FileAct.OPEN, calls=n) for (pid, path), n in self.opened.items()]
        rows.sort(key=lambda row: (-row.bytes, -row.calls, row.path))
        return FileUse(rows=tuple(rows))


async def watch(host: Host, target: Target, *, seconds: float, progress: Progress) -> Measured[FileUse]:
    """Ten looks a second: files that are opened and closed between two looks are not seen, nor is reading at an offset
    (pread). A file that is open for reading and writing counts as written."""
    seen = _Watch()
    started, began = time.time(), time.monotonic()
    there = await to_thread.run_sync(seen.look, host, target)
    if not there:
        raise ProblemError(
            f"Process {target.pid} ({target.name}) has no open files to look at.",
            "It has ended.",
            "Call proc-find to see which processes there are.",
        )
    progress(0.0, "looking")
    while there and (elapsed := time.monotonic() - began) < seconds:
        await anyio.sleep(min(_LOOK_SECONDS, seconds - elapsed))
        there = await to_thread.run_sync(seen.look, host, target)
        progress(time.monotonic() - began, f"{len(seen.last)} files open")
    return Measured(
        seen.use(),
        Collection(
            backend=NAME,
            exact=False,
            lacks=(
                "files that were open for less than a tenth of a second",
                "calls, errors and latencies",
                "reads and writes at an offset",
                "source lines",
            ),
            warnings=(f"{seen.cut:,} open files were not looked at",) if seen.cut > 0 else (),
        ),
        Window(started=started, seconds=time.monotonic() - began, partial=None if there else "the target ended"),
    )
