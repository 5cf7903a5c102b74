"""The engine's part for locks: starts locks.bpf.c, looks at the interpreter lock meanwhile, reads the tables."""

import time

from perfdoctor.collectors.backends.bpf import decode
from perfdoctor.collectors.backends.bpf.call_classes import NUMBERS
from perfdoctor.collectors.backends.bpf.engine import Engine, Seen
from perfdoctor.collectors.backends.bpf.gil import GilWatch
from perfdoctor.collectors.backends.bpf.lock_report import LockNames, lock_profile
from perfdoctor.collectors.backends.bpf.lock_tables import (
    ASLEEP,
    BETWEEN,
    CALLS,
    EDGE,
    EDGE_KEY,
    HOLD,
    HOLD_KEY,
    KEY,
    THREAD,
    THREAD_KEY,
    USE,
    WAITING,
    Edge,
    Hold,
    LockKey,
    Tables,
    Use,
    use_of,
    waiting_of,
)
from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.collectors.backends.bpf.programs import Programs
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.syscall_names import name_of

_LOOK_SECONDS = 0.05
LACKS = (
    "locks that are free when they are taken, and how long they are held while nobody waits (no system call tells)",
    "spin locks",
)


class LockPart(Part):
    """Waits, holds and wake-ups by lock. ``tables`` and ``gil`` are complete after the window."""

    source = "locks"
    programs = ("lock_thread_ends", "lock_wakes")
    unattached = ("lock_sleepers",)

    def __init__(self, host: Host) -> None:
        self._host = host
        self._made: Programs | None = None
        self._looked = False
        self._look_again = 0.0
        self._names = LockNames(host)
        self.tables = Tables()
        self.gil = GilWatch(host)

    def configure(self, made: Programs) -> None:
        numbers = {name_of(number): number for number in range(NUMBERS)}
        wanted = [numbers.get(name, -1) for name in ("futex", "flock", "fcntl", "semop", "semtimedop")]
        CALLS.pack_into(made.initial_section(".rodata.locks"), 0, *wanted)

    def start(self, engine: Engine, made: Programs) -> None:
        self._made = made
        self.gil.start(engine.lives.names)

    def tick(self, engine: Engine) -> None:
        if self._made is None:
            return
        if not self._looked:
            self._looked = True
            self._made.run_iterator("lock_sleepers")
        self.gil.tick(engine.lives.names)
        if time.monotonic() >= self._look_again:
            # What a process that has ended had where can no longer be asked.
            self._look_again = time.monotonic() + _LOOK_SECONDS
            for raw in dict(self._made.map("lock_uses", KEY.size, USE.size).items()):
                self._names.place(engine, LockKey(*KEY.unpack(raw)))

    def so_far(self) -> str:
        uses = self._read_uses().values()
        waits, seconds = sum(use.waits for use in uses), sum(use.ns for use in uses) * 1e-9
        return f"{waits:,} waits of {len(uses)} locks, {seconds:.1f} s in all" if waits else "no wait for a lock yet"

    def _read_uses(self) -> dict[LockKey, Use]:
        assert self._made is not None
        table = self._made.map("lock_uses", KEY.size, USE.size)
        return {LockKey(*KEY.unpack(key)): use_of(value) for key, value in table.items()}

    def finish(self, engine: Engine, seen: Seen) -> None:
        assert self._made is not None
        self.gil.stop()
        tables, made = self.tables, self._made
        tables.uses = self._read_uses()
        for key, value in made.map("lock_edges", EDGE_KEY.size, EDGE.size).items():
            thing, pid, kind, waiter, holder, waker, _ = EDGE_KEY.unpack(key)
            waits, timeouts, ns, most, name, *histogram = EDGE.unpack(value)
            edge = Edge(waits, timeouts, ns, most, decode.text(name), tuple(histogram))
            tables.edges.append((LockKey(thing, pid, kind), waiter, holder, waker, edge))
        for key, value in made.map("lock_holds", HOLD_KEY.size, HOLD.size).items():
            thing, pid, kind, stack = HOLD_KEY.unpack(key)
            holds, whole, ns, most, *histogram = HOLD.unpack(value)
            tables.holds.append((LockKey(thing, pid, kind), stack, Hold(holds, whole, ns, most, tuple(histogram))))
        for key, value in made.map("lock_threads", THREAD_KEY.size, THREAD.size).items():
            thing, pid, kind, tid, _ = THREAD_KEY.unpack(key)
            tables.threads.append((LockKey(thing, pid, kind), tid, *THREAD.unpack(value)))
        inside = {record.tid for record in engine.threads if record.call_began}
        for row in [waiting_of(value) for _, value in made.map("waiting", 8, WAITING.size).items()]:
            if row.state == BETWEEN or (row.state == ASLEEP and row.tid in inside):
                tables.waiting.append(row)

    def evidence(self, engine: Engine, seen: Seen) -> dict[str, object]:
        return {"locks": lock_profile(self._host, engine, self.tables, self.gil, self._names)}
