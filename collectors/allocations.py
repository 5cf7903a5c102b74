"""Who allocates, who grows, who never frees?"""

import contextlib
import mmap
import time

import anyio
from anyio import to_thread

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf.allocations import MOST_EVENTS, MOST_SHARE, NS_PER_EVENT, AllocationsPart
from perfdoctor.collectors.backends.bpf.growth import GrowthPart
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.backends.jvm import backend as jvm
from perfdoctor.collectors.backends.jvm.allocations import trace_allocations
from perfdoctor.collectors.backends.node import backend as node
from perfdoctor.collectors.backends.perf import backend as perf
from perfdoctor.collectors.backends.perf import faults
from perfdoctor.collectors.backends.proc import smaps_rollup
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.ladder import Rung, climb, must_be_asked_well
from perfdoctor.collectors.memory import MemoryWatch
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress, silent
from perfdoctor.collectors.window import by_engine
from perfdoctor.schemas.allocations import AllocationProfile, AllocationRow, Mode
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.schemas.recording import Collection, TargetCost, Window
from perfdoctor.schemas.target import Target

PROC = "proc"
BACKENDS = {
    Mode.GROWTH: (bpf.NAME, perf.NAME, PROC),
    # (bpftrace could count malloc too, but its probes trap in every process that uses the same library, also with -p.)
    Mode.ALLOCATIONS: (bpf.NAME,),
    Mode.OBJECTS: (bpf.NAME, jvm.NAME, node.NAME),
}
_SAMPLE_SECONDS = 0.2


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
    probes every call of the allocator, ``objects`` Python's for small objects too: nine microseconds an allocation and
    five a free, until ``most_events`` traps or ``most_share`` of a core's time are spent on it; then the window ends
    early, marked partial. In mode objects Java machines and Node.js sample their own. ProblemError when no backend can
    answer, and for Go programs, which have no malloc to probe.
    """
    if mode not in tuple(Mode):
        raise ProblemError(
            f"There is no mode {mode[:40]!r}.",
            f"It can be: {', '.join(Mode)}.",
            "Leave mode out, or name one of these.",
        )
    way = Mode(mode)
    must_be_asked_well(BACKENDS[way], backend, seconds)
    if way is Mode.GROWTH:
        rungs = (
            Rung(bpf.NAME, bpf.unavailable, lambda: _by_engine(host, target, seconds, progress)),
            Rung(perf.NAME, perf.unavailable, lambda: _by_perf(host, target, seconds, progress)),
            Rung(PROC, proc_unavailable, lambda: _by_proc(host, target, seconds, progress)),
        )
        return await climb(host, target, backend, rungs)
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

    async def by_jvm() -> Evidence:
        return await trace_allocations(host, target, seconds=seconds, progress=progress)

    tried: tuple[Rung, ...] = (Rung(bpf.NAME, bpf.unavailable, by_probes),)
    if way is Mode.OBJECTS and (target.runtime == "java" or backend == jvm.NAME):
        tried = (Rung(jvm.NAME, jvm.unavailable, by_jvm), *tried)
    if way is Mode.OBJECTS and (target.runtime == "node" or backend == node.NAME):
        tried = (Rung(node.NAME, node.unavailable, lambda: _by_v8(host, target, seconds, progress)), *tried)
    return await climb(host, target, backend, tried)


async def _by_engine(host: Host, target: Target, seconds: float, progress: Progress) -> Evidence:
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


async def _by_perf(host: Host, target: Target, seconds: float, progress: Progress) -> Evidence:
    watch = MemoryWatch(host, target)
    before = await to_thread.run_sync(_huge, host, target)
    measured = await faults.trace_faults(host, target, seconds=seconds, also=watch.sample, progress=progress)
    after = await to_thread.run_sync(_huge, host, target) or before
    return Evidence(
        target=target,
        window=measured.window,
        collections={"allocations": measured.collection, "faults": measured.collection},
        faults=measured.profile,
        memory=watch.trend(),
        allocations=AllocationProfile(mode=Mode.GROWTH, page_bytes=mmap.PAGESIZE, huge_bytes=(before, after)),
    )


async def _by_v8(host: Host, target: Target, seconds: float, progress: Progress) -> Evidence:
    """What the objects of JavaScript that were allocated in the window and live at its end take, by V8's samples."""
    watch = MemoryWatch(host, target)
    began = time.monotonic()

    def tell(elapsed: float, message: str) -> None:
        watch.sample(time.monotonic() - began)
        progress(elapsed, message)

    found = await node.sample_heap(host, target, seconds=seconds, progress=tell)
    rows = tuple(
        AllocationRow(
            pid=target.pid,
            function="V8",
            stack=stack,
            calls=samples,
            bytes=size,
            outstanding=samples,
            outstanding_bytes=size,
        )
        for stack, size in sorted(found.living.items(), key=lambda item: -item[1])
        for samples in (max(1, size // node.HEAP_INTERVAL),)
    )
    living = sum(row.bytes for row in rows)
    how = Collection(
        backend=node.NAME,
        exact=False,
        lacks=(
            "how many objects: calls are samples, one for each 16 KiB",
            "objects that were collected again within the window",
            "buffers and other memory outside the heap of V8",
            *node.LACKS,
        ),
        cost=TargetCost(kind="perturbs", events=sum(row.calls for row in rows)),
    )
    profile = AllocationProfile(
        mode=Mode.OBJECTS,
        page_bytes=mmap.PAGESIZE,
        rows=rows,
        calls=sum(row.calls for row in rows),
        bytes=living,
        outstanding_bytes=living,
    )
    return Evidence(
        target=target,
        window=found.window,
        collections={"allocations": how, "memory": Collection(backend=PROC, exact=True)},
        memory=watch.trend(),
        allocations=profile,
    )


def proc_unavailable(host: Host, target: Target | None = None) -> Problem | None:
    """Why /proc cannot tell how memory moves; None when it can."""
    try:
        host.read_file(f"/proc/{target.pid if target else 'self'}/status", 16)
    except OSError as error:
        return Problem(
            what="The memory of this process cannot be read.",
            why=f"/proc/{target.pid if target else 'self'}/status: {error.strerror}.",
            next_step="Check with proc-find that it still runs, and that /proc is mounted.",
        )
    return None


async def _by_proc(host: Host, target: Target, seconds: float, progress: Progress) -> Evidence:
    """The trend alone."""
    watch = MemoryWatch(host, target)
    before = await to_thread.run_sync(_huge, host, target)
    started, began = time.time(), time.monotonic()
    ended = False
    progress(0.0, "attached")
    while not ended and (elapsed := time.monotonic() - began) < seconds:
        await to_thread.run_sync(watch.sample, elapsed)
        progress(elapsed, "reads the size of its memory")
        await anyio.sleep(min(_SAMPLE_SECONDS, max(0.0, seconds - elapsed)))
        ended = proc_unavailable(host, target) is not None
    after = await to_thread.run_sync(_huge, host, target) or before
    how = Collection(backend=PROC, exact=True, lacks=("which line touches, maps or allocates memory",))
    return Evidence(
        target=target,
        window=Window(started=started, seconds=time.monotonic() - began, partial="the target ended" if ended else None),
        collections={"allocations": how, "memory": how},
        memory=watch.trend(),
        allocations=AllocationProfile(mode=Mode.GROWTH, page_bytes=mmap.PAGESIZE, huge_bytes=(before, after)),
    )


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
