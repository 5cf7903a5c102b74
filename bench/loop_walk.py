"""A scripted client that goes from a running program to the proof that a change helped, where each answer leads."""

import time
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

import anyio
from asking import RefusedError
from loop_client import BASE, Walk
from loop_outcome import Answer, Outcome
from loop_programs import DECLARED, BadFix, Program
from loop_workload import by_workload, declare
from mcp import Client
from stopwatch import prepare, running

SETTLE = 1.0
"""seconds until a program is measured, by us and by the stopwatch: caches fill, code is compiled"""
STOPWATCH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """``seconds`` of each window; ``runs`` of each side in turns, restarted; in the first ``timed`` turns the stopwatch
    runs too."""

    seconds: float
    runs: int
    timed: int


async def walked(
    client: Client, program: Program, bad: BadFix | None, folder: Path, plan: Plan, project: Path
) -> Outcome:
    """With the prepared fix, or one that is none (``bad``), which is taken back at the end. ``project``: where a
    workload may be declared."""
    outcome, began = Outcome(bad.what if bad else "the prepared fix", program.source), time.monotonic()
    walk = Walk(client)
    file, wanted = folder / program.source, spoiled(bad) if bad else program.repaired
    try:
        prepare(folder, program.source, program.problem)
        before = await _diagnosed(walk, folder, program, plan, None)
        _note(outcome, program, before)
        applied = await _changed(walk, before, file, _fix(program, bad))
        assert file.read_text() == wanted, "code-edit made something else of it"
        after = await _diagnosed(walk, folder, program, plan, applied)
        outcome.single = await walk.follow(applied, "compare", {"after": after["recording"]})
        old, new = await _in_turns(walk, outcome, program, folder, plan)
        outcome.sets = await walk.ask("compare", {"before": old, "after": new})
        if not bad and program in DECLARED:
            declare(project, program, folder)
            await by_workload(walk, outcome, applied)
        await _go_on(walk, outcome, applied, folder, program)
        if bad:
            assert file.read_text() == program.problem, "the change was not taken back"
    except (RefusedError, TimeoutError, AssertionError, OSError, ValueError) as error:
        outcome.failed = f"{type(error).__name__}: {error}"[:300]
    outcome.calls, outcome.dead_ends, outcome.seconds = walk.calls, walk.dead_ends, time.monotonic() - began
    return outcome


def _fix(program: Program, bad: BadFix | None) -> dict[str, Any]:
    if bad:
        return {"edits": [{"old": old, "new": new} for old, new in bad.edits]}
    diff = unified_diff(program.problem.splitlines(), program.repaired.splitlines(), lineterm="")
    return {"diff": "\n".join(list(diff)[2:])}


def spoiled(bad: BadFix) -> str:
    text = bad.program.problem
    for old, new in bad.edits:
        assert text.count(old) == 1, f"{bad.program.source} has {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    return text


async def _diagnosed(walk: Walk, folder: Path, program: Program, plan: Plan, after: Answer | None) -> Answer:
    """From the running program to what is wrong with it; ``after``: the answer that its change was made by."""
    with running(folder, program.source, program.counted_file, program.unit_bytes) as process:
        await anyio.sleep(SETTLE)
        query = {
            "query": str(folder) if program.language in ("C", "C++", "Go", "Java") else str(folder / program.source)
        }
        found = await (walk.follow(after, "proc-find", query) if after else walk.ask("proc-find", query))
        offered = [call for call in found["next"] if call["tool"] == "diagnose"]
        if offered and offered[0]["arguments"].get("pid") != process.pid:
            walk.dead_ends.append("proc-find suggests another process first")
        return await walk.follow(found, "diagnose", {"pid": process.pid, "seconds": plan.seconds})


async def _changed(walk: Walk, answer: Answer, file: Path, by: dict[str, Any]) -> Answer:
    """From the finding to the changed code."""
    own = {} if any(call["tool"] == "code-inspect" for call in answer["next"]) else {"recording": answer["recording"]}
    inspected = await walk.follow(answer, "code-inspect", own)
    named = [call["arguments"].get("file") for call in inspected["next"] if call["tool"] == "code-edit"]
    if named and named != [str(file)]:
        walk.dead_ends.append(f"code-inspect shows {named[0]}, not the program")
        by = {**by, "file": str(file)}
    shown = await walk.follow(inspected, "code-edit", by, {"file": str(file), "recording": answer["recording"]})
    return await walk.follow(shown, "code-edit", by, {"file": str(file), "token": shown["token"], "dry_run": False})


async def _in_turns(
    walk: Walk, outcome: Outcome, program: Program, folder: Path, plan: Plan
) -> tuple[list[str], list[str]]:
    """Old code and new, restarted each time, A B B A …: a window of each, and beside it a run under the stopwatch. What
    the machine does meanwhile falls on all alike. Returns the recordings of both."""
    prepare(folder / BASE, program.source, program.problem)
    recordings: tuple[list[str], list[str]] = ([], [])
    sides = list(zip((folder / BASE, folder), recordings, (outcome.before, outcome.after), strict=True))
    for turn in range(plan.runs):
        for where, recorded, timed in sides if turn % 2 == 0 else sides[::-1]:
            with running(where, program.source, program.counted_file, program.unit_bytes) as process:
                await anyio.sleep(SETTLE)
                answer = await walk.ask("diagnose", {"pid": process.pid, "seconds": plan.seconds})
                recorded.append(answer["recording"])
            if turn >= plan.timed:
                continue
            with running(where, program.source, program.counted_file, program.unit_bytes) as process:
                await anyio.sleep(SETTLE)
                timed.append(process.timed(STOPWATCH_SECONDS))
    return recordings


async def _go_on(walk: Walk, outcome: Outcome, applied: Answer, folder: Path, program: Program) -> None:
    """Where the comparison leads: to what is left, to taking the change back, or to a better measurement."""
    assert outcome.sets
    if outcome.what == Outcome.PREPARED:
        await walk.follow(outcome.sets, "diagnose", {})
        return
    if outcome.verdict in ("regressed", "unchanged"):
        shown = await walk.follow(outcome.sets, "code-edit", {})
    else:
        shown = await walk.follow(applied, "code-edit", {})
    await walk.follow(shown, "code-edit", {})


def _note(outcome: Outcome, program: Program, answer: Answer) -> None:
    for rank, finding in enumerate(answer["findings"], 1):
        if finding["pattern"] == program.pattern and finding["severity"] != "info":
            at = finding.get("location") or {}
            named = Path(at.get("file") or "").name == program.source
            outcome.rank, outcome.pattern = rank, program.pattern
            outcome.at_its_line = named and at.get("line") in program.cost_lines()
            return
