"""Which lines of Java allocate: samples of its objects, weighted by the bytes that each stands for."""

from collections import defaultdict

from perfdoctor.collectors.backends.jvm.backend import Heard, Told, trace
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.memory import MemoryWatch
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.allocations import AllocationProfile, AllocationRow, Mode
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.target import Target

_SAMPLE, _OUTSIDE, _INSIDE = (
    "jdk.ObjectAllocationSample",
    "jdk.ObjectAllocationOutsideTLAB",
    "jdk.ObjectAllocationInNewTLAB",
)
_PAUSE = "jdk.GarbageCollection"
# Before JDK 16 there is no weighted sample; these two are each new buffer of a thread, and each object beside them.
_OLD = {"stackTrace": "true"}
EVENTS = {
    _SAMPLE: {"throttle": "2000/s", "stackTrace": "true"},
    _INSIDE: _OLD,
    _OUTSIDE: _OLD,
    _PAUSE: {"threshold": "0 ms"},
}
LACKS = (
    "how many objects were allocated (bytes are extrapolated from samples)",
    "which objects live on",
    "native memory",
)


async def trace_allocations(host: Host, target: Target, *, seconds: float, progress: Progress) -> Evidence:
    """``allocations`` by line and class of object. OSError where the machine cannot record."""
    watch = MemoryWatch(host, target)

    def also(elapsed: float, message: str) -> None:
        watch.sample(elapsed)
        progress(elapsed, message)

    told = await trace(host, target, EVENTS, seconds=seconds, progress=also)
    profile = allocation_profile(target, told)
    pauses = [float(one.values.get("sumOfPauses") or 0) for one in told.heard if one.name == _PAUSE]
    warnings = ["calls are samples, not allocations; whether the objects live on is not known"]
    if pauses:
        warnings.append(f"garbage was collected {len(pauses)} times in the window")
    how = told.collection(lacks=LACKS, warnings=tuple(warnings))
    return Evidence(
        target=target,
        window=told.window,
        collections={"allocations": how, "memory": how},
        memory=watch.trend(),
        allocations=profile,
    )


def allocation_profile(target: Target, told: Told) -> AllocationProfile:
    """The samples of objects in a recording, by line and class; bytes are what the samples stand for."""
    weighted = any(one.name == _SAMPLE for one in told.heard)
    groups: defaultdict[tuple[str, Stack], list[tuple[Heard, int]]] = defaultdict(list)
    for one in told.heard:
        if (weight := _weight(one, weighted)) > 0:
            groups[str(one.values.get("objectClass") or "").replace("/", "."), one.stack].append((one, weight))
    rows = [
        AllocationRow(
            pid=target.pid,
            function=clean(f"new {name}", 120),
            stack=stack,
            calls=len(samples),
            bytes=sum(weight for _, weight in samples),
        )
        for (name, stack), samples in groups.items()
    ]
    rows.sort(key=lambda row: (-row.bytes, row.function, str(row.stack)))
    return AllocationProfile(
        mode=Mode.OBJECTS,
        rows=tuple(rows),
        calls=sum(row.calls for row in rows),
        bytes=sum(row.bytes for row in rows),
    )


def _weight(one: Heard, weighted: bool) -> int:
    if weighted:
        return int(one.values["weight"]) if one.name == _SAMPLE else 0
    if one.name == _INSIDE:
        return int(one.values["tlabSize"])
    return int(one.values["allocationSize"]) if one.name == _OUTSIDE else 0
