"""Which line is told to keep what grows, given the lines that it was made at. By somebody who did not know how code is
judged: ``<- made N``: N per cent of what grows; ``<- cost``: what its owner would look at."""

import os
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.keeping.keepers import with_kept
from perfdoctor.collectors.source_text.sources import SourcesOfAll
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.diagnosis.example import cpu, memory, window
from perfdoctor.schemas.memory import HeapReading, LivingRow
from perfdoctor.schemas.waits import FaultRow
from tests.diagnosis.marked import is_cost, marked, of_a_runtime, source_of, stack_of

FOLDER = Path(__file__).parent / "leaks"
FILES = sorted(path.name for path in FOLDER.iterdir())
MISSED = {
    "ObjectStoreFileSystem.java", "SensorRegistry.java", "accesslogusers.go", "ack_consumer.py", "askfor.cpp",
    "asyncjobs.cpp", "backoffqueue.go", "conn_table.c", "deviceSession.js", "epidemic_sim.py",
    "fetchclient.js", "filters.cpp", "finishrequest.go", "h2pending.c", "history.js", "http_fetcher.cpp",
    "job_scheduler.java", "jobrunner.go", "keyed_mutex.js", "kvtable.c", "language_server.ts",
    "layout_tree.rs", "metrics_labels.py", "packetparse.cpp", "pubsubiterator.ts", "querymanager.ts",
    "relayserver.rs", "reqvars.go", "scene_index.ts", "scenetree.rs", "scriptdict.c", "session_registry.java",
    "sessioncycle.cpp", "signals.cpp", "spritepool.c", "sse_ticker.js", "subchannel.cpp", "tailfiles.go",
    "thumbworkers.go", "timer_wheel.py", "timers.cpp", "trace_spans.js", "user_loader.js", "worker_pool.js",
}  # fmt: skip
"""what goes through queues, callbacks and threads; what is not freed on one way out; what is only replaced"""


def told(path: Path) -> int | None:
    """The line that memory-growth is told at."""
    source = source_of(path)
    made = [(tuple(stack_of(path, source, number)), share) for number, share in marked(source, "made")]
    trend = memory(5e6)
    collected = path.suffix in (".js", ".ts", ".java")
    if collected or path.suffix == ".go":
        heap = [HeapReading(at=float(i), used=20_000_000 + 5_000_000 * i, collected=True) for i in range(11)]
        if not collected:
            heap = [reading.model_copy(update={"made": 10**9 + 6_000_000 * i}) for i, reading in enumerate(heap)]
        trend = trend.model_copy(update={"heap": tuple(heap)})
    faults = () if collected else tuple(FaultRow(pid=os.getpid(), stack=s, faults=120 * n) for s, n in made)
    seen = of_a_runtime(window(samples=(cpu(made[0][0], 1.0, pid=os.getpid()),), memory=trend, faults=faults), path)
    if collected:
        rows = (LivingRow(pid=os.getpid(), stack=stack, samples=n, bytes=500_000 * n) for stack, n in made)
        seen = seen.model_copy(update={"living": tuple(rows)})
    found = diagnose(with_kept(SourcesOfAll(LocalHost()), seen)).findings
    first = next((finding for finding in found if finding.pattern == "memory-growth"), None)
    return first.location.line if first and first.location else None


@pytest.mark.parametrize("name", FILES)
def test_what_keeps_it_is_told(name: str) -> None:
    assert is_cost(source_of(FOLDER / name), told(FOLDER / name)) == (name not in MISSED)
