"""Who collects garbage, and for whom?"""

import re
from collections.abc import Sequence

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.operations import Operation, operation_of
from perfdoctor.diagnosis.place import Place
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import FrameKind, Stack

# GC Thread#0   G1 Main Marker   G1 Conc#0   ParGC Thread#1   ZWorker#0   Shenandoah GC Thr
_COLLECTS_BY_NAME = re.compile(r"GC Thread|G1 (?:Main|Conc|Refine)|ParGC|ZWorker|ZDriver|Shenandoah|CMS |GC task")
# the JVM's own thread of operations, while it collects; it is young, old or full as the collector has it
_JVM = re.compile(
    r"(?:.*\s)?(?:G1(?:Collected|Evac|Full|Young|Remark|Par|Rem|Conc)|ParallelScavenge|PSParallel|PSScavenge|GenCollected|"
    r"DefNew|SerialHeap|VM_(?:G1|GenCollect|ParallelGC|CollectFor)|Shenandoah|ZMark|ZRelocate|CollectedHeap::collect)"
)
_ALLOCATES_IN_GO = re.compile(r"runtime\.(?:mallocgc|newobject|makeslice|makemap|growslice|gcAssistAlloc)")


def collects_by_name(row: CpuRow) -> bool:
    """Whether its thread does nothing else."""
    return _COLLECTS_BY_NAME.match(row.thread) is not None


def collects(row: CpuRow) -> bool:
    if collects_by_name(row):
        return True
    if row.thread == "VM Thread":
        return any(_JVM.match(frame.function) for frame in row.stack)
    return any(operation_of((frame,)) is Operation.COLLECT for frame in collector_frames(row))


def makes_in_go(below: Stack) -> bool:
    return any(_ALLOCATES_IN_GO.match(frame.function) for frame in below)


def collector_frames(row: CpuRow) -> Stack:
    """Those that may belong to a collector: of a language that has its own frames, down to its innermost line."""
    own = next((i for i, frame in enumerate(row.stack, 1) if frame.kind is not FrameKind.NATIVE), len(row.stack))
    return (*row.native, *row.stack[:own])


def collected_for(account: Account, place: Place, rows: Sequence[CpuRow]) -> float:
    """Busy seconds that the collector spends because of what a function makes, its samples ``rows``: by the bytes that
    the runtime tells of its objects, or in Go by the time that goes into making and filling new memory. 0 where neither
    is known: CPython frees texts at once."""
    collector = [row for row in account.samples if collects(row)]
    if not collector:
        return 0.0
    allocations = account.evidence.allocations
    if allocations and allocations.rows:
        made = [(float(row.bytes), place.shares_function(account.place(row.stack))) for row in allocations.rows]
    elif any(fills_in_go(account.below(row)) for row in rows):
        own = set(map(id, rows))
        every = [row for row in account.samples if not collects(row)]
        made = [(row.seconds, id(row) in own) for row in every if id(row) in own or fills_in_go(account.below(row))]
    else:
        return 0.0
    total = sum(size for size, _ in made)
    part = sum(size for size, here in made if here) / total if total else 0.0
    return part * account.cpu_cost(collector)


def fills_in_go(below: Stack) -> bool:
    """Whether new memory of Go is asked for there, or a text put into it."""
    return makes_in_go(below) or any(frame.function.startswith("runtime.concatstring") for frame in below)
