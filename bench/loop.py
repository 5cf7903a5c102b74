"""Does the whole loop hold, from the finding to the proof, and is the proof true?

    python bench/loop.py [--only NAME] [--seconds 2.5] [--runs 8] [--timed 5] [--keep FOLDER] [--write]
    python bench/loop.py --report FOLDER [--write]

A scripted client walks it over MCP (stdio, the server as mcp.json starts it) with ten programs of tests/workloads in
six languages: find the process, diagnose it, read the code that the finding names, change it (a dry run first; the
prepared fix is the repaired twin), restart it, diagnose it again, compare; then old code and new in turns, restarted
each time, and compare the sets. It goes where each answer's ``next`` leads; a step that no ``next`` offered is counted
as a dead end. Three of the programs are declared workloads as well, and workload-run takes the turns. Between the
windows, and without perfdoctor, a stopwatch counts units of work and CPU time in restarts of its own (stopwatch.py).
Then come fixes that are none (loop_programs.py), taken back one after the other.

``--keep`` leaves what came of each walk in a folder, so that it can be done in parts; ``--report`` joins them.
``--write`` keeps the tables in bench/results/loop.md. Needs root; takes half an hour, most of it waiting.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import anyio
from asking import ROOT
from loop_outcome import Outcome
from loop_programs import BAD_FIXES, PROGRAMS, BadFix, Program
from loop_report import bad_row, report, row
from loop_walk import Plan, walked
from mcp import Client, StdioServerParameters

RESULTS = ROOT / "bench" / "results" / "loop.md"
Task = tuple[Program, BadFix | None]


async def walk_all(tasks: Sequence[Task], plan: Plan, keep: Path | None) -> list[Outcome]:
    entry = json.loads((ROOT / "mcp.json").read_text())["mcpServers"]["perfdoctor"]
    outcomes = []
    # (on a disk: in memory, files would cost nothing)
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="perfdoctor-loop-") as folder:
        work = Path(folder) / "work"
        work.mkdir()
        environment = {
            **os.environ,
            **entry.get("env", {}),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PERFDOCTOR_STATE": str(Path(folder) / "state"),
            "PERFDOCTOR_USER_ROOTS": str(work),
            "PERFDOCTOR_WRITABLE_ROOTS": str(work),
            "PERFDOCTOR_WORKLOAD_ROOTS": folder,
        }
        parameters = StdioServerParameters(command=entry["command"], args=entry["args"], env=environment)
        async with Client(parameters) as client:
            for at, (program, bad) in enumerate(tasks):
                outcome = await walked(client, program, bad, work / f"{at}", plan, Path(folder))
                outcomes.append(outcome)
                if keep:
                    outcome.keep(keep)
                print(bad_row(bad, outcome) if bad else row(program, outcome), outcome.failed, flush=True)
    return outcomes


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--only", default="", help="only programs with one of these in their name, with commas")
    options.add_argument("--part", choices=("fixes", "spoils"), help="only the good fixes, or only those that are none")
    options.add_argument("--seconds", type=float, default=2.5, help="of each window")
    options.add_argument("--runs", type=int, default=8, help="of each side in turns, 5 at least show a difference")
    options.add_argument("--timed", type=int, default=5, help="runs of each side under the stopwatch, 2 at least")
    options.add_argument("--keep", type=Path, help="the folder to leave what came of each walk in")
    options.add_argument("--report", type=Path, help="walk nothing, report what was left in this folder")
    options.add_argument("--write", action="store_true", help=f"also write {RESULTS.relative_to(ROOT)}")
    chosen = options.parse_args()
    tasks: list[Task] = [(one, None) for one in PROGRAMS if chosen.part != "spoils"]
    tasks += [(one.program, one) for one in BAD_FIXES if chosen.part != "fixes"]
    tasks = [task for task in tasks if any(part in task[0].source for part in chosen.only.split(","))]
    if chosen.report:
        outcomes = [Outcome.kept(path) for path in sorted(chosen.report.glob("*.json"))]
    else:
        outcomes = anyio.run(walk_all, tasks, Plan(chosen.seconds, chosen.runs, chosen.timed), chosen.keep)
    text = "\n".join(report(outcomes)) + "\n"
    print(text)
    if chosen.write:
        RESULTS.write_text(text)
    # A walk that ended early is a defect whatever the figures are.
    return any(one.failed for one in outcomes)


if __name__ == "__main__":
    sys.exit(main())
