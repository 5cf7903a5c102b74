"""What is recorded of a workload's run: one window by the engine, which ends when the run does."""

from collections.abc import Awaitable, Callable

from perfdoctor.collectors import network
from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.javascript import by_engine_and_v8
from perfdoctor.collectors.ladder import Rung, climb
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.window import by_engine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import Collection
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.workload import Trace

Launch = Callable[[], Awaitable[None]]
Until = Callable[[], str | None]
_HZ = 199
"""as diagnose has it"""
_FROM_START = "from its first instruction on"


def without_own_lines(runtime: str, from_start: bool) -> list[str]:
    """Which lines a run cannot name, and what can."""
    if runtime == "node" and from_start:
        return ["lines of JavaScript come from its inspector, which cannot be opened before it runs: measure = ready"]
    if runtime == "java":
        return [
            "lines of Java come from its Flight Recorder, for windows of a known length: use diagnose while it runs"
        ]
    return []


def must_be_possible(host: Host, trace: Trace) -> None:
    """ProblemError where this machine cannot record it."""
    problem = bpf.unavailable(host)
    if problem is not None and trace in (Trace.SYSCALLS, Trace.CPU, Trace.DIAGNOSE):
        raise ProblemError(
            f"A run cannot be recorded with trace = {trace} here.",
            problem.why,
            f"{problem.next_step} Or use trace none.",
        )


async def measured(
    host: Host, target: Target, trace: Trace, *, seconds: float, launch: Launch | None, until: Until, progress: Progress
) -> Evidence:
    """At most ``seconds``, by the engine; ``until`` ends it. ``launch`` lets the target begin, where it is measured
    from its first instruction on; or else it runs already."""
    wanted = Wanted(
        calls=trace is not Trace.CPU,
        hz=_HZ if trace in (Trace.CPU, Trace.DIAGNOSE) else 0,
        faults=trace is Trace.DIAGNOSE,
        stacks=trace is not Trace.COUNTS,
        launch=launch,
        until=until,
    )
    by = by_engine_and_v8 if target.runtime == "node" and wanted.stacks and launch is None else by_engine

    async def window(part: Part | None) -> Evidence:
        with_part = Wanted(
            calls=wanted.calls,
            hz=wanted.hz,
            faults=wanted.faults,
            stacks=wanted.stacks,
            launch=launch,
            until=until,
            part=part,
        )
        memory = trace is Trace.DIAGNOSE
        return await by(host, target, seconds=seconds, wanted=with_part, memory=memory, progress=progress)

    async def measure() -> Evidence:
        return await (network.beside(host, target, window) if trace is Trace.DIAGNOSE else window(None))

    if launch is None:
        return await climb(host, target, "auto", [Rung(bpf.NAME, bpf.unavailable, measure)])
    try:
        evidence = await measure()
    except OSError as error:
        raise ProblemError(
            "The engine could not be attached to the workload.",
            f"{error}.",
            "Use trace = none, or call tools-check to see what this machine can measure.",
        ) from error
    return evidence.model_copy(update={"collections": _explained(evidence.collections)})


def _explained(collections: dict[str, Collection]) -> dict[str, Collection]:
    return {
        part: how.model_copy(update={"reason": _FROM_START}) if how.backend == bpf.NAME else how
        for part, how in collections.items()
    }
