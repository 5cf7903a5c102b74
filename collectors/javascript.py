"""Which lines of JavaScript ask the kernel, and wait? One window by the engine and by V8's own profiler together.

The engine counts and times exactly, and walks no JavaScript; V8 samples its main thread's stacks on the same clock. A
call's native stack names the function of Node.js that made it (node::fs::Stat), and a sample that stands in a function
of that name (stat) is one of such calls: each goes to the nearest of those. Others go to the sample that was taken
while they lasted. So their place is sampled, and their figures are not.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from itertools import chain
from typing import cast

from anyio import to_thread

from perfdoctor.collectors.backends.bpf.timed_sockets import timed
from perfdoctor.collectors.backends.bpf.timeline import TimelinePart
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.backends.node import backend as node
from perfdoctor.collectors.backends.node.backend import Profiled
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.pool_calls import PoolCalls, place_pool_calls
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.timeline import Event, Joined, Sample, Timeline, by_key, call_of, place_calls, place_talk
from perfdoctor.collectors.v8_time import COLLECTOR, as_engine_saw, is_in_a_line
from perfdoctor.collectors.window import by_engine
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import FrameKind, Stack
from perfdoctor.schemas.memory import HeapReading, LivingRow
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import Collection
from perfdoctor.schemas.target import Target

# node::fs::Stat(v8::FunctionCallbackInfo<v8::Value> const&)  |  node::(anonymous namespace)::Read(…)
_NODE_FUNCTION = re.compile(r"node::(?:[\w<>]+::|\(anonymous namespace\)::)*(\w+)(?:\(|$)")
_OF_THE_LOOP = frozenset(("epoll_wait", "epoll_pwait", "epoll_pwait2"))
"""what libuv's loop waits in between two callbacks, when no JavaScript is on the stack"""
# v8::internal::Builtin_AtomicsWait(int, unsigned long*, v8::internal::Isolate*)
_BUILTIN = "v8::internal::Builtin_"
_SOCKETS = "node::StreamBase"
_OF_SOCKETS = re.compile(r"node::(?:\w*Wrap|StreamBase|StreamReq)\b|uv__(?:write|try_write|stream|tcp|udp)")
_SENDS = re.compile(r"node:(?:net|dgram|tls|_tls|internal/(?:stream_base_commons|streams|net|deps/undici))")
"""(not _http_outgoing: what is put together there is a request, or the answer to another one)"""
_ANYWHERE = 1 << 62
_REACH = 2
"""intervals of V8's profiler for which a sample speaks"""


async def by_engine_and_v8(
    host: Host, target: Target, *, seconds: float, wanted: Wanted, memory: bool, progress: Progress
) -> Evidence:
    """The engine's window with stacks of JavaScript. Where the inspector must not or cannot be opened, the window
    without them: its collections say why."""
    evidence: Evidence | None = None
    part = TimelinePart()
    found = Profiled(0)
    why = ""
    try:
        async with node.profiled(host, target, heap=memory) as found:
            part = TimelinePart(quiet=found.quiet, interrupted=True)
            both = timed(wanted, part)

            async def window() -> Evidence:
                return await by_engine(host, target, seconds=seconds, wanted=both, memory=memory, progress=progress)

            evidence = await node.beside_heap(found, window)
    except ProblemError as refusal:
        if evidence is None and found.interval_us:
            raise
        why = refusal.problem.why
    except OSError as error:
        if evidence is None and found.interval_us:
            raise
        why = str(error)
    if evidence is None:
        evidence = await by_engine(host, target, seconds=seconds, wanted=wanted, memory=memory, progress=progress)
    if not found.tree.samples:
        return _said(evidence, (f"lines of JavaScript: {why or 'V8 handed back no sample'}",))
    return await to_thread.run_sync(_joined, evidence, part, found)


def _joined(evidence: Evidence, part: TimelinePart, found: Profiled) -> Evidence:
    joined = join_by_name(found.tree.samples, part.events, reach=_REACH * found.interval_us * 1000)
    changes: dict[str, object] = {}
    pool: PoolCalls | None = None
    if evidence.syscalls:
        main = evidence.target.pid
        pool = place_pool_calls(evidence.syscalls, found.tree.samples, part.events, main=main, unsent=part.unsent)
        changes["syscalls"] = place_calls(pool.profile, joined)
    if evidence.network:
        changes["network"] = place_talk(evidence.network, joined)
    if evidence.cpu:
        changes["cpu"] = _with_javascript(evidence, evidence.cpu, part, found)
    if evidence.memory:
        changes["memory"] = evidence.memory.model_copy(update={"heap": _heap(found)})
        if found.sampled:
            rows = sorted(found.living.items(), key=lambda item: (-item[1], str(item[0])))
            changes["living"] = tuple(_living(evidence.target.pid, s, size) for s, size in rows)
    lacks: tuple[str, ...] = (
        *node.LACKS,
        "the returns from the signals by which V8 samples, and its profiler's own threads",
    )
    if found.heap and not found.sampled:
        lacks += ("which lines keep what lives: for that V8 would collect its whole heap, and stand still meanwhile",)
    return _said(evidence.model_copy(update=changes), lacks, _how(joined, part, found), _how_of_the_pool(pool))


def join_by_name(samples: Sequence[Sample], events: Sequence[Event], *, reach: int) -> Joined:
    """Events to samples that stand in the function which their native stack names; without such a one to a sample
    beside them that stands in native code: what JavaScript's own code is doing, asks the kernel for nothing. A function
    of the language itself (Atomics.wait) has no frame in V8's samples, which stand in its caller."""
    in_script = [s for s in samples if s.stack and s.stack[0].kind is FrameKind.JAVASCRIPT]
    in_native = [s for s in samples if s.stack and s.stack[0].kind is FrameKind.NATIVE]
    in_sockets = [s for s in in_native if _is_in_sockets(s.stack)]
    by_name: dict[str, list[Sample]] = defaultdict(list)
    for sample in in_native:
        by_name[sample.stack[0].function.lower()].append(sample)
    by_row: dict[Hashable, list[Event]] = defaultdict(list)
    for own in by_key(events):
        if not _is_the_loops(own[0].key):
            by_row[own[0].key] += own
    lines: dict[str, Timeline] = {}
    shares: dict[Hashable, Mapping[Stack, int]] = {}
    lasted: dict[Hashable, Mapping[Stack, int]] = {}
    covered = near = without = 0
    for key, own in by_row.items():
        name = _name_of(key, by_name)
        if name not in lines:
            beside = {_BUILTIN: in_script, _SOCKETS: in_sockets}.get(name, in_native)
            named = name in by_name
            lines[name] = Timeline(by_name[name] if named else beside, reach=_ANYWHERE if named else reach)
        found = lines[name].join(own)
        shares.update({row: _without_gaps(told) for row, told in found.shares.items()})
        lasted.update(found.lasted)
        covered, near, without = covered + found.covered, near + found.near, without + found.without
    return Joined(shares, covered, near, without, lasted=lasted)


def _name_of(key: Hashable, known: Container[str]) -> str:
    """By what the samples are chosen that an event may belong to; empty: all that stand in native code."""
    if _is_of_the_language(key):
        return _BUILTIN
    call = call_of(key)
    sockets = call is not None and any(_OF_SOCKETS.search(frame.function) for frame in call[1])
    return next((name for name in _made_by(key) if name in known), _SOCKETS if sockets else "")


def _is_in_sockets(stack: Stack) -> bool:
    """Whether the innermost of the program's lines has called what Node.js sends and receives by."""
    for frame in stack:
        if frame.file and not frame.file.startswith("node:"):
            return False
        if frame.file and _SENDS.match(frame.file):
            return True
    return False


_ENOUGH = 0.1
"""of a row's events, from which on those that have a stack speak for the others"""


def _without_gaps(told: Mapping[Stack, int]) -> Mapping[Stack, int]:
    """The same call upon the same thing, from the same native code, comes from the same lines: those that no sample was
    near belong to the stacks that the others have, where these are some."""
    known = {stack: times for stack, times in told.items() if stack}
    return known if sum(known.values()) >= _ENOUGH * sum(told.values()) else told


def _is_the_loops(key: Hashable) -> bool:
    call = call_of(key)
    return call is not None and call[0] in _OF_THE_LOOP


def _is_of_the_language(key: Hashable) -> bool:
    # (Builtin_HandleApiCall is how JavaScript calls what Node.js itself has made)
    call = call_of(key)
    return call is not None and not _made_by(key) and any(frame.function.startswith(_BUILTIN) for frame in call[1])


def _made_by(key: Hashable) -> list[str]:
    """The functions of Node.js on a row's native stack, innermost first: ``stat`` of node::fs::Stat(…)."""
    call = call_of(key)
    return [found[1].lower() for frame in (call[1] if call else ()) if (found := _NODE_FUNCTION.match(frame.function))]


def _how(joined: Joined, part: TimelinePart, found: Profiled) -> str:
    told = (
        f"lines of JavaScript are sampled by V8 every {found.interval_us / 1000:g} ms: of the main thread's calls "
        f"{joined.covered:,} had a sample while they lasted, {joined.near:,} take the nearest alike, "
        f"{joined.without:,} none"
    )
    return f"{told}; {part.unsent:,} more came too fast and are divided like the others" if part.unsent else told


def _how_of_the_pool(pool: PoolCalls | None) -> str:
    if not pool or not pool.placed + pool.unplaced:
        return ""
    told = (
        f"of the calls of libuv's thread pool {pool.placed:,} have the line that asked for that operation upon "
        f"that file (found by samples of the main thread, not for each call), {pool.unplaced:,} none"
    )
    return f"{told}: worker threads ask the pool for the same" if pool.of_workers and pool.unplaced else told


def _with_javascript(evidence: Evidence, cpu: CpuProfile, part: TimelinePart, found: Profiled) -> CpuProfile:
    """The main thread's rows are V8's samples, for the CPU time that the engine measured of it; what V8's own code did
    below them (a built-in function, its collector) is what the engine saw at the same times."""
    main = next((t for t in evidence.threads or () if t.tid == evidence.target.pid), None)
    if main is None or not found.tree.busy:
        return cpu
    own = [row for row in cpu.rows if row.pid == main.pid and row.thread == main.name]
    # Other threads of the same name: what is left when the main thread's time is taken from theirs together.
    left = max(0.0, sum(row.seconds for row in own) - main.running)
    rows = [row for row in cpu.rows if (row.pid, row.thread) != (main.pid, main.name)]
    found.tree.ticks = with_allocators(found.tree.ticks, found.tree.samples, found.tree.makers)
    own_code = below(found.tree.samples, part.samples, reach=_REACH * found.interval_us * 1000)
    natives = [cast("_Inner", sample.key)[0] for sample in part.samples if sample.tid == main.tid]
    sampled = as_engine_saw(node.cpu_rows(found.tree, evidence.target, main.running), natives)
    # (where V8 took the thread for idle, the engine has what it saw meanwhile)
    likeliest = found.tree.likeliest
    places = [() if row.stack == node.TAKEN_FOR_IDLE else likeliest.get(row.stack, row.stack) for row in sampled]
    parts = (divided(row, own_code.get(_called(at), {})) for row, at in zip(sampled, places, strict=True))
    rows += with_callers(list(chain.from_iterable(parts)))
    if left:
        whole = CpuRow(pid=main.pid, thread=main.name, stack=node.NOT_JAVASCRIPT, samples=0, seconds=left)
        rows += _of_other_threads(evidence, part, whole, main.tid)
    rows.sort(key=lambda row: (-row.seconds, row.pid, row.thread))
    return cpu.model_copy(update={"rows": tuple(rows), "samples": sum(row.samples for row in rows)})


_Inner = tuple[Stack, Stack]
"""A native stack and a kernel stack, each innermost first."""
_Called = tuple[object, ...]
_COMPILED = re.compile(r"\[anonymous memory\]|Builtins_(?:InterpreterEntryTrampoline|JSEntry)")
"""what JavaScript itself became; beyond it the native stack says nothing that V8's does not say better"""


def below(samples: Sequence[Sample], events: Sequence[Event], *, reach: int) -> dict[_Called, Counter[_Inner]]:
    """What native code was running below each function of JavaScript. (V8 says of its samples only which function, as
    called from where: its lines share what is found.)"""
    found: dict[_Called, Counter[_Inner]] = defaultdict(Counter)
    for key, stacks in Timeline(samples, reach=reach).join(events).shares.items():
        native, kernel = cast("_Inner", key)
        inner = _until_javascript(native), kernel
        for stack, times in stacks.items():
            found[_called(stack)][inner] += times
    return found


_MAKING = 0.05
"""of its runs, from which on those that began beside a line that makes objects speak for all"""
_COLLECTS = re.compile(r"(?:\S+ )?v8::internal::(?:Heap|Scaveng|Mark|Sweep|Minor|Incremental|SemiSpace|Evacuat|GC)")


def with_allocators(ticks: Counter[Stack], samples: Sequence[Sample], makers: Mapping[Stack, Stack]) -> Counter[Stack]:
    """The collector's samples, with the function outside of them that ran when it began: memory for that one was short,
    most likely at its line that makes objects. V8 itself names no caller of its collector."""
    before: Stack = ()
    began: Counter[Stack] = Counter()
    for sample in sorted(samples, key=lambda sample: sample.at):
        if sample.stack and sample.stack[0].function == COLLECTOR and not sample.stack[0].file:
            began[before] += 1
        elif sample.stack and sample.stack[0].kind is FrameKind.JAVASCRIPT:
            before = makers.get(sample.stack, sample.stack)
    # (a function that makes no objects, as far as its text says, is not the one that is short of memory)
    make = set(makers.values())
    making = Counter({stack: times for stack, times in began.items() if stack in make})
    began = making if making.total() >= _MAKING * began.total() else began
    told: Counter[Stack] = Counter()
    for stack, taken in ticks.items():
        if stack[:1] and stack[0].function == COLLECTOR and len(stack) == 1 and began:
            given = so_far = 0
            for allocator, times in began.most_common():
                so_far += times
                part = taken * so_far // began.total() - given
                given += part
                if part:
                    told[(*stack, *allocator)] += part
        else:
            told[stack] += taken
    return told


def _of_other_threads(evidence: Evidence, part: TimelinePart, whole: CpuRow, main: int) -> Iterator[CpuRow]:
    """What threads of the main thread's name did, by the engine's samples of them; ``whole`` where it has none."""
    alike = {t.tid for t in evidence.threads or () if t.name == whole.thread and t.tid != main}
    taken = Counter(cast("_Inner", sample.key) for sample in part.samples if sample.tid in alike)
    for (native, kernel), times in taken.most_common():
        seconds = whole.seconds * times / taken.total()
        yield whole.model_copy(update={"stack": native, "kernel": kernel, "samples": times, "seconds": seconds})
    if not taken:
        yield whole


def divided(row: CpuRow, inner: Mapping[_Inner, int]) -> Iterator[CpuRow]:
    """A row in as many parts as there are native stacks below it; together they are what it was."""
    total = sum(inner.values())
    if not total:
        yield row
        return
    given = so_far = 0
    for (native, kernel), times in sorted(inner.items(), key=lambda item: -item[1]):
        so_far += times
        samples = row.samples * so_far // total - given
        given += samples
        parts = {"native": native, "kernel": kernel, "samples": samples, "seconds": row.seconds * times / total}
        if len(row.stack) > 1 and row.stack[0].function == COLLECTOR and _is_of_a_builtin(native):
            parts["stack"] = row.stack[1:]
        yield row.model_copy(update=parts)


def with_callers(rows: Sequence[CpuRow]) -> list[CpuRow]:
    """Where V8's sample stood in no JavaScript, but the engine's in a function of the language, some line had called
    it: those that are known to call that function, in proportion. What nobody is known to call stays as it was."""
    callers: dict[str, list[CpuRow]] = defaultdict(list)
    for row in rows:
        if is_in_a_line(row.stack) and (name := _builtin(row.native)):
            callers[name].append(row)
    told = list[CpuRow]()
    for row in rows:
        known = [] if is_in_a_line(row.stack) else callers.get(_builtin(row.native), [])
        total = sum(caller.seconds for caller in known)
        if not total:
            told.append(row)
            continue
        given = 0
        so_far = 0.0
        for caller in known:
            so_far += caller.seconds
            samples = round(row.samples * so_far / total) - given
            given += samples
            part = {"stack": caller.stack, "samples": samples, "seconds": row.seconds * caller.seconds / total}
            told.append(row.model_copy(update=part))
    return told


def _builtin(native: Stack) -> str:
    """The function of the language that a native stack is in, empty where it is in none, or in its collector."""
    if not _is_of_a_builtin(native):
        return ""
    return next(frame.function for frame in native if frame.function.startswith("Builtins_"))


def _is_of_a_builtin(native: Stack) -> bool:
    """Whether a function of the language was at work, and not its collector: the two profilers look at different
    moments, and of the collector the engine's stack knows better than V8's nearest sample."""
    names = [frame.function for frame in native]
    return any(name.startswith("Builtins_") for name in names) and not any(_COLLECTS.match(name) for name in names)


def _called(stack: Stack) -> _Called:
    """A function as called from one chain of callers, whatever its line; V8's collector whoever called for it."""
    if stack and stack[0].function == COLLECTOR:
        stack = stack[:1]
    return (stack[0].file, stack[0].function, stack[1:]) if stack else ()


def _until_javascript(native: Stack) -> Stack:
    for i, frame in enumerate(native):
        if i and _COMPILED.match(frame.function):
            return native[:i]
    return native


def _heap(found: Profiled) -> tuple[HeapReading, ...]:
    began = found.heap[0].at if found.heap else 0.0
    return tuple(
        HeapReading(at=look.at - began, used=look.used, reserved=look.reserved, collected=look.collected)
        for look in found.heap
    )


def _living(pid: int, stack: Stack, size: int) -> LivingRow:
    return LivingRow(pid=pid, stack=stack, samples=max(1, size // node.COARSE_HEAP_INTERVAL), bytes=size)


def _said(evidence: Evidence, lacks: Sequence[str], *told_how: str) -> Evidence:
    def with_words(collection: Collection) -> Collection:
        warnings = (*collection.warnings, *(one for one in told_how if one))
        return collection.model_copy(update={"lacks": (*collection.lacks, *lacks), "warnings": warnings})

    told = {
        name: with_words(collection) if name in ("syscalls", "cpu", "waits", "network") else collection
        for name, collection in evidence.collections.items()
    }
    return evidence.model_copy(update={"collections": told})
