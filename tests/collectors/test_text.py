"""Text of the target's, made safe to show."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.text import clean


@given(st.text(max_size=600), st.integers(8, 300))
def test_is_bounded_and_has_no_control_characters(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in shown)


def test_keeps_both_ends_of_a_long_name() -> None:
    assert clean("a" * 300 + "the end", 20) == "aaaaaaaaa…aaathe end"


def test_an_escape_sequence_is_disarmed() -> None:
    assert clean("\x1b[31mred\u202e") == "\ufffd[31mred\ufffd"
