"""Does the program wait for the disk after each small write?"""

from collections.abc import Set

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.asking import peer
from perfdoctor.diagnosis.example import call, cpu, python, window
from perfdoctor.diagnosis.objects import file_of
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.weight import again, rate, size, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.syscalls import SYNCS, SharedSync, SyscallRow

RATE = Threshold(5, "syncs/s", "a checkpoint now and then is what fsync is for")
BATCH = Threshold(1 << 20, "bytes a sync", "a batch of this size takes the disk about as long as the sync itself does")
GATHERED = Threshold(8, "writes a sync", "so many share one: it is called for a batch already")
SHARED = Threshold(4, "requests served a sync", "so many are answered after one: what came meanwhile was gathered")
RECORD = Threshold(32, "bytes written for each request", "with less most of them write nothing, and share no sync")
PAGE = Threshold(4096, "bytes a sync", "a record that is written in many small pieces is one record")
WAITING = Threshold(
    0.5, "of the write's time asleep", "a write to the page cache does not sleep; one to a file opened with O_SYNC does"
)


def check(account: Account) -> list[Finding]:
    found = []
    written = sum(row.bytes for row in account.calls if row.syscall in calls.WRITES and file_of(row.object))
    syncs = [row for row in account.calls if row.syscall in SYNCS]
    every = sum(row.calls for row in syncs)
    writes = sum(row.calls for row in account.calls if row.syscall in calls.WRITES and file_of(row.object))
    gathered = every > 0 and writes >= GATHERED.value * every and written >= PAGE.value * every
    gathered |= _is_shared(account, syncs, written)
    for place, rows in account.by_place(syncs).items():
        for_many = gathered or (place is not None and place.is_among(account.evidence.shared_syncs))
        found += _judge(account, place, rows, written / every if every else 0.0, gathered=for_many)
    through = {fact.path for fact in account.evidence.files if fact.written_through}
    waiting = [row for row in account.calls if _waits_in_write(row, through)]
    for place, rows in account.by_place(waiting).items():
        moved, done = sum(r.bytes for r in rows), sum(r.calls for r in rows)
        found += _judge(account, place, rows, moved / done if done else 0.0, known=_all_through(rows, through))
    return found


def _is_shared(account: Account, syncs: list[SyscallRow], written: int) -> bool:
    """Whether several of the requests that are served wait for the same sync: a group commit by one write."""
    served = sum(account.load(pid).served for pid in {row.pid for row in syncs})
    return served >= SHARED.value * sum(row.calls for row in syncs) > 0 and written >= RECORD.value * served


def _waits_in_write(row: SyscallRow, through: Set[str]) -> bool:
    path = file_of(row.object)
    if row.syscall not in calls.WRITES or path is None or not row.calls or row.bytes / row.calls >= BATCH.value:
        return False
    return path in through or row.blocked_seconds > WAITING.value * row.seconds


def _all_through(rows: list[SyscallRow], through: Set[str]) -> bool:
    return all(file_of(row.object) in through for row in rows)


def _judge(
    account: Account,
    place: Place | None,
    rows: list[SyscallRow],
    batch: float,
    *,
    gathered: bool = False,
    known: bool = False,
) -> list[Finding]:
    total = sum(row.calls for row in rows)
    per_second = total / account.seconds
    if per_second < RATE.value:
        return []
    seconds = sum(row.seconds for row in rows)
    heaviest = max(rows, key=lambda row: row.seconds)
    path = file_of(heaviest.object)
    name = heaviest.syscall
    data_base = bool(path) and path is not None and path.endswith(("-journal", "-wal", ".db", ".sqlite", ".sqlite3"))
    cure = (
        "put many statements into one transaction (BEGIN … COMMIT, executemany): one sync then serves all of them"
        if data_base
        else f"write a batch and call {name} once for it, or let a writer thread gather what comes within some "
        "milliseconds"
        if name in SYNCS
        else "open the file without O_SYNC and O_DSYNC, and call fsync once for each batch"
    )
    at = place or name
    of = quoted(path) if path else "a file"
    return weigh(
        account,
        "sync-write",
        title=f"{at} waits for the disk ({name} of {of}) {rate(per_second)} times a second, for {size(batch)} each",
        seconds=seconds,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("syscalls", name, per_second, "calls/s"),
            account.fact("syscalls", f"mean time of one {name}", seconds / total, "s"),
            account.fact("syscalls", "written to files for each", batch, "bytes"),
        ),
        fix=f"At {at}: {cure}. Where losing the last second is acceptable, sync once a second.",
        verify=again(account, f"{name} calls at {at}", f"{rate(per_second)}/s", "one for each batch", "trace-syscalls"),
        confidence=0.9 if name in SYNCS or known else 0.6,
        at_most=Severity.INFO if batch >= BATCH.value or gathered else Severity.CRITICAL,
    )


def _examples() -> tuple[Example, ...]:
    line = (python(22, "save"),)
    work = cpu((python(60, "handle"),), 3.0)
    path = "/var/lib/app/orders.log"
    each = (
        call("write", (python(21, "save"),), 4000, on=path, transferred=4000 * 120, seconds=0.05),
        call("fsync", line, 4000, on=path, seconds=5.5, blocked=5.2),
    )
    osync = call("write", line, 3000, on=path, transferred=3000 * 200, seconds=4.0, blocked=3.8)
    crowded = call("write", line, 3000, on=path, transferred=3000 * 200, seconds=4.0, blocked=1.5)
    batches = (
        call("write", line, 400, on=path, transferred=100 * (4 << 20), seconds=0.4),
        call("fsync", line, 100, on=path, seconds=5.0, blocked=4.8),
    )
    gathered = (
        call("pwrite64", line, 29_000, on=path, transferred=29_000 * 900, seconds=0.4),
        call("fdatasync", line, 1700, on=path, seconds=5.0, blocked=4.8),
    )
    grouped = (
        call("write", line, 1000, on=path, transferred=1000 * 800, seconds=0.05),
        call("fdatasync", line, 1000, on=path, seconds=5.0, blocked=4.8),
    )
    movements = peer((python(12, "serve"),), 8000, direction="incoming", address="10.0.0.9")
    lookups = peer((python(12, "serve"),), 80_000, direction="incoming", address="10.0.0.9")
    pieces = (
        call("write", line, 29_000, on=path, transferred=29_000 * 40, seconds=0.4),
        call("fdatasync", line, 1700, on=path, seconds=5.0, blocked=4.8),
    )
    checkpoint = call("fdatasync", line, 20, on=path, seconds=0.4, blocked=0.4)
    return (
        Example(
            "a group commit",
            False,
            "17 letters share each sync: what comes meanwhile is gathered",
            window(calls=gathered, samples=(work,)),
        ),
        Example(
            "a group commit by one write",
            False,
            "eight of the requests that are served share each sync, a hundred bytes for each",
            window(calls=grouped, samples=(work,), peers=(movements,)),
        ),
        Example(
            "a group commit that tells each",
            False,
            "who waits is told behind the sync, one after the other: what came meanwhile was gathered",
            window(calls=each, samples=(work,)).model_copy(
                update={"shared_syncs": (SharedSync(file=line[0].file or "", line=22),)}
            ),
        ),
        Example(
            "few requests write",
            True,
            "of eighty requests one writes, and is synced: the others only look up",
            window(calls=grouped, samples=(work,), peers=(lookups,)),
        ),
        Example(
            "a record in pieces",
            True,
            "17 small writes make up one record, and each record is synced",
            window(calls=pieces, samples=(work,)),
        ),
        Example(
            "fsync after each order",
            True,
            "400 syncs a second, for 120 bytes each",
            window(calls=each, samples=(work,)),
        ),
        Example(
            "writes with O_SYNC",
            True,
            "small writes that sleep for nearly all of their time",
            window(calls=(osync,), samples=(work,)),
        ),
        Example(
            "writes with O_SYNC on a busy machine",
            True,
            "the file is open with O_SYNC, though the writes wait for a core more than for the disk",
            window(calls=(crowded,), samples=(work,), files=(FileFact(path=path, kind="file", written_through=True),)),
        ),
        Example(
            "small writes on a busy machine",
            False,
            "they wait for a core, and nothing says that they wait for the disk",
            window(calls=(crowded,), samples=(work,), files=(FileFact(path=path, kind="file"),)),
        ),
        Example(
            "fsync after batches of 4 MiB",
            False,
            "the disk is busy with the data itself: no warning",
            window(calls=batches, samples=(work,)),
        ),
        Example(
            "a checkpoint twice a second", False, "too few to matter", window(calls=(checkpoint,), samples=(work,))
        ),
    )


PATTERN = Pattern(
    id="sync-write",
    title="the program waits for the disk after each small write",
    sees="fsync, fdatasync, msync or sync calls at a high rate with little written in between, or small writes that "
    "sleep because the file is opened with O_SYNC.",
    costs="A sync waits until the device has the data: 0.1 ms on fast flash, 5 to 20 ms on disks and network "
    "volumes, each time, while nothing else happens on that thread.",
    fix="Group commit: many records in one transaction or one sync; a writer thread that gathers what comes meanwhile.",
    fine="When each single record must survive a power cut before it is acknowledged, and no two can share a sync.",
    thresholds=(RATE, BATCH, WAITING, GATHERED, PAGE, SHARED, RECORD),
    needs=("syscalls",),
    focus=frozenset({Focus.IO}),
    check=check,
    examples=_examples,
    beats=("small-io", "open-close-churn"),
)
