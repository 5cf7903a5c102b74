"""Which of a profiler's stacks does an event belong to, when only their times are known?

The kernel knows exactly when a call was, and not in which line of a language that it cannot walk; the language's own
profiler samples lines at times of the same clock (CLOCK_MONOTONIC). An event belongs to the sample that was taken while
it lasted, else to the one that is nearest to it, if that is near enough. So what a row's events add up to stays exact,
and only their places are sampled.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.network import NetworkUse, Peer
from perfdoctor.schemas.syscalls import SyscallProfile, SyscallRow

_LONGER = 10
"""times an event may take as long as those that are of a line do, and be of it too"""
_BLUR = 200_000
"""nanoseconds by which two clocks may still differ"""
_MOST_NEAR = 32
"""samples around an event that are looked at"""
_ROW_KEY = 4
"""parts of the key of a system call's row"""


class Sample(NamedTuple):
    """What thread ``tid`` was doing at ``at`` (nanoseconds of CLOCK_MONOTONIC); innermost frame first. ``span``: from
    when to when it did that, where this is known."""

    at: int
    tid: int
    stack: Stack
    span: tuple[int, int] | None = None

    def is_apart(self, began: int, ended: int) -> bool:
        """Whether an event is known to have been outside, or mostly."""
        if self.span is None:
            return False
        both = min(ended, self.span[1] + _BLUR) - max(began, self.span[0] - _BLUR)
        return 2 * both < ended - began


class Event(NamedTuple):
    """What thread ``tid`` did from ``began`` to ``ended`` (nanoseconds of CLOCK_MONOTONIC). Events with the same
    ``key`` are one row: for system calls (pid, syscall, object, stack), as in SyscallRow."""

    began: int
    ended: int
    tid: int
    key: Hashable


def by_key(events: Iterable[Event]) -> Iterable[list[Event]]:
    """Events of one row together, as far as their keys are the same object: to compare many keys takes long."""
    found: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        found[id(event.key)].append(event)
    return found.values()


@dataclass(frozen=True, slots=True)
class Joined:
    """``shares[key][stack]`` counts the events of a row by the sampled stack that they belong to; () where none was
    near; ``lasted`` has their nanoseconds, where they are known. ``covered`` events had a sample taken while they
    lasted, ``near`` one beside them, ``alike`` only such as cannot be of them, so they are where others like them are;
    ``without`` had none."""

    shares: Mapping[Hashable, Mapping[Stack, int]]
    covered: int
    near: int
    without: int
    alike: int = 0
    lasted: Mapping[Hashable, Mapping[Stack, int]] = field(default_factory=dict)


def _is_longer(lasted: float, number: int, others_number: int, others_lasted: float) -> bool:
    """Whether events took so much longer than others that they are hardly of the same lines."""
    return others_number > 0 and lasted * others_number > _LONGER * others_lasted * number


def _anywhere(_stack: Stack, _apart: bool) -> int:
    """All samples fit as well as any can: the nearest has it."""
    return 2


class Timeline:
    """Samples of threads. A sample speaks for ``reach`` nanoseconds to both sides: two of the profiler's intervals."""

    def __init__(self, samples: Iterable[Sample], *, reach: int) -> None:
        self._reach = reach
        self._times: dict[int, list[int]] = defaultdict(list)
        self._samples: dict[int, list[Sample]] = defaultdict(list)
        self._all: dict[int, Counter[Stack]] = {}
        for sample in sorted(samples, key=lambda sample: sample.at):
            self._times[sample.tid].append(sample.at)
            self._samples[sample.tid].append(sample)

    @property
    def threads(self) -> frozenset[int]:
        """Those that were sampled."""
        return frozenset(self._times)

    def find(
        self, tid: int, began: int, ended: int, fits: Callable[[Stack, bool], int] = _anywhere
    ) -> tuple[Stack, bool] | None:
        """The stack of an event, and whether its sample was taken while it lasted; None when none is near that can be
        of it. Of those that are near, the nearest of the ones that fit best."""
        times = self._times.get(tid)
        if not times:
            return None
        samples = self._samples[tid]
        i = bisect_left(times, began)
        if i < len(times) and times[i] <= ended and fits(samples[i].stack, False):
            return samples[i].stack, True
        # (outwards, from the nearest)
        before, after, possible = i - 1, i, None
        for _ in range(_MOST_NEAR):
            early = began - times[before] if before >= 0 else self._reach + 1
            late = max(0, times[after] - ended) if after < len(times) else self._reach + 1
            if min(early, late) > self._reach:
                break
            sample = samples[before if early <= late else after]
            stack = sample.stack
            fit = fits(stack, sample.is_apart(began, ended))
            if fit > 1:
                return stack, False
            possible = possible or (stack if fit else None)
            before, after = (before - 1, after) if early <= late else (before, after + 1)
        return (possible, False) if possible else None

    def join(self, events: Iterable[Event], fits: Callable[[Hashable, Stack, bool], int] | None = None) -> Joined:
        """Every event to its stack. Events of threads that were not sampled are in no row. ``fits``: how well an event
        with that key fits a sample with that stack, and whether it is apart from the span of that; 0: it cannot be of
        it. Where it is given, events without a sample are where others of their row are, else where their thread was
        sampled doing such things."""
        # (counted by identity: a stack's hash is that of all its frames, and events are many more than stacks)
        counted: Counter[tuple[int, int]] = Counter()
        spent: Counter[tuple[int, int]] = Counter()
        known: dict[int, Hashable] = {}
        stacks: dict[int, Stack] = {}
        tally: Counter[str] = Counter()
        lost: Counter[tuple[Hashable, int]] = Counter()
        lost_time: Counter[tuple[Hashable, int]] = Counter()
        for event in events:
            if event.tid not in self._times:
                continue
            how_well = partial(fits, event.key) if fits else _anywhere
            found = self.find(event.tid, event.began, event.ended, how_well)
            if found is None:
                lost[event.key, event.tid] += 1
                lost_time[event.key, event.tid] += event.ended - event.began
                continue
            stack, covers = found
            known[id(event.key)], stacks[id(stack)] = event.key, stack
            counted[id(event.key), id(stack)] += 1
            spent[id(event.key), id(stack)] += event.ended - event.began
            tally["covered" if covers else "near"] += 1
        shares: dict[Hashable, Counter[Stack]] = defaultdict(Counter)
        lasted: dict[Hashable, Counter[Stack]] = defaultdict(Counter)
        for (key_id, stack_id), number in counted.items():
            shares[known[key_id]][stacks[stack_id]] += number
            lasted[known[key_id]][stacks[stack_id]] += spent[key_id, stack_id]
        for (key, tid), number in lost.items():
            others = (shares[key] or self._best(tid, partial(fits, key))) if fits else Counter[Stack]()
            if _is_longer(lost_time[key, tid], number, shares[key].total(), lasted[key].total()):
                others = Counter()
            for stack, share in zip(others, _apportion(number, list(others.values())), strict=True) if others else ():
                if share:
                    shares[key][stack] += share
                    lasted[key][stack] += lost_time[key, tid] * share // number
            if not others:
                shares[key][()] += number
                lasted[key][()] += lost_time[key, tid]
            tally["alike" if others else "without"] += number
        return Joined(shares, tally["covered"], tally["near"], tally["without"], tally["alike"], lasted)

    def _best(self, tid: int, fits: Callable[[Stack, bool], int]) -> Counter[Stack]:
        """The samples of a thread, of any time, that fit better than just anywhere."""
        if tid not in self._all:
            self._all[tid] = Counter(sample.stack for sample in self._samples[tid])
        return Counter({stack: times for stack, times in self._all[tid].items() if fits(stack, False) > 1})


def call_of(key: Hashable) -> tuple[str, Stack] | None:
    """The system call of an event and the stack that the engine saw of it; None for events of another kind."""
    if not isinstance(key, tuple) or len(key) != _ROW_KEY:
        return None
    _, name, _, stack = key
    return name, stack


_COUNTS = ("calls", "errors", "empty", "unfinished", "bytes")
_TIMES = ("seconds", "blocked_seconds", "runnable_seconds")


def place_calls(profile: SyscallProfile, joined: Joined) -> SyscallProfile:
    """The same calls, each row with its sampled stacks: a row is divided as its events were, and adds up to what it
    was. Rows without a stack among the samples keep the one that they had."""
    merged: dict[tuple[int, str, str | None, Stack], SyscallRow] = {}
    for row in profile.rows:
        own = row.pid, row.syscall, row.object, row.stack
        shares = joined.shares.get(own)
        for part in divide(row, shares, joined.lasted.get(own, {})) if shares else (row,):
            key = part.pid, part.syscall, part.object, part.stack
            merged[key] = together(merged[key], part) if key in merged else part
    rows = sorted(merged.values(), key=lambda r: (-r.seconds, -r.calls, r.syscall, r.pid))
    return profile.model_copy(update={"rows": tuple(rows)})


def place_talk(use: NetworkUse, joined: Joined, ports: Mapping[Stack, Collection[int]] | None = None) -> NetworkUse:
    """The same peers, with the stack that most calls of each row or statement had.

    ``ports``: of stacks of which the runtime says with which ports they talked. A peer of another port is not theirs,
    although the time would do: one thread may talk to a client and to a database within a millisecond."""
    taken: dict[tuple[int, Stack], Counter[Stack]] = defaultdict(Counter)
    for key, shares in joined.shares.items():
        if isinstance(key, tuple) and len(key) == _ROW_KEY:
            pid, _, _, stack = key
            taken[pid, stack].update(shares)

    def placed(peer: Peer) -> Peer:
        port = _port_called(peer)

        def is_anothers(stack: Stack) -> bool:
            return port is not None and ports is not None and stack in ports and port not in ports[stack]

        def place(pid: int, stack: Stack) -> Stack:
            found = taken.get((pid, stack), Counter())
            likely = Counter({s: n for s, n in found.items() if not is_anothers(s)}) or found
            return (likely.most_common(1)[0][0] or stack) if likely else stack

        rows = tuple(r.model_copy(update={"stack": place(r.pid, r.stack)}) for r in peer.rows)
        said = tuple(s.model_copy(update={"stack": place(s.pid, s.stack)}) for s in peer.statements)
        return peer.model_copy(update={"rows": rows, "statements": said})

    return use.model_copy(update={"peers": tuple(placed(peer) for peer in use.peers)})


def _port_called(peer: Peer) -> int | None:
    """Of a peer that we called. (Who called us did so from ports of its own.)"""
    port = peer.address.rpartition(":")[2]
    return int(port) if peer.direction == "outgoing" and port.isdecimal() else None


def divide(row: SyscallRow, shares: Mapping[Stack, int], lasted: Mapping[Stack, int] | None = None) -> list[SyscallRow]:
    """A row in as many parts as it has stacks: its counts in proportion to ``shares``, its times to how long the events
    ``lasted``, where that is known. (One thread waits on one futex for all that it waits for: for an answer of some
    milliseconds, and for work of some seconds.) Every figure adds up to the row's own."""
    waits = _waits(row, shares, lasted or {})
    under_way = waits.under_way if waits else None
    times: Mapping[Stack, float] = waits.seconds if waits else shares
    ordered = sorted(dict.fromkeys((*shares, *times)), key=lambda stack: (-shares.get(stack, 0), -times[stack]))
    stacks, weights = [stack or row.stack for stack in ordered], [shares.get(stack, 0) for stack in ordered]
    total = sum(times.values())
    counts = {name: _apportion(getattr(row, name), weights) for name in _COUNTS}
    if under_way is not None:
        counts["unfinished"] = [row.unfinished if stack == under_way else 0 for stack in ordered]
    buckets = [_apportion(count, weights) for count in row.histogram]
    return [
        row.model_copy(
            update={
                "stack": stack,
                "histogram": tuple(bucket[i] for bucket in buckets),
                **{name: parts[i] for name, parts in counts.items()},
                **{name: getattr(row, name) * times[ordered[i]] / total for name in _TIMES},
            }
        )
        for i, stack in enumerate(stacks)
    ]


class _Waits(NamedTuple):
    """``seconds`` of a row by stack; ``under_way``: the stack of the calls that have not ended, if there are any."""

    seconds: Mapping[Stack, float]
    under_way: Stack | None


def _waits(row: SyscallRow, shares: Mapping[Stack, int], lasted: Mapping[Stack, int]) -> _Waits | None:
    """None where it is not known how long the events lasted. Calls that have not ended are no events: they are where
    most time went, unless they take much longer than any there; then nobody knows."""
    # (of many events only some are told)
    each = row.calls / sum(shares.values()) * 1e-9
    seconds = {stack: each * lasted.get(stack, 0) for stack in shares}
    ended = sum(seconds.values())
    if not ended:
        return None
    rest = row.seconds - ended
    if not row.unfinished or rest <= 0:
        return _Waits(seconds, None)
    where = max(seconds, key=lambda stack: seconds[stack])
    if _is_longer(rest * 1e9, row.unfinished, shares[where], lasted[where]):
        where = ()
    return _Waits({**seconds, where: seconds.get(where, 0.0) + rest}, where)


def _apportion(count: int, weights: Sequence[int]) -> list[int]:
    """``count`` in whole parts in proportion to ``weights``, that add up to it."""
    total, given, so_far, parts = sum(weights), 0, 0, []
    for weight in weights:
        so_far += weight
        upto = count * so_far // total
        parts.append(upto - given)
        given = upto
    return parts


def together(a: SyscallRow, b: SyscallRow) -> SyscallRow:
    """Two rows that have become one."""
    histogram = (
        tuple(x + y for x, y in zip(a.histogram, b.histogram, strict=True)) if a.histogram and b.histogram else ()
    )
    return a.model_copy(
        update={
            **{name: getattr(a, name) + getattr(b, name) for name in (*_COUNTS, *_TIMES)},
            "max_seconds": max(a.max_seconds, b.max_seconds),
            "histogram": histogram,
        }
    )
