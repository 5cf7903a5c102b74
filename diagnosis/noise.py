"""How much of a difference between two windows may be chance?

One pair of windows says little: how the next run of the same program would differ is not in it. What can be said comes
from how each scattered over its time (blocks.py); where that is not known, from counts, which scatter at least as much
as a Poisson process does; and from what the same program was seen to vary by when nothing had changed.
"""

from dataclasses import dataclass
from math import sqrt

_Z = 1.96
"""two-sided 95 % of a normal distribution"""
BURSTS = 3.0
"""Events of programs come in bursts: the variance of a count over windows is some times that of independent events."""
TIME_NOISE = 0.25
"""CPU and wall time for the same work differ so much between windows of a shared machine: caches, clock, neighbours."""
COUNT_NOISE = 0.10
"""Calls for the same work differ less: by the mix of requests and by the edges of the window."""
TIME_SPREAD = 0.09
"""What one run differs by from the next, as the standard deviation of the logarithm of CPU time for the same work: on a
shared machine a core is faster or slower by the minute (bench/compare.py). No window shows it by itself."""
COUNT_SPREAD = 0.03
"""the same of calls and bytes"""
COUNT_LEAST = 0.2
"""Counts of calls and bytes hardly scatter, so ranks find any difference of two sets of runs, also where the program is
the same and only its surroundings are not: from another folder one asked for memory in other steps, and made a tenth
fewer calls (bench/loop.py)."""
LOADED_SPREAD = 0.14
"""the same where the load differs: what comes by the clock and not by the unit of work (timers, housekeeping) is shared
by more units, or fewer"""
LOADED_NOISE = 0.4
RUN_NOISE = 0.03
"""What several runs on each side agree on may still be the machine's, if it is less than this."""
APART_NOISE = 0.15
"""And this, where all runs of the one side were made before the first of the other: the machine may have changed."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """``spread`` is what single runs differ by, ``least`` the part by which several runs must differ to be told."""

    spread: float
    least: float


def rate_difference(before: float, before_seconds: float, after: float, after_seconds: float) -> tuple[float, float]:
    """95 % bounds of ``after - before`` per second, for two counts of events."""
    return lump_difference((before, before), before_seconds, (after, after), after_seconds, least=1.0)


def lump_difference(
    before: tuple[float, float],
    before_seconds: float,
    after: tuple[float, float],
    after_seconds: float,
    *,
    least: float = 0.0,
) -> tuple[float, float]:
    """The same for sums of lumps that come at random: each is (their sum, the sum of their squares)."""
    difference = after[0] / after_seconds - before[0] / before_seconds
    variance = max(before[1], least) / before_seconds**2 + max(after[1], least) / after_seconds**2
    spread = _Z * sqrt(BURSTS * variance)
    return difference - spread, difference + spread


def cost_difference(before: float, before_units: float, after: float, after_units: float) -> tuple[float, float]:
    """95 % bounds of ``after - before`` for a cost per unit of work, whose units differ about as much as their mean."""
    per_before, per_after = before / before_units, after / after_units
    spread = _Z * sqrt(BURSTS * (per_before**2 / before_units + per_after**2 / after_units))
    difference = per_after - per_before
    return difference - spread, difference + spread


def ratio_spread(before_units: float, after_units: float) -> float:
    """The standard deviation of the logarithm of the ratio of two costs per unit of work."""
    return sqrt(BURSTS * (1 / before_units + 1 / after_units))


def beyond(before: float, after: float, noise: float) -> bool:
    """Whether two figures differ by more than the part ``noise`` of the larger."""
    return abs(after - before) > noise * max(abs(before), abs(after))
