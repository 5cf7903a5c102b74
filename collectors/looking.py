"""Looks at a program's memory beside a window, for what waits and holds no thread meanwhile."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio
from anyio import to_thread

from perfdoctor.collectors.readers import reading
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.locks import LockProfile
from perfdoctor.schemas.recording import Collection


class Watch(Protocol):
    """What looks. ``why_not``: it cannot, once it has begun."""

    why_not: str

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        ...

    def begin(self) -> None: ...

    def look(self) -> None: ...


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
