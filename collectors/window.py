"""One window by the BPF engine, with what /proc tells of the same time: memory, control groups, the files used."""

import time
from collections.abc import Callable

from anyio import to_thread

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.cgroups.limits import LimitsMeter
from perfdoctor.collectors.files import file_facts
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.memory import MemoryWatch
from perfdoctor.collectors.memory_glance import MemoryGlance
from perfdoctor.collectors.progress import Progress
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.recording import Collection
from perfdoctor.schemas.target import Target

_FILES = 256
"""paths looked up after the window, those that cost most time first"""


async def by_engine(
    host: Host,
    target: Target,
    *,
    seconds: float,
    wanted: Wanted,
    memory: bool,
    progress: Progress,
    also: Callable[[float], object] | None = None,
) -> Evidence:
    """What the engine saw in one window; ``memory`` adds how the target's memory moved meanwhile, what it is made of,
    and what its control groups did to it; without it ``also`` is called as in ``bpf.observe``."""
    watch = glance = meter = None
    if memory:
        watch = MemoryWatch(host, target)
        meter = await to_thread.run_sync(LimitsMeter, host, target.pid)
        if not wanted.launch:  # (who is to be launched has no memory of its own yet)
            glance = MemoryGlance(host, target, seconds)
            await to_thread.run_sync(glance.begin)

        def also(at: float) -> None:
            watch.sample(at)
            if glance:
                glance.look(at)

    evidence = await bpf.observe(host, target, seconds=seconds, wanted=wanted, also=also, progress=progress)
    changes: dict[str, object] = {}
    if watch:
        read = Collection(backend="proc", exact=True, reason="/proc/PID/status, five times a second")
        changes["memory"] = watch.trend().model_copy(update={"heap": glance.heap if glance else ()})
        collections = evidence.collections | {"memory": read}
        if glance and (found := await to_thread.run_sync(glance.end, evidence.window.seconds)):
            changes["memory_map"], collections["memory_map"] = found
        changes["collections"] = collections
    if meter and (limits := await to_thread.run_sync(meter.limits)) is not None:
        changes["limits"] = limits
    changes["age"] = _age(target, evidence.window.started)
    rows = evidence.syscalls.rows if evidence.syscalls else ()
    paths = dict.fromkeys(row.object for row in rows if row.object and not row.object.startswith(("fd:", "futex:")))
    if paths:
        since = evidence.window.started
        changes["files"] = await to_thread.run_sync(lambda: file_facts(host, target, list(paths)[:_FILES], since=since))
    return evidence.model_copy(update=changes)


def _age(target: Target, began: float) -> float:
    """Seconds from the target's start, which is counted since the machine's, to ``began`` (Unix time)."""
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    return max(0.0, now - (time.time() - began) - target.start_time)
