"""The turns of the loop once more, as a declared workload: workload-run starts old code and new by itself."""

import json
import sys
from pathlib import Path

from asking import ROOT, RefusedError
from loop_client import BASE, Walk
from loop_outcome import Answer, Outcome
from loop_programs import Program
from stopwatch import built

REPEATS, SECONDS = 6, 1.0
FEWER = REPEATS // 2
"""what is asked twice where so many repeats do not fit into one call, on a busy machine"""
NAME = "program"
_DECLARED = """\
[workloads.{name}]
argv = {argv}
cwd = {cwd}
ready = {{ line = "^ready", delay = 0.5 }}
measure = "ready"
unit = {{ name = "message", seen = "messages" }}

[workloads.{name}.variants.{base}]
argv = {base_argv}
cwd = {base_cwd}
"""


def declare(project: Path, program: Program, folder: Path) -> None:
    """perfdoctor.toml of a project: the program as its source is now, and as it was (a variant)."""
    values = {"name": NAME, "base": BASE}
    for prefix, where in (("", folder), ("base_", folder / BASE)):
        command = [sys.executable, str(ROOT / "bench" / "targets" / "employed.py"), str(ROOT / "bench")]
        values[f"{prefix}argv"] = json.dumps(command + built(where, program.source))
        values[f"{prefix}cwd"] = json.dumps(str(where))
    (project / "perfdoctor.toml").write_text(_DECLARED.format(**values))


async def by_workload(walk: Walk, outcome: Outcome, applied: Answer) -> None:
    """From the changed code to what workload-run says of it, and compare of what it recorded."""
    own = {
        "name": NAME,
        "variant": BASE,
        "against": NAME,
        "repeats": REPEATS,
        "warm_up": 0,
        "seconds": SECONDS,
        "trace": "diagnose",
    }
    try:
        outcome.by_workload = await walk.follow(applied, "workload-run", own)
        outcome.of_workload = await walk.follow(outcome.by_workload, "compare", {})
    except RefusedError as refusal:
        if "do not fit into one call" not in str(refusal):
            raise
        parts = [await walk.ask("workload-run", {**own, "repeats": FEWER}) for _ in range(2)]
        recorded = [list(part["recordings"].values()) for part in parts]
        before, after = ([*one, *two] for one, two in zip(*recorded, strict=True))
        outcome.of_workload = await walk.ask("compare", {"before": before, "after": after})
