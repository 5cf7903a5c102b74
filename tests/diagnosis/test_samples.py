"""Two handfuls of numbers: chance alone is taken for a difference in one of 100 comparisons at most, whatever the
distribution, and what is called detectable is detected."""

import random
from collections.abc import Callable
from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.diagnosis.ranks import doubled_ranks, outermost, two_sided
from perfdoctor.diagnosis.samples import SURE, can_show, compare_samples

SAMPLES = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=7)


@given(SAMPLES, SAMPLES)
def test_p_is_the_share_of_all_ways_to_deal_the_values(before: list[float], after: list[float]) -> None:
    together, n = [*before, *after], len(before)
    ranks = doubled_ranks(together)
    off = [
        abs(len(ranks) * sum(ranks[i] for i in chosen) - n * sum(ranks))
        for chosen in combinations(range(len(ranks)), n)
    ]
    expected = sum(one >= off[0] for one in off) / comb(len(ranks), n)
    assert two_sided(ranks, n) == pytest.approx(expected)


@given(SAMPLES, SAMPLES)
def test_the_other_way_round_is_the_opposite(before: list[float], after: list[float]) -> None:
    one, other = compare_samples(before, after), compare_samples(after, before)
    assert one.p == pytest.approx(other.p)
    assert one.difference == -other.difference
    assert (one.low, one.high) == (None, None) or (one.low, one.high) == (-(other.high or 0), -(other.low or 0))


@given(SAMPLES, SAMPLES, st.integers(-1000, 1000), st.sampled_from([0.5, 2.0, 4.0]))
def test_the_unit_changes_nothing(before: list[float], after: list[float], shift: int, scale: float) -> None:
    one = compare_samples(before, after)
    other = compare_samples([shift + scale * v for v in before], [shift + scale * v for v in after])
    assert other.p == one.p
    assert other.difference == scale * one.difference


@given(SAMPLES)
def test_a_sample_held_against_itself(sample: list[float]) -> None:
    change = compare_samples(sample, sample)
    assert change.difference == 0
    assert change.p == 1
    assert change.low is None or change.low <= 0 <= (change.high or 0)


@given(SAMPLES, SAMPLES)
def test_the_interval_holds_the_difference(before: list[float], after: list[float]) -> None:
    change = compare_samples(before, after)
    if change.low is not None and change.high is not None:
        assert change.low <= change.difference <= change.high


def test_known_values() -> None:
    # The tables of Wilcoxon's rank sum test: U at 5 % is 2 for 5 and 5 values, 23 for 10 and 10, 127 for 20 and 20.
    assert [outermost(n, n, 0.05) - 1 for n in (5, 10, 20)] == [2, 23, 127]
    assert [outermost(n, n, 0.01) - 1 for n in (5, 10, 20)] == [0, 16, 105]
    change = compare_samples([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
    assert (change.difference, change.low, change.high) == (5, 2, 8)
    assert change.p == pytest.approx(2 / 252)


def test_too_few_values_can_show_nothing() -> None:
    assert not can_show(4, 4)
    assert can_show(5, 5)
    change = compare_samples([1, 2, 3], [101, 102, 103])
    assert (change.low, change.high, change.detectable) == (None, None, None)
    assert change.p == pytest.approx(0.1)


@pytest.mark.parametrize("bad", [[], [float("nan")], [float("inf")], [0.0] * 401])
def test_what_is_no_sample_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="finite numbers"):
        compare_samples(bad, [1.0])
    with pytest.raises(ValueError, match="finite numbers"):
        compare_samples([1.0], bad)


Draw = Callable[[random.Random], float]
DISTRIBUTIONS: dict[str, Draw] = {
    "normal": lambda chance: chance.gauss(100, 5),
    "skewed": lambda chance: chance.lognormvariate(4, 0.8),
    "heavy tail": lambda chance: chance.paretovariate(1.5),
    "counts": lambda chance: float(round(chance.gauss(40, 6))),
    "two modes": lambda chance: chance.gauss(100, 3) + 40 * (chance.random() < 0.3),
}


@pytest.mark.parametrize("size", [5, 8, 24])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_equal_programs_are_told_apart_in_one_of_100_at_most(name: str, size: int) -> None:
    chance, draw, times = random.Random(size), DISTRIBUTIONS[name], 600
    changes = [
        compare_samples([draw(chance) for _ in range(size)], [draw(chance) for _ in range(size)]) for _ in range(times)
    ]
    # (600 tries of 1 in 100: 14 and more come in one of 200)
    assert sum(change.p <= SURE for change in changes) < 14
    assert sum((change.low or -1) <= 0 <= (change.high or 1) for change in changes) > 0.92 * times


@pytest.mark.parametrize("name", ["normal", "skewed", "heavy tail"])
def test_what_is_detectable_is_mostly_detected(name: str) -> None:
    chance, draw, times = random.Random(3), DISTRIBUTIONS[name], 300
    samples = [([draw(chance) for _ in range(7)], [draw(chance) for _ in range(7)]) for _ in range(times)]
    usual = sorted(compare_samples(*pair).detectable or 0 for pair in samples)[times // 2]
    seen = sum(compare_samples(before, [v + usual for v in after]).p <= SURE for before, after in samples)
    assert 0.6 < seen / times < 0.95
