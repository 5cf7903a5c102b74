"""Expressions that may go back again and again, by their text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.source_text.shapes.backtracking import goes_back


@pytest.mark.parametrize(
    "line",
    [
        r'WORDS = re.compile(r"^(\w+\s?)*$")',
        r'found = re.search("(a+)+b", text)',
        r"ROW = re.compile(r'^(?:[^,]*,?)+$')",
        r'LINE = re.compile(r"(.*.*)=(.*)")',
        r'NAME = re.compile(r"(?P<name>[a-z]+\.?)+@")',
    ],
)
def test_an_expression_that_goes_back(line: str) -> None:
    assert goes_back(line)


@pytest.mark.parametrize(
    "line",
    [
        r'PLACE = re.compile(r"(\w+)-(\d+)")',
        r'WORD = re.compile("|".join(names))',
        r'LINE = re.compile(r"^(\S+) - - \[(.*?)\] \"(.*)\"$")',
        "total = (a + b) * (c + d)",
        r'SUM = re.compile(r"\(\d+\+\d+\)")',
        'print("(sum)", (a * b) * 2)  # no expression',
    ],
)
def test_other_lines(line: str) -> None:
    assert not goes_back(line)


@given(st.text(alphabet="(+*)\\a.?:P<>{\"'", max_size=2000))
def test_it_is_none_itself(line: str) -> None:
    began = time.process_time()
    goes_back(line)
    assert time.process_time() - began < 5
