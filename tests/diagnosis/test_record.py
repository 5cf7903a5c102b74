"""What a pattern's confidence may be is what the benches of unseen programs say, and no finding goes beyond it."""

import subprocess
import sys
from pathlib import Path

import pytest

from perfdoctor.diagnosis.catalogue import PATTERNS
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.pattern import Pattern
from perfdoctor.diagnosis.record import RECORD, most_sure

BENCH = Path(__file__).parents[2] / "bench" / "unseen.py"


def test_the_record_is_that_of_the_kept_reports() -> None:
    said = subprocess.run([sys.executable, str(BENCH)], capture_output=True, text=True, check=True).stdout
    kept = "".join(f'    "{pattern}": ({right}, {wrong}),\n' for pattern, (right, wrong) in RECORD.items())
    assert said == kept
    assert RECORD.keys() <= PATTERNS.keys()


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=lambda pattern: pattern.id)
def test_no_finding_is_surer_than_its_pattern_was(pattern: Pattern) -> None:
    for example in pattern.examples():
        for finding in diagnose(example.evidence).findings:
            assert finding.confidence <= round(most_sure(finding.pattern), 2)


def test_what_was_always_right_may_be_sure() -> None:
    always = [pattern for pattern, (right, wrong) in RECORD.items() if right and not wrong]
    assert always and all(most_sure(pattern) == 1.0 for pattern in always)
    assert most_sure("cpu-throttled") == 1.0  # never asked about
