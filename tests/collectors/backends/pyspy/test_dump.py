"""What py-spy said of the threads of real programs, and what it never says."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.backends.pyspy.dump import parse

TRANSCRIPT = (Path(__file__).parents[3] / "transcripts" / "pyspy" / "dump.json").read_bytes()


def test_the_threads_of_a_program_are_read_innermost_first() -> None:
    found = parse(TRANSCRIPT)
    assert found.not_understood == 0 and not found.by_address and len(found.stacks) == 11
    entries = [[frame.function for frame in stack] for stack in found.stacks.values()]
    assert ["main", "<module>"] in entries
    assert sum(functions[0] == "_worker" for functions in entries) == 7
    assert sum(functions[0] == "compute" for functions in entries) == 3


def test_threads_without_an_id_are_kept_by_their_address() -> None:
    frame = {"name": "f\n", "filename": "/a.py", "line": 0}
    found = parse(json.dumps([{"os_thread_id": None, "thread_id": 4096, "frames": [frame]}]).encode())
    ((address, (told,)),) = found.by_address.items()
    assert (address, told.function, told.line) == (4096, "f\ufffd", None)


def test_what_is_not_understood_is_counted() -> None:
    for text in (
        b"",
        b"[",
        b"7",
        b'[{"os_thread_id": 1}]',
        b'[{"os_thread_id": 1, "frames": [{"line": "x"}]}]',
        b"[7]",
    ):
        found = parse(text)
        assert not found.stacks and found.not_understood == 1


@given(st.binary(max_size=300))
def test_any_bytes_are_read(text: bytes) -> None:
    parse(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["os_thread_id", "thread_id", "frames", "name", "filename", "line"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read(value: object) -> None:
    parse(json.dumps([value]).encode())
