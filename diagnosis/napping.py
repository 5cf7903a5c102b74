"""Goroutines that wake from short sleeps to look for something."""

from collections import defaultdict

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.waking import ASK, FRUITFUL, RATE, SHORT, WORK, cpu_in, new_pages, other_calls, questions
from perfdoctor.diagnosis.weight import again, rate, weigh
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.goroutines import GoroutineNap, NapLoop

WAKING = 0.00005
"""seconds of CPU for a wake-up, at most"""
_OF_GO = ("runtime.", "time.")
_SCHEDULES = frozenset({"runtime.schedule", "runtime.findRunnable", "runtime.findrunnable", "runtime.park_m"})


def naps_of_goroutines(account: Account) -> list[Finding]:
    """Goroutines that sleep hold no thread, so no call tells of them; looks at them do. Whether their sleeps are a poll
    or a pace their source tells."""
    count = account.evidence.goroutines
    at: dict[Place, list[GoroutineNap]] = defaultdict(list)
    for nap in count.naps if count else ():
        # (a sleep within a library is that library's pace)
        own = next((frame for frame in nap.stack if not frame.function.startswith(_OF_GO)), None)
        place = account.place(nap.stack)
        if place and own and (own.file, own.line) == (place.file, place.line) and 0 < nap.nap_seconds <= SHORT.value:
            at[place].append(nap)
    asleep = sum(nap.seconds for naps in at.values() for nap in naps)
    wakes = sum(nap.naps for naps in at.values() for nap in naps)
    scheduling = min(_scheduling(account), WAKING * wakes)
    found = []
    for place, naps in at.items():
        each = sum(nap.naps for nap in naps)
        found += _judge_naps(account, place, naps, beside=asleep, scheduling=scheduling * each / max(wakes, 1e-9))
    return found


def _judge_naps(
    account: Account, place: Place, naps: list[GoroutineNap], *, beside: float, scheduling: float
) -> list[Finding]:
    wakes = sum(nap.naps for nap in naps)
    loops = {nap.loop for nap in naps}
    if wakes / account.seconds < RATE.value or NapLoop.PACED in loops:
        return []
    others = other_calls(account, place, [])
    fruits = sum(row.calls - row.errors - row.empty for row in others) + new_pages(account, place)
    misses = sum(row.errors + row.empty for row in questions(others))
    if fruits >= FRUITFUL.value * wakes and fruits > misses:
        return []
    work = cpu_in(account, place)
    told, empty = None not in loops, loops == {NapLoop.EMPTY}
    # (Below a condition a sleep comes of nothing found, whatever is done with what is found.)
    if not empty and work / wakes >= (WORK.value if told else ASK.value):
        return []
    heaviest = max(naps, key=lambda nap: nap.seconds)
    asleep = sum(nap.seconds for nap in naps)
    many = sum(nap.goroutines for nap in naps)
    pause = max(nap.nap_seconds for nap in naps)
    lasts = asleep / wakes
    what = "to find nothing" if told else "to do next to nothing"
    return weigh(
        account,
        "polling-loop",
        title=f"{many} goroutine{'s' if many > 1 else ''} at {place} wake{'' if many > 1 else 's'} "
        f"{rate(wakes / account.seconds)} times a second in all, {what} and sleep {pause * 1000:.1f} ms again",
        # What a loop costs that may be a pace is CPU alone.
        seconds=scheduling + (asleep if told else 0.0),
        place=place,
        stack=heaviest.stack,
        facts=(
            account.fact("goroutines", "ends of sleeps, by estimate", wakes / account.seconds, "wake-ups/s"),
            account.fact("goroutines", "goroutines asleep there", asleep / account.seconds, "goroutines"),
            account.fact("goroutines", "a sleep that was asked for", pause, "s"),
            account.fact("goroutines", "a sleep, until the goroutine runs again", lasts, "s"),
            account.fact("cpu", "CPU used by the function", work / account.seconds, "cores"),
            account.fact("cpu", "CPU used by Go's scheduler for these wake-ups", scheduling / account.seconds, "cores"),
        ),
        fix=f"Let what {place} waits for wake it: a receive from a channel (of jobs, or one that is closed when it is "
        "done), sync.Cond, sync.WaitGroup. If it must poll, poll less often, with a pause that grows.",
        verify=again(
            account, f"wake-ups at {place}", f"{rate(wakes / account.seconds)}/s", "as many as there are events"
        ),
        confidence=0.85 if empty else 0.75 if told else 0.5,
        at_most=Severity.WARNING if told else Severity.INFO,
        beside=beside,
    )


def _scheduling(account: Account) -> float:
    """CPU time of Go's runtime to look for the next goroutine, and to sleep until a timer ends."""
    rows = (row for row in account.samples if account.place(row.stack) is None)
    return sum(row.seconds for row in rows if any(frame.function in _SCHEDULES for frame in row.stack))
