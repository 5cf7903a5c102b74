"""Preparations that several functions ask for, each of which is too little to matter."""

import pytest

from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.example import cpu, java, python, window
from perfdoctor.diagnosis.preparations import preparation_of
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.finding import Severity
from perfdoctor.schemas.frame import Frame, FrameKind


def mapping(line: int, function: str, seconds: float, file: str = "/srv/app/formats.py") -> CpuRow:
    checks = Frame(
        kind=FrameKind.PYTHON,
        function="Validator.check_schema",
        file="/usr/lib/python3/jsonschema/validators.py",
        line=9,
    )
    return cpu((checks, python(line, function, file)), seconds)


REST = cpu((python(60, "work"),), 8.0)


def test_what_is_kept_once_serves_all_functions_of_a_file() -> None:
    found = diagnose(window(samples=(mapping(21, "read", 1.1), mapping(25, "write", 0.9), REST))).findings
    (finding,) = (one for one in found if one.pattern == "repeated-computation")
    assert finding.severity is Severity.WARNING
    assert finding.location is not None and finding.location.line == 21
    assert "formats.py:25 (write)" in finding.title


def test_what_matters_by_itself_is_told_by_itself() -> None:
    found = diagnose(window(samples=(mapping(21, "read", 2.5), mapping(25, "write", 2.0), REST))).findings
    lines = [one.location.line for one in found if one.pattern == "repeated-computation" and one.location]
    assert lines == [21, 25]


@pytest.mark.parametrize("other", ["/srv/app/formats.py", "/srv/app/orders.py"])
def test_little_stays_little(other: str) -> None:
    found = diagnose(window(samples=(mapping(21, "read", 0.6), mapping(25, "write", 0.5, other), REST))).findings
    assert all(one.severity is Severity.INFO for one in found if one.pattern == "repeated-computation")


@pytest.mark.parametrize(
    ("function", "prepares"),
    [
        ("com.sun.org.apache.xalan.internal.xsltc.compiler.XSLTC.compile", True),
        ("com.sun.org.apache.xpath.internal.jaxp.XPathImpl.compile", True),
        ("javax.xml.parsers.FactoryFinder.find", True),
        ("javax.xml.transform.TransformerFactory.newInstance", True),
        ("com.sun.org.apache.xalan.internal.xsltc.trax.TransformerImpl.transform", False),
        ("com.sun.org.apache.xerces.internal.parsers.SAXParser.parse", False),
    ],
)
def test_style_sheets_and_paths_of_xml_are_compiled_once(function: str, prepares: bool) -> None:
    frame = java(function, "/usr/lib/jvm/Made.java", 9)
    assert (preparation_of(frame) is not None) is prepares
