"""Asks strace: waits for locks by address, at the price of stopping the target twice at each call for one."""

import re
from collections.abc import Callable

from perfdoctor.collectors.backends.strace.backend import NAME, OURSELVES, SECONDS_PER_CALL, SLOWED, read_calls
from perfdoctor.collectors.backends.strace.command import LOCK_CALLS
from perfdoctor.collectors.backends.strace.parse import Ended, Reader, object_of
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.lock_rows import (
    LOCK_PI,
    LOCK_PI2,
    PRIVATE,
    WAIT,
    WAIT_BITSET,
    WAIT_REQUEUE_PI,
    WaitRow,
    profile_of,
)
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.progress import Progress
from perfdoctor.schemas.locks import LockKind, LockProfile
from perfdoctor.schemas.recording import Collection, TargetCost
from perfdoctor.schemas.target import Target

_MOST_ROWS = 20_000
_OTHER = 3
# futex(0x7f10, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL   futex(0x7f10, FUTEX_LOCK_PI_PRIVATE, NULL)
_FUTEX = re.compile(
    r"futex\((0x[0-9a-f]{1,16}), FUTEX_(WAIT_BITSET|WAIT_REQUEUE_PI|WAIT|LOCK_PI2|LOCK_PI)(_PRIVATE)?"
    r"(?:\|FUTEX_CLOCK_REALTIME)?, (\d{1,20})?"
)
_WAITS = {
    "WAIT": WAIT,
    "WAIT_BITSET": WAIT_BITSET,
    "LOCK_PI": LOCK_PI,
    "LOCK_PI2": LOCK_PI2,
    "WAIT_REQUEUE_PI": WAIT_REQUEUE_PI,
}
# flock(3</srv/x.lock>, LOCK_EX   fcntl(3</srv/x.lock>, F_SETLKW, {l_type=F_WRLCK   semop(7, [{
_UNLOCKS = re.compile(r"flock\(.*, LOCK_UN|fcntl\(.*l_type=F_UNLCK", re.DOTALL)
_TAKES = re.compile(r"flock\(|fcntl\(.*, F_(?:OFD_)?SETLKW|semop\(|semtimedop\(", re.DOTALL)
_SET = re.compile(r"sem(?:timed)?op\((-?\d{1,10})")


class LockReader(Reader):
    """Reads what ``strace -etrace=futex,flock,fcntl,semop,semtimedop`` prints. ``without_object`` calls were upon more
    locks than are kept apart."""

    def __init__(self, process_of: Callable[[int], int | None]) -> None:
        super().__init__(process_of)
        self.waits: dict[tuple[int, int | None, int, int, LockKind, str], WaitRow] = {}

    def _count(self, tid: int, call: Ended) -> None:
        row = self._wait(tid, call.name, call.text)
        if row is None:
            return
        if call.errno in ("EAGAIN", "EWOULDBLOCK"):
            row.missed += 1
            return
        row.add(call.ns)
        row.threads.add(tid)
        if call.errno or call.value == "?":
            row.timeouts += 1
        else:
            row.calls += 1

    def _count_unfinished(self, tid: int, name: str, text: str) -> None:
        row = self._wait(tid, name, text)
        if row is not None:
            row.unfinished += 1
            row.threads.add(tid)

    def close(self) -> None:
        """Of several threads that are in a call when it lets go, strace says so of one only."""
        super().close()
        for tid, text in self._begun.items():
            self._unfinished(tid, text)
        self._begun.clear()

    def _wait(self, tid: int, name: str, text: str) -> WaitRow | None:
        """The row of a call that waits, None for one that does not (or whose arguments strace has not seen)."""
        pid = self._process(tid)
        key: tuple[int, int | None, int, int, LockKind, str]
        if name == "futex":
            found = _FUTEX.match(text)
            if not found:
                return None
            op = _WAITS[found[2]] | (PRIVATE if found[3] else 0)
            key = pid, int(found[1], 16), op, min(int(found[4] or 0), _OTHER), LockKind.FUTEX, ""
        elif not _TAKES.match(text) or _UNLOCKS.match(text):
            return None
        elif set_of := _SET.match(text):
            key = pid, None, 0, 0, LockKind.SYSV, f"semaphore set {set_of[1]}"
        else:
            key = pid, None, 0, 0, LockKind.FILE, object_of(name, text[text.index("(") + 1 :]) or ""
        if key not in self.waits:
            if len(self.waits) >= _MOST_ROWS:
                self.without_object += 1
                key = pid, None, 0, 0, LockKind.FUTEX, "other locks"
            self.waits.setdefault(key, WaitRow(*key))
        return self.waits[key]


async def trace_locks(host: Host, target: Target, *, seconds: float, progress: Progress) -> Measured[LockProfile]:
    """Waits of every lock by process and address, without stacks. Stops the target twice at each call that concerns a
    lock. Ends early, marked partial, when the target exits. ProblemError when strace cannot attach."""
    reader, window, left_out = await read_calls(
        host, target, LockReader, only=LOCK_CALLS, seconds=seconds, progress=progress
    )
    rows = [row for row in reader.waits.values() if target.children or row.pid == target.pid]
    warnings = [SLOWED, *([OURSELVES] if left_out else [])]
    if reader.without_object:
        warnings.append(f"{reader.without_object:,} waits are counted without their lock: there were too many")
    collection = Collection(
        backend=NAME,
        exact=reader.not_understood == 0,
        not_understood=reader.not_understood,
        lacks=(
            "source lines of who waits and who lets go",
            "conditions, semaphores, rwlocks and barriers apart",
            "whether a file lock's call slept (those of 65 µs and more count as waits)",
            "time of unfinished waits",
            "locks that are free when they are taken",
        ),
        cost=TargetCost(kind="stops", events=2 * reader.calls, estimated_seconds=reader.calls * SECONDS_PER_CALL),
        warnings=tuple(warnings),
    )
    return Measured(profile_of(rows), collection, window)
