"""Of the lines that sleep, those whose text says what for."""

from perfdoctor.collectors.source_text.pausing.pauses import with_pauses
from perfdoctor.diagnosis.example import call, python, window
from tests.collectors.source_text.one_file import OneFileOfAll

TEXT = """def follow(box, due):
    while not box:
        time.sleep(0.02)
    time.sleep(due - time.monotonic())
    time.sleep(0.5)
"""


def test_each_line_that_sleeps_often_is_looked_at_once() -> None:
    file = "/srv/app/follow.py"
    rows = [call("clock_nanosleep", (python(line, "follow", file),), 400, blocked=8.0) for line in (3, 4, 5)]
    seldom = call("clock_nanosleep", (python(2, "follow", file),), 3, blocked=8.0)
    found = with_pauses(OneFileOfAll("/srv/app/follow.py", TEXT), window(calls=(*rows, *rows, seldom)))
    assert [line.line for line in found.paced] == [4]
    assert [line.line for line in found.polls] == [3]
    assert with_pauses(OneFileOfAll("/srv/app/follow.py", TEXT), window(calls=(seldom,))) == window(calls=(seldom,))
