"""WebSocket frames, in any pieces and of any kind; and what is none."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.node.websocket import BrokenTalkError, Frames, frame


def unmasked(content: bytes, kind: int = 1, *, last: bool = True) -> bytes:
    """As a server sends it."""
    size = len(content)
    head = bytes([(0x80 if last else 0) | kind])
    if size < 126:
        return head + bytes([size]) + content
    return head + (b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x7f" + size.to_bytes(8, "big")) + content


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 50))
def test_messages_come_whole_from_any_pieces(messages: list[bytes], piece: int) -> None:
    frames = Frames()
    stream = b"".join(map(unmasked, messages))
    for at in range(0, len(stream), piece):
        frames.feed(stream[at : at + piece])
    assert list(frames.messages) == messages


def test_a_message_in_parts_is_one_and_pings_between_are_answered() -> None:
    frames = Frames()
    frames.feed(unmasked(b"one ", last=False) + unmasked(b"still there?", 9) + unmasked(b"two", 0))
    frames.feed(unmasked(b"x" * 70_000) + unmasked(b"", 8) + unmasked(b"never read"))
    assert list(frames.messages) == [b"one two", b"x" * 70_000]
    assert list(frames.pongs) == [b"still there?"] and frames.closed


@pytest.mark.parametrize("data", [b"\x81\x85", b"\xf1\x00", b"\x81\x7f\xff" + bytes(7)])
def test_what_breaks_the_rules_ends_it(data: bytes) -> None:
    with pytest.raises(BrokenTalkError):
        Frames().feed(data)


def test_ours_are_masked() -> None:
    assert frame(b"hello") == b"\x81\x85\0\0\0\0hello"
    assert frame(b"x" * 200)[1:4] == b"\xfe\x00\xc8"
    assert frame(b"x" * 70_000)[1:2] == b"\xff"


@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    with suppress(BrokenTalkError):
        Frames().feed(data)
