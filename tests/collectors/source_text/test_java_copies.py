"""What Flight Recorder cannot see of a thread is put at the line that copies, where there is one; and near misses."""

import os
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.shapes.java_copies import with_copies
from perfdoctor.collectors.source_text.sources import SourcesOfAll
from perfdoctor.diagnosis.example import window
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

SHEET = """
class Sheet {
    String body(List<Event> events) {
        StringBuilder page = new StringBuilder();
        for (Event event : events) {
            if (event.isHour()) {
                page.insert(0, "----");
            }
            page.insert(0, event.line());
        }
        return seal(page);
    }

    String seal(StringBuilder page) {
        return digest(page.toString());
    }
}
"""
ROLL = """
class Roll {
    String body(List<Event> events) {
        for (Event event : events) add(event.bytes());
    }

    String add(byte[] piece) {
        commands = Arrays.copyOf(commands, commands.length + piece.length);
        seal();
    }
}
"""


def frame(file: str, line: int, function: str) -> Frame:
    return Frame(kind=FrameKind.JAVA, function=function, file=file, line=line)


def placed(tmp_path: Path, text: str, *lines: int, looks: int = 12, runtime: str = "java") -> dict[Stack, float]:
    """Seconds by stack, of a thread that ran for 2 s and was seen so often at each of the ``lines``."""
    source = tmp_path / "Sheet.java"
    source.write_text(text)
    caller = frame(str(source), 1, "Sheet.run")
    rows = tuple(
        CpuRow(
            pid=os.getpid(),
            thread="writer",
            stack=(frame(str(source), line, "Sheet.body"), caller),
            samples=looks,
            seconds=2.0 / len(lines),
        )
        for line in lines
    )
    found = window()
    target = found.target.model_copy(update={"runtime": runtime})
    profile = CpuProfile(rows=rows, hz=100, samples=looks * len(lines), cpu_seconds=2.0)
    evidence = with_copies(SourcesOfAll(LocalHost()), found.model_copy(update={"target": target, "cpu": profile}))
    return {row.stack: row.seconds for row in said(evidence).rows}


def said(evidence: Evidence) -> CpuProfile:
    assert evidence.cpu
    return evidence.cpu


@pytest.mark.parametrize(
    ("text", "seen", "line", "by"),
    [(SHEET, 5, 9, "java.lang.AbstractStringBuilder.insert"), (ROLL, 9, 8, "java.util.Arrays.copyOf")],
)
def test_what_is_not_seen_is_put_at_the_line_that_copies(
    tmp_path: Path, text: str, seen: int, line: int, by: str
) -> None:
    by_stack = placed(tmp_path, text, seen)
    copies = next(stack for stack in by_stack if stack[0].function == "arraycopy")
    assert (copies[1].function, copies[2].line) == (by, line)
    assert [frame.function for frame in copies[3:]] == ["Sheet.run"]
    assert by_stack[copies] == pytest.approx(2.0 - 0.12)
    assert sum(by_stack.values()) == pytest.approx(2.0)


def test_the_most_frequent_of_several_lines_is_told(tmp_path: Path) -> None:
    """Not the one that is only there now and then, by a condition."""
    copies = next(stack for stack in placed(tmp_path, SHEET, 5) if stack[0].function == "arraycopy")
    assert copies[2].line == 9


def test_functions_that_are_called_are_looked_through(tmp_path: Path) -> None:
    text = SHEET.replace("return digest(page.toString())", "body(page.events());\n        return digest(page)")
    copies = next(stack for stack in placed(tmp_path, text, 16) if stack[0].function == "arraycopy")
    assert [(frame.function, frame.line) for frame in copies[2:]] == [("body", 9), ("Sheet.body", 15), ("Sheet.run", 1)]


@pytest.mark.parametrize(
    ("text", "lines", "looks", "runtime"),
    [
        (SHEET, (15,), 12, "java"),
        (SHEET, (5,), 190, "java"),
        (SHEET, (5,), 12, "node"),
        (SHEET.replace("insert(0, ", "append("), (5,), 12, "java"),
        (SHEET.replace("StringBuilder", "Page"), (5,), 12, "java"),
        (
            SHEET.replace("seal(StringBuilder page) {", "seal(List a) {\n  for (;;) page.insert(0, 1);"),
            (5, 16),
            12,
            "java",
        ),
        (ROLL.replace("commands = Arrays", "copied = Arrays"), (9,), 12, "java"),
    ],
    ids=["another function", "all seen", "another runtime", "at the end", "no builder", "two functions", "a copy"],
)
def test_otherwise_the_looks_stand_for_all(
    tmp_path: Path, text: str, lines: tuple[int, ...], looks: int, runtime: str
) -> None:
    by_stack = placed(tmp_path, text, *lines, looks=looks, runtime=runtime)
    assert [stack[0].function for stack in by_stack] == ["Sheet.body"] * len(lines)
    assert sum(by_stack.values()) == pytest.approx(2.0)
