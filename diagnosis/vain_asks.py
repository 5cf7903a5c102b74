"""Lines that ask again and again in vain, and pause in a timer of their runtime, which no call shows."""

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.pattern import Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.waking import FRUITFUL, RATE, cpu_in, new_pages, other_calls
from perfdoctor.diagnosis.weight import again, rate, weigh
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.syscalls import SyscallRow

IN_VAIN = Threshold(0.95, "of the checks", "what is sometimes there is looked for with success")
FEW = Threshold(3, "paths", "a search looks in many places")
SHORTEST = Threshold(0.0005, "s of pause", "with less there is none: a loop, or a search, that costs a core")
BESIDE = Threshold(0.1, "cores used beside the loop", "who works asks on the way; who polls does nothing else")
MISSES = Threshold(
    4, "reads in vain for each that brings something", "a runtime that waits for a socket tries once before"
)


def asks_in_vain(account: Account, known: set[tuple[str | None, str | None]]) -> list[Finding]:
    """Of all lines but those of the functions ``known``."""
    found = []
    for place, rows in account.calls_at.items():
        # (first what is cheap to see: this is asked of every line)
        if place is None or not _is_often(account, rows):
            continue
        if any((frame.file, frame.function) in known for row in rows for frame in row.stack):
            continue
        looks = [row for row in rows if _is_in_vain(row)]
        found += _looks(account, place, looks) if _is_often(account, looks) else _reads(account, place, rows)
    return found


def _is_often(account: Account, rows: list[SyscallRow]) -> bool:
    return sum(row.errors for row in rows) / account.seconds >= RATE.value


def _reads(account: Account, place: Place, rows: list[SyscallRow]) -> list[Finding]:
    """A line that reads from a socket or pipe with a time limit that runs out before anything has come."""
    reads = [row for row in rows if row.syscall in calls.READS and not (row.object or "").startswith("/")]
    misses = sum(row.errors for row in reads)
    brought = sum(row.calls - row.errors - row.empty for row in reads)
    # (each connection has a loop of its own)
    connections = len({(row.pid, row.object) for row in reads if row.errors})
    if not misses or misses / account.seconds < RATE.value * connections or misses < MISSES.value * brought:
        return []
    others = other_calls(account, place, reads)
    if sum(row.calls - row.errors - row.empty for row in others) >= FRUITFUL.value * misses:
        return []  # (each time that none has come it does something else: a pace)
    work = cpu_in(account, place) + sum(row.seconds - row.blocked_seconds for row in reads)
    cores = work / account.seconds
    heaviest = max(reads, key=lambda row: row.errors)
    return weigh(
        account,
        "polling-loop",
        title=f"{place} reads {rate(misses / account.seconds)} times a second with {heaviest.syscall} what has not "
        f"come yet, and {rate(brought / account.seconds)} times what has",
        seconds=work,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("syscalls", "reads that found nothing", misses / account.seconds, "calls/s"),
            account.fact("syscalls", "reads that brought something", brought / account.seconds, "calls/s"),
            account.fact("cpu", "CPU used by the loop", cores, "cores"),
        ),
        fix=f"Let {place} wait until something comes: a read without a time limit, or with a long one. What else the "
        "loop looks for can come by a channel, a queue or a condition to a thread, task or goroutine of its own.",
        verify=again(
            account,
            f"reads at {place} that find nothing",
            f"{rate(misses / account.seconds)}/s",
            "as many as there are messages",
            "trace-syscalls",
        ),
        confidence=0.85,
        at_most=Severity.WARNING,
    )


def _looks(account: Account, place: Place, asks: list[SyscallRow]) -> list[Finding]:
    """A line that asks for the same thing over and over, and sleeps in a timer of its runtime (a goroutine, a task, a
    callback): no call of its own shows the pause."""
    misses = sum(row.errors for row in asks)
    others = other_calls(account, place, asks)
    fruits = sum(row.calls - row.errors - row.empty for row in others) + new_pages(account, place)
    if len({row.object for row in asks}) > FEW.value or fruits >= FRUITFUL.value * misses:
        return []
    work = cpu_in(account, place)
    work = max(work, sum(row.seconds for row in asks))
    pause = (account.seconds - work) / misses
    if pause < SHORTEST.value:
        return []  # (without a pause it is no poll: a busy wait, or a search)
    beside = sum(row.seconds for row in account.samples if row.pid == asks[0].pid) - work
    if beside > BESIDE.value * account.seconds or account.load(asks[0].pid).served:
        return []  # (it asks on the way, while it works or serves)
    heaviest = max(asks, key=lambda row: row.errors)
    return weigh(
        account,
        "polling-loop",
        title=f"{place} asks {rate(misses / account.seconds)} times a second with {heaviest.syscall}, to find nothing "
        f"and pause about {pause * 1000:.1f} ms",
        seconds=pause * misses + work,
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("syscalls", "checks that found nothing", misses / account.seconds, "calls/s"),
            account.fact("syscalls", "mean pause, at most", pause, "s"),
            account.fact("cpu", "CPU used by the loop", work / account.seconds, "cores"),
        ),
        fix=f"Let what {place} waits for say so: a message or channel, inotify (fsnotify, fs.watch) for files. If it "
        "must poll, poll less often, with a pause that grows.",
        verify=again(
            account,
            f"checks at {place} that find nothing",
            f"{rate(misses / account.seconds)}/s",
            "a few",
            "trace-syscalls",
        ),
        confidence=0.75,
        at_most=Severity.WARNING,
    )


def _is_in_vain(row: SyscallRow) -> bool:
    looks = row.syscall in calls.LOOKUPS or row.syscall in calls.OPENS
    return looks and row.errors >= IN_VAIN.value * row.calls
