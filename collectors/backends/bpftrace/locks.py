"""Asks bpftrace: waits for locks by address, counted in the kernel, without lines."""

from collections import defaultdict
from contextlib import suppress

from anyio import to_thread

from perfdoctor.collectors.backends.bpftrace import command
from perfdoctor.collectors.backends.bpftrace.backend import NAME, follow
from perfdoctor.collectors.backends.bpftrace.parse import Reader
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.lock_rows import WaitRow, profile_of
from perfdoctor.collectors.measured import Measured
from perfdoctor.collectors.processes.descendants import tree
from perfdoctor.collectors.progress import Progress
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.locks import LockKind, LockProfile
from perfdoctor.schemas.recording import Collection, TargetCost
from perfdoctor.schemas.target import Target

_SECONDS_PER_WAIT = 4e-6
"""What the counting adds to each wait (bench/overhead.py)."""
_FLOCK, _FCNTL, _SEMOP = 1000, 1001, 1002
_TABLES = {
    "@got": 4,
    "@missed": 4,
    "@timeouts": 4,
    "@ns": 4,
    "@most": 4,
    "@threads": 3,
    "@began": 2,
    "@what": 1,
    "@how": 1,
    "@expected": 1,
}
"""the tables of locks.bt, with the numbers in their keys"""


class LockReader(Reader):
    """Reads what locks.bt prints."""

    def __init__(self) -> None:
        super().__init__(_TABLES, 4)

    def rows(self) -> list[WaitRow]:
        """Waits by lock, as the kernel counted them."""
        tables = self._tables
        rows: dict[tuple[int, ...], WaitRow] = {}
        threads: dict[tuple[int, int], set[int]] = defaultdict(set)
        for pid, what, tid in tables["@threads"]:
            threads[pid, what].add(tid)

        def row_of(key: tuple[int, ...]) -> WaitRow:
            if key not in rows:
                pid, what, how, expected = key
                is_futex = how < _FLOCK
                rows[key] = WaitRow(
                    pid=pid,
                    address=what % (1 << 64) if is_futex else None,
                    op=how,
                    expected=expected,
                    kind=LockKind.FUTEX if is_futex else LockKind.SYSV if how == _SEMOP else LockKind.FILE,
                    name="" if is_futex else f"semaphore set {what}" if how == _SEMOP else f"fd:{what}",
                    threads=threads[pid, what],
                )
            return rows[key]

        for key, calls in tables["@got"].items():
            row_of(key).calls += calls
        for key, calls in tables["@missed"].items():
            row_of(key).missed += calls
        for key, calls in tables["@timeouts"].items():
            row_of(key).timeouts += calls
        for key, ns in tables["@ns"].items():
            row_of(key).seconds += ns * 1e-9
        for key, ns in tables["@most"].items():
            row_of(key).max_seconds = ns * 1e-9
        for key, histogram in self._histograms.items():
            row_of(key).histogram = list(histogram)
        for (pid, tid), began in tables["@began"].items():
            of_thread = [tables[name].get((tid,)) for name in ("@what", "@how", "@expected")]
            if None not in of_thread:
                row = row_of((pid, *(part for part in of_thread if part is not None)))
                row.unfinished += 1
                row.seconds += max(0, self.ended_ns - began) * 1e-9
        return list(rows.values())


async def trace_locks(host: Host, target: Target, *, seconds: float, progress: Progress) -> Measured[LockProfile]:
    """Waits of every lock by process and address, without stacks. Ends early, marked partial, when the target exits.
    OSError when bpftrace could not begin. Cancelling detaches."""
    pids = await to_thread.run_sync(tree, host, target)
    reader = LockReader()
    asked = command.count_calls(pids, follow=target.children, program=command.LOCKS)
    async with host.run(asked, tracefs=True, extra_environment=command.ENVIRONMENT) as program:
        window = await follow(program, reader, seconds, progress, what="waits for locks")
        errors = await program.errors()
    reader.close()
    if window is None or not reader.complete:
        said = clean(" ".join(errors.decode("utf-8", "replace").split()), 400)
        raise OSError(f"bpftrace did not measure the target: {said or 'it ended without a word.'}")
    rows = await to_thread.run_sync(reader.rows)
    for row in rows:
        if row.kind is LockKind.FILE:
            with suppress(OSError):
                link = host.read_link(f"/proc/{row.pid}/fd/{row.name.removeprefix('fd:')}")
                row.name = clean(link) if link.startswith("/") else row.name
    left_out = max(0, len(pids) - command.MOST_PIDS)
    full = reader.fullest >= command.MOST_KEYS
    warnings = [f"{left_out} processes are left out: bpftrace watches at most {command.MOST_PIDS}"] * bool(left_out)
    warnings += [f"a table of {command.MOST_KEYS:,} entries was full: some waits are not counted"] * full
    events = sum(row.calls + row.timeouts + row.missed for row in rows)
    collection = Collection(
        backend=NAME,
        exact=not (reader.lost or full or reader.not_understood or left_out),
        lost=reader.lost,
        not_understood=reader.not_understood,
        lacks=(
            "source lines of who waits and who lets go",
            "conditions, semaphores, rwlocks and barriers apart",
            "whether a file lock's call slept (those of 65 µs and more count as waits)",
            "waits that began before the window",
            "locks that are free when they are taken",
        ),
        cost=TargetCost(kind="perturbs", events=events, estimated_seconds=events * _SECONDS_PER_WAIT),
        warnings=tuple(warnings),
    )
    return Measured(profile_of(rows), collection, window)
