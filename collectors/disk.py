"""What reaches the disk, and how long does it take?"""

import contextlib
import time
from collections import defaultdict

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.disk import DiskPart
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.backends.proc import io as proc_io
from perfdoctor.collectors.file_use import use_of
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.processes.amount import amount
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.target import still_there, why_denied
from perfdoctor.collectors.window import by_engine as by_engine_window
from perfdoctor.schemas.disk import DiskUse, Moved
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.file_use import FileAct, FileUse
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, Window
from perfdoctor.schemas.syscalls import SyscallProfile
from perfdoctor.schemas.target import Target

PROC = "proc"
BACKENDS = (bpf.NAME, PROC)
_LOOK_SECONDS = 0.2
_DELAYS = "/proc/sys/kernel/task_delayacct"
_WRITE_BACK = "what the kernel writes back later, in its own threads (the syncs of a file wait for it)"


async def measure(
    host: Host, target: Target, *, seconds: float, backend: str = "auto", progress: Progress = silent
) -> Evidence:
    """Logical against physical bytes for ``seconds``, what the page cache had, and each block request by file and line.

    The evidence has ``disk``; by the engine also ``file_use`` with the syncs. ``proc`` has the bytes alone, from
    /proc/PID/io. ProblemError when neither can answer."""
    must_be_asked_well(BACKENDS, backend, seconds)
    meter = _Meter(host, target)

    async def by_engine() -> Evidence:
        await to_thread.run_sync(meter.look)
        part = DiskPart()
        found = await by_engine_window(
            host, target, seconds=seconds, wanted=Wanted(part=part), memory=False, progress=progress, also=meter.look
        )
        return await to_thread.run_sync(_joined, target, found, part, meter)

    async def by_proc() -> Evidence:
        started, began = time.time(), time.monotonic()
        if not await to_thread.run_sync(meter.look):
            raise _gone(host, target)
        there = True
        while there and (elapsed := time.monotonic() - began) < seconds:
            await anyio.sleep(min(_LOOK_SECONDS, seconds - elapsed))
            there = await to_thread.run_sync(meter.look) and still_there(host, target)
            progress(time.monotonic() - began, meter.so_far())
        window = Window(
            started=started, seconds=time.monotonic() - began, partial=None if there else "the target ended"
        )
        lacks = ("block requests and their latency", "files", "source lines", "what was in the page cache", _WRITE_BACK)
        return Evidence(
            target=target,
            window=window,
            collections={"disk": Collection(backend=PROC, exact=True, reason="/proc/PID/io", lacks=lacks)},
            disk=DiskUse(moved=meter.moved(), io_wait=meter.io_wait()),
        )

    return await climb(
        host, target, backend, (Rung(bpf.NAME, bpf.unavailable, by_engine), Rung(PROC, unavailable, by_proc))
    )


def unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why /proc/PID/io cannot be read; None when it can."""
    try:
        host.read_file(f"/proc/{target.pid if target else 'self'}/io")
    except PermissionError:
        if target:
            return why_denied(host, target.pid)
        return Problem(what="I/O cannot be seen.", why="/proc/self/io may not be read.", next_step="Run as root.")
    except OSError:
        return (
            None
            if target
            else Problem(
                what="I/O cannot be seen.",
                why="The kernel keeps no account of it (CONFIG_TASK_IO_ACCOUNTING).",
                next_step="Use the BPF engine, or another kernel.",
            )
        )
    return None


def _gone(host: Host, target: Target) -> ProblemError:
    if still_there(host, target):
        denied = why_denied(host, target.pid)
        return ProblemError(denied.what, denied.why, denied.next_step)
    return ProblemError(
        f"Process {target.pid} ({target.name}) did no I/O to look at.",
        "It has ended.",
        "Call proc-find to see which processes there are.",
    )


class _Meter:
    """What each process of the target moved since it was first seen; who was born in the window counts from nothing."""

    def __init__(self, host: Host, target: Target) -> None:
        self._host, self._target = host, target
        self._first: dict[int, dict[str, int]] = {}
        self._last: dict[int, dict[str, int]] = {}
        self._waited: dict[int, tuple[int, int]] = {}
        self._looked = False

    def look(self, _at: float = 0.0) -> bool:
        there = False
        for pid in tree(self._host, self._target):
            with contextlib.suppress(OSError, ValueError):
                now = proc_io.read_amounts(self._host, pid)
                there = True
                self._first.setdefault(pid, defaultdict(int) if self._looked else now)
                self._last[pid] = now
                ticks = int(self._host.read_file(f"/proc/{pid}/stat").rpartition(b")")[2].split()[39])
                self._waited[pid] = (self._waited.get(pid, (0 if self._looked else ticks, 0))[0], ticks)
        self._looked = True
        return there

    def so_far(self) -> str:
        moved = self.moved()
        return f"{amount(moved.fetched)} fetched from storage, {amount(moved.dirtied)} written"

    def moved(self) -> Moved:
        def total(name: str) -> int:
            return sum(max(0, now.get(name, 0) - self._first[pid].get(name, 0)) for pid, now in self._last.items())

        return Moved(
            asked_read=total("rchar"),
            asked_written=total("wchar"),
            fetched=total("read_bytes"),
            dirtied=total("write_bytes"),
            cancelled=total("cancelled_write_bytes"),
        )

    def io_wait(self) -> float | None:
        """None where the kernel does not account for it (kernel.task_delayacct)."""
        with contextlib.suppress(OSError):
            if self._host.read_file(_DELAYS).strip() == b"1":
                return sum(now - first for first, now in self._waited.values()) / 100
        return None


def _joined(target: Target, found: Evidence, part: DiskPart, meter: _Meter) -> Evidence:
    meter.look()
    files: FileUse = use_of(found.syscalls or SyscallProfile(), {}, target.cwd)
    read = sum(row.bytes for row in files.rows if row.act is FileAct.READ)
    moved = meter.moved()
    assert found.disk is not None
    hit = min(1.0, max(0.0, 1 - moved.fetched / read)) if read else None
    use = found.disk.model_copy(
        update={"moved": moved, "file_read": read, "hit_share": hit, "io_wait": meter.io_wait()}
    )
    how = found.collections["syscalls"]
    how = how.model_copy(
        update={"lost": how.lost + part.lost, "exact": how.exact and not part.lost, "lacks": (*how.lacks, _WRITE_BACK)}
    )
    return found.model_copy(
        update={"disk": use, "file_use": files, "collections": {**found.collections, "disk": how, "file_use": how}}
    )
