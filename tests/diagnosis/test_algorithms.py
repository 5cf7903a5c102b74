"""What the text of a program says of its algorithm, given the lines that its CPU time is at."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tree_sitter import Node

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.runtimes import grammar, syntax
from perfdoctor.collectors.runtimes.line_shapes import with_shapes
from perfdoctor.collectors.runtimes.sources import Source, SourcesOfAll
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.example import cpu, native, window
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Frame, FrameKind

FOLDER = Path(__file__).parent / "algorithms"
PROBLEMS, TWINS, HEALTHY = (
    sorted(path.name for path in (FOLDER / kind).iterdir()) for kind in ("problem", "twin", "healthy")
)
BY_A_LIBRARY = {
    "AccessLogReader.java", "LatencyMonitor.java", "LedgerAudit.java", "ManifestWriter.java", "RosterSync.java",
    "SensorRegistry.java", "TrackSmoother.java", "board_history.js", "chat_filter.py", "diagnostics.go",
    "dungeon_paths.py", "export.c", "friend_path.rs", "kmer_profile.py", "logline_regex.js", "median_filter.go",
    "ore_body.py", "packetstream.py", "playlist_merge.py", "playlist_order.py", "rule_lexer.py",
    "spark_emitter.cpp", "statement_rows.ts", "tariff_lookup.cpp", "template_lexer.py", "timeline_index.cpp",
    "vcard_export.c", "wrap_text.go",
}  # fmt: skip
"""told by the functions that run below the line: contains, strlen, sort, re.compile, memmove"""
MISSED = {
    "VoxelWorld.java", "amicable.py", "bom_cost.py", "bucket_fill.ts", "build_critical_path.py", "dirsize.go",
    "doc_history.js", "frame_reader.rs", "migrations.go", "other_stock_span.js", "replay_cursor.py",
    "sheet_recalc.rs", "stock_span.js", "tape_machine.js", "threshold.cpp", "ticket_cipher.rs", "tile_cache.py",
    "voxel_islands.cpp",
}  # fmt: skip
"""bad hashes, sums over a window, recursion by names, what mathematics would do"""
BESIDE = {
    "asteroid_field.cpp", "diagnostics.ts", "event_ledger.py", "lint_positions.c", "taxonomy.go",
}  # fmt: skip
"""told a line beside"""
_HOT = re.compile(r"<-.*\bhot (\d+)")
_COST = re.compile(r"<-.*\bcost\b")
_KINDS = {".py": FrameKind.PYTHON, ".js": FrameKind.JAVASCRIPT, ".ts": FrameKind.JAVASCRIPT, ".java": FrameKind.JAVA}
_RUNTIMES = {".py": "python", ".js": "node", ".ts": "node", ".java": "java", ".go": "go"}
_DEEPEST = 6


def alarms(path: Path) -> list[Finding]:
    """What is said from warning on of a program that has its CPU time at the lines that are marked."""
    source = Source(str(path), path.read_bytes())
    marked = [(number, int(hot[1])) for number, line in enumerate(source.lines, 1) if (hot := _HOT.search(line))]
    rows = []
    for number, share in marked:
        stack, seconds = tuple(_stack(path, source, number)), share / 20
        if path.suffix == ".py":
            loop = native("_PyEval_EvalFrameDefault")
            rows.append(cpu(stack, 0.2 * seconds, leaf=(native("PyLong_Add"), loop), pid=os.getpid()))
            rows.append(cpu(stack, 0.8 * seconds, leaf=(loop,), pid=os.getpid()))
        else:
            rows.append(cpu(stack, seconds, pid=os.getpid()))
    seen = window(samples=tuple(rows))
    assert seen.cpu
    target = seen.target.model_copy(update={"runtime": _RUNTIMES.get(path.suffix, "native"), "pid": os.getpid()})
    shaped = with_shapes(SourcesOfAll(LocalHost()), seen.cpu)
    found = diagnose(seen.model_copy(update={"target": target, "cpu": shaped}))
    return [finding for finding in found.findings if finding.severity is not Severity.INFO]


def _stack(path: Path, source: Source, line: int) -> Iterator[Frame]:
    """A line with those that call its function, and the functions of these, in the same file."""
    kind = _KINDS.get(path.suffix, FrameKind.NATIVE)
    module = "/srv/app" if kind is FrameKind.NATIVE else None
    node, at = source.at(line), line
    for depth in range(_DEEPEST):
        function = syntax.function_around(node) if node is not None else None
        name = syntax.name_of(function) if function is not None else "<module>"
        yield Frame(kind=kind, function=name, file=str(path), line=at, module=module)
        if function is None:
            return
        calls = [call for call in _calls(source, name) if not syntax.start_within(call, function)]
        itself = [call for call in source.calls.get(name, ()) if syntax.start_within(call, function)]
        if depth == 0 and itself:
            yield Frame(kind=kind, function=name, file=str(path), line=itself[0].start_point[0] + 1, module=module)
        node = min(calls, key=lambda call: not _is_hot(source, call), default=None)
        if node is None:
            return
        at = node.start_point[0] + 1


def _calls(source: Source, name: str) -> list[Node]:
    if calls := source.calls.get(name):
        return calls
    members = (each for each in syntax.within(source.root, functions=True) if each.type in grammar.MEMBERS)
    return [each for each in members if syntax.member_name(each) == name]


def _is_hot(source: Source, call: Node) -> bool:
    function = syntax.function_around(call)
    if function is None:
        return False
    lines = source.lines[function.start_point[0] : function.end_point[0] + 1]
    return any(_HOT.search(line) or _COST.search(line) for line in lines)


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_is_slower_than_it_must_be_is_told_at_its_line(name: str) -> None:
    path = FOLDER / "problem" / name
    first = next(iter(alarms(path)), None)
    assert (first is None) == (name in MISSED | BY_A_LIBRARY)
    if first and name not in BESIDE:
        at = first.location
        assert at and at.line and _COST.search(path.read_text().splitlines()[at.line - 1])


@pytest.mark.parametrize("name", TWINS)
def test_its_repair_is_left_alone(name: str) -> None:
    assert not alarms(FOLDER / "twin" / name)


@pytest.mark.parametrize("name", HEALTHY)
def test_what_must_be_as_it_is_is_left_alone(name: str) -> None:
    assert not alarms(FOLDER / "healthy" / name)
