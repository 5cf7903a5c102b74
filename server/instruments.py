"""All that the server asks of the other rooms, in one place: what tests replace by something that needs no machine.

The rooms are imported at the first question and not before, so that a client's ``initialize`` is answered at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from perfdoctor.server.policy import Denied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfdoctor.collectors.host.base import Host
    from perfdoctor.collectors.progress import Progress
    from perfdoctor.collectors.whose import Allowed, Held, Whose
    from perfdoctor.collectors.workloads.declared import Declared
    from perfdoctor.collectors.workloads.run import Outcome
    from perfdoctor.schemas.code import LastChange
    from perfdoctor.schemas.comparison import Comparison
    from perfdoctor.schemas.evidence import Evidence
    from perfdoctor.schemas.finding import Diagnosis
    from perfdoctor.schemas.process import FindAnswer, WatchAnswer
    from perfdoctor.schemas.system import ToolsAnswer
    from perfdoctor.schemas.target import Target
    from perfdoctor.schemas.workload import Trace


QUESTIONS = (
    "memory_map",
    "thread_stacks",
    "file_use",
    "disk",
    "network",
    "allocations",
    "locks",
    "functions",
    "custom",
)
"""Questions that are asked alike. The name is that of the part of the evidence with the answer, and of the module of
collectors that answers it by its function ``measure``."""


class Unseen(Denied):
    """A process that is not there, or that rules hide."""

    def __init__(self, pid: int) -> None:
        super().__init__(
            f"There is no process {pid} that you may look at.",
            "It has ended, or never was, or the rules of this server do not let you see it.",
            "Call proc-find to see which processes you may look at.",
        )


class Holding(Protocol):
    """See ``collectors.whose.Held``."""

    @property
    def any_ended(self) -> bool: ...
    async def one_ends(self) -> None: ...
    def check(self) -> bool: ...
    def close(self) -> None: ...


class Instruments(Protocol):
    """What measures and what judges. Everything raises ProblemError when it cannot."""

    async def check_tools(self) -> ToolsAnswer: ...

    async def find_processes(
        self,
        *,
        query: str | None,
        user: str | None,
        port: int | None,
        container: str | None,
        runtime: str | None,
        cwd: str | None,
        limit: int,
        allowed: Allowed | None = None,
    ) -> FindAnswer:
        """Of processes that ``allowed`` is false of, nothing is said."""
        ...

    async def find_target(self, who: int | str, *, children: bool, allowed: Allowed | None = None) -> Target:
        """By pid; by name: all processes that are called so. Others than ``allowed`` ones are as if they were not
        there."""
        ...

    async def hold(self, target: Target) -> Holding:
        """Hold the very processes of ``target``, to be asked later whether their numbers still mean them."""
        ...

    async def family(self, target: Target, before: Mapping[int, float]) -> list[Whose]:
        """Everybody that is measured with ``target`` now; ``before`` are start times by pid of those that were."""
        ...

    async def watch(self, target: Target, *, seconds: float, progress: Progress) -> WatchAnswer: ...

    async def trace_cpu(
        self, target: Target, *, seconds: float, hz: int, backend: str, native: bool, progress: Progress
    ) -> Evidence: ...

    async def trace_syscalls(self, target: Target, *, seconds: float, backend: str, progress: Progress) -> Evidence: ...

    async def observe(self, target: Target, *, seconds: float, progress: Progress) -> Evidence: ...

    async def measure(
        self, question: str, target: Target, *, seconds: float, backend: str, progress: Progress, **options: object
    ) -> Evidence:
        """Ask one of QUESTIONS; ``options`` are its own."""
        ...

    async def run_workload(
        self,
        declared: Declared,
        *,
        repeat: int,
        trace: Trace,
        seconds: float | None,
        within: float,
        progress: Progress,
    ) -> Outcome:
        """Start a workload, measure it, and end all that it started."""
        ...

    async def last_change(self, path: str) -> LastChange | None: ...

    def diagnose(self, evidence: Evidence, focus: str) -> Diagnosis: ...

    def compare(self, before: Sequence[Evidence], after: Sequence[Evidence]) -> Comparison: ...

    def patterns(self) -> dict[str, str]:
        """The page of every pattern, by id."""
        ...


class ThisMachine:
    """The real ones, on the machine that the server runs on."""

    def __init__(self, *, attach_runtimes: bool = True) -> None:
        self._attach_runtimes = attach_runtimes
        self._local: Host | None = None

    def _host(self) -> Host:
        if self._local is None:
            from perfdoctor.collectors.host.helper import this_host

            self._local = this_host(attach_runtimes=self._attach_runtimes)
        return self._local

    async def check_tools(self) -> ToolsAnswer:
        from perfdoctor.collectors import system

        return await system.check_tools(self._host())

    async def find_processes(
        self,
        *,
        query: str | None,
        user: str | None,
        port: int | None,
        container: str | None,
        runtime: str | None,
        cwd: str | None,
        limit: int,
        allowed: Allowed | None = None,
    ) -> FindAnswer:
        from perfdoctor.collectors import process

        return await process.find_processes(
            self._host(),
            query=query,
            user=user,
            port=port,
            container=container,
            runtime=runtime,
            cwd=cwd,
            limit=limit,
            allowed=allowed,
        )

    async def find_target(self, who: int | str, *, children: bool, allowed: Allowed | None = None) -> Target:
        from anyio import to_thread

        from perfdoctor.collectors.code_version import with_version
        from perfdoctor.collectors.processes.named import find_named
        from perfdoctor.collectors.target import find_target
        from perfdoctor.collectors.whose import is_allowed

        def find() -> Target:
            host = self._host()
            if isinstance(who, str):
                return with_version(find_named(host, who, children=children, allowed=allowed))
            if not is_allowed(host, who, allowed):
                # The same words whether it is forbidden or not there: a caller must not learn which.
                raise Unseen(who)
            return with_version(find_target(host, who, children=children))

        return await to_thread.run_sync(find)

    async def hold(self, target: Target) -> Held:
        from anyio import to_thread

        from perfdoctor.collectors.whose import Held

        return await to_thread.run_sync(Held, self._host(), target)

    async def family(self, target: Target, before: Mapping[int, float]) -> list[Whose]:
        from anyio import to_thread

        from perfdoctor.collectors.whose import family

        return await to_thread.run_sync(family, self._host(), target, before)

    async def watch(self, target: Target, *, seconds: float, progress: Progress) -> WatchAnswer:
        from perfdoctor.collectors import process

        return await process.watch(self._host(), target, seconds=seconds, progress=progress)

    async def trace_cpu(
        self, target: Target, *, seconds: float, hz: int, backend: str, native: bool, progress: Progress
    ) -> Evidence:
        from perfdoctor.collectors import cpu

        return await cpu.trace_cpu(
            self._host(), target, seconds=seconds, hz=hz, backend=backend, native=native, progress=progress
        )

    async def trace_syscalls(self, target: Target, *, seconds: float, backend: str, progress: Progress) -> Evidence:
        from perfdoctor.collectors import syscalls

        return await syscalls.trace_syscalls(self._host(), target, seconds=seconds, backend=backend, progress=progress)

    async def observe(self, target: Target, *, seconds: float, progress: Progress) -> Evidence:
        from perfdoctor.collectors import ledger
        from perfdoctor.diagnosis.second_look import wants_locks

        return await ledger.observe(self._host(), target, seconds=seconds, progress=progress, closer=wants_locks)

    async def measure(
        self, question: str, target: Target, *, seconds: float, backend: str, progress: Progress, **options: object
    ) -> Evidence:
        module = import_module(f"perfdoctor.collectors.{question}")
        evidence: Evidence = await module.measure(
            self._host(), target, seconds=seconds, backend=backend, progress=progress, **options
        )
        return evidence

    async def run_workload(
        self,
        declared: Declared,
        *,
        repeat: int,
        trace: Trace,
        seconds: float | None,
        within: float,
        progress: Progress,
    ) -> Outcome:
        from perfdoctor.collectors.workloads.run import run_once

        return await run_once(
            self._host(),
            declared,
            repeat=repeat,
            trace=trace,
            seconds=seconds,
            within=within,
            progress=progress,
        )

    async def last_change(self, path: str) -> LastChange | None:
        from perfdoctor.collectors.last_change import last_change

        return await last_change(self._host(), path)

    def diagnose(self, evidence: Evidence, focus: str) -> Diagnosis:
        from perfdoctor.diagnosis import engine

        return engine.diagnose(evidence, focus=focus)

    def compare(self, before: Sequence[Evidence], after: Sequence[Evidence]) -> Comparison:
        from perfdoctor.diagnosis import comparison

        return comparison.compare(before, after)

    def patterns(self) -> dict[str, str]:
        from perfdoctor.diagnosis.catalogue import PATTERNS

        return {identity: pattern.page() for identity, pattern in sorted(PATTERNS.items())}
