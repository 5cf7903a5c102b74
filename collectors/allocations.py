"""Who allocates, who grows, who never frees?"""

import contextlib

from anyio import to_thread

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.allocations import MOST_EVENTS, MOST_SHARE, NS_PER_EVENT, AllocationsPart
from perfdoctor.collectors.backends.bpf.engine import Wanted
from perfdoctor.collectors.backends.bpf.growth import GrowthPart
from perfdoctor.collectors.backends.proc import smaps_rollup
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.window import by_engine
from perfdoctor.schemas.allocations import Mode
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost
from perfdoctor.schemas.target import Target

BACKENDS = {Mode.GROWTH: (bpf.NAME,), Mode.ALLOCATIONS: (bpf.NAME,), Mode.OBJECTS: (bpf.NAME,)}


async def measure(
    host: Host,
    target: Target,
    *,
    seconds: float,
    backend: str = "auto",
    progress: Progress = silent,
    mode: str = "growth",
    most_events: int = MOST_EVENTS,
    most_share: float = MOST_SHARE,
) -> Evidence:
    """Where memory comes from, by source line, for ``seconds``; the evidence has ``allocations`` and, in mode growth,
    ``faults`` and ``memory``.

    ``growth`` counts page faults and the calls that change the address space: a microsecond a page. ``allocations``
    probes every call of the allocator, ``objects`` Python's for small objects too: two microseconds a call and more,
    until ``most_events`` traps or ``most_share`` of a core's time are spent on it; then the window ends early, marked
    partial. ProblemError when no backend can answer, and for Go programs, which have no malloc to probe.
    """
    way = Mode(mode)
    must_be_asked_well(BACKENDS[way], backend, seconds)
    if way is Mode.GROWTH:
        return await climb(
            host, target, backend, [Rung(bpf.NAME, bpf.unavailable, lambda: _growth(host, target, seconds, progress))]
        )
    if target.runtime == "go":
        raise ProblemError(
            "The allocations of a Go program cannot be traced.",
            "Go has an allocator of its own, and moves its stacks, which a probe on a function's return would break.",
            "Ask mode=growth, or the program's own heap profile (net/http/pprof).",
        )

    async def by_probes() -> Evidence:
        part = AllocationsPart(host, way, most_events=most_events, most_share=most_share)
        wanted = Wanted(calls=False, part=part)
        evidence = await by_engine(host, target, seconds=seconds, wanted=wanted, memory=True, progress=progress)
        how = _how_probed(target, evidence.collections["threads"], part)
        return evidence.model_copy(update={"collections": evidence.collections | {"allocations": how}})

    return await climb(host, target, backend, [Rung(bpf.NAME, bpf.unavailable, by_probes)])


async def _growth(host: Host, target: Target, seconds: float, progress: Progress) -> Evidence:
    before = await to_thread.run_sync(_huge, host, target)
    wanted = Wanted(faults=True, part=GrowthPart())
    evidence = await by_engine(host, target, seconds=seconds, wanted=wanted, memory=True, progress=progress)
    profile = evidence.allocations
    assert profile is not None
    after = await to_thread.run_sync(_huge, host, target) or before
    how = evidence.collections["threads"]
    update = {
        "allocations": profile.model_copy(update={"huge_bytes": (before, after)}),
        "collections": evidence.collections | {"allocations": how},
    }
    return evidence.model_copy(update=update)


def _huge(host: Host, target: Target) -> int:
    """Bytes that the target has in huge pages."""
    total = 0
    for pid in tree(host, target):
        with contextlib.suppress(OSError, ValueError):
            total += smaps_rollup.read(host, pid).get("AnonHugePages", 0)
    return total


def _how_probed(target: Target, engine: Collection, part: AllocationsPart) -> Collection:
    warnings = list(engine.warnings)
    tallies = part.tallies
    if tallies["full"]:
        warnings.append(
            f"{tallies['full']:,} allocations found the table of blocks full: counted, but not followed to their free"
        )
    for pid, why in list(part.without.items())[:4]:
        warnings.append(f"process {pid} is not probed: {why}")
    lacks = list(engine.lacks)
    if target.runtime.startswith("python"):
        probed = any("_PyObject_Malloc" in allocator.functions for allocator in part.allocators.values())
        if not probed:
            lacks.append("Python's objects of 512 bytes and less, which come from its own arenas")
        else:
            lacks.append("objects that Python takes from its free lists")
    lacks.append("memory that is mapped without the allocator")
    events = engine.cost.events + tallies["events"]
    seconds = engine.cost.estimated_seconds + tallies["events"] * NS_PER_EVENT * 1e-9
    return engine.model_copy(
        update={
            "exact": engine.exact and not part.missed and not part.without,
            "lost": engine.lost + part.missed,
            "lacks": tuple(lacks),
            "warnings": tuple(warnings),
            "cost": TargetCost(kind="perturbs", events=events, estimated_seconds=seconds),
        }
    )
