"""What V8's profilers hand back (Profiler.Profile, HeapProfiler.SamplingHeapProfile of the DevTools protocol), read.

A node of the tree is a function as called from one chain of callers. V8 says in which lines of the innermost function
the samples fell; of its callers it says the function, and the line where that begins: the line of the call is read from
the source, where that tells (call_sites.py). All text is the target's own.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import unquote, urlsplit

from perfdoctor.collectors.runtimes.call_sites import CallSites, Function
from perfdoctor.collectors.runtimes.source_maps import SourceMaps
from perfdoctor.collectors.text import clean
from perfdoctor.collectors.timeline import Sample
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

_ROOT, IDLE = "(root)", "(idle)"
_MOST_NODES = 1_000_000
_DEEPEST = 512


@dataclass(slots=True)
class CpuTree:
    """``ticks[stack]`` are the samples that were not idle; ``idle`` those that were. ``samples`` are all of them by
    time. ``not_understood`` nodes were left out."""

    ticks: Counter[Stack] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    idle: int = 0
    truncated: int = 0
    not_understood: int = 0

    @property
    def busy(self) -> int:
        return self.ticks.total()


class _Frames:
    def __init__(self, maps: SourceMaps | None, sites: CallSites | None) -> None:
        self._maps, self._sites = maps, sites
        self._known: dict[tuple[str, Function, int | None], Frame] = {}
        self._calls: dict[tuple[str, Function, str, Function], int | None] = {}

    def frame(
        self, call: Mapping[str, Any], tick: int | None = None, *, calls: Mapping[str, Any] | None = None
    ) -> Frame:
        """The frame of a callFrame; ``tick`` is the line in it, ``calls`` the callFrame of what it calls. Neither:
        where the function begins."""
        url, own = _text(call.get("url")), _function(call)
        if tick is None and calls is not None and self._sites and url:
            other = _text(calls.get("url"))
            asked = url, own, other, _function(calls)
            if asked not in self._calls:
                self._calls[asked] = self._sites.line(_file_of(url), own, asked[3], same_file=other == url)
            tick = self._calls[asked]
        key = url, own, tick
        if key not in self._known:
            self._known[key] = self._made(own.name, _file_of(url), (own.line, own.column), tick)
        return self._known[key]

    def maker(self, call: Mapping[str, Any]) -> Frame:
        """The frame of a callFrame in which objects were made: at the line that makes them, where there is but one."""
        url = _text(call.get("url"))
        line = self._sites.maker(_file_of(url), _function(call)) if self._sites and url else None
        return self.frame(call, line)

    def _made(self, name: str, file: str, begins: tuple[int, int], tick: int | None) -> Frame:
        name = clean(name) or "(anonymous)"
        if not file:  # (program), (garbage collector), a function of V8's own
            return Frame(kind=FrameKind.NATIVE, function=name, module="node")
        line = tick or begins[0] or None
        if self._maps and line:
            column = begins[1] if line == begins[0] and begins[1] > 0 else None
            if written := self._maps.find(file, line, column):
                made = clean(f"{file}:{line}")
                return Frame(
                    kind=FrameKind.JAVASCRIPT, function=name, file=written.file, line=written.line, module=made
                )
        return Frame(kind=FrameKind.JAVASCRIPT, function=name, file=clean(file), line=line)


def read_cpu(
    profile: Mapping[str, Any], tid: int, maps: SourceMaps | None = None, sites: CallSites | None = None
) -> CpuTree:
    """A Profiler.Profile of thread ``tid``. Times in it are microseconds of CLOCK_MONOTONIC."""
    found = CpuTree()
    frames = _Frames(maps, sites)
    nodes = {_number(node.get("id")): node for node in _dicts(profile.get("nodes"))}
    parents = {child: at for at, node in nodes.items() for child in _numbers(node.get("children"))}
    likeliest: dict[int, Stack] = {}
    for at, node in nodes.items():
        call = node.get("callFrame")
        if not isinstance(call, dict):
            found.not_understood += 1
            continue
        name, hits = call.get("functionName"), max(0, _number(node.get("hitCount")))
        if name == IDLE and not call.get("url"):
            found.idle += hits
            continue
        if name == _ROOT and not call.get("url"):
            continue
        callers = _callers(at, nodes, parents, frames)
        found.truncated += hits if len(callers) >= _DEEPEST else 0
        best = 0
        ticks = [(_number(t.get("line")), _number(t.get("ticks"))) for t in _dicts(node.get("positionTicks"))]
        for line, n in (*ticks, (0, hits - sum(max(0, n) for _, n in ticks))):
            if n > 0:
                stack = (frames.frame(call, line or None), *callers)
                found.ticks[stack] += n
                if n > best:
                    best, likeliest[at] = n, stack
    now = _number(profile.get("startTime"))
    for at, delta in zip(_numbers(profile.get("samples")), _numbers(profile.get("timeDeltas")), strict=False):
        now += delta
        # An idle thread waits in its event loop: that is a place too.
        found.samples.append(Sample(now * 1000, tid, likeliest.get(at, ())))
    return found


def _callers(at: int, nodes: Mapping[int, Any], parents: Mapping[int, int], frames: _Frames) -> Stack:
    stack: list[Frame] = []
    called = nodes[at].get("callFrame")
    while (above := parents.get(at)) is not None and len(stack) < _DEEPEST:
        at = above
        call = nodes.get(at, {}).get("callFrame")
        if not isinstance(call, dict) or call.get("functionName") == _ROOT:
            break
        stack.append(frames.frame(call, calls=called))
        called = call
    return tuple(stack)


def read_heap(
    profile: Mapping[str, Any],
    maps: SourceMaps | None = None,
    sites: CallSites | None = None,
    *,
    survivors: bool = False,
) -> dict[Stack, int]:
    """Bytes by stack of a SamplingHeapProfile: those of the objects that live, or all that were allocated, as it was
    asked for. V8 has already scaled them from its samples. ``survivors``: of those that live, the ones that were
    made in the first half stand for all, since the last ones are mostly garbage not yet collected."""
    old = _survivors(profile) if survivors else None
    frames = _Frames(maps, sites)
    found: Counter[Stack] = Counter()
    waiting: list[tuple[Mapping[str, Any], Mapping[str, Any] | None, Stack]] = [
        (node, None, ()) for node in _dicts([profile.get("head")])
    ]
    for _ in range(_MOST_NODES):
        if not waiting:
            break
        node, caller, callers = waiting.pop()
        call = node.get("callFrame")
        stack = callers
        if isinstance(call, dict) and call.get("functionName") != _ROOT and len(callers) < _DEEPEST:
            if caller is not None:
                callers = (frames.frame(caller, calls=call), *callers[1:])
            caller, stack = call, (frames.maker(call), *callers)
        size = _number(node.get("selfSize")) if old is None else old[_number(node.get("id"))]
        if size > 0:
            found[stack] += size
        waiting.extend((child, caller, stack) for child in _dicts(node.get("children")))
    return dict(found)


def _survivors(profile: Mapping[str, Any]) -> Counter[int] | None:
    """Bytes by node: twice those of the samples that were taken in the first half. None where V8 tells no samples."""
    taken = [
        (_number(sample.get("ordinal")), _number(sample.get("nodeId")), _number(sample.get("size")))
        for sample in islice(_dicts(profile.get("samples")), _MOST_NODES)
    ]
    if not taken:
        return None
    half = max(ordinal for ordinal, _, _ in taken) / 2
    found: Counter[int] = Counter()
    for ordinal, node, size in taken:
        if ordinal <= half and size > 0:
            found[node] += 2 * size
    return found


def _function(call: Mapping[str, Any]) -> Function:
    line, column = _number(call.get("lineNumber")) + 1, _number(call.get("columnNumber")) + 1
    return Function(_text(call.get("functionName")), line, column)


def _file_of(url: str) -> str:
    """The path of a file:// address, any other text as it is."""
    if url.startswith("file://"):
        with suppress(ValueError):
            return unquote(urlsplit(url).path)
    return url


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _numbers(value: object) -> list[int]:
    return [_number(item) for item in value] if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) and abs(value) < 1 << 62 else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
