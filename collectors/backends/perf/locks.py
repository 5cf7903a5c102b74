"""Asks perf: how much time goes into futex calls, all together."""

from perfdoctor.collectors.backends.perf import backend
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.progress import Progress
from perfdoctor.schemas.locks import Lock, LockKind, LockProfile, LockWait
from perfdoctor.schemas.target import Target

_KINDS = {"futex": LockKind.FUTEX, "flock": LockKind.FILE, "semop": LockKind.SYSV, "semtimedop": LockKind.SYSV}


async def trace_locks(host: Host, target: Target, *, seconds: float, progress: Progress) -> Measured[LockProfile]:
    """Calls and time by process and kind of lock: perf trace has neither addresses nor stacks, and counts wake-ups with
    the waits. Costs the target about as much as strace. ProblemError when perf cannot attach."""
    measured = await backend.trace_syscalls(host, target, seconds=seconds, progress=progress)
    locks = []
    for row in measured.profile.rows:
        if kind := _KINDS.get(row.syscall):
            wait = LockWait(waits=row.calls, timeouts=row.errors, seconds=row.seconds, max_seconds=row.max_seconds)
            locks.append(
                Lock(
                    pid=row.pid,
                    kind=kind,
                    name=f"all {row.syscall} calls together",
                    waits=row.calls,
                    timeouts=row.errors,
                    seconds=row.seconds,
                    max_seconds=row.max_seconds,
                    waiters=(wait,),
                )
            )
    profile = LockProfile().of(locks)
    lacks = (
        "which lock",
        "source lines of who waits and who lets go",
        "waits apart from wake-ups, which are counted too",
        "waits for work apart from contention",
        *(thing for thing in measured.collection.lacks if thing not in ("objects", "stacks", "bytes")),
    )
    collection = measured.collection.model_copy(update={"lacks": lacks})
    return Measured(profile, collection, measured.window)
