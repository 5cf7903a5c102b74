"""How much of a difference between two windows may be chance?

One pair of windows says little: it has no spread of its own. What can be said comes from counts, which scatter at least
as much as a Poisson process does, and from what the same program was seen to vary by when nothing had changed.
"""

from math import exp, log, sqrt

_Z = 1.96
"""two-sided 95 % of a normal distribution"""
BURSTS = 3.0
"""Events of programs come in bursts: the variance of a count over windows is some times that of independent events."""
TIME_NOISE = 0.25
"""CPU and wall time for the same work differ so much between windows of a shared machine: caches, clock, neighbours."""
COUNT_NOISE = 0.10
"""Calls for the same work differ less: by the mix of requests and by the edges of the window."""


def rate_difference(before: float, before_seconds: float, after: float, after_seconds: float) -> tuple[float, float]:
    """95 % bounds of ``after - before`` per second, for two counts of events."""
    difference = after / after_seconds - before / before_seconds
    spread = _Z * sqrt(BURSTS * (max(before, 1) / before_seconds**2 + max(after, 1) / after_seconds**2))
    return difference - spread, difference + spread


def cost_difference(before: float, before_units: int, after: float, after_units: int) -> tuple[float, float]:
    """95 % bounds of ``after - before`` for a cost per unit of work, whose units differ about as much as their mean."""
    per_before, per_after = before / before_units, after / after_units
    spread = _Z * sqrt(BURSTS * (per_before**2 / before_units + per_after**2 / after_units))
    difference = per_after - per_before
    return difference - spread, difference + spread


def ratio_bounds(before: float, before_units: int, after: float, after_units: int) -> tuple[float, float]:
    """95 % bounds of ``after / before`` for costs per unit of work; both costs above 0."""
    middle = log((after / after_units) / (before / before_units))
    spread = _Z * sqrt(BURSTS * (1 / before_units + 1 / after_units))
    return exp(middle - spread), exp(middle + spread)


def beyond(before: float, after: float, noise: float) -> bool:
    """Whether two figures differ by more than the part ``noise`` of the larger."""
    return abs(after - before) > noise * max(abs(before), abs(after))
