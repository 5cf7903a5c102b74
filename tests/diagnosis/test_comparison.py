"""Did it help? A change of load is never taken for a change of speed, nor noise for either."""

import random

import pytest

from perfdoctor.diagnosis.comparison import compare
from perfdoctor.diagnosis.example import call, cpu, library, memory, native, python, window
from perfdoctor.schemas.comparison import Basis, Comparison, MetricChange, Verdict
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.memory import HeapReading
from perfdoctor.schemas.network import NetworkError, Peer, StatementShape
from perfdoctor.schemas.pace import PaceReading
from perfdoctor.schemas.recording import Collection, TargetCost
from perfdoctor.schemas.work import Work

WORK = native("insertdict")
SEARCH = (native("list_contains"),)


def service(requests: int, *, line: int = 40, wasted: float = 0.0, useful: float = 0.002, per: int = 3) -> Evidence:
    """A server that takes ``useful`` seconds of CPU for each request, and ``wasted`` in a search at one line."""
    rows = (
        call("accept4", (library("socketserver.py", "BaseServer.serve_forever"),), requests, blocked=0.5),
        call(
            "sendto",
            (python(70, "reply"),),
            per * requests,
            on="fd:6 (socket:[1])",
            transferred=800 * requests,
            seconds=0.1,
        ),
    )
    samples: list[CpuRow] = [cpu((python(60 + i, f"step_{i}"),), requests * useful / 4, leaf=(WORK,)) for i in range(4)]
    if wasted:
        samples.append(cpu((python(line, "find"),), requests * wasted, leaf=SEARCH))
    return window(calls=rows, samples=tuple(samples), threads=2)


def batch(*, wasted: float, useful: float, line: int = 40, load: float = 1.0) -> Evidence:
    """A program without a visible unit of work."""
    samples = [cpu((python(60 + i, f"step_{i}"),), load * useful / 4, leaf=(WORK,)) for i in range(4)]
    if wasted:
        samples.append(cpu((python(line, "find"),), load * wasted, leaf=SEARCH))
    return window(samples=tuple(samples))


def changes(comparison: Comparison) -> set[tuple[str, str]]:
    return {(change.change, change.pattern) for change in comparison.findings if change.pattern == "hot-loop"}


@pytest.mark.parametrize(
    ("before", "after", "verdict", "because"),
    [
        (
            service(900, wasted=0.006),
            service(900),
            Verdict.IMPROVED,
            "each request costs a quarter, and the cause is gone",
        ),
        (service(900), service(900, wasted=0.006), Verdict.REGRESSED, "each request costs four times as much"),
        (service(900), service(900), Verdict.UNCHANGED, "nothing changed"),
        (service(900), service(930, useful=0.0021), Verdict.UNCHANGED, "five per cent is noise"),
        (service(400), service(1600), Verdict.UNCHANGED, "four times the load at the same cost for each"),
        (service(1600), service(400), Verdict.UNCHANGED, "a quarter of the load at the same cost for each"),
        (service(1600, wasted=0.003), service(400, wasted=0.003), Verdict.UNCHANGED, "less load is no fix"),
        (service(400, wasted=0.006), service(1600), Verdict.IMPROVED, "faster, under more load"),
        (batch(wasted=7, useful=2), batch(wasted=0, useful=9), Verdict.IMPROVED, "the cause is gone, the rest goes on"),
        (batch(wasted=7, useful=2), batch(wasted=0, useful=2), Verdict.IMPROVED, "gone, at the same load"),
        (batch(wasted=0, useful=6), batch(wasted=7, useful=2), Verdict.REGRESSED, "a new cause holds most of the time"),
        (batch(wasted=7, useful=2), batch(wasted=7, useful=2), Verdict.UNCHANGED, "nothing changed"),
        (batch(wasted=7, useful=2), batch(wasted=0, useful=0.1), Verdict.INCONCLUSIVE, "gone, like all other work"),
        (
            batch(wasted=0, useful=8),
            batch(wasted=0, useful=2),
            Verdict.INCONCLUSIVE,
            "less work or faster: nobody can tell",
        ),
        (
            batch(wasted=0, useful=2),
            batch(wasted=0, useful=8),
            Verdict.INCONCLUSIVE,
            "more work or slower: nobody can tell",
        ),
        (
            batch(wasted=4, useful=4),
            batch(wasted=4, useful=4, load=0.4),
            Verdict.INCONCLUSIVE,
            "less load, same findings",
        ),
        (batch(wasted=7, useful=2), window(threads=1), Verdict.INCONCLUSIVE, "an idle window says nothing"),
        (window(threads=1), batch(wasted=7, useful=2), Verdict.INCONCLUSIVE, "an idle window says nothing"),
    ],
)
def test_verdict(before: Evidence, after: Evidence, verdict: Verdict, because: str) -> None:
    comparison = compare(before, after)
    assert comparison.verdict is verdict, f"{because}: {comparison.why}"
    assert comparison.why


def test_a_window_held_against_itself_is_unchanged() -> None:
    for evidence in (service(900, wasted=0.003), batch(wasted=5, useful=3)):
        comparison = compare(evidence, evidence)
        assert comparison.verdict is Verdict.UNCHANGED
        assert all(change.change == "kept" for change in comparison.findings)
        assert comparison.stacks == ()
        assert all(metric.better is None for metric in comparison.metrics)


def test_a_line_that_moved_is_the_same_finding() -> None:
    comparison = compare(batch(wasted=7, useful=2, line=40), batch(wasted=7, useful=2, line=44))
    assert changes(comparison) == {("kept", "hot-loop")}


def test_figures_are_per_unit_where_one_is_seen() -> None:
    comparison = compare(service(900, wasted=0.006), service(900))
    assert comparison.per == "connection"
    by_name = {metric.metric: metric for metric in comparison.metrics}
    cpu_time = by_name["CPU time per connection"]
    assert cpu_time.before == pytest.approx(0.008)
    assert cpu_time.after == pytest.approx(0.002)
    assert cpu_time.better is True
    assert cpu_time.low is not None
    assert cpu_time.high is not None
    assert cpu_time.low < -0.006 < cpu_time.high < 0
    assert changes(comparison) == {("gone", "hot-loop")}
    assert comparison.stacks[0].after < comparison.stacks[0].before


def test_figures_per_second_are_not_called_better() -> None:
    comparison = compare(batch(wasted=7, useful=2), batch(wasted=0, useful=2))
    assert comparison.per == "second"
    assert all(metric.better is None for metric in comparison.metrics)


def test_a_leak_that_is_gone_while_work_goes_on_is_an_improvement() -> None:
    work = (cpu((python(60, "step"),), 4.0, leaf=(WORK,)),)
    comparison = compare(window(samples=work, memory=memory(5e6)), window(samples=work, memory=memory(0)))
    assert comparison.verdict is Verdict.IMPROVED


def test_few_units_are_no_units() -> None:
    comparison = compare(service(12), service(11))
    assert comparison.per == "second"
    assert (comparison.verdict, "12 and 11" in comparison.why) == (Verdict.INCONCLUSIVE, True), comparison.why


# -- the pace of a window --------------------------------------------------------------------------------------------


def paced(evidence: Evidence, requests: int, cpu_seconds: float, *, scatter: float = 0.05, seed: int = 0) -> Evidence:
    """With readings five times a second, whose blocks scatter."""
    chance, readings, cpu_now, done = random.Random(seed), [PaceReading(at=0.0)], 0.0, 0.0
    for i in range(1, 51):
        cpu_now += cpu_seconds / 50 * chance.lognormvariate(0, scatter)
        done += requests / 50
        readings.append(PaceReading(at=i / 5, cpu_seconds=cpu_now, accepted=round(done)))
    return evidence.model_copy(update={"pace": tuple(readings)})


def run(evidence: Evidence, started: float, rss: float | None = None) -> Evidence:
    """The window of another run."""
    target = evidence.target.model_copy(update={"start_time": started})
    trend = {} if rss is None else {"memory": memory(0, start=rss)}
    return evidence.model_copy(update={"target": target, **trend})


def figure(comparison: Comparison, name: str) -> MetricChange:
    return next(metric for metric in comparison.metrics if metric.metric == name)


def test_the_spread_of_a_window_over_its_time_bounds_the_difference() -> None:
    sides = [[paced(service(900), 900, 1.8, scatter=scatter, seed=seed) for seed in (1, 2)] for scatter in (0.02, 0.5)]
    calm, wild = (figure(compare(*pair), "CPU time per connection") for pair in sides)
    assert calm.basis is wild.basis is Basis.BLOCKS
    for metric in (calm, wild):
        assert metric.low is not None and metric.high is not None
        assert metric.low <= 0 <= metric.high
    assert (wild.high or 0) - (wild.low or 0) > 1.3 * ((calm.high or 0) - (calm.low or 0))
    assert 0.25 * calm.before < (calm.detectable or 0) < (wild.detectable or 0)


def test_windows_whose_moments_hang_together_bound_nothing() -> None:
    rising = service(900).model_copy(
        update={
            "pace": tuple(PaceReading(at=i / 5, cpu_seconds=1.8 * (i / 50) ** 4, accepted=18 * i) for i in range(51))
        }
    )
    comparison = compare(rising, paced(service(900, useful=0.001), 900, 0.9))
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert figure(comparison, "CPU time per connection").low is None


def test_more_than_chance_and_less_than_restarts_differ_by_is_inconclusive() -> None:
    comparison = compare(paced(service(900), 900, 1.8), paced(service(900, useful=0.00165), 900, 1.485))
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert "Five runs on each side" in comparison.why


def test_a_window_without_readings_is_compared_by_counts() -> None:
    comparison = compare(paced(service(900), 900, 1.8), service(900))
    assert figure(comparison, "CPU time per connection").basis is Basis.COUNTS
    assert "counts" in comparison.method


# -- sets ------------------------------------------------------------------------------------------------------------


def runs(useful: float, *, first: float, rss: float | None = None, wasted: float = 0.0) -> list[Evidence]:
    """Five runs, two per cent apart."""
    return [
        run(service(900, useful=useful * (0.96 + 0.02 * i), wasted=wasted), first + i, rss=rss and rss * (1 + i / 100))
        for i in range(5)
    ]


def test_five_runs_on_each_side_show_a_small_change() -> None:
    comparison = compare(runs(0.002, first=10), runs(0.0018, first=20))
    assert comparison.verdict is Verdict.IMPROVED
    assert "rank test" in comparison.method
    changed = figure(comparison, "CPU time per connection")
    assert (changed.basis, changed.better) == (Basis.RUNS, True)
    assert changed.low is not None and changed.high is not None
    assert changed.low < -0.0002 < changed.high < 0
    assert compare(runs(0.0018, first=20), runs(0.002, first=10)).verdict is Verdict.REGRESSED
    assert compare(runs(0.002, first=10), runs(0.002, first=20)).verdict is Verdict.UNCHANGED


def test_exactly_a_tenth_fewer_calls_are_no_improvement() -> None:
    """Of the same program in another folder: counts do not scatter, and ranks find any difference."""
    before, after = ([run(service(900, per=per), first + i) for i in range(5)] for first, per in ((10, 9), (20, 8)))
    comparison = compare(before, after)
    calls = figure(comparison, "system calls per connection")
    assert calls.before == pytest.approx(10, rel=0.01) and calls.after == pytest.approx(9, rel=0.01)
    assert comparison.verdict is Verdict.UNCHANGED, comparison.why
    fewer = [run(service(900, per=5), 30 + i) for i in range(5)]
    assert compare(before, fewer).verdict is Verdict.IMPROVED


def test_runs_that_were_not_made_in_turns_must_differ_by_more() -> None:
    """The machine may have changed between the first five and the last five."""

    def later(windows: list[Evidence]) -> list[Evidence]:
        at = windows[0].window.model_copy(update={"started": 1.8e9})
        return [one.model_copy(update={"window": at}) for one in windows]

    small, large = later(runs(0.00185, first=20)), later(runs(0.0014, first=20))
    assert compare(runs(0.002, first=10), small).verdict is Verdict.UNCHANGED
    assert compare(runs(0.002, first=10), large).verdict is Verdict.IMPROVED


def test_windows_of_one_run_are_no_runs() -> None:
    before = [run(one, 10) for one in runs(0.002, first=0)]
    after = [run(one, 20) for one in runs(0.0018, first=0)]
    comparison = compare(before, after)
    assert comparison.verdict is not Verdict.IMPROVED
    assert "5 windows of 1 run" in comparison.method


def test_a_finding_of_most_windows_is_one_of_the_set() -> None:
    often = [*runs(0.002, first=10, wasted=0.006)[:3], *runs(0.002, first=20)[:2]]
    seldom = [*runs(0.002, first=30)[:3], *runs(0.002, first=40, wasted=0.006)[:2]]
    comparison = compare(often, seldom)
    assert changes(comparison) == {("gone", "hot-loop")}
    assert changes(compare(seldom, seldom)) == set()


def test_an_empty_set_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one window"):
        compare([], [service(900)])


# -- costs that move -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "verdict", "words", "because"),
    [
        (40e6, 41e6, Verdict.IMPROVED, "", "a mebibyte is nothing"),
        (40e6, 48e6, Verdict.IMPROVED, "at the price that resident memory rose", "a cache is worth telling"),
        (40e6, 400e6, Verdict.INCONCLUSIVE, "the cost moved", "a tenfold of memory is a price"),
        (400e6, 40e6, Verdict.IMPROVED, "", "less of both"),
    ],
)
def test_memory_for_cpu_time_is_never_plainly_an_improvement(
    before: float, after: float, verdict: Verdict, words: str, because: str
) -> None:
    one, two = run(service(900, wasted=0.006), 1, rss=before), run(service(900), 2, rss=after)
    comparison = compare(one, two)
    assert comparison.verdict is verdict, f"{because}: {comparison.why}"
    assert words in comparison.why
    assert bool(comparison.side_effects) == (abs(after - before) > 4e6)
    # Without a unit of work it is the same.
    findings = compare(run(batch(wasted=7, useful=2), 1, rss=before), run(batch(wasted=0, useful=9), 2, rss=after))
    assert findings.verdict is verdict, findings.why


def test_cpu_time_for_memory_is_no_plain_regression() -> None:
    comparison = compare(run(service(900), 1, rss=400e6), run(service(900, wasted=0.006), 2, rss=40e6))
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert "the cost moved" in comparison.why


def test_sets_must_agree_on_a_price() -> None:
    comparison = compare(
        runs(0.008, first=10, rss=40e6), [*runs(0.002, first=20, rss=40e6)[:4], *runs(0.002, first=30, rss=400e6)[:1]]
    )
    assert comparison.verdict is Verdict.IMPROVED, comparison.why
    moved = compare(runs(0.008, first=10, rss=40e6), runs(0.002, first=20, rss=400e6))
    assert moved.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("used", "reserved", "verdict", "room", "because"),
    [
        ((4, 30), (16, 60), Verdict.IMPROVED, True, "collected to what it was: the heap only got more room"),
        ((30, 55), (36, 60), Verdict.INCONCLUSIVE, True, "more room, and more that is kept"),
        ((4, 30), (0, 0), Verdict.INCONCLUSIVE, False, "nothing is known of what is reserved"),
        ((4, 30), (12, 14), Verdict.INCONCLUSIVE, False, "the heap is as it was: it is memory of another kind"),
    ],
)
def test_room_that_a_runtime_takes_is_no_cost_that_moved(
    used: tuple[int, int], reserved: tuple[int, int], verdict: Verdict, room: bool, because: str
) -> None:
    """``used`` after the change swings between two values (MiB), before it between 4 and 10 of 14."""

    def with_heap(evidence: Evidence, swing: tuple[int, int], held: int) -> Evidence:
        assert evidence.memory
        readings = tuple(
            HeapReading(at=i / 5, used=swing[i % 2] << 20, reserved=held << 20 if reserved[0] else 0) for i in range(51)
        )
        return evidence.model_copy(update={"memory": evidence.memory.model_copy(update={"heap": readings})})

    before = with_heap(run(service(900, wasted=0.006), 1, rss=50e6), (4, 10), 14)
    comparison = compare(before, with_heap(run(service(900), 2, rss=90e6), used, reserved[1]))
    assert comparison.verdict is verdict, f"{because}: {comparison.why}"
    assert "resident memory rose" in comparison.side_effects[0], "it is told all the same"
    assert ("keeps for new objects" in comparison.side_effects[0]) is room


def test_room_is_no_excuse_while_memory_grows() -> None:
    """A cache that fills by 2 MiB a second: much of what is resident is room still."""

    def held(evidence: Evidence, used: int, reserved: int, growth: float, start: float) -> Evidence:
        readings = tuple(HeapReading(at=i / 5, used=used << 20, reserved=reserved << 20) for i in range(51))
        trend = memory(growth, start=start).model_copy(update={"heap": readings})
        return evidence.model_copy(update={"memory": trend})

    before = held(service(900, wasted=0.006), 5, 10, 0, 50e6)
    growing = compare(before, held(run(service(900), 2), 20, 45, 2 << 20, 60e6))
    still = compare(before, held(run(service(900), 2), 20, 45, 0, 80e6))
    assert (growing.verdict, still.verdict) == (Verdict.INCONCLUSIVE, Verdict.IMPROVED), growing.why


def test_a_problem_that_became_plain_work_is_gone() -> None:
    """The function still holds most of the time, and there is no other sign of waste."""
    samples = (cpu((python(60, "step"),), 0.05, leaf=(WORK,)), cpu((python(40, "find"),), 1.0, leaf=(WORK,)))
    after = window(calls=service(900).syscalls.rows[:2], samples=samples, threads=2)  # type: ignore[union-attr]
    comparison = compare(service(900, wasted=0.006), after)
    assert changes(comparison) == {("gone", "hot-loop")}
    assert comparison.verdict is Verdict.IMPROVED
    assert "shows no sign of waste" in comparison.why
    back = compare(after, service(900, wasted=0.006))
    assert changes(back) == {("kept", "hot-loop")} and back.verdict is Verdict.REGRESSED


# -- what measuring took ---------------------------------------------------------------------------------------------


def watched(evidence: Evidence, seconds: float, kind: str = "perturbs") -> Evidence:
    """As if measuring had taken so many CPU seconds of it."""
    cost = TargetCost(kind=kind, events=1000, estimated_seconds=seconds)
    how = Collection(backend="bpf", exact=True, cost=cost)
    return evidence.model_copy(update={"collections": {**evidence.collections, "syscalls": how}})


def test_what_measuring_took_is_no_part_of_the_cost() -> None:
    """Both cost 2 ms a request; the first makes many calls, and pays 2 ms more for being watched."""
    before, after = watched(service(900, useful=0.004), 1.8), service(900, useful=0.002)
    changed = compare(before, after)
    cost = figure(changed, "CPU time per connection")
    assert cost.before == pytest.approx(cost.after) and cost.better is None
    assert "about 50% of the CPU time before, 0% after" in changed.method
    # The estimate may be wrong by half: what is left must be more than that.
    less = figure(compare(before, service(900, useful=0.0013)), "CPU time per connection")
    assert less.better is None and less.low is not None and less.low < -0.001
    assert compare(before, service(900, useful=0.0003)).verdict is Verdict.IMPROVED
    stopped = figure(compare(watched(service(900, useful=0.004), 1.8, "stops"), after), "CPU time per connection")
    assert stopped.before == pytest.approx(0.004), "a tracer that stops takes none of the target's own time"


def test_runs_that_were_watched_are_told_apart_by_more_than_the_estimate_may_be_wrong() -> None:
    before = [watched(one, 1.8) for one in runs(0.004, first=10)]
    assert compare(before, runs(0.002, first=20)).verdict is Verdict.UNCHANGED
    assert compare(before, runs(0.0016, first=20)).verdict is not Verdict.IMPROVED
    assert compare(before, runs(0.0006, first=20)).verdict is Verdict.IMPROVED


def test_units_a_second_may_have_been_more_without_the_engine() -> None:
    before, after = service(900, useful=0.004), paced(service(900, useful=0.004), 900, 3.6)
    plain = figure(compare(before, after), "connections")
    slowed = figure(compare(watched(before, 1.8), after), "connections")
    assert plain.low is not None and slowed.low is not None and plain.high == slowed.high
    assert slowed.low == pytest.approx(plain.low - 90)
    # A single window does not show how far restarts lie apart: that is in it all the same.
    assert plain.low < -0.2 * plain.before


def test_a_finding_that_is_gone_while_nothing_costs_less_is_no_improvement() -> None:
    """The same seconds, spent where no pattern looks."""
    before = paced(service(900, wasted=0.006), 900, 7.2, scatter=0.02)
    after = paced(service(900, useful=0.008), 900, 7.2, scatter=0.02, seed=1)
    comparison = compare(before, after)
    assert changes(comparison) == {("gone", "hot-loop")}
    assert comparison.verdict is Verdict.INCONCLUSIVE, comparison.why


# -- units -----------------------------------------------------------------------------------------------------------


def test_what_the_workload_counted_is_the_unit() -> None:
    before, after = (
        one.model_copy(update={"work": Work(unit="order", count=count)})
        for one, count in ((batch(wasted=0, useful=8), 4000), (batch(wasted=0, useful=8), 1000))
    )
    comparison = compare(before, after)
    assert comparison.per == "`order`"
    assert comparison.verdict is Verdict.INCONCLUSIVE or comparison.verdict is Verdict.REGRESSED
    other = after.model_copy(update={"work": Work(unit="line", count=1000)})
    assert compare(before, other).per == "second"


@pytest.mark.parametrize(
    ("shape", "times", "errors", "per", "because"),
    [
        ("INSERT INTO t VALUES (?)", (500, 450), 0, "`INSERT INTO t VALUES (?)`", "what a worker writes is its work"),
        ("SELECT a FROM t WHERE id = ?", (500, 450), 0, "second", "questions may be asked too often"),
        ("INSERT INTO t VALUES (?)", (500, 90), 0, "second", "a fifth of the writes may be the fix"),
        ("POST /orders", (500, 450), 7, "second", "what fails and is tried again is no work"),
        ("INSERT INTO t VALUES (?)", (20, 20), 0, "second", "few are no unit"),
    ],
)
def test_statements_with_an_effect_are_work(
    shape: str, times: tuple[int, int], errors: int, per: str, because: str
) -> None:
    failed = (NetworkError(call="answer", errno="HTTP 503", times=errors),) if errors else ()
    sides = [
        window(
            samples=(cpu((python(60, "step"),), 4.0, leaf=(WORK,)),),
            peers=(
                Peer(
                    transport="tcp",
                    direction="outgoing",
                    address="10.0.0.7:5432",
                    errors=failed,
                    statements=(StatementShape(shape=shape, seen=seen),),
                ),
            ),
        )
        for seen in times
    ]
    assert compare(*sides).per == per, because
