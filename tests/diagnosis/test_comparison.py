"""Did it help? A change of load is never taken for a change of speed, nor noise for either."""

import pytest

from perfdoctor.diagnosis.comparison import compare
from perfdoctor.diagnosis.example import call, cpu, library, memory, native, python, window
from perfdoctor.schemas.comparison import Comparison, Verdict
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.evidence import Evidence

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
    assert compare(service(12), service(11)).per == "second"
