"""Are runs of one variant better? Never from chance, and a cost that moved is told."""

from random import Random

import pytest

from perfdoctor.diagnosis.runs import compare_runs, median_bounds, spreads
from perfdoctor.schemas.comparison import Verdict
from perfdoctor.schemas.runs import RunsComparison
from perfdoctor.schemas.workload import FOR_SO_LONG, Run
from tests.server.samples import run

MIB = 1 << 20


def runs(n: int = 6, variant: str | None = None, noise: float = 0.01, **changes: float) -> list[Run]:
    """``n`` runs whose times scatter a little around those given."""
    random = Random(variant or "plain")
    seconds = changes.pop("seconds", 3.0)
    cpu = changes.pop("cpu", 2.0)
    return [
        run(
            variant=variant,
            repeat=i,
            seconds=seconds * (1 + noise * random.random()),
            user_seconds=cpu * (1 + noise * random.random()),
            system_seconds=0.0,
            **changes,
        )
        for i in range(1, n + 1)
    ]


def held(before: list[Run], after: list[Run], higher: frozenset[str] = frozenset()) -> RunsComparison:
    return compare_runs(before, after, {"p99": "ms"}, higher)


def test_faster_is_improved_and_says_by_how_much() -> None:
    told = held(runs(), runs(variant="fast", seconds=1.5, cpu=1.0))
    assert told.verdict is Verdict.IMPROVED
    assert "wall time per order fell by 50" in told.why
    assert (told.before, told.after) == ("shop", "shop/fast")


def test_slower_is_regressed() -> None:
    assert held(runs(), runs(variant="slow", seconds=4.0, cpu=3.0)).verdict is Verdict.REGRESSED


def test_the_same_is_unchanged_and_says_what_would_have_shown() -> None:
    told = held(runs(12), runs(12, variant="same"))
    assert told.verdict is Verdict.UNCHANGED
    assert "would have shown" in told.why


def test_noise_hides_a_difference_and_that_is_said() -> None:
    told = held(runs(6, noise=2.0), runs(6, variant="same", noise=2.0))
    assert told.verdict is Verdict.INCONCLUSIVE
    assert "would not have been seen" in told.why


def test_two_runs_each_show_nothing() -> None:
    told = held(runs(2), runs(2, variant="fast", seconds=0.1, cpu=0.1))
    assert told.verdict is Verdict.INCONCLUSIVE and "more repeats" in told.why


def test_time_that_was_paid_for_with_memory_says_so() -> None:
    told = held(runs(), runs(variant="cached", seconds=1.5, cpu=1.0, peak_bytes=640 * MIB))
    assert told.verdict is Verdict.IMPROVED
    assert "but peak memory rose by 900.0%" in told.why


def test_less_wall_time_for_more_cpu_time_is_no_plain_improvement() -> None:
    told = held(runs(), runs(variant="threads", seconds=1.5, cpu=5.0))
    assert told.verdict is Verdict.INCONCLUSIVE and "but CPU time" in told.why


def test_memory_decides_where_no_time_changed() -> None:
    assert held(runs(), runs(variant="lean", peak_bytes=16 * MIB)).verdict is Verdict.IMPROVED
    assert held(runs(), runs(variant="fat", peak_bytes=160 * MIB)).verdict is Verdict.REGRESSED


def test_a_tiny_difference_is_none_however_sure() -> None:
    """Because where code lies in memory moves time by as much."""
    told = held(runs(20, noise=0.0001), runs(20, variant="moved", noise=0.0001, seconds=2.99))
    (wall,) = [change for change in told.changes if change.figure.startswith("wall time")]
    assert wall.p < 0.001 and wall.better is None
    assert told.verdict is Verdict.UNCHANGED


def test_more_work_in_the_same_time_is_less_time_per_unit() -> None:
    told = held(runs(), runs(variant="fast", units=250.0))
    assert told.verdict is Verdict.IMPROVED


def test_without_units_the_runs_themselves_are_compared() -> None:
    told = held(runs(units=None), runs(variant="fast", units=None, seconds=1.0, cpu=1.0))
    assert told.verdict is Verdict.IMPROVED and told.why.startswith("wall time fell")


def test_a_declared_metric_decides_in_its_own_direction() -> None:
    better = [one.model_copy(update={"metrics": {"p99": 40.0 + one.repeat}}) for one in runs(8, variant="b")]
    for higher, verdict in ((frozenset(["p99"]), Verdict.IMPROVED), (frozenset[str](), Verdict.REGRESSED)):
        assert held(runs(8), better, higher).verdict is verdict


def test_system_calls_decide_nothing() -> None:
    told = held(runs(12), runs(12, variant="fewer", syscalls=10))
    (calls,) = [change for change in told.changes if change.figure.startswith("system calls")]
    assert calls.better is True and told.verdict is Verdict.UNCHANGED


def test_equal_programs_are_hardly_ever_called_improved() -> None:
    """500 comparisons of skewed times: about one improvement in 100 at most, and the bound of chance around it."""
    random = Random(7)

    def one(variant: str | None) -> list[Run]:
        return [
            run(
                variant=variant,
                seconds=2 + random.expovariate(2),
                user_seconds=1 + random.expovariate(3),
                system_seconds=0.0,
                peak_bytes=int(64 * MIB * (1 + random.random())),
                metrics={"p99": random.expovariate(1)},
            )
            for _ in range(8)
        ]

    verdicts = [held(one(None), one("same")).verdict for _ in range(500)]
    assert verdicts.count(Verdict.IMPROVED) <= 10
    assert verdicts.count(Verdict.REGRESSED) <= 10


def test_bounds_of_a_median_need_six_values() -> None:
    assert median_bounds([1, 2, 3, 4, 5]) is None
    assert median_bounds([6, 5, 4, 3, 2, 1]) == (1, 6)
    assert median_bounds(list(range(1, 21))) == (6, 15)  # as tables of the sign test have it


def test_figures_that_some_runs_lack_are_left_out() -> None:
    some = [*runs(3), run(peak_bytes=None, syscalls=None, metrics={})]
    assert {"peak memory", "p99"}.isdisjoint(spread.figure for spread in spreads(some, {}))
    assert [spread.values for spread in spreads(some, {})][:1] == [4]


@pytest.mark.parametrize("n", [1, 6])
def test_spreads_of_one_workload(n: int) -> None:
    first = spreads(runs(n), {"p99": "ms"})
    assert first[0].figure == "wall time per order" and first[0].workload == "shop"
    assert (first[0].low is None) == (n < 6)
    assert {spread.figure: spread.unit for spread in first}["p99"] == "ms"


def test_runs_of_a_chosen_length_that_count_nothing_show_nothing() -> None:
    """Twice as fast or not: each was looked at for a second and was busy throughout."""
    asked = {"ended": f"stopped: {FOR_SO_LONG}", "units": None, "metrics": {}}
    before, after = (
        [one.model_copy(update=asked) for one in runs(variant=variant, cpu=1.0)] for variant in ("plain", "fast")
    )
    compared = compare_runs(before, after, {})
    assert compared.verdict is Verdict.INCONCLUSIVE and "declare a unit of work" in compared.why
    counted = compare_runs(
        [one.model_copy(update={**asked, "units": 100.0}) for one in before],
        [one.model_copy(update={**asked, "units": 200.0}) for one in after],
        {},
    )
    assert counted.verdict is Verdict.IMPROVED
    figure = {"ended": asked["ended"], "units": None}
    by_metric = compare_runs(
        [one.model_copy(update={**figure, "metrics": {"p99": 20 + one.repeat / 10}}) for one in before],
        [one.model_copy(update={**figure, "metrics": {"p99": 10 + one.repeat / 10}}) for one in after],
        {"p99": "ms"},
    )
    assert by_metric.verdict is Verdict.IMPROVED
