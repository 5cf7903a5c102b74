"""diagnose in few words: what is wrong, where, what it holds, how to fix it, how to prove it."""

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.finding import DiagnoseAnswer, Finding, Location
from perfdoctor.schemas.ledger import LoopRow, ProcessRow, State
from perfdoctor.schemas.recording import Collection
from perfdoctor.server.formatters.words import chain, code, follow, measured, percent, place, quantity, target, window

_MOST_LOOPS = 2
_MOST_PROCESSES = 3
_NOTABLE = 0.01
"""of a loop's time"""


def say(answer: DiagnoseAnswer, *, facts: int = 4, stacks: bool = False) -> str:
    lines = [
        f"**{answer.summary}**",
        f"{target(answer.target)}, {window(answer.window)}, recording {answer.recording}.",
    ]
    for number, finding in enumerate(answer.findings, 1):
        lines += ["", *_finding(number, finding, facts, stacks)]
    if answer.omitted_findings:
        lines += ["", f"({answer.omitted_findings} more findings; limit or detail=full shows them)"]
    if answer.ledger and facts:
        ledger = answer.ledger
        states = ", ".join(f"{row.state} {percent(row.share)}" for row in ledger.rows if row.share >= 0.005)
        busy = quantity(ledger.busy_seconds, "s")
        lines += ["", f"Thread time ({quantity(ledger.thread_seconds, 's')}, {busy} of it busy): {states}."]
        lines += [_loop(loop) for loop in ledger.loops[:_MOST_LOOPS]]
        if ledger.processes:
            told = ", ".join(_process(row) for row in ledger.processes[:_MOST_PROCESSES])
            more = len(ledger.processes) - _MOST_PROCESSES
            lines.append(f"By process: {told}{f' and {more} more' if more > 0 else ''}.")
    lines += ["", *_measured(answer.collections)]
    if answer.not_checked:
        lines += [
            "",
            "Not checked: " + "; ".join(f"{n.pattern} ({clean(n.why, 120)})" for n in answer.not_checked) + ".",
        ]
        lines += ["To check them: " + " ".join(dict.fromkeys(clean(n.enable, 120) for n in answer.not_checked))]
    return "\n".join([*lines, *follow(answer.next)])


def _finding(number: int, finding: Finding, facts: int, stacks: bool) -> list[str]:
    held = f", {percent(finding.share)} of busy time" if finding.share is not None else ""
    lines = [
        f"{number}. **{clean(finding.title)}** ({finding.severity})",
        f"   {finding.pattern} at {place(finding.location)}{held}, confidence {percent(finding.confidence)}",
    ]
    if facts and finding.evidence:
        said = [f"{clean(f.what, 200)} {quantity(f.value, f.unit)} ({f.tool})" for f in finding.evidence[:facts]]
        lines.append("   Evidence: " + "; ".join(said))
    if stacks and finding.stack:
        lines.append(f"   Stack: {chain(finding.stack, 12)}")
    lines.append(f"   Fix: {clean(finding.fix, 400)}")
    lines.append(f"   Verify: {clean(finding.verify, 240)}")
    if finding.related:
        lines.append("   Explains also: " + ", ".join(code(name, 40) for name in finding.related))
    return lines


def _process(process: ProcessRow) -> str:
    busiest = next((row for row in process.rows if row.state is not State.IDLE), None)
    what = f" (most {busiest.state})" if busiest else ""
    return f"{process.pid or 'short-lived children'} {quantity(process.busy_seconds, 's')} busy{what}"


def _loop(loop: LoopRow) -> str:
    wall = max(loop.idle_seconds + loop.callback_seconds, 1e-9)
    said = (
        f"Event loop ({clean(loop.kind, 20)}, thread {loop.tid}): idle {percent(loop.idle_seconds / wall)}, "
        f"no look at events for up to {quantity(loop.longest_seconds, 's')}, "
        f"mean lag {quantity(loop.mean_lag_seconds, 's')}"
    )
    if loop.blocked_call and loop.blocked_seconds >= _NOTABLE * wall:
        at = loop.blocked_at
        where = f" at {place(Location(file=at.file, line=at.line, function=at.function))}" if at else ""
        said += f"; callbacks stood still in calls for {percent(loop.blocked_seconds / wall)}, most in "
        said += f"{clean(loop.blocked_call, 30)}{where}"
    return f"{said}."


def _measured(collections: dict[str, Collection]) -> list[str]:
    """A line for each way of measuring, and what they lack and warn of: the parts of a window share most of it."""
    ways: dict[str, list[str]] = {}
    for part, how in collections.items():
        ways.setdefault(measured(how.model_copy(update={"lacks": (), "warnings": ()})), []).append(part)
    lines = [f"{', '.join(parts)}: {way}" for way, parts in ways.items()]
    lacks = dict.fromkeys(lack for how in collections.values() for lack in how.lacks)
    warnings = dict.fromkeys(clean(text) for how in collections.values() for text in how.warnings)
    if lacks:
        lines.append(f"Cannot tell: {'; '.join(lacks)}.")
    return [*lines, *(f"Warning: {text}." for text in warnings)]
