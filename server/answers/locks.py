"""Who waited for whom: by lock, and by the lines at both ends."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from perfdoctor.diagnosis.lock_roles import NOTABLE_SHARE, STANDING_SECONDS, comes_first, role_of
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.locks import Lock, LockHold, LockKind, LockProfile, LockWait
from perfdoctor.schemas.locks_answer import (
    GilRow,
    GilTable,
    Held,
    LockChain,
    LockRole,
    LockRow,
    LocksAnswer,
    StandingRow,
    StandingTable,
    Waited,
    WaitsForWork,
)
from perfdoctor.schemas.recording import Collection, NextCall
from perfdoctor.server.answers.place import Places
from perfdoctor.server.answers.syscalls import percentile
from perfdoctor.server.formatters.words import count, percent, place, quantity


@dataclass(slots=True)
class _Group:
    """What is one lock to the reader: several parts of the GIL, a file that several processes lock, or one line of
    those that share a place."""

    name: str
    kind: LockKind
    role: LockRole
    locks: list[Lock] = field(default_factory=list)
    waiters: list[LockWait] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(wait.seconds for wait in self.waiters)

    @property
    def holders(self) -> list[LockHold]:
        return [hold for lock in self.locks for hold in lock.holders]


def locks_answer(recording: str, evidence: Evidence, *, rows: int) -> LocksAnswer:
    """``rows`` locks and ``rows`` chains, by the time that threads stood still."""
    profile = evidence.locks or LockProfile()
    places = Places(evidence.user_roots)
    groups = _grouped(profile, places)
    held_up = [group for group in groups if group.role is not LockRole.WORK]
    work = [group for group in groups if group.role is LockRole.WORK]
    locks = [_row(group, places) for group in held_up]
    chains = _chains(held_up, places)
    gil = list(_gil(profile, places))
    standing = [
        StandingRow(
            pid=wait.pid,
            tid=wait.tid,
            lock=wait.name or wait.kind.value,
            owner=wait.owner,
            seconds=wait.seconds,
            line=places.of(wait.stack),
        )
        for wait in profile.standing
        if wait.owner is not None and (wait.seconds is None or wait.seconds >= STANDING_SECONDS)
    ]
    return LocksAnswer(
        recording=recording,
        target=evidence.target,
        window=evidence.window,
        collection=evidence.collections.get("locks", Collection(backend="none", exact=False)),
        summary=_summary(held_up, work, chains, evidence.window.seconds, len(standing))
        if profile.sees_waits
        else _held(profile),
        waits=sum(row.waited.waits for row in locks),
        seconds=sum(row.waited.seconds for row in locks),
        locks=tuple(locks[:rows]),
        total_locks=len(locks),
        omitted_locks=max(0, len(locks) - rows),
        chains=tuple(chains[:rows]),
        total_chains=len(chains),
        omitted_chains=max(0, len(chains) - rows),
        gil=GilTable(
            samples=sum(use.samples for use in profile.gil), rows=tuple(gil[:rows]), omitted=max(0, len(gil) - rows)
        ),
        standing=StandingTable(rows=tuple(standing[:rows]), omitted=max(0, len(standing) - rows)),
        work=WaitsForWork(locks=len(work), waits=sum(map(_waits, work)), seconds=sum(group.seconds for group in work)),
        next=_next(evidence, recording),
    )


def _grouped(profile: LockProfile, places: Places) -> list[_Group]:
    groups: dict[tuple[object, ...], _Group] = {}
    for lock in profile.locks:
        for name, key, waiters in _pieces(lock, places):
            role = role_of(lock, waiters)
            group = groups.setdefault(key, _Group(name, lock.kind, role))
            group.locks.append(lock)
            group.waiters += waiters
    return sorted(
        (group for group in groups.values() if group.waiters),
        key=lambda group: (comes_first(group.role, group.seconds, _waits(group)), -group.seconds, group.name),
    )


def _pieces(lock: Lock, places: Places) -> Iterator[tuple[str, tuple[object, ...], list[LockWait]]]:
    """(name, what makes it one lock, its waits)."""
    if lock.kind is LockKind.PARKED:
        by_line: dict[Location | None, list[LockWait]] = defaultdict(list)
        for wait in lock.waiters:
            by_line[places.of(wait.waiter)].append(wait)
        for line, waits in by_line.items():
            yield f"a lock of {place(line)}", (lock.pid, lock.kind, line), waits
    elif lock.kind is LockKind.INTERPRETER:
        yield f"the GIL of {lock.pid}", (lock.pid, lock.kind), list(lock.waiters)
    elif lock.kind is LockKind.FILE:
        yield lock.name or "a file", (lock.kind, lock.name or lock.pid), list(lock.waiters)
    else:
        yield _name(lock), (lock.pid, lock.kind, lock.address, lock.name), list(lock.waiters)


def _name(lock: Lock) -> str:
    if lock.address is None:
        return lock.name or lock.kind.value
    named = lock.name and " in " in lock.name
    if named:
        symbol, _, path = lock.name.partition(" in ")
        return f"{symbol} in {path.rsplit('/', 1)[-1]}"
    return f"{lock.address:#x} ({lock.name})" if lock.name else f"{lock.address:#x}"


def _waits(group: _Group) -> int:
    return sum(wait.waits + wait.unfinished for wait in group.waiters)


def _row(group: _Group, places: Places) -> LockRow:
    histogram = _added(wait.histogram for wait in group.waiters)
    longest = max((wait.max_seconds for wait in group.waiters), default=0.0)
    dearest = max(group.waiters, key=lambda wait: wait.seconds)
    holds = group.holders
    acquired = [lock.acquired for lock in group.locks if lock.acquired is not None]
    threads = [lock.threads for lock in group.locks if lock.threads is not None]
    return LockRow(
        lock=group.name,
        kind=group.kind.value,
        role=group.role,
        pid=group.locks[0].pid,
        waited=Waited(
            waits=sum(wait.waits for wait in group.waiters),
            timeouts=sum(wait.timeouts for wait in group.waiters),
            unfinished=sum(wait.unfinished for wait in group.waiters),
            # (the parts of the GIL are waited for by the same threads)
            threads=(max if group.kind is LockKind.INTERPRETER else sum)(threads) if threads else None,
            seconds=group.seconds,
            p50_seconds=percentile(histogram, 0.5, longest),
            p99_seconds=percentile(histogram, 0.99, longest),
            max_seconds=longest,
        ),
        held=Held(
            holds=sum(hold.holds for hold in holds),
            max_seconds=max(hold.max_seconds for hold in holds) if holds else None,
            acquired=sum(acquired) if acquired else None,
        ),
        line=places.of(dearest.waiter),
    )


def _added(histograms: Iterable[Sequence[int]]) -> list[int]:
    total: list[int] = []
    for histogram in histograms:
        total += [0] * (len(histogram) - len(total))
        for bucket, waits in enumerate(histogram):
            total[bucket] += waits
    return total


def _chains(groups: Sequence[_Group], places: Places) -> list[LockChain]:
    merged: dict[tuple[int, Location | None, Location | None, str | None], LockChain] = {}
    for rank, group in enumerate(groups):
        for wait in group.waiters:
            waiter, holder = places.of(wait.waiter), places.of(wait.holder)
            key = rank, waiter, holder, wait.waker
            was = merged.get(key)
            merged[key] = LockChain(
                lock=group.name,
                waiter=waiter,
                holder=holder,
                waker=wait.waker,
                waits=wait.waits + wait.unfinished + (was.waits if was else 0),
                seconds=wait.seconds + (was.seconds if was else 0.0),
                max_seconds=max(wait.max_seconds, was.max_seconds if was else 0.0),
            )
    found = [(key[0], chain) for key, chain in merged.items() if chain.waiter or chain.holder]
    order = [comes_first(group.role, group.seconds, _waits(group)) for group in groups]
    return [chain for _, chain in sorted(found, key=lambda f: (order[f[0]], -f[1].seconds, f[1].lock))]


def _gil(profile: LockProfile, places: Places) -> Iterator[GilRow]:
    for use in profile.gil:
        for holder in use.holders:
            at: dict[Location | None, int] = defaultdict(int)
            for stack, samples in holder.lines:
                at[places.of(stack)] += samples
            yield GilRow(
                pid=use.pid,
                tid=holder.tid,
                thread=holder.thread,
                share=holder.samples / use.samples,
                line=max(at, key=lambda line: at[line], default=None),
            )


def _held(profile: LockProfile) -> str:
    """Of a backend that sees no waits."""
    samples, held = sum(use.samples for use in profile.gil), sum(use.held for use in profile.gil)
    if not samples:
        return "Waits were not measured, and no thread was seen to hold Python's interpreter."
    threads = _number(sum(len(use.holders) for use in profile.gil), "thread")
    return (
        f"Waits were not measured. Python's interpreter was held {percent(held / samples)} of the time, by {threads}."
    )


def _summary(held_up: list[_Group], work: list[_Group], chains: list[LockChain], window: float, standing: int) -> str:
    idle = f" {_number(sum(map(_waits, work)), 'wait')} for work to come not counted." if work else ""
    if not held_up:
        still = f" {_number(standing, 'thread')} waited from before the window to its end." if standing else ""
        return f"No wait for a lock was seen to begin or end.{still}{idle}"
    seconds = sum(group.seconds for group in held_up)
    waits = sum(map(_waits, held_up))
    total = f"{_number(waits, 'wait')} for {_number(len(held_up), 'lock')}, {quantity(seconds, 's')} in all"
    if seconds < NOTABLE_SHARE * window:
        return f"Locks held up next to nothing: {total}.{idle}"
    first = held_up[0]
    share = percent(first.seconds / seconds)
    mine = [chain for chain in chains if chain.lock == first.name and chain.waiter]
    where = ""
    if mine:
        where = f", most at {place(mine[0].waiter)}"
        where += f" until {place(mine[0].holder)} let go" if mine[0].holder else ""
    doubt = " (or it is a queue: who wakes it never waits for it)" if first.role is LockRole.UNDECIDED else ""
    return f"{total}. {share} of it for {first.name}{doubt}{where}.{idle}"


def _next(evidence: Evidence, recording: str) -> tuple[NextCall, ...]:
    pid = evidence.target.pid
    return (
        NextCall(tool="diagnose", arguments={"pid": pid}, why="whether these waits are what the process loses most by"),
        NextCall(
            tool="compare", arguments={"before": recording}, why="after a change, with a new recording as `after`"
        ),
    )


def _number(many: int, what: str) -> str:
    return f"{count(many)} {what}{'' if many == 1 else 's'}"
