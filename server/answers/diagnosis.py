"""What is wrong: the findings of one window, and what to do next."""

from perfdoctor.diagnosis.user_code import charged
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import DiagnoseAnswer, Diagnosis, Finding, Severity
from perfdoctor.schemas.ledger import Ledger, LedgerRow
from perfdoctor.schemas.recording import NextCall
from perfdoctor.server.answers.place import Cut, location
from perfdoctor.server.formatters.words import quantity

_CALLS = ("trace-syscalls", "calls, latencies and stacks")
_PEERS = ("trace-network", "peers, connections, requests and their forms")
_CPU = ("trace-cpu", "lines and stacks")
_FILES = ("trace-files", "files, and how often and in which order")
_CLOSER = {
    "hot-loop": _CPU,
    "string-building": _CPU,
    "gc-pressure": _CPU,
    "repeated-computation": _CPU,
    "allocation-churn": ("trace-memory", "lines that take memory"),
    "busy-wait": _CPU,
    "serialization-overhead": _CPU,
    "small-io": _FILES,
    "excessive-stat": _FILES,
    "open-close-churn": _FILES,
    "repeated-read": _FILES,
    "sync-write": ("trace-io", "disk requests and syncs"),
    "lock-contention": ("trace-locks", "locks, and who holds them,"),
    "blocking-io": _CALLS,
    "gil-contention": ("trace-locks", "the interpreter's lock, and who holds it,"),
    "pool-undersized": ("proc-threads", "threads and pools"),
    "pool-oversized": ("proc-threads", "threads and pools"),
    "thread-churn": ("proc-threads", "threads and pools"),
    "cpu-throttled": ("proc-watch", "throttling over time"),
    "memory-growth": ("trace-memory", "lines that take memory"),
    "connection-per-request": _PEERS,
    "serial-requests": _PEERS,
    "chatty-protocol": _PEERS,
    "repeated-query": _PEERS,
    "slow-dependency": _PEERS,
    "failing-dependency": _PEERS,
    "uncompressed-transfer": _PEERS,
    "fragmentation": ("trace-memory", "lines that take memory and free it"),
    "large-heap": ("proc-memory", "kinds of memory and mappings"),
}
"""the tool that shows more of a pattern, and what it shows"""


def diagnose_answer(recording: str, evidence: Evidence, found: Diagnosis, *, rows: int, frames: int) -> DiagnoseAnswer:
    roots = evidence.user_roots
    cut = Cut(frames, roots)
    shown = tuple(_shown(finding, cut, roots) for finding in found.findings[:rows])
    return DiagnoseAnswer(
        recording=recording,
        recording_id=recording,
        target=evidence.target,
        window=evidence.window,
        collections=evidence.collections,
        summary=_summary(found, evidence),
        findings=shown,
        omitted_findings=len(found.findings) - len(shown),
        not_checked=found.not_checked,
        ledger=_brief(found.ledger, cut),
        next=_next(recording, evidence, found.findings),
    )


def _shown(finding: Finding, cut: Cut, roots: tuple[str, ...]) -> Finding:
    """With its stack cut; without a line of the user's own, at its place in a library."""
    at = charged(finding.stack, roots) if finding.location is None else None
    return finding.model_copy(
        update={
            "stack": cut.of(finding.stack),
            "location": location(at, roots) if at else finding.location,
        }
    )


def _brief(ledger: Ledger | None, cut: Cut) -> Ledger | None:
    if ledger is None:
        return None

    def shown(rows: tuple[LedgerRow, ...]) -> tuple[LedgerRow, ...]:
        return tuple(row.model_copy(update={"top": cut.of(row.top)}) for row in rows)

    processes = tuple(row.model_copy(update={"rows": shown(row.rows)}) for row in ledger.processes)
    return ledger.model_copy(update={"rows": shown(ledger.rows), "processes": processes})


def _summary(found: Diagnosis, evidence: Evidence) -> str:
    serious = [f for f in found.findings if f.severity is not Severity.INFO]
    busy = f"{quantity(found.ledger.busy_seconds, 's')} of busy time in " if found.ledger else ""
    over = f"{busy}a window of {quantity(evidence.window.seconds, 's')}"
    if not found.findings:
        unknown = len(found.not_checked)
        missing = f" {unknown} pattern{'s' if unknown > 1 else ''} could not be checked." if unknown else ""
        return f"Nothing found: checked and clear, over {over}.{missing}"
    top = found.findings[0]
    count = f"{len(serious)} problems" if len(serious) != 1 else "1 problem"
    minor = len(found.findings) - len(serious)
    notes = f" and {minor} minor notes" if minor > 1 else " and 1 minor note" if minor else ""
    return f"{count}{notes} over {over}. First: {top.title}."


def _next(recording: str, evidence: Evidence, findings: tuple[Finding, ...]) -> tuple[NextCall, ...]:
    who = evidence.target.argument
    calls = []
    if findings:
        tool, what = _CLOSER.get(findings[0].pattern, _CALLS)
        if findings[0].location and findings[0].location.line:
            look = {"recording": recording, "file": findings[0].location.file, "line": findings[0].location.line}
            calls.append(NextCall(tool="code-inspect", arguments=look, why="read the code with the cost of each line"))
        calls.append(NextCall(tool=tool, arguments=who, why=f"see the {what} behind {findings[0].pattern}"))
        calls.append(
            NextCall(
                tool="diagnose",
                arguments={**who, "seconds": round(evidence.window.seconds, 1)},
                why="after the fix, under the same load; take its recording as `after`",
            )
        )
        calls.append(NextCall(tool="compare", arguments={"before": recording}, why="prove the fix, with that `after`"))
    else:
        calls.append(
            NextCall(tool="proc-watch", arguments={**who, "seconds": 30}, why="see whether it is under load at all")
        )
    return tuple(calls)
