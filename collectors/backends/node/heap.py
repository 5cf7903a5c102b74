"""What V8's sampling heap profiler hands back (HeapProfiler.SamplingHeapProfile of the DevTools protocol), read."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import islice, pairwise
from typing import Any

from perfdoctor.collectors.backends.node.frames import (
    DEEPEST,
    MOST_NODES,
    CallFrame,
    Frames,
    call_frame,
    dicts,
    number,
)
from perfdoctor.collectors.runtimes.source_maps import SourceMaps
from perfdoctor.collectors.source_text.asking.call_sites import CallSites
from perfdoctor.schemas.frame import Stack

_MOST_LINES = 100
"""stacks whose lines are read from the source: those that hold most (a program may load hundreds of files)"""


def read_heap(
    profile: Mapping[str, Any],
    maps: SourceMaps | None = None,
    sites: CallSites | None = None,
    *,
    survivors: bool = False,
) -> dict[Stack, int]:
    """Bytes by stack of a SamplingHeapProfile: those of the objects that live, or all that were allocated, as it was
    asked for. V8 has already scaled them from its samples. ``survivors``: of those that live, the ones that were
    made in the first half stand for all, since the last ones may be garbage not yet collected."""
    old = _survivors(profile) if survivors else None
    sizes: Counter[tuple[CallFrame, ...]] = Counter()
    callees: dict[CallFrame, set[str]] = defaultdict(set)
    waiting: list[tuple[Mapping[str, Any], tuple[CallFrame, ...]]] = [
        (node, ()) for node in dicts([profile.get("head")])
    ]
    for _ in range(MOST_NODES):
        if not waiting:
            break
        node, called = waiting.pop()
        call = call_frame(node)
        if call is not None and not call.is_root and len(called) < DEEPEST:
            if called:
                callees[called[0]].add(call.name)
            called = (call, *called)
        size = number(node.get("selfSize")) if old is None else old[number(node.get("id"))]
        if size > 0:
            sizes[called] += size
        waiting.extend((child, called) for child in dicts(node.get("children")))
    known, plain = Frames(maps, sites), Frames(maps, None)
    found: Counter[Stack] = Counter()
    for rank, (called, size) in enumerate(sizes.most_common()):
        found[_stack(known if rank < _MOST_LINES else plain, called, callees)] += size
    return dict(found)


def _stack(frames: Frames, called: tuple[CallFrame, ...], callees: Mapping[CallFrame, set[str]]) -> Stack:
    """Of functions that have called each other, innermost first, in the first of which objects were made."""
    if not called:
        return ()
    callers = tuple(frame for callee, call in pairwise(called) for frame in frames.calling(call, callee))
    return (*frames.making(called[0], callers, callees.get(called[0], ())), *callers)


def _survivors(profile: Mapping[str, Any]) -> Counter[int] | None:
    """Bytes by node: twice those of the samples that were taken in the first half, or less, as far as less of the
    second half lives: what a start makes once stays, and is followed by nothing. None where V8 tells no samples."""
    taken = [
        (number(sample.get("ordinal")), number(sample.get("nodeId")), number(sample.get("size")))
        for sample in islice(dicts(profile.get("samples")), MOST_NODES)
    ]
    if not taken:
        return None
    half = max(ordinal for ordinal, _, _ in taken) / 2
    found: Counter[int] = Counter()
    later = 0
    for ordinal, node, size in taken:
        if ordinal > half:
            later += max(0, size)
        elif size > 0:
            found[node] += 2 * size
    goes_on = min(1.0, later / max(1, found.total() / 2))
    return Counter({node: int(size * goes_on) for node, size in found.items()})
