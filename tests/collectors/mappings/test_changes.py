"""Mappings that grow, split, flow together, come and go."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.proc.smaps import Mapping
from perfdoctor.collectors.mappings.changes import changes_of, held


def mapped(low: int, high: int, pss: int, name: str = "") -> Mapping:
    return Mapping(low, high, "rw-p", 0, name, pss=pss)


def grown(before: list[Mapping], after: list[Mapping]) -> tuple[list[tuple[int, bool]], int]:
    changes, gone = changes_of(before, after)
    return [(change.grown, change.fresh) for change in changes], gone


def test_growth_at_either_end() -> None:
    assert grown([mapped(10, 20, 5)], [mapped(10, 30, 9)]) == ([(4, False)], 0)
    assert grown([mapped(10, 20, 5)], [mapped(2, 20, 9)]) == ([(4, False)], 0)


def test_new_gone_and_another_in_its_place() -> None:
    assert grown([], [mapped(10, 20, 5)]) == ([(5, True)], 0)
    assert grown([mapped(10, 20, 5)], []) == ([], 5)
    assert grown([mapped(10, 20, 5, "/a")], [mapped(10, 20, 7, "/b")]) == ([(7, True)], 5)


def test_two_flow_together() -> None:
    assert grown([mapped(10, 20, 5), mapped(20, 30, 6)], [mapped(10, 30, 12)]) == ([(1, False)], 0)


def test_one_is_split() -> None:
    after = [mapped(10, 12, 2), mapped(12, 30, 8), mapped(30, 33, 1)]
    assert grown([mapped(10, 30, 10)], after) == ([(2, True), (-2, False), (1, True)], 0)


def test_what_is_swapped_out_is_still_held() -> None:
    swapped = Mapping(10, 20, "rw-p", 0, "", pss=1, swap=4)
    assert grown([mapped(10, 20, 5)], [swapped]) == ([(0, False)], 0)


cuts = st.lists(st.integers(1, 60), unique=True, min_size=2, max_size=12).map(sorted)
named = st.sampled_from(["", "", "/a"])


@st.composite
def tables(draw: st.DrawFn) -> list[Mapping]:
    edges = draw(cuts)
    return [mapped(a, b, draw(st.integers(0, 9)), draw(named)) for a, b in pairwise(edges)]


@given(tables(), tables())
def test_nothing_is_lost_or_counted_twice(before: list[Mapping], after: list[Mapping]) -> None:
    changes, gone = changes_of(before, after)
    assert [change.now for change in changes] == after
    assert sum(change.before for change in changes) + gone == sum(map(held, before))
