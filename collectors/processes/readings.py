"""From looks to rates, and from rates to trends. Computes only."""

from collections.abc import Sequence
from itertools import pairwise

from perfdoctor.collectors.processes.look import Look
from perfdoctor.collectors.trend import slope
from perfdoctor.schemas.process import Reading, Trend

UNITS = {
    "cpu": "cores",
    "user_cpu": "cores",
    "system_cpu": "cores",
    "runnable_share": "cores",
    "rss": "bytes",
    "pss": "bytes",
    "threads": "threads",
    "fds": "files",
    "sockets": "sockets",
    "voluntary_switches": "switches/s",
    "involuntary_switches": "switches/s",
    "minor_faults": "faults/s",
    "major_faults": "faults/s",
    "read_bytes": "bytes/s",
    "write_bytes": "bytes/s",
    "read_calls": "calls/s",
    "write_calls": "calls/s",
}
"""of every figure of a ``Reading`` that has a trend, in the order in which they are told"""


def readings_of(looks: Sequence[Look]) -> tuple[Reading, ...]:
    """One reading between each two looks."""
    return tuple(_reading(before, after) for before, after in pairwise(looks))


def _reading(before: Look, after: Look) -> Reading:
    passed = max(after.at - before.at, 1e-6)

    def rate(then: float, now: float) -> float:
        return max(0.0, (now - then) / passed)

    user, system = rate(before.user, after.user), rate(before.system, after.system)
    waited = None
    if before.runnable is not None and after.runnable is not None:
        waited = rate(before.runnable, after.runnable)
    moved: dict[str, float] = {}
    if before.io is not None and after.io is not None:
        for name in ("read_bytes", "write_bytes", "read_calls", "write_calls"):
            moved[name] = rate(getattr(before.io, name), getattr(after.io, name))
    return Reading(
        at=after.at,
        cpu=user + system,
        user_cpu=user,
        system_cpu=system,
        rss=after.rss,
        pss=after.pss,
        threads=after.threads,
        fds=after.fds,
        sockets=after.sockets,
        voluntary_switches=rate(before.voluntary, after.voluntary),
        involuntary_switches=rate(before.involuntary, after.involuntary),
        minor_faults=rate(before.minor_faults, after.minor_faults),
        major_faults=rate(before.major_faults, after.major_faults),
        runnable_share=waited,
        **moved,
    )


def trends_of(readings: Sequence[Reading]) -> tuple[Trend, ...]:
    """One for every figure that was read at least once. The mean weighs each reading by its time, so that the mean of
    a rate times the window is what was counted."""
    starts = [0.0, *(reading.at for reading in readings)]
    trends = []
    for metric, unit in UNITS.items():
        known = [
            (reading.at, reading.at - start, float(value))
            for start, reading in zip(starts, readings, strict=False)
            if (value := getattr(reading, metric)) is not None
        ]
        if not known:
            continue
        times, weights, values = zip(*known, strict=True)
        moved = slope(times, values)
        trends.append(
            Trend(
                metric=metric,
                unit=unit,
                mean=sum(w * v for w, v in zip(weights, values, strict=True)) / max(sum(weights), 1e-9),
                low=min(values),
                high=max(values),
                slope=moved.per_second,
                confidence=moved.confidence,
            )
        )
    return tuple(trends)


def lacking(readings: Sequence[Reading]) -> tuple[str, ...]:
    """Figures that no reading has."""
    return tuple(metric for metric in UNITS if all(getattr(reading, metric) is None for reading in readings))
