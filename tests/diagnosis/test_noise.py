"""Bounds hold what they promise: about 95 of 100 pairs of equal windows are not told apart."""

import random

from perfdoctor.diagnosis.noise import beyond, cost_difference, rate_difference, ratio_spread


def test_equal_rates_are_rarely_told_apart() -> None:
    chance = random.Random(7)

    def draw() -> int:
        return sum(chance.random() < 0.05 for _ in range(4000))

    pairs = [(draw(), draw()) for _ in range(200)]
    told = sum(not low <= 0 <= high for low, high in (rate_difference(a, 10, b, 10) for a, b in pairs))
    assert told <= 10


def test_more_events_bound_more_tightly() -> None:
    wide, narrow = rate_difference(10, 1, 12, 1), rate_difference(1000, 100, 1200, 100)
    assert wide[1] - wide[0] > narrow[1] - narrow[0]
    assert wide[0] < 2 < wide[1]


def test_costs_per_unit() -> None:
    low, high = cost_difference(10.0, 1000, 5.0, 1000)
    assert low < -0.005 < high < 0
    assert 0.05 < ratio_spread(1000, 1000) < ratio_spread(100, 1000) < 0.2


def test_beyond_is_relative_to_the_larger() -> None:
    assert beyond(100, 120, 0.1)
    assert not beyond(100, 109, 0.1)
    assert not beyond(0, 0, 0.1)
