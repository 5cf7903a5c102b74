"""What a caller's program prints is understood, bounded, cleaned and counted."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from perfdoctor.collectors.backends.bpftrace.output import MOST_LINES, MOST_ROWS, MOST_TEXT, OutputReader

MARK = "tick abc"


def read(*messages: object, chunk: int = 0) -> OutputReader:
    reader = OutputReader(MARK)
    data = b"".join(m if isinstance(m, bytes) else json.dumps(m).encode() + b"\n" for m in messages)
    for at in range(0, len(data), chunk or len(data) or 1):
        reader.feed(data[at : at + (chunk or len(data))])
    reader.close()
    return reader


def said(kind: str, data: object) -> dict[str, object]:
    return {"type": kind, "data": data}


def test_what_bpftrace_0_17_says() -> None:
    """Recorded: bpftrace 0.17.0 -f json."""
    reader = read(
        b'{"type": "attached_probes", "data": {"probes": 3}}\n',
        b'{"type": "printf", "data": "tick abc"}\n{"type": "printf", "data": "a "}\n',
        b'{"type": "printf", "data": "b\\n"}\n',
        b'{"type": "time", "data": "17\\n"}\n{"type": "value", "data": [1,2]}\n',
        b'\n\n{"type": "map", "data": {"@a": {"/etc/passwd": 215, "x,2": 300}}}\n',
        b'{"type": "map", "data": {"@d": 8314049735936992559}}\n',
        b'{"type": "map", "data": {"@s": "\\n\\t7f9af8f1586a fstatat+10 (/usr/lib/libc.so.6)\\n\\t55 f+1 (/x)\\n"}}\n',
        b'{"type": "hist", "data": {"@h": [{"min": 16384, "max": 32767, "count": 204}]}}\n',
        b'{"type": "hist", "data": {"@k": {"a": [{"max": -1, "count": 2}, {"min": 0, "count": 3}]}}}\n',
        b'{"type": "stats", "data": {"@st": {"count": 215, "average": 2, "total": 430}}}\n',
        b'{"type": "map", "data": {"@perfdoctor_tree": {"26026": 1}}}\n',
        b'{"type": "map", "data": {"@perfdoctor_said": 5}}\n',
        b'{"type": "lost_events", "data": {"events": 2}}\n',
    )
    assert (reader.attached, reader.ticks, reader.not_understood) == (3, 1, 0)
    assert reader.lines == ["a b", "17", "[1, 2]"]
    assert reader.lost == 3, "five printed, two came"
    maps = {one.name: one for one in reader.kept_maps()}
    assert set(maps) == {"@a", "@d", "@s", "@h", "@k", "@st"}
    assert [(row.key, row.value) for row in maps["@a"].rows] == [("x,2", 300), ("/etc/passwd", 215)]
    assert maps["@d"].rows[0].value == 8314049735936992559
    assert maps["@s"].rows[0].value == "7f9af8f1586a fstatat+10 (/usr/lib/libc.so.6) < 55 f+1 (/x)"
    assert maps["@h"].rows[0].value == 204 and maps["@h"].rows[0].buckets[0].low == 16384
    assert maps["@k"].rows[0].key == "a" and maps["@k"].rows[0].buckets[0].low is None
    assert maps["@st"].rows[0].value == "average 2, count 215, total 430"


def test_bytes_above_ascii_are_mended() -> None:
    # "é" and a byte that is no text, as bpftrace 0.17 writes them
    reader = read(b'{"type": "printf", "data": "\\uffffffc3\\uffffffa9 \\uffffff9b\\n"}\n')
    assert reader.lines == ["é \ufffd"]


def test_hostile_text_is_cleaned_and_secrets_go() -> None:
    reader = read(
        said("printf", "\x1b[31mred\u202e `x` --password hunter2\n"),
        said("map", {"@m": {"postgres://a:hunter2@db/\x1b": 1, "line\nbreak": "\x07"}}),
    )
    row = reader.kept_maps()[0].rows
    for text in (*reader.lines, *(part for one in row for part in (one.key, str(one.value)))):
        assert text.isprintable() and "hunter2" not in text


def test_floods_are_cut_and_counted() -> None:
    reader = read(*[said("printf", "x" * 99 + "\n")] * 5000)
    assert len(reader.lines) + reader.cut_lines == 5000
    assert sum(len(line) + 1 for line in reader.lines) + reader.cut_bytes == 5000 * 100
    assert sum(map(len, reader.lines)) <= MOST_TEXT and len(reader.lines) <= MOST_LINES
    many = read(said("map", {"@m": {f"key {n}": n for n in range(4096)}})).kept_maps()[0]
    assert (len(many.rows), many.total_rows, many.omitted_rows) == (MOST_ROWS, 4096, 4096 - MOST_ROWS)
    assert many.rows[0].value == 4095


def test_a_line_that_never_ends_is_bounded() -> None:
    reader = read(*[said("printf", "y" * 500)] * 1000)
    assert max(map(len, reader.lines)) <= 1000 and reader.cut_bytes > 100_000


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes(data: bytes, chunk: int) -> None:
    reader = read(data, chunk=chunk)
    assert all(line.isprintable() for line in reader.lines)
    reader.kept_maps()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(["map", "hist", "lhist", "stats", "printf", "value", "lost_events", "attached_probes", "other"])


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(KINDS, VALUES), max_size=6))
def test_any_message(messages: list[tuple[str, object]]) -> None:
    reader = read(*(said(kind, data) for kind, data in messages))
    for one in reader.kept_maps():
        assert one.total_rows == len(one.rows) + one.omitted_rows
        one.model_dump_json()
