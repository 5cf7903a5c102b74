"""Lines that come in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.lines import Lines


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), max_size=20))
def test_the_same_lines_in_whatever_pieces(text: bytes, sizes: list[int]) -> None:
    lines, found, left = Lines(1000), [], text
    for size in sizes:
        found += lines.of(left[:size])
        left = left[size:]
    found += lines.of(left)
    assert [*found, lines.last()] == text.split(b"\n") and lines.too_long == 0


def test_what_remains_of_a_line_that_is_too_long_is_no_line() -> None:
    lines = Lines(8)
    assert lines.of(b"short\n123456789") == [b"short"]
    assert lines.of(b"and more of it" * 3) == []
    assert lines.of(b" lost 7\nshort again\n") == [b"short again"]
    assert lines.too_long == 1 and lines.last() == b""
    assert lines.of(b"1234567890") == [] and lines.last() == b"" and lines.too_long == 2
