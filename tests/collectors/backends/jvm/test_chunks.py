"""Flight recordings: one of a real machine, cut short and damaged."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfdoctor.collectors.backends.jvm.chunks import chunks

RECORDED = (Path(__file__).parent / "window.jfr").read_bytes()
"""of OpenJDK 17.0.15: two threads that take turns at a monitor and at a lock, 2 s"""
WANTED = frozenset({"jdk.ThreadPark", "jdk.ExecutionSample", "jdk.FileRead", "jdk.JavaMonitorEnter"})


def test_events_and_what_they_point_to() -> None:
    [chunk] = chunks(RECORDED)
    events = list(chunk.events(WANTED))
    # as `jfr summary` counts them
    counts = {name: sum(event.name == name for event in events) for name in WANTED}
    assert counts == {
        "jdk.ThreadPark": 280,
        "jdk.ExecutionSample": 192,
        "jdk.FileRead": 99,
        "jdk.JavaMonitorEnter": 86,
    }
    read = next(event for event in events if event.name == "jdk.FileRead")
    assert (read.values["path"], read.values["bytesRead"]) == ("/etc/passwd", 13)
    outer = chunk.fields(read.values["stackTrace"])["frames"][-1]
    method = chunk.fields(outer["method"])
    assert (chunk.text(chunk.fields(method["type"])["name"]), chunk.text(method["name"])) == ("Lab", "main")
    assert outer["lineNumber"] == 16
    assert chunk.text(chunk.fields(read.values["eventThread"])["javaName"]) == "main"
    enter = next(event for event in events if event.name == "jdk.JavaMonitorEnter")
    assert 0 < chunk.seconds(enter.values["duration"]) < 2
    assert abs(chunk.time_of(enter.values["startTime"]) - chunk.time_of(read.values["startTime"])) < 3


def test_of_many_events_of_one_name_some_stand_for_all() -> None:
    [chunk] = chunks(RECORDED)
    events = list(chunk.events(WANTED, {"jdk.ThreadPark": 100}))
    parks = [event.weight for event in events if event.name == "jdk.ThreadPark"]
    assert parks == [3] * 93
    assert {event.weight for event in events if event.name != "jdk.ThreadPark"} == {1}


def test_one_that_was_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="not finished"):
        list(chunks(RECORDED[:-1]))
    with pytest.raises(ValueError, match="too soon"):
        list(chunks(RECORDED[:20]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(RECORDED) - 1), st.binary(min_size=1, max_size=8))
def test_damage_is_refused_or_read(at: int, put: bytes) -> None:
    damaged = RECORDED[:at] + put + RECORDED[at + len(put) :]
    try:
        for chunk in chunks(damaged):
            for _ in chunk.events(WANTED):
                pass
    except (ValueError, IndexError, OverflowError):
        pass
