"""What a workload prints is hostile: figures are read from it, and nothing of it may hold us up."""

import pytest

from perfdoctor.collectors.workloads.output import LONGEST_LINE, MOST_BYTES, Figure, Output
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.workload import Take

SERVED = r"served (\d[\d,]*)"


def said(*chunks: bytes, take: Take = Take.LAST, pattern: str = SERVED) -> Output:
    output = Output((Figure("served", pattern, take),))
    for chunk in chunks:
        output.feed(1, chunk)
    output.end()
    return output


@pytest.mark.parametrize(
    ("take", "value"), [(Take.LAST, 7.0), (Take.FIRST, 1003.0), (Take.SUM, 1027.0), (Take.MAX, 1003.0)]
)
def test_which_of_several_counts(take: Take, value: float) -> None:
    output = said(b"served 1,003\nserved 17\n", b"served", b" 7\n", take=take)
    assert output.values() == {"served": value}


def test_a_last_line_without_its_end_counts() -> None:
    assert said(b"served 11").values() == {"served": 11.0}


def test_lines_that_overwrite_each_other_are_lines() -> None:
    assert said(b"served 1\rserved 2\r\n").values() == {"served": 2.0}


def test_what_is_no_number_is_no_figure() -> None:
    assert said(b"served inf\nserved nan\nserved -\n", pattern=r"served (\S+)").values() == {}


def test_streams_do_not_mix() -> None:
    output = Output((Figure("served", SERVED, Take.LAST),))
    output.feed(1, b"serv")
    output.feed(2, b"ed 5\n")
    output.feed(1, b"ed 3\n")
    assert output.values() == {"served": 3.0}


def test_ready_is_heard_once() -> None:
    heard: list[int] = []
    output = Output(ready="listening on .*", heard=lambda: heard.append(1))
    output.feed(2, b"starting\n")
    assert output.ready_at is None
    output.feed(2, b"listening on :80\nlistening on :81\n")
    assert output.ready_at is not None and heard == [1]


def test_long_lines_are_cut_and_told() -> None:
    output = said(b"x" * 1_000_000 + b"served 5\n", b"served 3\n")
    assert output.values() == {"served": 3.0}
    assert said(b"x" * (LONGEST_LINE + 1) + b"\n").cut_lines == 1
    assert len(output.last_words()) < 1500


def test_too_much_is_not_looked_at_and_told() -> None:
    output = Output((Figure("served", SERVED, Take.LAST),))
    lines = b"x" * 99 + b"\n"
    for _ in range(MOST_BYTES // (1 << 20)):
        output.feed(1, (lines * 10_486)[: 1 << 20])
    output.feed(1, b"\nserved 5\n")
    assert output.values() == {} and output.unread_bytes == 10


def test_a_pattern_that_takes_too_long_is_given_up_and_told() -> None:
    output = said(b"a" * 60 + b"!\n", b"served 5\n", pattern=r"(?:a|a)*b|served (\d+)")
    assert output.slow == {"served"}
    assert output.values() == {}


def test_last_words_hide_secrets_and_controls() -> None:
    words = said(b"\x1b[31mconnect to postgres://shop:hunter2@db failed\n").last_words()
    assert "hunter2" not in words and "\x1b" not in words and "failed" in words


@pytest.mark.parametrize(("pattern", "why"), [("(", "not a regular expression"), (r"served \d+", "no group")])
def test_a_pattern_that_cannot_tell_a_number(pattern: str, why: str) -> None:
    with pytest.raises(ProblemError, match=why):
        said(pattern=pattern)
