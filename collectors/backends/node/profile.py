"""What V8's CPU profiler hands back (Profiler.Profile of the DevTools protocol), read.

A node of the tree is a function as called from one chain of callers.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perfdoctor.collectors.backends.node.frames import (
    DEEPEST,
    IDLE,
    CallFrame,
    Frames,
    call_frame,
    dicts,
    number,
    numbers,
)
from perfdoctor.collectors.runtimes.source_maps import SourceMaps
from perfdoctor.collectors.source_text.asking.call_sites import CallSites
from perfdoctor.collectors.timeline import Sample
from perfdoctor.schemas.frame import Frame, Stack


@dataclass(slots=True)
class CpuTree:
    """``ticks[stack]`` are the samples that were not idle; ``idle`` those that were. ``samples`` are all of them by
    time: V8 says the function of each, and only of all in it together in which lines they fell, so each stands for the
    ``likeliest`` of these stacks; ``makers``: for which of them instead, where memory was asked for. ``not_understood``
    nodes were left out."""

    ticks: Counter[Stack] = field(default_factory=Counter)
    likeliest: dict[Stack, Stack] = field(default_factory=dict)
    makers: dict[Stack, Stack] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    idle: int = 0
    truncated: int = 0
    not_understood: int = 0

    @property
    def busy(self) -> int:
        return self.ticks.total()

    @property
    def seconds_each(self) -> float:
        """Between two samples, on average; 0 where there are too few."""
        times = [sample.at for sample in self.samples]
        return (max(times) - min(times)) * 1e-9 / (len(times) - 1) if len(times) > 1 else 0.0


def read_cpu(
    profile: Mapping[str, Any], tid: int, maps: SourceMaps | None = None, sites: CallSites | None = None
) -> CpuTree:
    """A Profiler.Profile of thread ``tid``. Times in it are microseconds of CLOCK_MONOTONIC."""
    found = CpuTree()
    frames = Frames(maps, sites)
    nodes = {number(node.get("id")): node for node in dicts(profile.get("nodes"))}
    parents = {child: at for at, node in nodes.items() for child in numbers(node.get("children"))}
    calls = {at: call_frame(node) for at, node in nodes.items()}
    likeliest: dict[int, Stack] = {}
    for at, node in nodes.items():
        call = calls[at]
        if call is None:
            found.not_understood += 1
            continue
        hits = max(0, number(node.get("hitCount")))
        if call.name == IDLE and not call.url:
            found.idle += hits
            continue
        if call.is_root:
            continue
        callers = _callers(at, call, calls, parents, frames)
        found.truncated += hits if len(callers) >= DEEPEST else 0
        stacks: Counter[Stack] = Counter()
        makers: Counter[Stack] = Counter()
        ticks = [(number(t.get("line")), number(t.get("ticks"))) for t in dicts(node.get("positionTicks"))]
        for line, n in (*ticks, (0, hits - sum(max(0, n) for _, n in ticks))):
            if n > 0:
                stack = (*frames.at(call, line or None), *callers)
                stacks[stack] += n
                if line and frames.makes(call, line):
                    makers[stack] += n
        found.ticks += stacks
        for most, _ in stacks.most_common(1):
            likeliest[at] = most
            found.likeliest.update(dict.fromkeys(stacks, most))
            found.makers.update((most, maker) for maker, _ in makers.most_common(1))
    now = number(profile.get("startTime"))
    for at, delta in zip(numbers(profile.get("samples")), numbers(profile.get("timeDeltas")), strict=False):
        now += delta
        # An idle thread waits in its event loop: that is a place too.
        found.samples.append(Sample(now * 1000, tid, likeliest.get(at, ())))
    return found


def _callers(
    at: int, called: CallFrame, calls: Mapping[int, CallFrame | None], parents: Mapping[int, int], frames: Frames
) -> Stack:
    stack: list[Frame] = []
    while (above := parents.get(at)) is not None and len(stack) < DEEPEST:
        at = above
        call = calls.get(at)
        if call is None or call.is_root:
            break
        stack += frames.calling(call, called)
        called = call
    return tuple(stack)
