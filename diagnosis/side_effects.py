"""What did a change cost beside what it gained? Memory for CPU time, I/O for CPU time, and the other way round."""

from dataclasses import dataclass
from statistics import median

from perfdoctor.diagnosis.measures import resident
from perfdoctor.diagnosis.samples import SURE, can_show, compare_samples
from perfdoctor.diagnosis.side import Side
from perfdoctor.diagnosis.weight import size
from perfdoctor.schemas.comparison import MetricChange

NOTED = 0.10, 4 << 20
"""Memory that rises by this part and by so many bytes is told: two runs of a program differ by less."""
MOVED = 0.25, 16 << 20
"""From here on it is a price, and whether it is worth it is not ours to say."""
GROWS = 256 << 10
"""Bytes a second; below that a window cannot tell growth from a warm-up."""
_CERTAIN = 0.8
_HEAP_READINGS = 4
"""of half a window, so that one of them is likely to be soon after a collection"""


@dataclass(frozen=True, slots=True)
class SideEffect:
    """``worse``: in which direction. ``moved``: so much that the cost is not gone but elsewhere."""

    told: str
    worse: bool
    moved: bool = False


def side_effects(old: Side, new: Side, metrics: tuple[MetricChange, ...]) -> list[SideEffect]:
    """Memory, and what the figures per unit of work say that are no time; the gravest first."""
    growth = _growth(old, new)
    found = [*_memory(old, new, grows=any(effect.worse for effect in growth)), *growth, *_means(metrics)]
    return sorted(found, key=lambda effect: (not effect.moved, not effect.worse))


def _memory(old: Side, new: Side, *, grows: bool) -> list[SideEffect]:
    """A runtime that collects garbage takes room for what is made between two collections: a program that does more a
    second is given more. That is told, and is no cost that moved: nothing more is kept. While it ``grows`` that is not
    known yet."""
    if not all(account.evidence.memory for side in (old, new) for account in side.accounts):
        return []
    before, after = (side.total(resident) / len(side.accounts) for side in (old, new))
    low, high = min(before, after), max(before, after)
    if low <= 0 or not _by(low, high, NOTED) or not _sure(old, new):
        return []
    told = f"resident memory {'rose' if after > before else 'fell'} from {size(before)} to {size(after)}"
    room = max(0.0, _room(new) - _room(old)) if after > before and not grows else 0.0
    if room >= NOTED[1]:
        told = f"{told} ({size(min(room, high - low))} of it is room that the runtime's heap keeps for new objects)"
    return [SideEffect(told, worse=after > before, moved=_by(low, max(low, high - room), MOVED))]


def _room(side: Side) -> float:
    """Bytes of the runtime's heap that are reserved and not in use after a collection, on average; 0 where that is not
    known of every window."""
    free = []
    for account in side.accounts:
        trend = account.evidence.memory
        # (the later half: by then its heap has the size that this work asks for)
        late = [one for one in trend.heap if one.at >= account.seconds / 2] if trend else []
        if len(late) < _HEAP_READINGS or not all(one.reserved for one in late):
            return 0.0
        free.append(median(one.reserved for one in late) - min(one.used for one in late))
    return sum(free) / len(free)


def _by(low: float, high: float, least: tuple[float, int]) -> bool:
    return high - low >= max(least[0] * low, least[1])


def _sure(old: Side, new: Side) -> bool:
    """Several runs must agree on it; one window can only be believed."""
    runs = [old.by_run(resident, lambda _account: 1.0), new.by_run(resident, lambda _account: 1.0)]
    if runs[0] is None or runs[1] is None or not can_show(len(runs[0]), len(runs[1])):
        return True
    return compare_samples(runs[0], runs[1]).p <= SURE


def _growth(old: Side, new: Side) -> list[SideEffect]:
    rates = []
    for side in (old, new):
        trends = [account.evidence.memory for account in side.accounts]
        if not all(trends):
            return []
        grown = [trend.bytes_per_second if trend.confidence >= _CERTAIN else 0.0 for trend in trends if trend]
        rates.append(sum(grown) / len(grown))
    before, after = (max(0.0, rate) for rate in rates)
    if max(before, after) < GROWS or max(before, after) < 4 * min(before, after):
        return []
    word = "now grows" if after > before else "no longer grows"
    return [SideEffect(f"memory {word} by {size(max(before, after))} a second", worse=after > before)]


def _means(metrics: tuple[MetricChange, ...]) -> list[SideEffect]:
    """Calls and bytes per unit of work."""
    return [
        SideEffect(told(metric), worse=not metric.better)
        for metric in metrics
        if metric.better is not None and metric.unit != "s"
    ]


def told(metric: MetricChange) -> str:
    """What a figure did, as a sentence without a full stop."""
    word = "fell" if metric.after < metric.before else "rose"
    values = metric.before, metric.after
    before, after = (f"{1000 * v:.3g} ms" if metric.unit == "s" else f"{v:,.4g} {metric.unit}" for v in values)
    return f"{metric.metric} {word} from {before} to {after}"
