"""Which lines of Java ask the kernel? One window by the engine and by Flight Recorder together.

The engine counts and times exactly, and walks no Java. Flight Recorder has a stack for each read and write of a file or
socket, with its begin and end, and looks at the other threads a hundred times a second. Each call goes to what is
nearest to it in time, on the same thread: its place is sampled, its figures are not.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence

from anyio import to_thread

from perfdoctor.collectors.backends.bpf.timed_sockets import timed
from perfdoctor.collectors.backends.bpf.timeline import TimelinePart
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.backends.jvm import backend as jvm
from perfdoctor.collectors.backends.jvm import cpu, locks
from perfdoctor.collectors.backends.jvm.allocations import LACKS as ALLOCATIONS_LACK
from perfdoctor.collectors.backends.jvm.allocations import allocation_profile
from perfdoctor.collectors.backends.jvm.backend import LIVING, Told
from perfdoctor.collectors.backends.jvm.declared import at_declarations
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.java_calls import Fits
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.skew import skew
from perfdoctor.collectors.timeline import Event, Sample, Timeline, call_of, place_calls, place_talk
from perfdoctor.collectors.window import by_engine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.memory import HeapReading, LivingRow
from perfdoctor.schemas.recording import Collection
from perfdoctor.schemas.target import Target

_REACH = 20_000_000
"""nanoseconds for which a sample speaks: two of Flight Recorder's intervals"""
_EVERY = {"threshold": "0 ms", "stackTrace": "true"}
_LOOKS = {"jdk.ExecutionSample": {"period": "10 ms"}, "jdk.NativeMethodSample": {"period": "10 ms"}}
_OBJECTS = {"jdk.ObjectAllocationSample": {"throttle": "150/s", "stackTrace": "true"}}
"""since JDK 16, and cheap: the machine notes so many of its slow allocations, with the bytes that each stands for"""
_CALLS = ("FileRead", "FileWrite", "FileForce", "SocketRead", "SocketWrite", "ThreadPark", "ThreadSleep")
_MONITORS = ("JavaMonitorEnter", "JavaMonitorWait")
_TIMED = frozenset(f"jdk.{name}" for name in _CALLS)
"""events that end when a system call does"""
_SPANS = _TIMED | {f"jdk.{name}" for name in _MONITORS}
_STARTS = "jdk.ThreadStart"
_BEGINNINGS = ("start_thread", "__clone", "clone")
_COMPILED = "[anonymous memory]"
_HEAP = "jdk.GCHeapSummary"
_NO_MOMENTS = frozenset((LIVING, "jdk.ObjectAllocationSample"))
"""events that tell of objects, not of what a thread does"""
EVENTS = {
    **_LOOKS,
    **{f"jdk.{name}": _EVERY for name in (*_CALLS, *_MONITORS)},
    _STARTS: {"stackTrace": "true"},
    # Without a cutoff the machine does not stop to look for who holds the objects. It takes them from the samples of
    # the other event (JDK 17): what lives on gathers over the window.
    LIVING: {"cutoff": "0 ns", "stackTrace": "true"},
    **_OBJECTS,
    _HEAP: {},
}


async def by_engine_and_recorder(
    host: Host, target: Target, *, seconds: float, wanted: Wanted, memory: bool, progress: Progress
) -> Evidence:
    """The engine's window with stacks of Java; with CPU samples, also the locks of Java. Where the machine must not or
    cannot be asked, the window without them: its collections say why."""
    part = TimelinePart()

    async def beside() -> Evidence:
        both = timed(wanted, part)
        return await by_engine(host, target, seconds=seconds, wanted=both, memory=memory, progress=progress)

    problem = jvm.unavailable(host, target)
    why = problem.why if problem else ""
    if problem is None:
        try:
            told = await jvm.trace(host, target, EVENTS, seconds=seconds, progress=progress, beside=beside)
        except OSError as error:
            why = str(error)
        else:
            if told.beside is not None:
                return await to_thread.run_sync(_joined, host, told.beside, part, told)
            why = told.why_not_beside
    evidence = await by_engine(host, target, seconds=seconds, wanted=wanted, memory=memory, progress=progress)
    return _said(evidence, (f"lines of Java: {why}",), "")


def _joined(host: Host, evidence: Evidence, part: TimelinePart, told: Told) -> Evidence:
    in_java = [event for event in part.events if not is_the_machines(event.key)]
    joined = Timeline(_samples(told, in_java), reach=_REACH).join(in_java, Fits())
    changes: dict[str, object] = {}
    if evidence.syscalls:
        changes["syscalls"] = place_calls(evidence.syscalls, joined)
    if evidence.network:
        changes["network"] = place_talk(evidence.network, joined, _ports(told))
    if evidence.memory:
        changes["living"] = _living(evidence.target.pid, told)
        if after := _after_collections(told):
            changes["memory"] = evidence.memory.model_copy(update={"heap": after})
    if evidence.cpu:
        evidence = cpu.evidence(evidence.target, told)
        how_locked = told.collection(lacks=locks.LACKS, exact=True)
        profile = locks.lock_profile(evidence.target, told.heard)
        changes["locks"] = at_declarations(host, evidence.target.pid, profile)
        allocations = allocation_profile(evidence.target, told)
        how = {"locks": how_locked}
        if allocations.rows:
            changes["allocations"] = allocations
            how["allocations"] = told.collection(lacks=ALLOCATIONS_LACK)
        changes["collections"] = evidence.collections | how
    words = (
        f"lines of Java are joined by time: {joined.covered:,} calls had one while they lasted, {joined.near:,} take "
        f"the nearest of their thread, {joined.alike:,} are where others like them are, {joined.without:,} have none"
    )
    return _said(evidence.model_copy(update=changes), (), words)


def _ports(told: Told) -> dict[Stack, set[int]]:
    """With which ports of others each stack read and wrote sockets."""
    found: dict[Stack, set[int]] = defaultdict(set)
    for one in told.heard:
        port = one.values.get("port")
        if one.stack and one.name in ("jdk.SocketRead", "jdk.SocketWrite") and isinstance(port, int):
            found[one.stack].add(port)
    return found


def _living(pid: int, told: Told) -> tuple[LivingRow, ...]:
    """Objects that were allocated in the window and outlived a collection. How large each is, is not told."""
    found = Counter(one.stack for one in told.heard if one.name == LIVING and one.stack)
    return tuple(LivingRow(pid=pid, stack=stack, samples=samples) for stack, samples in found.most_common())


def _after_collections(told: Told) -> tuple[HeapReading, ...]:
    found = (one for one in told.heard if one.name == _HEAP and one.values.get("when") == "After GC")
    return tuple(
        HeapReading(at=max(0.0, one.at - told.window.started), used=int(one.values["heapUsed"]), collected=True)
        for one in found
        if isinstance(one.values.get("heapUsed"), int) and one.values["heapUsed"] >= 0
    )


def _samples(told: Told, events: Sequence[Event]) -> Iterator[Sample]:
    """What has a length stands at both of its ends: whatever lies between is nearest to it."""
    ours = {thread.own_tid: thread.tid for thread in told.threads.threads.values()}
    monotonic = time.monotonic_ns() - time.time_ns()
    ends: dict[int, list[int]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.ended):
        ends[event.tid].append(event.ended)
    both = (
        (ours[one.own_tid], int(one.at * 1e9) + monotonic)
        for one in told.heard
        if one.name in _TIMED and one.own_tid in ours
    )
    off = skew(both, ends, reach=_REACH)

    def at(seconds: float) -> int:
        by_ours = int(seconds * 1e9) + monotonic
        return by_ours + off(by_ours)

    for one in told.heard:
        # (the stack of a start is that of the thread that starts another)
        whose = one.values.get("parentThread") if one.name == _STARTS else one.own_tid
        if one.stack and whose in ours and one.name not in _NO_MOMENTS:
            began, ended = at(one.at - one.seconds), at(one.at)
            for moment in {began, ended}:
                yield Sample(moment, ours[whose], one.stack, (began, ended) if one.name in _SPANS else None)


def is_the_machines(key: Hashable) -> bool:
    """Whether a call's own stack was walked to the beginning of its thread, past no code that was compiled from Java:
    the machine makes it for itself, collecting garbage or ending a thread."""
    call = call_of(key)
    stack = call[1] if call else ()
    return (
        bool(stack) and stack[-1].function.startswith(_BEGINNINGS) and not any(f.function == _COMPILED for f in stack)
    )


def _said(evidence: Evidence, lacks: tuple[str, ...], warning: str) -> Evidence:
    def with_words(collection: Collection) -> Collection:
        warnings = (*collection.warnings, warning) if warning else collection.warnings
        return collection.model_copy(update={"lacks": (*collection.lacks, *lacks), "warnings": warnings})

    told = {
        name: with_words(collection) if name == "syscalls" else collection
        for name, collection in evidence.collections.items()
    }
    return evidence.model_copy(update={"collections": told})
