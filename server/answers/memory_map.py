"""What a process's memory is made of, and what grew: the evidence, cut to an answer."""

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.memory import MemoryTrend
from perfdoctor.schemas.memory_map import AllocatorUse, KindUse, MappingUse, MemoryMap
from perfdoctor.schemas.memory_map_answer import KindLine, MappingLine, MemoryAnswer, MemoryInside
from perfdoctor.schemas.recording import Collection, NextCall
from perfdoctor.server.formatters.words import code, percent, quantity

_SURE = 0.7
"""confidence from which a summary says that memory grows"""
_NOTABLE = 1 << 20
"""bytes below which holes and growth are left out of a summary"""
_HOLEY = 0.25
"""share of a heap that is free inside from which a summary says so"""
_TIGHT = 0.9
"""share of a memory limit from which a summary says so"""


def memory_answer(recording: str, evidence: Evidence, *, rows: int) -> MemoryAnswer:
    """``rows`` mappings and processes; kinds are few and all there."""
    found = evidence.memory_map or MemoryMap()
    trend = evidence.memory or MemoryTrend()
    processes = found.processes[:rows]
    return MemoryAnswer(
        recording=recording,
        target=evidence.target,
        window=evidence.window,
        collection=evidence.collections.get("memory_map", Collection(backend="none", exact=False)),
        summary=_summary(found, trend),
        total=found.total,
        grown=found.grown,
        bytes_per_second=trend.bytes_per_second,
        confidence=trend.confidence,
        kinds=tuple(_kind(row) for row in found.kinds),
        mappings=tuple(_mapping(row) for row in found.mappings[:rows]),
        total_mappings=found.rows,
        omitted_mappings=found.rows - min(rows, len(found.mappings)),
        inside=MemoryInside(
            processes=processes,
            total_processes=len(found.processes),
            omitted_processes=len(found.processes) - len(processes),
            allocators=found.allocators,
            runtimes=found.runtimes,
            working_set=found.working_set,
            read_seconds=found.read_seconds,
            limits=found.limits,
        ),
        next=_next(evidence, recording, grows=_grows(found, trend)),
    )


def _kind(row: KindUse) -> KindLine:
    slope = () if row.per_second is None or row.confidence is None else (row.per_second, row.confidence)
    return KindLine(**row.model_dump(include=set(KindLine.model_fields)), slope=slope)


def _mapping(row: MappingUse) -> MappingLine:
    return MappingLine(**row.model_dump(include=set(MappingLine.model_fields) - {"start"}), start=row.start or 0)


def where(row: MappingUse | MappingLine) -> str:
    """What a mapping is called: its file, or its kind and address."""
    if row.name:
        return code(row.name, 70)
    return code(f"{row.kind} at {row.start or 0:x}")


def holes(allocator: AllocatorUse) -> float:
    """The share of an allocator's heaps that is free between blocks that are used."""
    return allocator.free / max(1, allocator.used + allocator.free + allocator.top)


def _grows(found: MemoryMap, trend: MemoryTrend) -> bool:
    return trend.confidence >= _SURE and trend.bytes_per_second > 0 and found.grown > 0


def _summary(found: MemoryMap, trend: MemoryTrend) -> str:
    total = found.total.pss + found.total.swap
    if not found.kinds:
        return "Nothing is known of its memory."
    parts = [f"{quantity(row.pss + row.swap, 'B')} {row.kind}" for row in found.kinds[:3] if row.pss + row.swap]
    of = "" if len(found.processes) == 1 else f" in {len(found.processes)} processes"
    said = [f"{quantity(total, 'B')}{of}: {', '.join(parts)}" + (", the rest less" if len(found.kinds) > 3 else "")]
    if _grows(found, trend):
        most = max(found.mappings, key=lambda row: row.grown, default=None)
        at = f", most of it in {where(most)}" if most and most.grown > 0 else ""
        said.append(f"It grows by {quantity(trend.bytes_per_second, 'B/s')} ({percent(trend.confidence)} sure){at}")
    elif abs(found.grown) >= _NOTABLE:
        way = "more" if found.grown > 0 else "less"
        said.append(f"It ended with {quantity(abs(found.grown), 'B')} {way}, but does not grow steadily")
    for allocator in found.allocators[:1]:
        if allocator.free >= _NOTABLE and holes(allocator) >= _HOLEY:
            share = percent(holes(allocator))
            said.append(f"{share} of what malloc holds is free between used blocks ({quantity(allocator.free, 'B')})")
    limits = found.limits
    if limits and limits.memory and limits.memory_used is not None:
        needed = limits.memory_used - (limits.memory_inactive or 0)
        if needed >= _TIGHT * limits.memory:
            said.append(f"Its container uses {percent(needed / limits.memory)} of its memory limit")
    if limits and limits.oom_kills:
        said.append(f"{limits.oom_kills} of its container's processes were killed for want of memory")
    return ". ".join(said) + "."


def _next(evidence: Evidence, recording: str, *, grows: bool) -> tuple[NextCall, ...]:
    pid = evidence.target.pid
    why = "find the line that grows it" if grows else "judge all causes in one window, ranked by cost"
    calls = [NextCall(tool="diagnose", arguments={"pid": pid} | ({"focus": "memory"} if grows else {}), why=why)]
    if not grows:
        longer = NextCall(tool="proc-memory", arguments={"pid": pid, "seconds": 30}, why="see whether it grows slowly")
        calls.append(longer)
    else:
        calls.append(
            NextCall(tool="compare", arguments={"before": recording}, why="after a change, with a new recording")
        )
    return tuple(calls)
