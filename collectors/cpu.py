"""Where does a process spend its CPU time, by source line?"""

import anyio

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.backends.jvm import backend as jvm
from perfdoctor.collectors.backends.jvm import cpu as by_recorder
from perfdoctor.collectors.backends.node import backend as node
from perfdoctor.collectors.backends.perf import backend as perf
from perfdoctor.collectors.backends.perf.counters import count_events, processor_counts
from perfdoctor.collectors.backends.pyspy import backend as pyspy
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.window import by_engine as by_engine_window
from perfdoctor.schemas.cpu import CpuProfile, EventCount
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.target import Target

BACKENDS = (bpf.NAME, jvm.NAME, node.NAME, pyspy.NAME, perf.NAME)
HIGHEST_HZ = 999
_OWN_STACKS = ("java", "node")
"""runtimes that sample their own stacks"""
OLD_PYTHON = tuple(f"python{v}" for v in ("2.7", *(f"3.{minor}" for minor in range(3, 8))))
"""Interpreters whose frames the engine does not walk, and py-spy does."""


async def trace_cpu(
    host: Host,
    target: Target,
    *,
    seconds: float,
    hz: int = 99,
    backend: str = "auto",
    native: bool = False,
    progress: Progress = silent,
) -> Evidence:
    """CPU samples of ``target``, ``hz`` times a second of CPU time for ``seconds``, scaled to its exact CPU time.

    The evidence has ``cpu``; from the BPF engine also ``threads``, ``waits`` (off-CPU time) and ``children``. A Java
    machine is asked itself, the engine beside. For a Python target py-spy comes before perf, which cannot name Python
    lines. ``native``: Python stacks carry the native frames between their lines, which only the engine can do at no
    stop of the target. ProblemError when no backend can answer.
    """
    must_be_asked_well(BACKENDS, backend, seconds)
    if not 1 <= hz <= HIGHEST_HZ:
        raise ProblemError(
            f"{hz} samples a second cannot be taken.",
            f"hz must be from 1 to {HIGHEST_HZ}: more would cost the target and tell no more.",
            "Ask for 99, or 999 for a window below two seconds.",
        )

    if native and backend == "auto":
        backend = bpf.NAME
    if native and (backend != bpf.NAME or target.runtime in _OWN_STACKS):
        raise ProblemError(
            "Native frames cannot be shown between these lines.",
            f"Backend bpf puts C frames between Python lines; {backend} was asked, of {target.runtime}.",
            "Leave native out; for Python, leave backend at auto.",
        )

    async def by_engine() -> Evidence:
        wanted = Wanted(calls=False, hz=hz, mixed=native)
        if not processor_counts(host):
            return await by_engine_window(host, target, seconds=seconds, wanted=wanted, memory=False, progress=progress)
        ended = anyio.Event()
        events: tuple[EventCount, ...] = ()

        async def count() -> None:
            nonlocal events
            events = await count_events(host, target, ended)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(count)
            try:
                found = await by_engine_window(
                    host, target, seconds=seconds, wanted=wanted, memory=False, progress=progress
                )
            finally:
                ended.set()
        return found.model_copy(update={"cpu": found.cpu and found.cpu.model_copy(update={"events": events})})

    async def by_pyspy() -> Evidence:
        return _evidence(target, await pyspy.trace_cpu(host, target, seconds=seconds, hz=hz, progress=progress))

    async def by_perf() -> Evidence:
        return _evidence(target, await perf.trace_cpu(host, target, seconds=seconds, hz=hz, progress=progress))

    async def by_jvm() -> Evidence:
        beside = by_engine if bpf.unavailable(host, target) is None else None
        return await by_recorder.trace_cpu(host, target, seconds=seconds, progress=progress, beside=beside)

    async def by_node() -> Evidence:
        return _evidence(target, await node.trace_cpu(host, target, seconds=seconds, hz=hz, progress=progress))

    def engine_unavailable(host: Host, target: Target | None) -> Problem | None:
        if backend == "auto" and target and target.runtime in OLD_PYTHON:
            return Problem(
                what="The BPF engine cannot name this program's lines.",
                why=f"It walks the frames of CPython 3.8 and newer; this is {target.runtime}.",
                next_step="py-spy can: it is taken where it is installed.",
            )
        return bpf.unavailable(host, target)

    programs = [Rung(pyspy.NAME, pyspy.unavailable, by_pyspy), Rung(perf.NAME, perf.unavailable, by_perf)]
    rungs = [Rung(bpf.NAME, engine_unavailable, by_engine), *programs]
    if target.runtime == "java" or backend == jvm.NAME:
        rungs.insert(0, Rung(jvm.NAME, jvm.unavailable, by_jvm))
    if target.runtime == "node" or backend == node.NAME:
        rungs.insert(0, Rung(node.NAME, node.unavailable, by_node))
    return await climb(host, target, backend, rungs)


def _evidence(target: Target, measured: Measured[CpuProfile]) -> Evidence:
    return Evidence(
        target=target, window=measured.window, collections={"cpu": measured.collection}, cpu=measured.profile
    )
