"""Does the whole loop hold, from the finding to the proof, and is the proof true?

    python bench/loop.py [--only NAME] [--seconds 5] [--repeats 5] [--write]

A scripted client walks it over MCP (stdio, the server as mcp.json starts it) with ten programs of tests/workloads in
six languages: find the process, diagnose it, read the code that the finding names, change it (a dry run first; the
prepared fix is the repaired twin), restart it, diagnose it again, compare. It goes where each answer's ``next`` leads;
a step that no ``next`` offered is counted as a dead end. Beside that, and without perfdoctor, a stopwatch counts units
of work of both versions in restarted runs, in turns (stopwatch.py). Then come fixes that are none (loop_programs.py),
taken back one after the other. ``--write`` keeps the tables in bench/results/loop.md. Needs root; takes eight minutes.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import Any

import anyio
from asking import ROOT, RefusedError
from loop_programs import BAD_FIXES, PROGRAMS, BadFix, Program
from mcp import Client, StdioServerParameters
from stopwatch import Interval, change, prepare, running

RESULTS = ROOT / "bench" / "results" / "loop.md"
SETTLE = 1.0
"""seconds until a program is measured: caches fill, code is compiled"""
STOPWATCH_SECONDS, STOPWATCH_SETTLE = 0.8, 0.5
PATIENCE = 120.0
"""seconds for one answer"""
Answer = dict[str, Any]


@dataclass
class Walk:
    """One way through the loop: what it asked, and where it was left alone."""

    client: Client
    calls: int = 0
    dead_ends: list[str] = field(default_factory=list)

    async def ask(self, tool: str, arguments: dict[str, Any]) -> Answer:
        self.calls += 1
        with anyio.fail_after(PATIENCE):
            result = await self.client.call_tool(tool, arguments)
        if result.is_error or result.structured_content is None:
            text = "".join(part.text for part in result.content if part.type == "text")
            raise RefusedError(f"{tool}: {text}")
        answer: Answer = result.structured_content
        return answer

    async def follow(self, answer: Answer, tool: str, own: Answer, else_: Answer | None = None) -> Answer:
        """The call of ``tool`` that an answer suggests, with what only the caller can know (``own``). Where it suggests
        none, that is a dead end, and ``else_`` is asked too."""
        suggested = [call["arguments"] for call in answer["next"] if call["tool"] == tool]
        if not suggested:
            self.dead_ends.append(f"no {tool} after {answer.get('summary', '')[:80]!r}")
        arguments = suggested[0] if suggested else else_ or {}
        return await self.ask(tool, {**arguments, **own})


@dataclass
class Outcome:
    """What came of one walk. ``failed`` says where it ended early."""

    what: str
    program: Program
    found: Answer | None = None
    """the finding of the planted pattern"""
    rank: int = 0
    compared: Answer | None = None
    stopwatch: Interval | None = None
    rates: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    calls: int = 0
    dead_ends: list[str] = field(default_factory=list)
    seconds: float = 0.0
    failed: str = ""

    @property
    def verdict(self) -> str:
        return self.compared["verdict"] if self.compared else "none"

    @property
    def at_its_line(self) -> bool:
        at = (self.found or {}).get("location") or {}
        return Path(at.get("file") or "").name == self.program.source and at.get("line") in self.program.cost_lines()

    @property
    def finding(self) -> str:
        """What compare says of the planted finding."""
        if not self.compared or not self.found:
            return "-"
        told = [one for one in self.compared["comparison"]["findings"] if one["pattern"] == self.program.pattern]
        old = [one for one in told if one["change"] != "new"]
        if not old:
            return "not named"
        if all(one["change"] == "gone" for one in old) and len(told) == len(old):
            return "gone"
        return ", ".join(f"{one['change']} ({_share(one['before'])} to {_share(one['after'])})" for one in told)

    @property
    def throughput(self) -> Interval | None:
        """Units of work a second, as compare counted them."""
        return self._by_compare("s", "1/s")

    @property
    def cost(self) -> Interval | None:
        """CPU time per unit of work, which compare judges."""
        return self._by_compare("CPU time per ", "s")

    @property
    def per(self) -> str:
        return self.compared["comparison"]["per"] if self.compared else "-"

    def _by_compare(self, named: str, unit: str) -> Interval | None:
        if self.per in ("-", "second"):
            return None
        assert self.compared
        name = f"{self.per}s" if unit == "1/s" else f"{named}{self.per}"
        for metric in self.compared["comparison"]["metrics"]:
            if metric["metric"] == name and metric["low"] is not None and metric["before"] > 0:
                before = metric["before"]
                low, high = (max(0.0, (before + metric[bound]) / before) for bound in ("low", "high"))
                return Interval(metric["after"] / before, low, high)
        return None


def _share(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


# -- the walk ------------------------------------------------------------------------------------------------------


async def diagnosed(walk: Walk, folder: Path, program: Program, seconds: float, after: Answer | None) -> Answer:
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
        return await walk.follow(found, "diagnose", {"pid": process.pid, "seconds": seconds})


async def changed(walk: Walk, answer: Answer, file: Path, by: dict[str, Any]) -> Answer:
    """From the finding to the changed code."""
    own = {} if any(call["tool"] == "code-inspect" for call in answer["next"]) else {"recording": answer["recording"]}
    inspected = await walk.follow(answer, "code-inspect", own)
    named = [call["arguments"].get("file") for call in inspected["next"] if call["tool"] == "code-edit"]
    if named and named != [str(file)]:
        walk.dead_ends.append(f"code-inspect shows {named[0]}, not the program")
        by = {**by, "file": str(file)}
    shown = await walk.follow(inspected, "code-edit", by, {"file": str(file), "recording": answer["recording"]})
    return await walk.follow(shown, "code-edit", by, {"file": str(file), "token": shown["token"], "dry_run": False})


async def taken_back(walk: Walk, applied: Answer) -> None:
    shown = await walk.follow(applied, "code-edit", {})
    await walk.follow(shown, "code-edit", {})


def note(outcome: Outcome, answer: Answer) -> None:
    for rank, finding in enumerate(answer["findings"], 1):
        if finding["pattern"] == outcome.program.pattern and finding["severity"] != "info":
            outcome.found, outcome.rank = finding, rank
            return


async def repair(client: Client, program: Program, folder: Path, seconds: float) -> Outcome:
    walk, outcome, began = Walk(client), Outcome("the prepared fix", program), time.monotonic()
    file = folder / program.source
    try:
        prepare(folder, program.source, program.problem)
        before = await diagnosed(walk, folder, program, seconds, None)
        note(outcome, before)
        diff = unified_diff(program.problem.splitlines(), program.repaired.splitlines(), lineterm="")
        applied = await changed(walk, before, file, {"diff": "\n".join(list(diff)[2:])})
        assert file.read_text() == program.repaired, "code-edit made something else of it"
        after = await diagnosed(walk, folder, program, seconds, applied)
        outcome.compared = await walk.follow(applied, "compare", {"after": after["recording"]})
        # (a longer window, which is what follows where nothing was proved, would want the process, and it has ended)
        if outcome.verdict != "inconclusive":
            await walk.follow(outcome.compared, "diagnose", {})
    except (RefusedError, TimeoutError, AssertionError, OSError, subprocess.SubprocessError) as error:
        outcome.failed = f"{type(error).__name__}: {error}"[:300]
    outcome.calls, outcome.dead_ends, outcome.seconds = walk.calls, walk.dead_ends, time.monotonic() - began
    return outcome


async def spoil(client: Client, bad: BadFix, folder: Path, seconds: float) -> Outcome:
    """As ``repair``, with a fix that is none, which is taken back at the end."""
    program = bad.program
    walk, outcome, began = Walk(client), Outcome(bad.what, program), time.monotonic()
    file = folder / program.source
    try:
        prepare(folder, program.source, program.problem)
        before = await diagnosed(walk, folder, program, seconds, None)
        note(outcome, before)
        edits = [{"old": old, "new": new} for old, new in bad.edits]
        applied = await changed(walk, before, file, {"edits": edits})
        assert file.read_text() == spoiled(bad), "code-edit made something else of it"
        after = await diagnosed(walk, folder, program, seconds, applied)
        outcome.compared = await walk.follow(applied, "compare", {"after": after["recording"]})
        await taken_back(walk, applied)
        assert file.read_text() == program.problem, "the change was not taken back"
    except (RefusedError, TimeoutError, AssertionError, OSError, subprocess.SubprocessError) as error:
        outcome.failed = f"{type(error).__name__}: {error}"[:300]
    outcome.calls, outcome.dead_ends, outcome.seconds = walk.calls, walk.dead_ends, time.monotonic() - began
    return outcome


def spoiled(bad: BadFix) -> str:
    text = bad.program.problem
    for old, new in bad.edits:
        assert text.count(old) == 1, f"{bad.program.source} has {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    return text


# -- the stopwatch -------------------------------------------------------------------------------------------------


def time_both(program: Program, texts: Sequence[str], folder: Path, repeats: int) -> tuple[list[float], list[float]]:
    """Units a second of both texts, in restarted runs, in turns."""
    sides = [folder / name for name in ("before", "after")]
    for side, text in zip(sides, texts, strict=True):
        prepare(side, program.source, text)
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for side, measured in zip(sides, rates, strict=True):
            with running(side, program.source, program.counted_file, program.unit_bytes) as process:
                time.sleep(STOPWATCH_SETTLE)
                measured.append(process.rate(STOPWATCH_SECONDS))
    return rates


def count(outcome: Outcome, text: str, folder: Path, repeats: int) -> None:
    try:
        outcome.rates = time_both(outcome.program, (outcome.program.problem, text), folder, repeats)
        outcome.stopwatch = change(*outcome.rates)
    except (AssertionError, OSError, subprocess.SubprocessError, ValueError) as error:
        outcome.failed = f"{outcome.failed} stopwatch: {error}"[:300].strip()


# -- the report ----------------------------------------------------------------------------------------------------


def report(good: Sequence[Outcome], bad: Sequence[tuple[BadFix, Outcome]], seconds: float, repeats: int) -> list[str]:
    good_and_bad = [*good, *(one for _, one in bad)]
    rates = [_agree(one.throughput, one.stopwatch) for one in good]
    times = [_agree(one.cost, _time_of_one(one)) for one in good if one.program.computes]
    ends = sum(len(one.dead_ends) for one in good_and_bad)
    found = [one for one in good if one.found]
    gone = sum(one.finding == "gone" for one in good)
    improved = sum(one.verdict == "improved" for one in good)
    right = sum(is_right(fix, one) for fix, one in bad)
    version = f"Linux {platform.release()}, Python {platform.python_version()}"
    return [
        "# Does the loop hold, and is its proof true?",
        "",
        f"{version}, {os.cpu_count()} cores shared with other work; made by",
        f"`python bench/loop.py --seconds {seconds:g} --repeats {repeats}`. Compare had one window of {seconds:g} s",
        f"on each side; the stopwatch {repeats} other runs of {STOPWATCH_SECONDS:g} s on each side, in turns, without",
        "perfdoctor. Each program is given its",
        "next unit of work as soon as it takes one (async_lookup.py has clients of its own): what it does a second is",
        "what it can do.",
        "",
        f"- The planted pattern was found in {len(found)} of {len(good)} programs, as the first finding in "
        f"{sum(one.rank == 1 for one in found)}, at a marked line in {sum(one.at_its_line for one in found)}.",
        f"- After the fix it was gone in {gone} of {len(good)}, and the verdict improved in {improved}.",
        f"- Units of work a second: the intervals of compare and of the stopwatch overlap in {_overlapping(rates)}; "
        f"compare's own figure lies within the stopwatch's interval in {_within(rates)}.",
        f"- The time of one unit, where one thread computes: overlap in {_overlapping(times)}, within in "
        f"{_within(times)}.",
        f"- The verdict was right on {right} of {len(bad)} fixes that are none.",
        f"- Steps that no `next` led to: {ends} of {sum(one.calls for one in good_and_bad)} calls.",
        "",
        "## Programs and their prepared fixes",
        "",
        "Changes are factors, after by before, with 95 % bounds. CPU time per unit is what compare judges; the",
        "stopwatch's is the time of a unit, which is the same where one thread computes. Agree: the intervals overlap;",
        "(in): compare's own figure lies within the stopwatch's interval too. Seconds and calls are those of the walk.",
        "",
        "| program | language | planted, found | finding after | verdict | unit | units/s, compare | "
        "units/s, stopwatch | agree | time per unit, compare | time per unit, stopwatch | agree | dead ends | calls | "
        "seconds |",
        f"|{'---|' * 15}",
        *(_row(one) for one in good),
        "",
        "## Fixes that are none",
        "",
        "| program | the fix | allowed | verdict | right | side effects named | finding after | units/s, compare | "
        "units/s, stopwatch | agree | dead ends | calls | seconds |",
        f"|{'---|' * 13}",
        *(_bad_row(fix, one) for fix, one in bad),
        "",
        "## What compare said",
        "",
        *(f"- {_who(one)}: {one.compared['summary']}" for one in good_and_bad if one.compared),
        "",
        "## Units a second under the stopwatch, run by run",
        "",
        *(f"- {_who(one)}: {_rates(one.rates[0])} before, {_rates(one.rates[1])} after" for one in good_and_bad),
        *_failures(good_and_bad),
    ]


def is_right(fix: BadFix, outcome: Outcome) -> bool:
    named = not fix.named or any(fix.named in effect for effect in _effects(outcome))
    return outcome.verdict in fix.allowed and named


def _effects(outcome: Outcome) -> list[str]:
    return list(outcome.compared["comparison"]["side_effects"]) if outcome.compared else []


def _row(one: Outcome) -> str:
    where = "" if not one.found else f", {'first' if one.rank == 1 else f'as number {one.rank}'}"
    line = "" if not one.found else ", at its line" if one.at_its_line else ", at another line"
    found = f"{one.program.pattern}: {'yes' if one.found else 'NO'}{where}{line}"
    time_of_one = _time_of_one(one)
    cells = [
        one.program.source,
        one.program.language,
        found,
        one.finding,
        one.verdict,
        one.per,
        _cell(one.throughput),
        _cell(one.stopwatch),
        _agree(one.throughput, one.stopwatch),
        _cell(one.cost),
        _cell(time_of_one) if one.program.computes else "(it waits)",
        _agree(one.cost, time_of_one),
        str(len(one.dead_ends)),
        str(one.calls),
        f"{one.seconds:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _bad_row(fix: BadFix, one: Outcome) -> str:
    cells = [
        one.program.source,
        fix.what,
        " or ".join(fix.allowed) + (f", {fix.named} named" if fix.named else ""),
        one.verdict,
        "yes" if is_right(fix, one) else "NO",
        "; ".join(_effects(one)) or "none",
        one.finding,
        _cell(one.throughput),
        _cell(one.stopwatch),
        _agree(one.throughput, one.stopwatch),
        str(len(one.dead_ends)),
        str(one.calls),
        f"{one.seconds:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _time_of_one(one: Outcome) -> Interval | None:
    return one.stopwatch.inverse if one.stopwatch and one.program.computes else None


def _cell(interval: Interval | None) -> str:
    return str(interval) if interval else "none"


def _agree(compare: Interval | None, stopwatch: Interval | None) -> str:
    if compare is None or stopwatch is None:
        return "-"
    overlap = "yes" if compare.overlaps(stopwatch) else "NO"
    return overlap + (" (in)" if stopwatch.holds(compare.factor) else "")


def _overlapping(told: Sequence[str]) -> str:
    return f"{sum(one.startswith('yes') for one in told)} of {len(told)}"


def _within(told: Sequence[str]) -> str:
    return f"{sum(one.endswith('(in)') for one in told)}"


def _who(one: Outcome) -> str:
    return f"{one.program.source}, {one.what}"


def _rates(rates: Sequence[float]) -> str:
    return ", ".join(f"{rate:,.4g}" for rate in rates) or "none"


def _failures(outcomes: Sequence[Outcome]) -> list[str]:
    failed = [f"- {_who(one)}: {one.failed}" for one in outcomes if one.failed]
    ends = [f"- {_who(one)}: {end}" for one in outcomes for end in one.dead_ends]
    return [
        *(["", "## Ended early", "", *failed] if failed else []),
        *(["", "## Dead ends", "", *ends] if ends else []),
    ]


# -- all of it -----------------------------------------------------------------------------------------------------


async def walk_all(
    programs: Sequence[Program], fixes: Sequence[BadFix], seconds: float, repeats: int
) -> tuple[list[Outcome], list[tuple[BadFix, Outcome]]]:
    entry = json.loads((ROOT / "mcp.json").read_text())["mcpServers"]["perfdoctor"]
    good: list[Outcome] = []
    bad: list[tuple[BadFix, Outcome]] = []
    # (on a disk: in memory, files would cost nothing)
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="perfdoctor-loop-") as folder:
        work, timed = Path(folder) / "work", Path(folder) / "timed"
        environment = {
            **os.environ,
            **entry.get("env", {}),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PERFDOCTOR_STATE": str(Path(folder) / "state"),
            "PERFDOCTOR_USER_ROOTS": str(work),
            "PERFDOCTOR_WRITABLE_ROOTS": str(work),
        }
        work.mkdir()
        parameters = StdioServerParameters(command=entry["command"], args=entry["args"], env=environment)
        async with Client(parameters) as client:
            for at, program in enumerate(programs):
                outcome = await repair(client, program, work / f"{at}", seconds)
                count(outcome, program.repaired, timed / f"{at}", repeats)
                good.append(outcome)
                print(_row(outcome), outcome.failed, flush=True)
            for at, fix in enumerate(fixes):
                outcome = await spoil(client, fix, work / f"bad-{at}", seconds)
                count(outcome, spoiled(fix), timed / f"bad-{at}", repeats)
                bad.append((fix, outcome))
                print(_bad_row(fix, outcome), outcome.failed, flush=True)
    return good, bad


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--only", default="", help="only programs with this in their name")
    options.add_argument("--seconds", type=float, default=5.0, help="of each window")
    options.add_argument("--repeats", type=int, default=5, help="runs of each side under the stopwatch, 2 at least")
    options.add_argument("--write", action="store_true", help=f"also write {RESULTS.relative_to(ROOT)}")
    chosen = options.parse_args()
    programs = [one for one in PROGRAMS if chosen.only in one.source]
    fixes = [one for one in BAD_FIXES if chosen.only in one.program.source]
    good, bad = anyio.run(walk_all, programs, fixes, chosen.seconds, max(2, chosen.repeats))
    text = "\n".join(report(good, bad, chosen.seconds, max(2, chosen.repeats))) + "\n"
    print(text)
    if chosen.write:
        RESULTS.write_text(text)
    # A walk that ended early is a defect whatever the figures are.
    return any(one.failed for one in [*good, *(outcome for _, outcome in bad)])


if __name__ == "__main__":
    sys.exit(main())
