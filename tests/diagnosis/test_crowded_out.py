"""Cores that other processes hold."""

import pytest

from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.example import PID, cpu, python, thread, window
from perfdoctor.schemas.finding import Severity
from perfdoctor.schemas.waits import WaitKind, WaitRow


@pytest.mark.parametrize(
    ("ran", "waited", "told"), [(5.0, 5.0, True), (0.3, 1.0, False), (5.0, 1.0, False)], ids=["long", "little", "less"]
)
def test_waiting_for_others_is_a_note_where_it_is_long(ran: float, waited: float, told: bool) -> None:
    at = (python(31, "render"),)
    line = WaitRow(pid=PID, kind=WaitKind.RUNNABLE, stack=at, count=900, seconds=waited)
    times = (thread(running=ran, runnable=waited, asleep=10.0 - ran - waited),)
    found = diagnose(window(samples=(cpu(at, ran),), times=times, waits=(line,))).findings
    notes = [one for one in found if one.pattern == "cpu-throttled"]
    assert bool(notes) is told and all(one.severity is Severity.INFO for one in notes)
