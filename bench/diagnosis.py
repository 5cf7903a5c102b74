"""Is diagnose right? Every program below tests/workloads/{problems,repaired,healthy}, and below the same folders of
tests/workloads/fresh, fresh2 and so on, asked as an assistant asks.

    python bench/diagnosis.py [--only NAME] [--part PART] [--seconds 5] [--jobs 1] [--list] [--write]
                              [--keep FOLDER | --again FOLDER]

Each program is started, diagnosed by the server over stdio, stopped, and diagnosed again from its recording, which must
say the same. Programs whose tool chain is missing are skipped, by name. The parts: ``development``; the
``held-out`` are those that nobody looked at while detectors were written (a hash of the name decides, see planted.py);
``fresh`` and those numbered after it were written later, by somebody who knew no detector. Run these last, and do not
tune to them. ``--write`` keeps the tables in bench/results/diagnosis.md. ``--keep`` leaves the recordings in a folder;
``--again`` judges those of such a folder with the detectors of today, and starts nothing. Needs root.

``fresh16`` and half of those after it are on frameworks: pip install --group frameworks; npm install --prefix
tests/workloads; and of Debian golang-github-lib-pq-dev, golang-github-gorilla-mux-dev,
golang-github-gomodule-redigo-dev, libpostgresql-jdbc-java, libhikaricp-java, libjackson2-databind-java.
"""

import argparse
import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import anyio
import pytest
from asking import ROOT, WORDY, Doctor, RefusedError, doctor, free_port, token_counter
from machine import machine
from planted import AMONG, PARTS, Outcome, Planted, planted

sys.path.insert(0, str(ROOT))
from tests.live.workload import workload

RESULTS = ROOT / "bench" / "results" / "diagnosis.md"
BUCKETS = ((0.9, 1.01, "0.9 and more"), (0.75, 0.9, "0.75 to 0.9"), (0.5, 0.75, "0.5 to 0.75"), (0.0, 0.5, "below 0.5"))
KEPT = "programs.txt"
"""beside recordings that are kept: which is of which program"""
PATIENCE = 120
"""seconds beyond the window after which a program or an answer is given up"""


async def ask(program: Planted, patient: Doctor, seconds: float, tokens: Callable[[str], int]) -> Outcome:
    outcome = Outcome(program)
    try:
        with anyio.fail_after(seconds + PATIENCE):
            # (a port of its own for each inspector: two Node.js programs on one machine take the same one)
            port = {"NODE_OPTIONS": f"--inspect-port={free_port()}"}
            async with workload(program.name, environment=port) as running:
                outcome.answer = await patient.diagnose(pid=running.pid, seconds=seconds)
            outcome.tokens = tokens(outcome.answer.text)
            outcome.same = await patient.is_the_same_offline(outcome.answer)
    except (pytest.skip.Exception, pytest.fail.Exception) as why:
        outcome.skipped = str(why)
    except (RefusedError, TimeoutError, AssertionError, OSError, anyio.EndOfStream, anyio.IncompleteRead) as error:
        outcome.failed = f"{type(error).__name__}: {error}"[:200]
    return outcome


async def ask_all(
    programs: Sequence[Planted], seconds: float, jobs: int, keep: Path | None = None
) -> tuple[list[Outcome], str]:
    """Each program once. Its recording stays in ``keep``, where one is given."""
    count, counter = token_counter()
    outcomes: list[Outcome] = []
    waiting = list(reversed(programs))
    with tempfile.TemporaryDirectory(prefix="perfdoctor-bench-") as passing:
        async with doctor(keep or Path(passing)) as patient, anyio.create_task_group() as tasks:

            async def work() -> None:
                while waiting:
                    outcome = await ask(waiting.pop(), patient, seconds, count)
                    outcomes.append(outcome)
                    print(_line(outcome), flush=True)
                    if keep and outcome.answer:
                        with (keep / KEPT).open("a") as kept:
                            kept.write(f"{outcome.program.name} {outcome.answer.told['recording']}\n")

            for _ in range(jobs):
                tasks.start_soon(work)
    order = {program: at for at, program in enumerate(programs)}
    return sorted(outcomes, key=lambda outcome: order[outcome.program]), counter


async def judge_again(programs: Sequence[Planted], keep: Path) -> tuple[list[Outcome], str]:
    """What is said today of recordings that were kept; of programs asked several times, of the last."""
    count, counter = token_counter()
    kept = dict(line.split() for line in (keep / KEPT).read_text().splitlines())
    outcomes = []
    async with doctor(keep) as patient:
        for program in programs:
            if recording := kept.get(program.name):
                answer = await patient.diagnose(recording=recording)
                outcomes.append(Outcome(program, answer, count(answer.text), same=True))
                print(_line(outcomes[-1]), flush=True)
    return outcomes, counter


def _line(outcome: Outcome) -> str:
    program = outcome.program
    if outcome.answer is None:
        return f"{program.name:44} {'skipped' if outcome.skipped else 'FAILED'}: {outcome.skipped or outcome.failed}"
    mark = "ok" if outcome.is_good else "WRONG"
    offline = "" if outcome.same else "  OFFLINE DIFFERS"
    cost = f"{outcome.answer.seconds:5.1f} s {outcome.tokens:5} tokens"
    return f"{program.name:44} {mark:5} {cost}{offline}  {_said(outcome)}"


def _said(outcome: Outcome) -> str:
    """The first findings, in a few words each."""
    if outcome.answer is None:
        return ""
    said = []
    for finding in outcome.answer.findings[:AMONG]:
        at = finding["location"] or {}
        where = f"{Path(at['file']).name}:{at['line']}" if at.get("file") else "no line"
        said.append(f"{finding['severity']} {finding['pattern']} {where} ({finding['confidence']:.2f})")
    return "; ".join(said) or "nothing"


def report(outcomes: Sequence[Outcome], seconds: float, counter: str) -> list[str]:
    asked = [outcome for outcome in outcomes if outcome.answer is not None]
    lines = [
        "# Is diagnose right?",
        "",
        f"{machine()}; made by `python bench/diagnosis.py --seconds {seconds:g}`.",
        f"{len(asked)} programs, with a planted problem, repaired, or healthy, were asked about over MCP. A finding",
        "counts from warning on; its line is right when the program marks it as the cost. A hash of its name decides",
        "which program is held out: nobody looks at those while writing detectors (but programs that were in the tests",
        "before there were two parts were known). The fresh programs were written by somebody who knew no detector.",
        "",
        *_summary(outcomes),
        "",
        "## By pattern",
        "",
        "| pattern | programs | first | in the first three | at its line |",
        "|---|---|---|---|---|",
        *_by_pattern([outcome for outcome in asked if outcome.program.pattern]),
        "",
        "## Calibration",
        "",
        "A finding is right when it is the planted pattern at a marked line; in repaired and healthy programs none is.",
        "Notes (info) are counted apart: they say where time goes, not that something is wrong.",
        "",
        "| confidence | findings | right | notes | of them right |",
        "|---|---|---|---|---|",
        *_calibration(asked),
        "",
        f"## Time and words (tokens: {counter})",
        "",
        *_words(asked),
    ]
    wrong = [(outcome.program, outcome) for outcome in asked if not outcome.is_good]
    lines += _list("Wrong", (f"{p.name} ({p.part}): expected {_expected(p)}; {_said(o)}" for p, o in wrong))
    lines += _list("Offline the answer differed", (o.program.name for o in asked if not o.same))
    lines += _list(f"Longer than {WORDY} tokens", (f"{o.program.name}: {o.tokens}" for o in asked if o.tokens > WORDY))
    lines += _list("Skipped", (f"{o.program.name}: {o.skipped}" for o in outcomes if o.skipped))
    lines += _list("Failed", (f"{o.program.name}: {o.failed}" for o in outcomes if o.failed))
    return lines


def _summary(outcomes: Sequence[Outcome]) -> list[str]:
    asked = {part: [o for o in outcomes if o.program.part == part and o.answer] for part in PARTS}
    columns = {part: of for part, of in asked.items() if of}
    rows: list[tuple[str, list[str]]] = []

    def row(name: str, cell: Callable[[list[Outcome]], str]) -> None:
        rows.append((name, [cell(of) for of in columns.values()]))

    def problems(of: list[Outcome]) -> list[Outcome]:
        return [outcome for outcome in of if outcome.program.pattern]

    def quiet(of: list[Outcome], folder: str) -> list[Outcome]:
        return [outcome for outcome in of if outcome.program.source.parent.name == folder]

    row("planted problems", lambda of: str(len(problems(of))))
    row("right pattern first", lambda of: _share(problems(of), lambda o: o.first))
    row("right pattern in the first three", lambda of: _share(problems(of), lambda o: o.among))
    row("right line", lambda of: _share(problems(of), lambda o: o.at_its_line))
    row("false alarms on repaired programs", lambda of: _share(quiet(of, "repaired"), lambda o: bool(o.alarms)))
    row("false alarms on healthy programs", lambda of: _share(quiet(of, "healthy"), lambda o: bool(o.alarms)))
    row("offline the same", lambda of: _share(of, lambda o: bool(o.same)))
    return [
        f"| | {' | '.join(columns)} |",
        f"|{'---|' * (1 + len(columns))}",
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows),
    ]


def _by_pattern(problems: Sequence[Outcome]) -> list[str]:
    by: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in problems:
        by[str(outcome.program.pattern)].append(outcome)
    lines = []
    for pattern, of in sorted(by.items()):
        languages = ", ".join(f"{n} {name}" for name, n in sorted(Counter(o.program.language for o in of).items()))
        counts = [sum(o.first for o in of), sum(o.among for o in of), sum(o.at_its_line for o in of)]
        lines.append(f"| {pattern} | {len(of)} ({languages}) | {' | '.join(map(str, counts))} |")
    return lines


def _calibration(asked: Sequence[Outcome]) -> list[str]:
    pairs = [(finding, outcome.program) for outcome in asked if outcome.answer for finding in outcome.answer.findings]
    lines = []
    for low, high, name in BUCKETS:
        inside = [(f, program) for f, program in pairs if low <= f["confidence"] < high]
        alarms = [program.is_right(f) for f, program in inside if f["severity"] != "info"]
        notes = [program.is_right(f) for f, program in inside if f["severity"] == "info"]
        lines.append(f"| {name} | {len(alarms)} | {_ratio(alarms)} | {len(notes)} | {_ratio(notes)} |")
    return lines


def _words(asked: Sequence[Outcome]) -> list[str]:
    if not asked:
        return ["Nothing was asked."]
    took = [outcome.answer.seconds for outcome in asked if outcome.answer]
    tokens = [outcome.tokens for outcome in asked]
    return [
        "| | median | most |",
        "|---|---|---|",
        f"| seconds from question to answer | {statistics.median(took):.1f} | {max(took):.1f} |",
        f"| tokens of the answer (allowed: {WORDY:,}) | {statistics.median(tokens):,.0f} | {max(tokens):,} |",
    ]


def _share(of: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> str:
    return f"{_ratio([holds(outcome) for outcome in of])}"


def _ratio(held: Sequence[bool]) -> str:
    return f"{sum(held)} of {len(held)} ({100 * sum(held) / len(held):.0f} %)" if held else "-"


def _expected(program: Planted) -> str:
    if program.pattern is None:
        return "nothing"
    return f"{program.pattern} at {', '.join(map(str, sorted(program.lines))) or 'any line'}"


def _list(heading: str, items: Iterable[str]) -> list[str]:
    found = [f"- {item}" for item in items]
    return ["", f"## {heading}: {len(found)}", "", *found] if found else []


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--only", default="", help="only programs with this in their folder and name")
    options.add_argument("--part", choices=PARTS, help="only this part; all unless it is given")
    options.add_argument("--seconds", type=float, default=5.0, help="of each window")
    options.add_argument("--jobs", type=int, default=1, help="programs at the same time")
    options.add_argument("--list", action="store_true", help="name the programs and ask nothing")
    options.add_argument("--write", action="store_true", help=f"also write {RESULTS.relative_to(ROOT)}")
    kept = options.add_mutually_exclusive_group()
    kept.add_argument("--keep", type=Path, help="leave the recordings in this folder")
    kept.add_argument("--again", type=Path, help="judge the recordings of this folder, and start nothing")
    chosen = options.parse_args()
    programs = [p for p in planted() if chosen.only in p.name and chosen.part in (None, p.part)]
    if chosen.list:
        for program in programs:
            print(f"{program.part:11} {program.name:44} {program.pattern or 'healthy'}")
        return 0
    if chosen.again:
        outcomes, counter = anyio.run(judge_again, programs, chosen.again)
    else:
        outcomes, counter = anyio.run(ask_all, programs, chosen.seconds, chosen.jobs, chosen.keep)
    text = "\n".join(report(outcomes, chosen.seconds, counter)) + "\n"
    print(text)
    if chosen.write:
        RESULTS.write_text(text)
    # A recording that says something else, or no answer at all, is a defect whatever the figures are.
    return any(outcome.failed or outcome.same is False for outcome in outcomes)


if __name__ == "__main__":
    sys.exit(main())
