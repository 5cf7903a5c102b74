"""The table of what each backend can do agrees with the ladders that are climbed."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module

import pytest

from perfdoctor import collectors
from perfdoctor.collectors.capabilities import ABILITIES, Cost, Exactness, ladder

MODULES = {
    found.name: import_module(f"perfdoctor.collectors.{found.name}")
    for found in pkgutil.iter_modules(collectors.__path__)
    if not found.ispkg
}
QUESTIONS = {name: module for name, module in MODULES.items() if hasattr(module, "BACKENDS")}


def test_every_question_is_in_the_table_and_no_other() -> None:
    assert set(QUESTIONS) == {one.question for one in ABILITIES}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_order_is_that_of_the_ladder(question: str) -> None:
    tried = QUESTIONS[question].BACKENDS
    by_mode = {str(mode): rungs for mode, rungs in tried.items()} if isinstance(tried, Mapping) else {"": tried}
    assert {one.mode for one in ABILITIES if one.question == question} == set(by_mode)
    for mode, rungs in by_mode.items():
        assert ladder(question, mode) == tuple(rungs)


def test_each_row_says_what_it_costs_and_what_it_lacks() -> None:
    for one in ABILITIES:
        where = (one.tool, one.backend, one.mode)
        assert one.cost is Cost.READS or one.each or one.slow_down is not None, where
        assert one.lacks or one.exact is Exactness.EXACT or one.backend == "bpf", where
        assert one.slow_down is None or one.slow_down >= 1, where
        assert all("|" not in text for text in (one.each, *one.lacks)), where
