"""Time blocks: chance within windows is not taken for a change, whatever the work is like; a change is seen."""

import math
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfdoctor.diagnosis.blocks import LEAST_BLOCKS, Series, spread

BLOCKS = st.lists(
    st.tuples(st.floats(0, 1e3, allow_subnormal=False), st.integers(0, 500).map(float)), min_size=0, max_size=40
)


@settings(max_examples=40, deadline=None)
@given(BLOCKS, BLOCKS, st.booleans())
def test_any_blocks_are_bounded_or_not_at_all(before: Series, after: Series, ratio: bool) -> None:
    found = spread([before], [after], ratio=ratio)
    if found is not None:
        assert found.least <= found.low <= found.high <= found.most
        assert math.isfinite(found.middle)
        assert found.is_bounded == (found.low > -math.inf) == (found.high < math.inf)
        assert spread([before], [after], ratio=ratio) == found


def steady(cost: float, blocks: int = 25) -> Series:
    return [(cost * 50 * (1 + 0.01 * (i % 3)), 50.0) for i in range(blocks)]


def test_a_change_is_bounded() -> None:
    found = spread([steady(1.0)], [steady(0.5)])
    assert found is not None
    assert found.most < math.log(0.6)
    assert found.least < math.log(0.5) < found.most
    difference = spread([steady(1.0)], [steady(0.5)], ratio=False)
    assert difference is not None
    assert difference.middle == pytest.approx(-0.505, abs=0.01)


def test_several_windows_of_a_side_are_taken_together() -> None:
    once, twice = spread([steady(1.0)], [steady(1.0)]), spread([steady(1.0)] * 2, [steady(1.0)] * 2)
    assert once and twice and twice.detectable < once.detectable


def test_windows_that_disagree_bound_nothing() -> None:
    found = spread([steady(1.0), steady(1.4)], [steady(1.0), steady(1.4)])
    assert found and not found.is_bounded


def test_a_window_that_only_rises_is_one_observation() -> None:
    found = spread([[(float(i), 1.0) for i in range(1, 21)]], [steady(1.0)])
    assert found and not found.is_bounded


def test_blocks_that_never_scatter_bound_exactly() -> None:
    found = spread([[(2.0, 1.0)] * 10], [[(3.0, 1.0)] * 10])
    assert found is not None
    assert found.low == found.high == found.middle == pytest.approx(math.log(1.5))


@pytest.mark.parametrize(
    ("before", "because"),
    [
        ([(1.0, 1.0)] * (LEAST_BLOCKS - 1), "so few blocks say nothing"),
        ([(0.0, 1.0)] * 20, "no cost has no ratio"),
        ([(1.0, 0.0)] * 20, "no work was done"),
    ],
)
def test_nothing_is_said(before: Series, because: str) -> None:
    assert spread([before], [steady(1.0)]) is None, because


def work(chance: random.Random, kind: str, blocks: int) -> Iterator[tuple[float, float]]:
    """Blocks of programs like those of bench/compare.py."""
    drift = chance.gauss(0, 1)
    for at in range(blocks):
        drift = 0.4 * drift + math.sqrt(1 - 0.4**2) * chance.gauss(0, 1)
        done = chance.randrange(40, 60)
        if kind == "bursty":
            done = chance.choice([0, 0, 10, 60, 120])
        elif kind == "tides":
            done = int(25 + 20 * math.sin(at / 3))
        if kind == "skewed":
            spent = sum(chance.lognormvariate(-0.5, 1) for _ in range(done))
        elif kind == "drifting":
            spent = done * math.exp(0.2 * drift)
        else:
            spent = done * math.exp(0.2 * chance.gauss(0, 1))
        yield spent + 0.5, float(done)


KINDS = ("steady", "skewed", "drifting", "bursty", "tides")


@pytest.mark.parametrize("kind", KINDS)
def test_equal_windows_are_rarely_told_apart(kind: str) -> None:
    """Without any allowance for what restarts differ by: verdicts have one, of a quarter."""
    chance, times = random.Random(kind), 30
    pairs = [([list(work(chance, kind, 30))], [list(work(chance, kind, 30))]) for _ in range(times)]
    found = [spread(*pair) for pair in pairs]
    told = [one for one in found if one and one.is_bounded]
    assert len(told) > times / 2
    assert sum(not one.least <= 0 <= one.most for one in told) <= 2
    assert sum(one.low <= 0 <= one.high for one in told) >= 0.85 * len(told)
    assert not any(one.least > 0.29 or one.most < -0.29 for one in told)


@pytest.mark.parametrize("kind", ["steady", "skewed", "bursty"])
def test_what_is_detectable_is_mostly_detected(kind: str) -> None:
    chance, times = random.Random(kind), 20
    windows = [list(work(chance, kind, 30)) for _ in range(2 * times)]
    usual = sorted(one.detectable for i in range(times) if (one := spread([windows[i]], [windows[-1 - i]])))
    change = math.exp(usual[len(usual) // 2])
    seen = tried = 0
    for i in range(times):
        found = spread([windows[i]], [[(cost * change, done) for cost, done in windows[-1 - i]]])
        tried += found is not None
        seen += found is not None and found.least > 0
    assert seen > 0.5 * tried
