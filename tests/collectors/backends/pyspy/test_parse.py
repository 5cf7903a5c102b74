"""What py-spy wrote of real programs, and what it never writes."""

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.pyspy.parse import Place, RawReader, Sample

TRANSCRIPTS = Path(__file__).parents[3] / "transcripts" / "pyspy"
ONE = (TRANSCRIPTS / "one_process.txt").read_bytes()
CHILDREN = (TRANSCRIPTS / "children.txt").read_bytes()


def read(*chunks: bytes) -> RawReader:
    reader = RawReader()
    for chunk in chunks:
        reader.feed(chunk)
    reader.close()
    return reader


def test_one_process_is_read_innermost_first() -> None:
    reader = read(ONE)
    assert reader.not_understood == 0
    hottest, samples = reader.samples.most_common(1)[0]
    assert (hottest.pid, hottest.thread) == (None, "MainThread")
    assert [place.function for place in hottest.places] == ["burn", "main", "<module>"]
    assert hottest.places[0].file.endswith("/one_hot_line.py")
    assert samples > 20


def test_children_with_odd_names_and_command_lines_are_told_apart() -> None:
    """One child's command line has a line break and a semicolon in it, one thread's name a semicolon and brackets."""
    reader = read(CHILDREN)
    assert reader.not_understood == 0
    by_thread = {sample.thread: sample for sample in reader.samples}
    assert set(by_thread) == {"", "odd;name (a:1) 7"}
    assert by_thread[""].places == (Place("<module>", "<string>", 2),)
    named = by_thread["odd;name (a:1) 7"]
    assert [place.function for place in named.places][0::3] == ["burn", "Thread._bootstrap"]
    assert named.pid and by_thread[""].pid and named.pid != by_thread[""].pid


def test_a_path_with_a_semicolon_is_one_path() -> None:
    (sample,) = read(b"thread (7): T;g (/d.py:4);f (/a;b/c.py:3) 5\n").samples
    assert sample == Sample(None, "T", (Place("f", "/a;b/c.py", 3), Place("g", "/d.py", 4)))


def test_a_thread_that_was_just_ending_has_no_stack() -> None:
    assert read(b"thread (7): MainThread 2\n").samples == {Sample(None, "MainThread", ()): 2}


def test_what_is_not_understood_is_counted() -> None:
    reader = read(b'nothing of ours\nprocess 3:"never ends\nprocess 4:"x";thread (4): T;f (/a.py:1) 2\n')
    assert reader.not_understood == 2
    assert reader.samples == {Sample(4, "T", (Place("f", "/a.py", 1),)): 2}


def test_a_record_without_end_is_given_up() -> None:
    assert read(b'process 3:"', *[b"x" * 1000 + b"\n"] * 1000).not_understood >= 1


@given(st.lists(st.integers(0, len(CHILDREN)), max_size=20))
def test_chunks_make_no_difference(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(CHILDREN)]
    cut = read(*(CHILDREN[a:b] for a, b in pairwise(edges)))
    assert cut.samples == read(CHILDREN).samples


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_garbage_does_no_harm(chunks: list[bytes]) -> None:
    read(CHILDREN[:150], *chunks, CHILDREN[150:])


@given(st.text('process:"; thread()0123.py/x\n', max_size=300))
def test_what_looks_nearly_right_does_no_harm(text: str) -> None:
    read(text.encode())
