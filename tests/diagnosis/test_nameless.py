"""What is said of an interpreter whose own functions have no names."""

import pytest

from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.example import cpu, native, python, window


@pytest.mark.parametrize(("function", "seconds", "told"), [("[unknown]", 3.0, True), ("[unknown]", 0.3, False),
                                                           ("gc_collect_main", 3.0, False)],
                         ids=["stripped", "little of it", "with its names"])  # fmt: skip
def test_a_stripped_interpreter_is_said_not_to_be_judged(function: str, seconds: float, told: bool) -> None:
    inside = cpu((python(9, "serve"),), seconds, leaf=(native(function, "/usr/bin/python3.11"),))
    rest = cpu((python(9, "serve"),), 4.0, leaf=(native("_PyEval_EvalFrameDefault", "/usr/bin/python3.11"),))
    said = {one.pattern for one in diagnose(window(samples=(inside, rest))).not_checked if "no names" in one.why}
    assert said == ({"gc-pressure", "busy-wait"} if told else set())
