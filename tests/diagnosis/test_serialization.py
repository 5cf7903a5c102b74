"""How much encoding is worth a warning, however little else a program does."""

import pytest

from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.example import cpu, library, python, window
from perfdoctor.schemas.finding import Severity


@pytest.mark.parametrize(
    ("seconds", "warns"), [(0.8, False), (1.5, True)], ids=["less than a tenth of a core", "more than that"]
)
def test_encoding_is_worth_a_warning_from_a_tenth_of_a_core_on(seconds: float, warns: bool) -> None:
    dumps = cpu((library("json/encoder.py", "JSONEncoder.encode"), python(30, "answer")), seconds)
    found = diagnose(window(samples=(dumps, cpu((python(60, "work"),), 1.0)))).findings
    (finding,) = (one for one in found if one.pattern == "serialization-overhead")
    assert (finding.severity is not Severity.INFO) is warns
