"""The instruments as one caller may use them: the one place where rules meet processes.

Every tool measures through this (``Call.instruments``), whatever it asks and however its target was named.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.policy import Denied
from perfdoctor.server.rules import Access

if TYPE_CHECKING:
    from perfdoctor.collectors.progress import Progress
    from perfdoctor.collectors.whose import Whose
    from perfdoctor.collectors.workloads.declared import Declared
    from perfdoctor.collectors.workloads.run import Outcome
    from perfdoctor.schemas.evidence import Evidence
    from perfdoctor.schemas.process import FindAnswer, WatchAnswer
    from perfdoctor.schemas.target import Target
    from perfdoctor.server.instruments import Holding, Instruments

LOOK_SECONDS = 0.5
"""how often the family of a target is looked at during a window, for a caller whom rules limit: a child may become
another user (a program with set-user-id), and others are born"""
REUSE_SECONDS = 0.02
"""how often the number of a process that has ended is looked at: whoever takes it is not measured unseen for longer"""

T = TypeVar("T")


class Guarded:
    """``found`` is told each target as soon as it is known."""

    def __init__(self, instruments: "Instruments", access: Access, found: "Callable[[Target], None]") -> None:
        self._inner = instruments
        self._access = access
        self._found = found

    async def find_processes(self, **asked: Any) -> "FindAnswer":
        return await self._inner.find_processes(**asked, allowed=self._allowed)

    async def find_target(self, who: int | str, *, children: bool) -> "Target":
        target = await self._inner.find_target(who, children=children, allowed=self._allowed)
        self._found(target)
        return target

    async def watch(self, target: "Target", *, seconds: float, progress: "Progress") -> "WatchAnswer":
        return await self._measured(target, lambda: self._inner.watch(target, seconds=seconds, progress=progress))

    async def trace_cpu(self, target: "Target", **asked: Any) -> "Evidence":
        return self._discreet(await self._measured(target, lambda: self._inner.trace_cpu(target, **asked)))

    async def trace_syscalls(self, target: "Target", **asked: Any) -> "Evidence":
        return self._discreet(await self._measured(target, lambda: self._inner.trace_syscalls(target, **asked)))

    async def observe(self, target: "Target", *, seconds: float, progress: "Progress") -> "Evidence":
        seen = await self._measured(target, lambda: self._inner.observe(target, seconds=seconds, progress=progress))
        return self._discreet(seen)

    async def measure(self, question: str, target: "Target", **asked: Any) -> "Evidence":
        if asked.get("anywhere") and self._access.restricted:
            raise Denied(
                "Your program may see nothing but its target.",
                "The rules of this server limit which processes you may see, and anywhere would show them all.",
                "Leave anywhere out, or ask the operator of this server for a rule.",
            )
        return self._discreet(await self._measured(target, lambda: self._inner.measure(question, target, **asked)))

    async def run_workload(self, declared: "Declared", **asked: Any) -> "Outcome":
        self._access.must_run(declared.name)
        return await self._inner.run_workload(declared, **asked)

    def _discreet(self, evidence: "Evidence") -> "Evidence":
        """Without what it tells of processes that were not asked about: who is behind a local peer."""
        network = evidence.network
        if network is None or not self._access.restricted:
            return evidence
        peers = tuple(peer.model_copy(update={"program": ""}) for peer in network.peers)
        return evidence.model_copy(update={"network": network.model_copy(update={"peers": peers})})

    @property
    def _allowed(self) -> "Callable[[Whose], bool] | None":
        return self._access.sees if self._access.restricted else None

    async def _measured(self, target: "Target", ask: Callable[[], Awaitable[T]]) -> T:
        """The answer of ``ask``, which measures ``target``; ProblemError instead when it was not that process, or not
        all of its family might be seen: what was measured of others is thrown away."""
        async with self._held(target) as held:
            seen: dict[int, float] = {}
            await self._must_see_all(target, seen)
            refusal: ProblemError | None = None
            answer: T | None = None

            async def look_on() -> None:
                nonlocal refusal
                try:
                    await self._look_on(target, held, seen)
                except ProblemError as problem:
                    refusal = problem
                    tasks.cancel_scope.cancel()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(look_on)
                try:
                    answer = await ask()
                except ProblemError as problem:
                    refusal = problem
                tasks.cancel_scope.cancel()
            if refusal is None:
                self._must_be_same(target, held)
                await self._must_see_all(target, seen)
            if refusal is not None or answer is None:
                assert refusal is not None
                raise refusal
            return answer

    async def _look_on(self, target: "Target", held: "Holding", seen: dict[int, float]) -> None:
        waited = 0.0
        if not self._access.restricted:
            await held.one_ends()  # (until then each number means what it meant, and there is nothing else to look for)
        while True:
            pause = REUSE_SECONDS if held.any_ended else LOOK_SECONDS
            await anyio.sleep(pause)
            self._must_be_same(target, held)
            waited += pause
            if waited >= LOOK_SECONDS:
                waited = 0.0
                await self._must_see_all(target, seen)

    async def _must_see_all(self, target: "Target", seen: dict[int, float]) -> None:
        if not self._access.restricted:
            return
        family = await self._inner.family(target, seen)
        seen.update({one.pid: one.start_time for one in family})
        forbidden = [one for one in family if not self._access.sees(one)]
        if not forbidden:
            return
        if any(one.pid in target.pids for one in forbidden):
            raise Denied(
                f"Process {target.pid} may not be measured.",
                "It has changed (its user, its name, its container), and the rules of this server do not let you see "
                "what it is now.",
                "Call proc-find to see which processes you may look at.",
            )
        raise Denied(
            f"Not all children of process {target.pid} may be measured.",
            f"{len(forbidden)} of them the rules of this server do not let you see.",
            "Call again with children=false.",
        )

    def _must_be_same(self, target: "Target", held: "Holding") -> None:
        if not held.check():
            raise ProblemError(
                f"Process {target.pid} ({clean(target.name, 64)}) has ended, and another process has taken its number.",
                "What would be measured now is not what was asked about, and what was measured is thrown away.",
                "Call proc-find to see which processes there are.",
            )

    @asynccontextmanager
    async def _held(self, target: "Target") -> "AsyncIterator[Holding]":
        held = await self._inner.hold(target)
        with contextlib.closing(held):
            self._must_be_same(target, held)
            yield held
