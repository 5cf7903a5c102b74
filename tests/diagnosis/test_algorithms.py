"""What the text of a program says of its algorithm, given the lines that its CPU time is at."""

import os
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.shapes.line_shapes import with_shapes
from perfdoctor.collectors.source_text.sources import SourcesOfAll
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.example import cpu, native, window
from perfdoctor.schemas.finding import Finding, Severity
from tests.diagnosis.marked import is_cost, marked, of_a_runtime, source_of, stack_of

FOLDER = Path(__file__).parent / "algorithms"
PROBLEMS, TWINS, HEALTHY = (
    sorted(path.name for path in (FOLDER / kind).iterdir()) for kind in ("problem", "twin", "healthy")
)
BY_A_LIBRARY = {
    "AccessLogReader.java", "BankFile.java", "DirtyFiles.java", "LatencyMonitor.java", "LedgerAudit.java",
    "ManifestWriter.java", "PlaylistMixer.java", "RosterSync.java", "SensorRegistry.java",
    "SessionReaper.java", "TrackSmoother.java", "audience_filter.ts", "board_history.js", "chat_filter.py",
    "contact_import.py", "dnszone.c", "dungeon_paths.py", "export.c", "friend_path.rs", "island_count.py",
    "kmer_profile.py", "logline_regex.js", "median_filter.go", "ore_body.py", "packetstream.py",
    "playlist_merge.py", "playlist_order.py", "ptcloud.c", "reactive_dep.js", "redact.go", "reply_scan.c",
    "revision_graph.py", "spark_emitter.cpp", "statement_groups.py", "statement_rows.ts", "tariff_lookup.cpp",
    "template_lexer.py", "timeline_index.cpp", "vcard.go", "vcard_export.c", "wrap_text.go",
}  # fmt: skip
"""told by the functions that run below the line: contains, strlen, sort, re.compile, memmove"""
MISSED = {
    "BeanRegistry.java", "BinomialPricer.java", "Chain.java", "VoxelWorld.java", "amicable.py", "bom_cost.py",
    "bucket_fill.ts", "build_critical_path.py", "chunkmap.cpp", "conveyor.cpp", "dirsize.go",
    "doc_history.js", "dom_tree.py", "element_feed.go", "flush_order.py", "frame_reader.rs",
    "further_VoxelWorld.java", "glossary_links.py", "head_set.rs", "join_poll.rs", "lease.go",
    "limit_chunks.ts", "markup_inline.c", "migrate.go", "migrations.go", "obligations.rs",
    "other_stock_span.js", "peer_suffixes.ts", "placement.go", "quoted_values.py", "replay_cursor.py",
    "scope_names.js", "sheet_recalc.rs", "spend_digest.cpp", "stock_span.js", "tape_machine.js",
    "ticket_cipher.rs", "tile_cache.py", "tree_info.go", "voxel_islands.cpp", "window_frame.rs",
}  # fmt: skip
"""bad hashes, recursion by names, what mathematics would do; graphs without marks, rounds of events, histories"""
BESIDE = {
    "ShardBalancer.java", "asteroid_field.cpp", "diagnostics.ts", "event_ledger.py", "flush_list.cpp",
    "geometric_links.py", "lint_positions.c", "playlist.c", "position.rs", "room_load.js", "taint.rs",
    "tariff.c", "taxonomy.go",
}  # fmt: skip
"""told a line beside"""
FALSE = {"ShardBalancer.java", "sibling_rules.cpp"}
"""the lightest of all nodes for each shard, and rules that are for any tag: repaired, and as good as it gets"""


def alarms(path: Path) -> list[Finding]:
    """What is said from warning on of a program that has its CPU time at the lines that are marked."""
    source = source_of(path)
    rows = []
    for number, share in marked(source, "hot"):
        stack, seconds = tuple(stack_of(path, source, number)), share / 20
        if path.suffix == ".py":
            loop = native("_PyEval_EvalFrameDefault")
            rows.append(cpu(stack, 0.2 * seconds, leaf=(native("PyLong_Add"), loop), pid=os.getpid()))
            rows.append(cpu(stack, 0.8 * seconds, leaf=(loop,), pid=os.getpid()))
        else:
            rows.append(cpu(stack, seconds, pid=os.getpid()))
    seen = of_a_runtime(window(samples=tuple(rows)), path)
    assert seen.cpu
    shaped = with_shapes(SourcesOfAll(LocalHost()), seen.cpu)
    found = diagnose(seen.model_copy(update={"cpu": shaped}))
    return [finding for finding in found.findings if finding.severity is not Severity.INFO]


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_is_slower_than_it_must_be_is_told_at_its_line(name: str) -> None:
    path = FOLDER / "problem" / name
    first = next(iter(alarms(path)), None)
    assert (first is None) == (name in MISSED | BY_A_LIBRARY)
    if first and name not in BESIDE:
        assert first.location and is_cost(source_of(path), first.location.line)


@pytest.mark.parametrize("name", TWINS)
def test_its_repair_is_left_alone(name: str) -> None:
    assert bool(alarms(FOLDER / "twin" / name)) == (name in FALSE)


@pytest.mark.parametrize("name", HEALTHY)
def test_what_must_be_as_it_is_is_left_alone(name: str) -> None:
    assert not alarms(FOLDER / "healthy" / name)
