"""Expressions that may go back again and again, by their text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.source_text.shapes.backtracking import backtracking, goes_back
from perfdoctor.diagnosis.example import cpu, python
from tests.collectors.source_text.one_file import OneFileOfAll


@pytest.mark.parametrize(
    "line",
    [
        r'WORDS = re.compile(r"^(\w+\s?)*$")',
        r'found = re.search("(a+)+b", text)',
        r"ROW = re.compile(r'^(?:[^,]*,?)+$')",
        r'LINE = re.compile(r"(.*.*)=(.*)")',
        r'NAME = re.compile(r"(?P<name>[a-z]+\.?)+@")',
        r'PARTS = re.compile(r"(?:.*,)+$")',
        r'ROWS = re.compile(r"(?:[^;]*,|;)+$")',
    ],
)
def test_an_expression_that_goes_back(line: str) -> None:
    assert goes_back(line)


@pytest.mark.parametrize(
    "line",
    [
        r'PLACE = re.compile(r"(\w+)-(\d+)")',
        r'WORD = re.compile("|".join(names))',
        r'BREAKS = re.compile(r"(?:<br ?/?>\s*){2,}")',
        r'CELLS = re.compile(r"^(?:[^,]*,)+$")',
        r'LINE = re.compile(r"^(\S+) - - \[(.*?)\] \"(.*)\"$")',
        "total = (a + b) * (c + d)",
        r'SUM = re.compile(r"\(\d+\+\d+\)")',
        'print("(sum)", (a * b) * 2)  # no expression',
    ],
)
def test_other_lines(line: str) -> None:
    assert not goes_back(line)


def test_a_line_is_of_the_expressions_that_it_names() -> None:
    file = "/srv/app/tidy.py"
    text = """import re
WORDS = re.compile(
    r"^(\\w+\\s?)*$"
)
TAG = re.compile(r"<[^>]+>")
def tidy(body):
    plain = TAG.sub("", body)
    return WORDS.match(plain), self.rule.match(plain)
def ask(body):
    return rule.match(body)
"""
    sources = OneFileOfAll(file, text)
    rows = [cpu((python(line, "tidy", file),), 1.0) for line in (7, 8, 10)]
    assert [shaped.line for shaped in backtracking(sources, rows)] == [8, 10]


@given(st.text(alphabet="(+*)\\a.?:P<>{\"'", max_size=2000))
def test_it_is_none_itself(line: str) -> None:
    began = time.process_time()
    goes_back(line)
    assert time.process_time() - began < 5
