"""V8's lines, for the time that the engine saw a thread in JavaScript, in the collector, in the loop."""

import pytest

from perfdoctor.collectors.backends.node.backend import TAKEN_FOR_IDLE
from perfdoctor.collectors.v8_time import COLLECTOR, as_engine_saw
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.frame import Frame, FrameKind, Stack


def native(*names: str) -> Stack:
    return tuple(Frame(kind=FrameKind.NATIVE, function=name) for name in names)


LINE: Stack = (Frame(kind=FrameKind.JAVASCRIPT, function="turn", file="/srv/a.js", line=7),)
OTHER: Stack = (Frame(kind=FrameKind.JAVASCRIPT, function="draw", file="/srv/a.js", line=9),)
COLLECTS = (*native(COLLECTOR), *LINE)
SCRIPT = native("[anonymous memory]", "Builtins_JSEntry", "node::MakeCallback(…)")
SCAVENGES = native(
    "memmove", "v8::internal::Scavenger::Process()", "v8::internal::Heap::CollectGarbage(…)", "Builtins_JSEntry"
)
POLLS = native("epoll_pwait", "uv__io_poll", "uv_run")


def row(stack: Stack, seconds: float) -> CpuRow:
    return CpuRow(pid=5, thread="main", stack=stack, samples=round(100 * seconds), seconds=seconds)


def told(rows: list[CpuRow], *seen: Stack) -> dict[Stack, float]:
    return {each.stack: pytest.approx(each.seconds) for each in as_engine_saw(rows, seen)}


def test_lines_share_what_the_engine_saw_in_javascript() -> None:
    rows = [row(COLLECTS, 3.0), row(LINE, 0.6), row(OTHER, 0.2), row(TAKEN_FOR_IDLE, 1.2)]
    found = told(rows, *[SCRIPT] * 60, *[SCAVENGES] * 10, *[POLLS] * 30)
    assert found == {COLLECTS: 0.5, LINE: 2.25, OTHER: 0.75, TAKEN_FOR_IDLE: 1.5}


def test_what_v8_has_no_sample_of_is_nobodys_line() -> None:
    assert told([row(LINE, 2.0)], *[SCRIPT] * 75, *[POLLS] * 25) == {LINE: 1.5, TAKEN_FOR_IDLE: 0.5}


def test_a_few_samples_of_the_engine_say_nothing() -> None:
    rows = [row(COLLECTS, 3.0), row(LINE, 0.6)]
    assert as_engine_saw(rows, [SCRIPT] * 20) == rows
    assert as_engine_saw(rows, []) == rows
