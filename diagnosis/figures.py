"""Every figure of two sides, with how far they lie apart and how sure that is."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import exp, hypot, log, sqrt

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.blocks import Series, Spread, spread
from perfdoctor.diagnosis.measures import (
    busy,
    calls,
    cpu,
    engine,
    faults,
    growth,
    in_state,
    own_cpu,
    own_time,
    resident,
    seconds,
    transferred,
)
from perfdoctor.diagnosis.noise import (
    APART_NOISE,
    COUNT_LEAST,
    COUNT_SPREAD,
    LOADED_NOISE,
    LOADED_SPREAD,
    RUN_NOISE,
    TIME_SPREAD,
    Allowance,
    beyond,
    cost_difference,
    lump_difference,
    rate_difference,
    ratio_spread,
)
from perfdoctor.diagnosis.samples import SURE, can_show, compare_samples
from perfdoctor.diagnosis.side import Figure, Side
from perfdoctor.diagnosis.work import Unit
from perfdoctor.schemas.comparison import Basis, MetricChange
from perfdoctor.schemas.ledger import State

SAME_LOAD = 0.2
"""Up to here two windows are taken to have had the same load."""
_STATES = (State.RUNNABLE, State.FILE, State.NETWORK, State.LOCK, State.CHILD, State.SLEEP)
_POWER = 1.33
"""how much farther than a bound a difference must lie, to be beyond it in 8 of 10 tries"""
ESTIMATE_NOISE = 0.5
"""How wrong the estimate of what measuring took may be (a call with a long path costs more than a brief one)."""
_A_PART = 0.1
"""A smaller part of a figure does not decide how far it scatters."""
_FEW_DRAWS = 400
"""for an interval of 95 % that decides nothing"""
_SURE, _TOLD = 2.576, 1.96
"""two-sided 99 and 95 % of a normal distribution"""
Bounds = tuple[float, float] | None


def figures(old: Side, new: Side, unit: Unit | None) -> list[MetricChange]:
    """Costs per unit of work first, where there is a unit: those are judged. Then all by the second, which are not:
    they follow the load."""
    sides = old, new
    return [*(_per_unit(sides, unit) if unit else ()), *_per_second(sides)]


# -- by the unit of work -------------------------------------------------------------------------------------------


def _per_unit(sides: tuple[Side, Side], unit: Unit) -> list[MetricChange]:
    old, new = sides
    found = [_units(unit, sides)]
    same_load = not beyond(found[0].before, found[0].after, SAME_LOAD)
    time = Allowance(TIME_SPREAD, APART_NOISE if _are_apart(sides) else RUN_NOISE)
    counts = Allowance(COUNT_SPREAD, COUNT_LEAST)
    if not same_load:
        time = counts = Allowance(LOADED_SPREAD, LOADED_NOISE)
    cpu_blocks = _blocks(sides, "cpu_seconds", unit.pace)
    found.append(_cost("CPU time", "s", sides, own_cpu, work=unit, allow=time, blocks=cpu_blocks, taken=engine))
    if same_load:
        # Waits and pauses of the background do not come by the unit: with another load they would seem to change.
        found.append(
            _cost(
                "busy time",
                "s",
                sides,
                own_time,
                work=unit,
                allow=time,
                blocks=cpu_blocks,
                part=own_cpu,
                taken=engine,
            )
        )
    if old.has("syscalls") and new.has("syscalls"):
        blocks = _blocks(sides, "calls", unit.pace)
        found.append(_cost("system calls", "calls", sides, calls, work=unit, allow=counts, blocks=blocks))
        blocks = _blocks(sides, "bytes", unit.pace)
        found.append(
            _cost("bytes read and written", "bytes", sides, transferred, work=unit, allow=counts, blocks=blocks)
        )
    return found


def _are_apart(sides: tuple[Side, Side]) -> bool:
    """Whether one side was measured after the other, and not in turns."""
    (first, last), (begin, end) = (side.span for side in sides)
    return last < begin or end < first


def _cost(
    metric: str,
    unit: str,
    sides: tuple[Side, Side],
    cost: Figure,
    *,
    work: Unit,
    allow: Allowance,
    blocks: Spread | None,
    part: Figure | None = None,
    taken: Figure | None = None,
) -> MetricChange:
    """A cost per unit of work: better or worse when its 99 % interval excludes that nothing changed, which has in it
    what two runs of one program differ by; or when the runs of both sides differ in rank as chance lets them in one of
    100 comparisons.

    ``blocks`` are how it was spread over time; with ``part``, only that part of it. ``taken`` is what was
    taken off it by an estimate, and may be wrong by a part of it: on both sides by the same part."""
    old, new = sides
    name = f"{metric} per {work.name}"
    spent, done = (old.total(cost), new.total(cost)), (old.total(work.count), new.total(work.count))
    parts = [ESTIMATE_NOISE * side.total(taken) if taken else 0.0 for side in sides]
    doubt = abs(parts[1] / done[1] - parts[0] / done[0])
    if (ranked := _by_runs(name, unit, sides, cost, work.count, least=allow.least, doubt=doubt)) is not None:
        return ranked
    before, after = spent[0] / done[0], spent[1] / done[1]
    if min(before, after) <= 0:
        low, high = cost_difference(spent[0], done[0], spent[1], done[1])
        return MetricChange(metric=name, unit=unit, before=before, after=after, low=low, high=high, basis=Basis.COUNTS)
    off = ratio_spread(done[0], done[1])
    below, above = (_TOLD * off, _SURE * off), (_TOLD * off, _SURE * off)
    basis = Basis.COUNTS
    share = 1.0 if part is None else max(side.total(part) / side.total(cost) for side in sides)
    if blocks and not blocks.is_bounded and share > _A_PART:
        # (Counts would not know that neighbours resemble each other, and promise too much.)
        return MetricChange(metric=name, unit=unit, before=before, after=after, detectable=before, basis=Basis.BLOCKS)
    if blocks and blocks.is_bounded:
        basis = Basis.BLOCKS
        # What of it has a pace scatters like its blocks, the rest like counts.
        rest = 0.0 if part is None else 1.0
        below = (
            hypot(rest * below[0], share * (blocks.middle - blocks.low)),
            hypot(rest * below[1], share * (blocks.middle - blocks.least)),
        )
        above = (
            hypot(rest * above[0], share * (blocks.high - blocks.middle)),
            hypot(rest * above[1], share * (blocks.most - blocks.middle)),
        )
    between = allow.spread * sqrt(1 / len(old.runs) + 1 / len(new.runs))
    moved, doubt = log(after / before), abs(parts[1] / spent[1] - parts[0] / spent[0])
    low, high = (
        moved - hypot(below[0], _TOLD * between) - doubt,
        moved + hypot(above[0], _TOLD * between) + doubt,
    )
    least, most = (
        moved - hypot(below[1], _SURE * between) - doubt,
        moved + hypot(above[1], _SURE * between) + doubt,
    )
    return MetricChange(
        metric=name,
        unit=unit,
        before=before,
        after=after,
        low=before * (exp(low) - 1),
        high=before * (exp(high) - 1),
        better=True if most < 0 else False if least > 0 else None,
        detectable=before * (1 - exp(-_POWER * (most - least) / 2)),
        basis=basis,
    )


# -- by the second -------------------------------------------------------------------------------------------------


def _per_second(sides: tuple[Side, Side]) -> list[MetricChange]:
    old, new = sides
    found = [_rate("CPU", "cores", sides, cpu, "cpu_seconds"), _time("busy threads", sides, busy, _busy_lumps)]
    for state in _STATES:
        if max(old.rate(in_state(state)), new.rate(in_state(state))) > 0.001:
            found.append(_time(state.value, sides, in_state(state), _lumps_in(state)))
    if old.has("syscalls") and new.has("syscalls"):
        found.append(_rate("system calls", "1/s", sides, calls, "calls"))
        found.append(_rate("bytes read and written", "bytes/s", sides, transferred, "bytes"))
    if old.has("faults") and new.has("faults"):
        found.append(_rate("page faults", "1/s", sides, faults))
    if old.has("memory") and new.has("memory"):
        found.append(_level("growth of memory", "bytes/s", sides, growth, _steps))
        if all(account.evidence.memory.samples for side in sides for account in side.accounts):  # type: ignore[union-attr]
            found.append(_level("resident memory", "bytes", sides, resident, _readings))
    return found


def _units(unit: Unit, sides: tuple[Side, Side]) -> MetricChange:
    """So many a second, as they were counted. A program that is always busy would have done more of them had nobody
    watched: the interval has that in it."""
    found = _rate(f"{unit.name}s", "1/s", sides, unit.count, unit.pace)
    if found.low is None or found.high is None:
        return found
    slowed = [side.total(cpu) / max(side.total(own_cpu), 1e-9) - 1 if side.total(cpu) > 0 else 0.0 for side in sides]
    return found.model_copy(
        update={"low": found.low - found.before * slowed[0], "high": found.high + found.after * slowed[1]}
    )


def _rate(metric: str, unit: str, sides: tuple[Side, Side], count: Figure, pace: str | None = None) -> MetricChange:
    """So much a second: by blocks, or as counts that scatter, and by what runs of one program differ by."""
    old, new = sides
    if (ranked := _by_runs(metric, unit, sides, count, seconds)) is not None:
        return ranked
    before, after = old.rate(count), new.rate(count)
    series = [side.series(pace, "at") if pace else [] for side in sides]
    found = spread(series[0], series[1], ratio=False, draws=_FEW_DRAWS) if all(series) else None
    bounds = _around((before, after), found, sides, TIME_SPREAD) if found else None
    basis = Basis.BLOCKS if found else Basis.NONE
    if bounds is None and unit == "1/s":
        low, high = rate_difference(old.total(count), old.seconds, new.total(count), new.seconds)
        between = _between((before, after), sides, TIME_SPREAD)
        moved = after - before
        bounds = moved - hypot(moved - low, between), moved + hypot(high - moved, between)
        basis = Basis.COUNTS
    return _plain(metric, unit, (before, after), bounds=bounds, basis=basis)


def _time(metric: str, sides: tuple[Side, Side], spent: Figure, lumps: Figure) -> MetricChange:
    """Threads in a state, on average: sums of stays that come at random, of which the longest are known."""
    old, new = sides
    if (ranked := _by_runs(metric, "threads", sides, spent, seconds)) is not None:
        return ranked
    bounds = lump_difference(
        (old.total(spent), old.total(lumps)), old.seconds, (new.total(spent), new.total(lumps)), new.seconds
    )
    return _plain(metric, "threads", (old.rate(spent), new.rate(spent)), bounds=bounds, basis=Basis.COUNTS)


def _level(
    metric: str, unit: str, sides: tuple[Side, Side], level: Figure, readings: Callable[[Account], Series]
) -> MetricChange:
    """What a window has and does not add up, such as memory: its mean over the windows."""
    if (ranked := _by_runs(metric, unit, sides, level, _one)) is not None:
        return ranked
    before, after = (side.total(level) / len(side.accounts) for side in sides)
    series = [[readings(account) for account in side.accounts] for side in sides]
    found = spread(series[0], series[1], ratio=False, draws=_FEW_DRAWS)
    return _plain(
        metric,
        unit,
        (before, after),
        bounds=_around((before, after), found, sides, COUNT_SPREAD) if found else None,
        basis=Basis.BLOCKS if found else Basis.NONE,
    )


def _one(_account: Account) -> float:
    return 1.0


def _readings(account: Account) -> Series:
    memory = account.evidence.memory
    return [(float(sample.rss), 1.0) for sample in memory.samples] if memory else []


def _steps(account: Account) -> Series:
    memory = account.evidence.memory
    samples = memory.samples if memory else ()
    return [
        (float(b.anonymous + b.swap - a.anonymous - a.swap), b.at - a.at) for a, b in pairwise(samples) if b.at > a.at
    ]


def _busy_lumps(account: Account) -> float:
    quiet = (State.IDLE, State.RUNNABLE, State.OUTSIDE)
    stays = sum(_lumps(account, state) for state in {account.state(row) for row in account.calls} if state not in quiet)
    waits = sum(wait.seconds * wait.max_seconds for wait in account.evidence.waits or ())
    # (CPU time comes in pieces that are at most some time slices long)
    return stays + waits + 0.01 * cpu(account)


def _lumps_in(state: State) -> Figure:
    return lambda account: _lumps(account, state)


def _lumps(account: Account, state: State) -> float:
    """At most what the squares of all stays in a state add up to, in seconds squared."""
    return sum(
        row.blocked_seconds * (row.max_seconds or row.blocked_seconds / max(1, row.calls + row.unfinished))
        for row in account.calls
        if row.blocked_seconds > 0 and account.state(row) is state
    )


# -- how sure ------------------------------------------------------------------------------------------------------


def _by_runs(
    metric: str,
    unit: str,
    sides: tuple[Side, Side],
    cost: Figure,
    work: Figure,
    *,
    least: float | None = None,
    doubt: float = 0.0,
) -> MetricChange | None:
    """By the ranks of the runs; None where there are too few of them. Judged, if it is more than the part ``least`` and
    ``doubt``, by which the difference may be wrong in all runs alike."""
    old, new = sides
    if not _has_runs(sides):
        return None
    before, after = old.by_run(cost, work), new.by_run(cost, work)
    if before is None or after is None:
        return None
    change = compare_samples(before, after)
    floor = (least or 0.0) * max(abs(change.before), abs(change.after)) + doubt
    told = least is not None and change.p <= SURE and abs(change.difference) > floor
    return MetricChange(
        metric=metric,
        unit=unit,
        before=change.before,
        after=change.after,
        low=None if change.low is None else change.low - doubt,
        high=None if change.high is None else change.high + doubt,
        better=change.difference < 0 if told else None,
        detectable=max(floor, change.detectable) if least is not None and change.detectable is not None else None,
        basis=Basis.RUNS,
    )


def _blocks(sides: tuple[Side, Side], cost: str, work: str | None) -> Spread | None:
    """By two fields of the pace; None where there is none, or where the runs decide."""
    if work is None or _has_runs(sides):
        return None
    old, new = (side.series(cost, work) for side in sides)
    return spread(old, new) if old and new else None


def _has_runs(sides: tuple[Side, Side]) -> bool:
    return can_show(len(sides[0].runs), len(sides[1].runs))


def _around(pair: tuple[float, float], found: Spread, sides: tuple[Side, Side], apart: float) -> Bounds:
    """The interval of the blocks and of what runs differ by, around the difference of the windows as a whole; None
    where blocks bound nothing."""
    if not found.is_bounded:
        return None
    between = _between(pair, sides, apart)
    difference = pair[1] - pair[0]
    below, above = hypot(found.middle - found.low, between), hypot(found.high - found.middle, between)
    return difference - below, difference + above


def _between(pair: tuple[float, float], sides: tuple[Side, Side], apart: float) -> float:
    """What restarts of one program differ by, at 95 %; ``apart`` as in noise.py."""
    return _TOLD * apart * sqrt(sum((value**2) / len(side.runs) for value, side in zip(pair, sides, strict=True)))


def _plain(metric: str, unit: str, pair: tuple[float, float], *, bounds: Bounds, basis: Basis) -> MetricChange:
    (before, after), (low, high) = pair, bounds or (None, None)
    return MetricChange(metric=metric, unit=unit, before=before, after=after, low=low, high=high, basis=basis)


def basis_of(metrics: Sequence[MetricChange]) -> Basis:
    """What the judged figures rest on, or else the first of all."""
    chosen = [metric for metric in metrics if metric.detectable is not None] or [*metrics[:1]]
    return chosen[0].basis if chosen else Basis.NONE
