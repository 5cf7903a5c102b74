"""Did it help?"""

from collections import defaultdict
from dataclasses import dataclass

from perfdoctor.diagnosis import calls
from perfdoctor.diagnosis.account import Account, Place
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.matching import matched
from perfdoctor.diagnosis.noise import COUNT_NOISE, TIME_NOISE, beyond, cost_difference, rate_difference, ratio_bounds
from perfdoctor.diagnosis.objects import is_socket
from perfdoctor.diagnosis.user_code import basename
from perfdoctor.diagnosis.verdict import by_findings, by_unit
from perfdoctor.schemas.comparison import Comparison, MetricChange, StackChange, Verdict
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.ledger import State

LEAST_UNITS = 30
"""Fewer units of work in a window than this say nothing about what one costs."""
SAME_SIZE = 0.3
"""How far the mean size of a request may differ and still be called the same kind of work."""
SAME_LOAD = 0.2
"""Up to here two windows are taken to have had the same load."""
LOADED_NOISE = 0.4
"""What comes by the clock and not by the unit of work (timers, housekeeping) shifts figures when the load differs."""
_STACKS = 10
_BLOCKED = (State.FILE, State.NETWORK, State.LOCK, State.CHILD, State.SLEEP)


@dataclass(frozen=True)
class _Unit:
    """What one piece of work is (a connection accepted, a message received), and how many there were."""

    name: str
    before: int
    after: int


def compare(before: Evidence, after: Evidence) -> Comparison:
    """Hold two windows against each other; ``verdict.py`` says what counts as an answer."""
    accounts = old, new = Account(before), Account(after)
    findings = diagnose(before).findings, diagnose(after).findings
    pairs = matched(*findings)
    unit = _unit(old, new)
    metrics = tuple(_metrics(old, new, unit))
    idle = next((name for name, one in (("first", old), ("second", new)) if _cpu(one) + _busy(one) <= 0), None)
    if idle:
        verdict, why = Verdict.INCONCLUSIVE, f"The {idle} window shows no work at all: there is nothing to compare."
    elif unit:
        verdict, why = by_unit(unit.name, metrics, pairs)
    else:
        verdict, why = by_findings(accounts, findings, pairs)
    return Comparison(
        verdict=verdict,
        why=why[0].upper() + why[1:] if unit else why,
        per=unit.name if unit else "second",
        metrics=metrics,
        findings=tuple(pair.change() for pair in pairs),
        stacks=tuple(_stacks(old, new)),
    )


def _cpu(account: Account) -> float:
    evidence = account.evidence
    if evidence.threads is not None:
        return sum(thread.running for thread in evidence.threads)
    return evidence.cpu.cpu_seconds if evidence.cpu else 0.0


def _busy(account: Account) -> float:
    return account.ledger.busy_seconds


# -- units of work -------------------------------------------------------------------------------------------------


def _unit(before: Account, after: Account) -> _Unit | None:
    """Connections accepted, or else requests read from sockets, when both windows have enough of them, of a size."""
    accepted = [sum(r.calls - r.errors for r in a.calls if r.syscall in calls.ACCEPTS) for a in (before, after)]
    if min(accepted) >= LEAST_UNITS:
        return _Unit("connection", *accepted)
    counted = []
    for account in (before, after):
        rows = [r for r in account.calls if is_socket(r.object) and r.syscall in calls.READS]
        counted.append((sum(max(0, r.calls - r.errors - r.empty) for r in rows), sum(r.bytes for r in rows)))
    (n, moved), (m, moved_after) = counted
    if min(n, m) >= LEAST_UNITS and not beyond(moved / n, moved_after / m, SAME_SIZE):
        return _Unit("message", n, m)
    return None


# -- figures -------------------------------------------------------------------------------------------------------


def _metrics(old: Account, new: Account, unit: _Unit | None) -> list[MetricChange]:
    found = []
    if unit:
        per_second = unit.before / old.seconds, unit.after / new.seconds
        same_load = not beyond(*per_second, SAME_LOAD)
        found.append(_rate_change(f"{unit.name}s", old, new, (unit.before, unit.after)))
        noise = TIME_NOISE if same_load else LOADED_NOISE
        found.append(_cost_change("CPU time", "s", (_cpu(old), _cpu(new)), work=unit, noise=noise))
        if same_load:
            # Waits and pauses of the background do not come by the unit: with another load they would seem to change.
            found.append(_cost_change("busy time", "s", (_busy(old), _busy(new)), work=unit, noise=noise))
        if _both(old, new, "syscalls"):
            noise = COUNT_NOISE if same_load else LOADED_NOISE
            counts = _calls(old), _calls(new)
            found.append(_cost_change("system calls", "calls", counts, work=unit, noise=noise))
            moved = _moved(old), _moved(new)
            found.append(_cost_change("bytes read and written", "bytes", moved, work=unit, noise=noise))
    found.append(_plain("CPU", "cores", _cpu(old) / old.seconds, _cpu(new) / new.seconds))
    found.append(_plain("busy threads", "threads", _busy(old) / old.seconds, _busy(new) / new.seconds))
    for state in _BLOCKED:
        pair = [sum(r.seconds for r in a.ledger.rows if r.state is state) / a.seconds for a in (old, new)]
        if max(pair) > 0.001:
            found.append(_plain(state.value, "threads", *pair))
    if _both(old, new, "syscalls"):
        found.append(_rate_change("system calls", old, new, (_calls(old), _calls(new))))
        moved = _moved(old), _moved(new)
        found.append(_plain("bytes read and written", "bytes/s", moved[0] / old.seconds, moved[1] / new.seconds))
    if _both(old, new, "faults"):
        found.append(_rate_change("page faults", old, new, (_faults(old), _faults(new))))
    one, two = old.evidence.memory, new.evidence.memory
    if one is not None and two is not None:
        found.append(_plain("growth of memory", "bytes/s", one.bytes_per_second, two.bytes_per_second))
        if one.samples and two.samples:
            found.append(_plain("resident memory", "bytes", one.samples[-1].rss, two.samples[-1].rss))
    return found


def _both(old: Account, new: Account, part: str) -> bool:
    return all(getattr(account.evidence, part) is not None for account in (old, new))


def _calls(account: Account) -> int:
    return sum(row.calls for row in account.calls)


def _faults(account: Account) -> int:
    return sum(row.faults for row in account.evidence.faults or ())


def _moved(account: Account) -> int:
    return sum(row.bytes for row in account.calls)


def _plain(metric: str, unit: str, before: float, after: float) -> MetricChange:
    """A figure that follows the load, with no spread to be bounded by: neither better nor worse can be said of it."""
    return MetricChange(metric=metric, unit=unit, before=before, after=after)


def _rate_change(metric: str, old: Account, new: Account, counts: tuple[int, int]) -> MetricChange:
    before, after = counts
    low, high = rate_difference(before, old.seconds, after, new.seconds)
    return MetricChange(
        metric=metric, unit="1/s", before=before / old.seconds, after=after / new.seconds, low=low, high=high
    )


def _cost_change(metric: str, unit: str, pair: tuple[float, float], *, work: _Unit, noise: float) -> MetricChange:
    """A cost per unit of work: better or worse when its whole interval lies beyond what the machine's noise makes."""
    before, after = pair
    low, high = cost_difference(before, work.before, after, work.after)
    better: bool | None = None
    if before > 0 and after > 0:
        least, most = ratio_bounds(before, work.before, after, work.after)
        better = True if most < 1 - noise else False if least > 1 / (1 - noise) else None
    return MetricChange(
        metric=f"{metric} per {work.name}",
        unit=unit,
        before=before / work.before,
        after=after / work.after,
        low=low,
        high=high,
        better=better,
    )


# -- stacks --------------------------------------------------------------------------------------------------------


def _stacks(old: Account, new: Account) -> list[StackChange]:
    """The lines that gained or lost most, in seconds per second of window, each with its heaviest stack."""
    gathered: list[dict[tuple[str, Place | None], float]] = []
    top: dict[tuple[str, Place | None], tuple[float, Stack]] = {}
    for account in (old, new):
        at: dict[tuple[str, Place | None], float] = defaultdict(float)
        pairs = [("CPU", row.stack, row.seconds) for row in account.samples]
        pairs += [(f"asleep in {row.syscall}", row.stack, row.blocked_seconds) for row in account.calls]
        for what, stack, seconds in pairs:
            place = account.place(stack)
            # Without its line, so that one that moved is still the same.
            key = (what, Place(basename(place.file), place.function, None) if place else None)
            at[key] += seconds / account.seconds
            if key not in top or seconds > top[key][0]:
                top[key] = (seconds, stack)
        gathered.append(at)
    one, two = gathered
    changes = [
        StackChange(stack=top[key][1], what=key[0], before=one.get(key, 0.0), after=two.get(key, 0.0))
        for key in top
        if abs(two.get(key, 0.0) - one.get(key, 0.0)) > 0.01
    ]
    return sorted(changes, key=lambda change: -abs(change.after - change.before))[:_STACKS]
