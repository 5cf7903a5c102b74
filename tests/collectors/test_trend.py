"""Growth, and what must not be taken for it."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.processes.thinned import Thinned
from perfdoctor.collectors.trend import slope

TIMES = [i / 5 for i in range(50)]
STEADY = 0.8
"""what diagnosis asks of ``growth`` before it speaks of a leak"""


def noisy(values: list[float], by: float) -> list[float]:
    chance = random.Random(23)
    return [value + chance.uniform(-by, by) for value in values]


def test_a_straight_line_is_found_exactly() -> None:
    found = slope(TIMES, [7e6 + 3e5 * t for t in TIMES])
    assert found.per_second == pytest.approx(3e5)
    assert found.confidence == found.growth == 1.0


def test_growth_in_steps_and_with_noise_is_growth() -> None:
    steps = slope(TIMES, [float(int(t) << 20) for t in TIMES])
    noise = slope(TIMES, noisy([3e5 * t for t in TIMES], 2e5))
    assert steps.growth > STEADY and noise.growth > STEADY
    assert noise.per_second == pytest.approx(3e5, rel=0.1)


def test_three_wild_readings_do_not_move_the_slope() -> None:
    values = [1e5 * t for t in TIMES]
    for i in (3, 19, 41):
        values[i] *= 50
    assert slope(TIMES, values).per_second == pytest.approx(1e5, rel=0.1)


def test_a_fall_is_sure_but_no_growth() -> None:
    found = slope(TIMES, [9e7 - 1e6 * t for t in TIMES])
    assert found.per_second == pytest.approx(-1e6) and found.confidence == 1.0 and found.growth == 0.0


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("a sawtooth of five teeth", [1e6 * (t % 2) for t in TIMES]),
        ("a sawtooth of one tooth and a half", [1e6 * (t % 6.7) for t in TIMES]),
        ("a warm-up", [1e7 * min(t, 4.0) for t in TIMES]),
        ("a warm-up that levels off", [1e7 * (1 - math.exp(-2 * t)) for t in TIMES]),
        ("one step", [0.0 if t < 3 else 4e8 for t in TIMES]),
        ("noise", noisy([5e7] * 50, 1e6)),
        ("nothing", [5e7] * 50),
        ("growth that turned back", [1e6 * (t if t < 7 else 14 - t) for t in TIMES]),
    ],
)
def test_what_is_not_growth(what: str, values: list[float]) -> None:
    assert slope(TIMES, values).growth < STEADY, what


def test_three_readings_say_nothing() -> None:
    assert slope([0, 1, 2], [1, 2, 3]).confidence == 0.0


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(-1e12, 1e12)), max_size=24))
def test_any_series_has_a_finite_slope_and_a_confidence(points: list[tuple[float, float]]) -> None:
    points.sort(key=lambda point: point[0])
    found = slope([t for t, _ in points], [v for _, v in points])
    assert 0 <= found.confidence <= 1 and 0 <= found.growth <= 1


@given(st.integers(1, 1000), st.integers(4, 64))
def test_a_thinned_series_spans_its_window(readings: int, most: int) -> None:
    series: Thinned[int] = Thinned(most)
    for i in range(readings):
        series.add(i)
    kept = series.all()
    assert kept[0] == 0 and kept[-1] == readings - 1 and len(kept) <= most
    gaps = {b - a for a, b in pairwise(kept[:-1])}
    assert len(gaps) <= 1 and series.seen == readings
