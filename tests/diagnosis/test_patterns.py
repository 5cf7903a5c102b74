"""Every pattern proves itself on its own examples, and its page is complete and up to date."""

from pathlib import Path

import pytest

from perfdoctor.diagnosis.catalogue import PATTERNS, main, pages
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.pattern import Example, Pattern
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Severity

DOCS = Path(__file__).parents[2] / "docs" / "patterns"
EXAMPLES = [(pattern, example) for pattern in PATTERNS.values() for example in pattern.examples()]


def name(part: Pattern | Example) -> str:
    return part.id if isinstance(part, Pattern) else part.name


def test_the_catalogue_is_the_agreed_one() -> None:
    assert set(PATTERNS) == {
        "hot-loop",
        "busy-wait",
        "polling-loop",
        "small-io",
        "excessive-stat",
        "open-close-churn",
        "repeated-read",
        "sync-write",
        "lock-contention",
        "serialization-overhead",
        "process-churn",
        "memory-growth",
        "blocking-io",
        "cpu-throttled",
        "gil-contention",
        "thread-churn",
        "pool-oversized",
        "pool-undersized",
        "connection-per-request",
        "serial-requests",
        "chatty-protocol",
        "repeated-query",
        "slow-dependency",
        "failing-dependency",
        "uncompressed-transfer",
        "string-building",
        "gc-pressure",
        "allocation-churn",
        "repeated-computation",
        "eager-loading",
        "fragmentation",
        "large-heap",
    }


@pytest.mark.parametrize(("pattern", "example"), EXAMPLES, ids=name)
def test_an_example_fires_and_a_near_miss_does_not(pattern: Pattern, example: Example) -> None:
    findings = diagnose(example.evidence).findings
    grave = [f for f in findings if f.pattern == pattern.id and f.severity is not Severity.INFO]
    assert bool(grave) == example.fires, example.because
    assert example.because


@pytest.mark.parametrize(("pattern", "example"), [pair for pair in EXAMPLES if pair[1].fires], ids=name)
def test_what_fires_can_be_acted_upon(pattern: Pattern, example: Example) -> None:
    finding = next(f for f in diagnose(example.evidence).findings if f.pattern == pattern.id)
    assert finding.evidence
    if finding.location is None:
        # Memory that lies there and workers of Node.js have no line: the fix says how to get one.
        assert {"large-heap": "trace-memory", "polling-loop": "code-search"}[pattern.id] in finding.fix
        return
    assert finding.location is not None
    assert finding.location.line
    assert f":{finding.location.line}" in finding.fix
    assert all(fact.tool and fact.unit for fact in finding.evidence)
    assert "compare" in finding.verify
    assert finding.stack


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=lambda p: p.id)
def test_a_pattern_is_complete(pattern: Pattern) -> None:
    examples = pattern.examples()
    assert any(e.fires for e in examples)
    assert any(not e.fires for e in examples)
    assert all(t.why for t in pattern.thresholds)
    assert set(pattern.needs) <= set(Evidence.model_fields)
    assert set(pattern.beats) <= set(PATTERNS)
    page = pattern.page()
    for heading in ("What it sees", "Why it costs", "Fix", "When it is fine", "Thresholds", "Found in", "Not found in"):
        assert f"## {heading}\n\n" in page


def test_the_pages_in_docs_are_those_of_the_code() -> None:
    """If this fails: python -m perfdoctor.diagnosis.catalogue --write docs/patterns"""
    written = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
    assert written == pages()


def test_the_catalogue_writes_its_pages(tmp_path: Path) -> None:
    assert main(["--write", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(pages())
    assert main([]) == 2
