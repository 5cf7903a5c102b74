"""From the kernel's tables of locks to the models that everybody speaks."""

import struct
from collections import Counter, defaultdict
from contextlib import suppress

from perfdoctor.collectors.backends.bpf import decode
from perfdoctor.collectors.backends.bpf.engine import Engine
from perfdoctor.collectors.backends.bpf.gil import GilWatch
from perfdoctor.collectors.backends.bpf.lock_shapes import added, join_parts, look_again, shape_of
from perfdoctor.collectors.backends.bpf.lock_tables import (
    ASLEEP,
    CONDITION,
    FILE_LOCK,
    FUTEX,
    JOIN,
    MUTEX,
    ON_OWN_STACK,
    PARKED,
    PRIORITY,
    RECORD_LOCK,
    RWLOCK,
    SEMAPHORE,
    Edge,
    Hold,
    LockKey,
    Tables,
    Use,
    Waiting,
)
from perfdoctor.collectors.backends.bpf.report import Descriptors, object_name
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.locks import GilHolder, GilUse, Lock, LockHold, LockKind, LockProfile, LockWait, StandingWait

_NS = 1e-9
_KINDS = {
    MUTEX: LockKind.MUTEX,
    PRIORITY: LockKind.PRIORITY,
    CONDITION: LockKind.CONDITION,
    SEMAPHORE: LockKind.SEMAPHORE,
    RWLOCK: LockKind.RWLOCK,
    JOIN: LockKind.JOIN,
    PARKED: LockKind.PARKED,
}
_LINES = 16
"""lines kept of each holder of the interpreter"""
_OWNER_AT = {MUTEX: 8, PRIORITY: 0, RWLOCK: 24}
_TID_MASK = 0x3FFFFFFF
_BUCKETS = 32


class LockNames:
    """What is where a lock lies, and what the files are called that are locked. To be asked while the processes live;
    it remembers. Files have whole paths, so that processes that share one meet in one name."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._descriptors = Descriptors(host, {})
        self._known: dict[LockKey, str] = {}

    def place(self, engine: Engine, key: LockKey) -> str:
        known = self._known.get(key)
        if known is None:  # (looked up once: a look at an address that is not mapped reads all mappings again)
            known = self._known[key] = self._look(engine, key)
        return known

    def _look(self, engine: Engine, key: LockKey) -> str:
        if key.kind == FUTEX:
            names = engine.lives.names.get(key.pid)
            return names.data(key.object) if names and key.object != ON_OWN_STACK else ""
        if key.kind not in (FILE_LOCK, RECORD_LOCK):
            return f"semaphore set {key.object}"
        name = object_name(engine, self._descriptors, key.pid, key.object) or ""
        if name and not name.startswith(("/", "fd:")):
            with suppress(OSError):
                return f"{clean(self._host.read_link(f'/proc/{key.pid}/cwd'))}/{name}"
        return name


def lock_profile(host: Host, engine: Engine, tables: Tables, gil: GilWatch, places: LockNames) -> LockProfile:
    """Locks with their waiters, holders and standing waits, longest first."""
    look_again(host, tables)
    join_parts(tables, gil)
    report = _Report(host, engine, tables, gil, places)
    locks = [report.lock(key, use) for key, use in tables.uses.items()]
    locks = [lock for lock in locks if lock.waits or lock.unfinished or lock.missed or lock.acquired]
    locks.sort(key=lambda lock: (-lock.seconds, -lock.waits, lock.pid, lock.address or 0))
    standing = [report.standing(row) for row in tables.waiting if row.state == ASLEEP]
    standing.sort(key=lambda wait: (-(wait.seconds or 0), wait.pid, wait.tid))
    gils = tuple(report.gil_use(pid) for pid in sorted(gil.seen))
    return LockProfile(standing=tuple(standing), gil=gils).of(locks)


class _Report:
    def __init__(self, host: Host, engine: Engine, tables: Tables, gil: GilWatch, places: LockNames) -> None:
        self._host, self._engine, self._tables, self._gil = host, engine, tables, gil
        self._places = places
        self._edges: dict[LockKey, list[tuple[int, int, int, Edge]]] = defaultdict(list)
        for key, waiter, holder, waker, edge in tables.edges:
            self._edges[key].append((waiter, holder, waker, edge))
        self._holds: dict[LockKey, list[tuple[int, Hold]]] = defaultdict(list)
        for key, stack, hold in tables.holds:
            self._holds[key].append((stack, hold))
        self._threads: dict[LockKey, list[tuple[int, int, int]]] = defaultdict(list)
        for key, tid, waits, _, wakes in tables.threads:
            self._threads[key].append((tid, waits, wakes))
        self._waiting: dict[LockKey, list[Waiting]] = defaultdict(list)
        for row in tables.waiting:
            self._waiting[row.lock].append(row)

    def lock(self, key: LockKey, use: Use) -> Lock:
        kind, name = self._named(key, use)
        waiters = self._waiters(key)
        threads = self._threads[key]
        left = self._waiting[key]
        asleep = [row for row in left if row.state == ASLEEP]
        given_up = [row for row in left if row.state != ASLEEP and row.slept]
        lasted = [self._lasted(row) for row in asleep + given_up]
        histogram = list(use.histogram)
        for row in given_up:
            histogram[_bucket(row.ended - row.since)] += 1
        waited = {tid for tid, waits, _ in threads if waits} | {row.tid for row in asleep + given_up}
        is_futex = key.kind == FUTEX
        return Lock(
            pid=key.pid,
            kind=kind,
            name=name,
            address=key.object if is_futex and key.object != ON_OWN_STACK else None,
            waits=use.waits + len(given_up),
            timeouts=use.timeouts + len(given_up),
            missed=use.missed + len([row for row in left if row.state != ASLEEP and not row.slept]),
            naps=use.naps + sum(row.naps for row in given_up),
            stolen=use.stolen,
            unfinished=len(asleep),
            seconds=use.ns * _NS + sum(lasted),
            max_seconds=max(use.max * _NS, *lasted, 0.0),
            histogram=tuple(histogram),
            threads=len(waited),
            both_ways=len(waited & {tid for tid, _, wakes in threads if wakes}),
            wakes=use.wakes,
            owner=use.last_owner,
            owner_confirmed=use.confirmed,
            acquired=None if is_futex else use.calls,
            waiters=waiters,
            holders=self._holders(key) if kind not in (LockKind.CONDITION, LockKind.JOIN) else (),
        )

    def _lasted(self, row: Waiting) -> float:
        return max(0, (self._engine.ended_ns if row.state == ASLEEP else row.ended) - row.since) * _NS

    def _stack(self, key: int) -> Stack:
        if key & decode.IS_STANDING == decode.IS_STANDING and key not in self._engine.stacks:
            sleeper = self._engine.sleepers.get(key & 0xFFFFFFFF)
            return sleeper.stack if sleeper else ()
        return self._engine.stacks.of(key)

    def _waiters(self, key: LockKey) -> tuple[LockWait, ...]:
        rows: dict[tuple[Stack, Stack, str | None], LockWait] = {}

        def take(waiter: Stack, holder: Stack, waker: str | None, more: LockWait) -> None:
            was = rows.get((waiter, holder, waker))
            rows[waiter, holder, waker] = LockWait(
                waiter=waiter,
                holder=holder,
                waker=waker,
                waits=more.waits + (was.waits if was else 0),
                timeouts=more.timeouts + (was.timeouts if was else 0),
                unfinished=more.unfinished + (was.unfinished if was else 0),
                seconds=more.seconds + (was.seconds if was else 0),
                max_seconds=max(more.max_seconds, was.max_seconds if was else 0),
                histogram=added(more.histogram, was.histogram) if was else more.histogram,
            )

        for waiter, holder, waker, edge in self._edges[key]:
            other = None if waker in (0, key.pid) else f"{clean(edge.waker, 32)} (pid {waker})"
            counted = LockWait(
                waits=edge.waits,
                timeouts=edge.timeouts,
                seconds=edge.ns * _NS,
                max_seconds=edge.max * _NS,
                histogram=edge.histogram,
            )
            take(self._stack(waiter), self._stack(holder) if holder else (), other, counted)
        for row in self._waiting[key]:
            seconds = self._lasted(row)
            asleep = row.state == ASLEEP
            if not asleep and not row.slept:
                continue
            histogram = [0] * _BUCKETS
            if not asleep:
                histogram[_bucket(row.ended - row.since)] = 1
            counted = LockWait(
                waits=int(not asleep),
                timeouts=int(not asleep),
                unfinished=int(asleep),
                seconds=seconds,
                max_seconds=seconds,
                histogram=tuple(histogram),
            )
            take(self._stack(row.stack), (), None, counted)
        return tuple(sorted(rows.values(), key=lambda row: (-row.seconds, -row.waits)))

    def _holders(self, key: LockKey) -> tuple[LockHold, ...]:
        rows: dict[Stack, LockHold] = {}
        for stack_key, hold in self._holds[key]:
            stack = self._stack(stack_key)
            was = rows.get(stack)
            rows[stack] = LockHold(
                stack=stack,
                holds=hold.holds + (was.holds if was else 0),
                whole=hold.whole + (was.whole if was else 0),
                seconds=hold.ns * _NS + (was.seconds if was else 0),
                max_seconds=max(hold.max * _NS, was.max_seconds if was else 0),
                histogram=added(hold.histogram, was.histogram) if was else hold.histogram,
            )
        return tuple(sorted(rows.values(), key=lambda row: (-row.seconds, -row.holds)))

    def _named(self, key: LockKey, use: Use) -> tuple[LockKind, str]:
        place = self._places.place(self._engine, key)
        if key.kind in (FILE_LOCK, RECORD_LOCK):
            return LockKind.FILE, place
        if key.kind != FUTEX:
            return LockKind.SYSV, place
        if key.object == ON_OWN_STACK:
            return LockKind.PARKED, "locks with a place of their own for each waiter"
        kind = _KINDS.get(shape_of(use), LockKind.FUTEX)
        watched = self._gil.seen.get(key.pid)
        if watched and (part := watched.gil.part(key.object)):
            return LockKind.INTERPRETER, part
        names = self._engine.lives.names.get(key.pid)
        if names and names.interpreter and names.interpreter.owns(key.object):
            return kind, "a lock of the interpreter"
        return kind, place

    def standing(self, row: Waiting) -> StandingWait:
        use = self._tables.uses.get(row.lock, Use())
        kind, name = self._named(row.lock, use)
        return StandingWait(
            pid=row.pid,
            tid=row.tid,
            kind=kind,
            address=row.lock.object if row.lock.kind == FUTEX and row.lock.object != ON_OWN_STACK else None,
            name=name,
            owner=self._owner(row, use) if row.lock.kind == FUTEX else None,
            seconds=self._lasted(row),
            stack=self._stack(row.stack),
        )

    def _owner(self, row: Waiting, use: Use) -> int | None:
        """Who has the lock now, if it says so and that is a thread of the process."""
        own = {record.own_tid: record.tid for record in self._engine.threads if record.pid == row.pid}
        shape = shape_of(use)
        if shape == JOIN:
            return own.get(row.owner)
        at = _OWNER_AT.get(shape, 8)  # (of one that slept there before the window the shape is not known)
        with suppress(OSError, struct.error):
            memory = self._host.memory(row.pid)
            try:
                (tid,) = struct.unpack("<I", memory.read(row.lock.object + at, 4))
            finally:
                memory.close()
            # (read a moment later: a lock that goes from hand to hand may be the waiter's own by now)
            owner = own.get(tid & _TID_MASK)
            return None if owner == row.tid else owner
        return None

    def gil_use(self, pid: int) -> GilUse:
        watched = self._gil.seen[pid]
        threads = {record.own_tid: record for record in self._engine.threads if record.pid == pid}
        holders = []
        for own_tid, samples in watched.holders.most_common():
            record = threads.get(own_tid)
            lines = watched.lines.get(own_tid, Counter()).most_common(_LINES)
            holders.append(
                GilHolder(
                    tid=record.tid if record else 0,
                    thread=clean(record.name, 32) if record else "",
                    samples=samples,
                    lines=tuple(lines),
                )
            )
        hz = watched.samples / self._gil.seconds if self._gil.seconds else 0.0
        return GilUse(pid=pid, hz=hz, samples=watched.samples, held=watched.held, holders=tuple(holders))


def _bucket(ns: int) -> int:
    return min(max(ns.bit_length() - 1, 0), _BUCKETS - 1)
