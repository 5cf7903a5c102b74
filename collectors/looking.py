"""Looks at a program's memory beside a window, for what waits and holds no thread meanwhile."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.bpf.names import ProcessNames
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.readers import reading
from perfdoctor.collectors.runtimes.python_objects import BROKEN
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.locks import LockProfile
from perfdoctor.schemas.recording import Collection
from perfdoctor.schemas.target import Target

_Process = TypeVar("_Process")


class Watch(Protocol):
    """What looks. ``why_not``: it cannot, once it has begun."""

    why_not: str

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        ...

    def begin(self) -> None: ...

    def look(self) -> None: ...


def opened(
    host: Host, target: Target, most: int, look_into: Callable[[int, ProcessNames], _Process | None]
) -> list[_Process]:
    """What ``look_into`` makes of each of a target's processes, at most so many; it says None of one in which there is
    nothing to look at. What it keeps it has to close."""
    found = []
    for pid in tree(host, target)[:most]:
        names = ProcessNames(host, pid, None)
        try:
            process = look_into(pid, names)
        except BROKEN:
            process = None
        if process is None:
            names.close()
        else:
            found.append(process)
    return found


async def while_looking(watch: Watch, window: Callable[[], Awaitable[Evidence]]) -> Evidence:
    """What ``window`` sees; meanwhile ``watch`` looks, from before it begins to its end."""
    await to_thread.run_sync(watch.begin)
    evidence, failed = None, None
    async with anyio.create_task_group() as tasks:
        if not watch.why_not:
            tasks.start_soon(_look, watch)
        try:
            evidence = await window()
        except Exception as error:  # (the group would wrap it)
            failed = error
        tasks.cancel_scope.cancel()
    if evidence is None:
        raise failed or RuntimeError("the window ended without evidence")
    return evidence


async def _look(watch: Watch) -> None:
    while True:
        await reading(watch.look)
        await anyio.sleep(watch.pause)


def with_sampled(
    evidence: Evidence, sampled: LockProfile, how: Collection, *, of: str
) -> tuple[LockProfile, Collection]:
    """The locks that looks found, before those that the engine saw, and how both were measured. ``of`` names the
    former."""
    if evidence.locks is None:
        return sampled, how
    kernel = evidence.collections["locks"]
    said = f"{of} are told by {how.reason}: their seconds are estimates, their waits a lower bound"
    more = {
        "exact": False,
        "lacks": (*kernel.lacks, *how.lacks),
        "warnings": (*kernel.warnings, *how.warnings, said),
    }
    profile = evidence.locks.model_copy(
        update={
            "locks": (*sampled.locks, *evidence.locks.locks),
            "waits": sampled.waits + evidence.locks.waits,
            "seconds": sampled.seconds + evidence.locks.seconds,
        }
    )
    return profile, kernel.model_copy(update=more)
