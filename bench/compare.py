"""Does compare say "improved" of a program that has not changed, and does it see real changes?

    python bench/compare.py [--quick] [--kinds steady,batch …] [--keep FOLDER | --judge FOLDER] [--write]

Programs that are steady, bursty, wandering, skewed, under changing load, or without any visible unit of work
(targets/paced.py) are started many times and recorded in short windows by the engine, each window once more with 5, 10,
20 and 50 % more work in each request. All runs in random order, so that what the machine does meanwhile falls on all
alike. Windows of equal programs are then held against each other, of the same run and of different ones, singly and in
sets of five runs; and windows with more work against those without, both ways round.

``--keep`` leaves the windows in a folder, ``--judge`` judges those of one again. ``--write`` keeps the tables in
bench/results/compare.md. Needs root. In full it takes half an hour; ``--quick`` takes two minutes and proves little.
"""

import argparse
import gzip
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Protocol
from unittest.mock import patch

import anyio
from machine import machine

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.ledger import observe
from perfdoctor.collectors.target import find_target
from perfdoctor.diagnosis import side
from perfdoctor.diagnosis.comparison import compare
from perfdoctor.diagnosis.engine import diagnose
from perfdoctor.schemas.comparison import Comparison, MetricChange, Verdict
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Diagnosis

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "bench" / "targets" / "paced.py"
RESULTS = ROOT / "bench" / "results" / "compare.md"
KINDS = ("steady", "bursty", "wandering", "skewed", "tides", "batch")
CHANGES = (0.05, 0.10, 0.20, 0.50)
SETTLE = 0.5
"""seconds until a run is measured: caches fill, the load begins"""
SET = 5
"""runs in a set"""
ROUNDS = 4
"""how often windows are dealt into pairs anew"""
DEALS = 20
"""and runs into sets"""


@dataclass(frozen=True)
class Plan:
    runs: int
    windows: int
    changed_runs: int
    changed_windows: int
    seconds: float


FULL = Plan(runs=12, windows=3, changed_runs=5, changed_windows=1, seconds=5.0)
QUICK = Plan(runs=2, windows=2, changed_runs=1, changed_windows=1, seconds=1.0)


@dataclass(frozen=True)
class Recorded:
    kind: str
    change: float
    run: int
    window: int
    evidence: Evidence


class Judge(Protocol):
    def __call__(self, evidence: Evidence, focus: str = "auto") -> Diagnosis: ...


def cache_by_identity(judge: Judge) -> Judge:
    known: dict[tuple[int, str], tuple[Evidence, Diagnosis]] = {}

    def judged(evidence: Evidence, focus: str = "auto") -> Diagnosis:
        key = id(evidence), focus
        if key not in known:
            known[key] = evidence, judge(evidence, focus)
        return known[key][1]

    return judged


@contextmanager
def running(kind: str, change: float, seed: int) -> Iterator[int]:
    command = [sys.executable, str(TARGET), kind, str(1 + change), str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().split()[1])
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def record(kinds: list[str], plan: Plan, folder: Path) -> None:
    """Every window into a file KIND-CHANGE-RUN-WINDOW.json.gz."""
    runs = [(kind, 0.0, run, plan.windows) for kind in kinds for run in range(plan.runs)]
    runs += [
        (kind, change, run, plan.changed_windows)
        for kind in kinds
        for change in CHANGES
        for run in range(plan.changed_runs)
    ]
    random.Random(6).shuffle(runs)
    host = LocalHost()
    for at, (kind, change, run, windows) in enumerate(runs):
        with running(kind, change, seed=1000 * run + round(100 * change)) as pid:
            await anyio.sleep(SETTLE)
            target = find_target(host, pid, children=True)
            for window in range(windows):
                evidence = await observe(host, target, seconds=plan.seconds)
                name = f"{kind}-{change:.2f}-{run}-{window}.json.gz"
                (folder / name).write_bytes(gzip.compress(evidence.model_dump_json().encode(), 4))
        print(f"{at + 1} of {len(runs)} runs", file=sys.stderr, end="\r", flush=True)


def recorded(folder: Path) -> list[Recorded]:
    # Each window comes in many comparisons, and its diagnosis is always the same.
    patch.object(side, "diagnose", cache_by_identity(diagnose)).start()
    found = []
    for path in sorted(folder.glob("*.json.gz")):
        kind, change, run, window = path.name.removesuffix(".json.gz").split("-")
        evidence = Evidence.model_validate_json(gzip.decompress(path.read_bytes()))
        found.append(Recorded(kind, float(change), int(run), int(window), evidence))
    return found


@dataclass(frozen=True)
class Judged:
    """One comparison. ``way``: what was held against what; ``change``: of the program, 0 for none; ``slower``: it is
    the second side that has more work."""

    kind: str
    way: str
    change: float
    slower: bool
    comparison: Comparison

    @property
    def is_right(self) -> bool:
        wanted = Verdict.REGRESSED if self.slower else Verdict.IMPROVED
        return self.comparison.verdict is wanted

    @property
    def is_wrong(self) -> bool:
        """A change that is none, or the other way round."""
        told = self.comparison.verdict in (Verdict.IMPROVED, Verdict.REGRESSED)
        return told and (self.change == 0 or not self.is_right)


SAME_RUN, OTHER_RUN = "windows of one run", "windows of two runs"
SETS, APART = f"{SET} and {SET} runs, in turns", f"{SET} runs, then {SET}"


def judge(windows: list[Recorded], kinds: Sequence[str] = KINDS) -> Iterator[Judged]:
    for kind in kinds:
        chance = random.Random(kind)
        print(f"judging {kind}", file=sys.stderr, flush=True)
        of = [one for one in windows if one.kind == kind]
        equal = [one for one in of if one.change == 0]
        yield from _equal(kind, equal, chance)
        for change in CHANGES:
            yield from _changed(kind, equal, [one for one in of if one.change == change], chance)


def _equal(kind: str, windows: list[Recorded], chance: random.Random) -> Iterator[Judged]:
    for _ in range(ROUNDS):
        shuffled = chance.sample(windows, len(windows))
        for one, two in zip(shuffled[::2], shuffled[1::2], strict=False):
            way = SAME_RUN if one.run == two.run else OTHER_RUN
            yield Judged(kind, way, 0.0, False, compare(one.evidence, two.evidence))
    # (the deals bring few of the same run together)
    by_run = defaultdict(list)
    for one in windows:
        by_run[one.run].append(one)
    for run in by_run.values():
        for one, two in combinations(run, 2):
            yield Judged(kind, SAME_RUN, 0.0, False, compare(one.evidence, two.evidence))
    if len(by_run) >= 2 * SET:
        for _ in range(DEALS):
            runs = [chance.choice(by_run[run]).evidence for run in chance.sample(sorted(by_run), 2 * SET)]
            yield Judged(kind, SETS, 0.0, False, compare(runs[:SET], runs[SET:]))
        in_order = sorted(by_run.values(), key=lambda run: run[0].evidence.window.started)
        for first in range(len(in_order) - 2 * SET + 1):
            runs = [chance.choice(run).evidence for run in in_order[first : first + 2 * SET]]
            yield Judged(kind, APART, 0.0, False, compare(runs[:SET], runs[SET:]))
            yield Judged(kind, APART, 0.0, False, compare(runs[SET:], runs[:SET]))


def _changed(kind: str, equal: list[Recorded], changed: list[Recorded], chance: random.Random) -> Iterator[Judged]:
    if not changed or not equal:
        return
    (change,) = {one.change for one in changed}

    def judged(way: str, plain: list[Recorded], more: list[Recorded], slower: bool) -> Judged:
        sides = [one.evidence for one in plain], [one.evidence for one in more]
        before, after = sides if slower else sides[::-1]
        return Judged(kind, way, change, slower, compare(before, after))

    for one in changed:
        for at, other in enumerate(chance.sample(equal, min(4, len(equal)))):
            yield judged(OTHER_RUN, [other], [one], at % 2 == 0)
    runs = sorted({one.run for one in equal})
    if len(runs) >= SET and len({one.run for one in changed}) >= SET:
        for deal in range(DEALS // 2):
            chosen = [chance.choice([one for one in equal if one.run == run]) for run in chance.sample(runs, SET)]
            yield judged(SETS, chosen, changed[:SET], deal % 2 == 0)


def report(judged: list[Judged], windows: list[Recorded], how: str) -> list[str]:
    equal = [one for one in judged if one.change == 0]
    wrong = [one for one in equal if one.is_wrong]
    lines = [
        "# Is compare to be trusted?",
        "",
        f"{machine()}, its cores shared with other work;",
        f"made by `python bench/compare.py{how}` from {len(windows)} windows of "
        f"{windows[0].evidence.window.seconds:.0f} s.",
        "What the programs do: bench/targets/paced.py. A batch shows no unit of work, so only findings speak there.",
        "",
        "The allowances for what runs differ by (TIME_SPREAD, APART_NOISE in diagnosis/noise.py) were set by such",
        "windows: what another machine says of equal programs is the fairer test.",
        "",
        "## Equal programs",
        "",
        f"{len(wrong)} of {len(equal)} comparisons said improved or regressed ({_share(len(wrong), len(equal))}; "
        f"improved: {sum(one.comparison.verdict is Verdict.IMPROVED for one in equal)}). Windows come in several "
        "comparisons.",
        "The interval should hold 0 in 95 % of them; detectable is what compare said it would have seen of CPU time",
        "per unit of work (median).",
        "",
        "| program | held against each other | comparisons | improved | regressed | unchanged | inconclusive | "
        "interval holds 0 | detectable |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        for way in (SAME_RUN, OTHER_RUN, SETS, APART):
            of = [one for one in equal if (one.kind, one.way) == (kind, way)]
            if of:
                lines.append(f"| {kind} | {way} | {len(of)} | {_verdicts(of)} | {_held(of)} | {_detectable(of)} |")
    lines += [
        "",
        "## Changed programs",
        "",
        "How often the right verdict was given when each request had that much more work (before or after).",
        "",
        f"| program | held against each other | {' | '.join(f'{change:.0%}' for change in CHANGES)} |",
        f"|---|---|{'---|' * len(CHANGES)}",
    ]
    for kind in KINDS:
        for way in (OTHER_RUN, SETS):
            cells = [[one for one in judged if (one.kind, one.way, one.change) == (kind, way, c)] for c in CHANGES]
            if any(cells):
                lines.append(f"| {kind} | {way} | {' | '.join(map(_seen, cells))} |")
    changed = [one for one in judged if one.change]
    other = sum(one.is_wrong for one in changed)
    lines += ["", f"The opposite was said in {other} of {len(changed)} comparisons."]
    return [*lines, *_reasons(wrong)]


def _verdicts(of: list[Judged]) -> str:
    counts = Counter(one.comparison.verdict for one in of)
    return " | ".join(str(counts[verdict]) for verdict in Verdict)


def _cpu(judged: Judged) -> MetricChange | None:
    return next((m for m in judged.comparison.metrics if m.metric.startswith("CPU time per")), None)


def _held(of: list[Judged]) -> str:
    bounded = [m for one in of if (m := _cpu(one)) and m.low is not None and m.high is not None]
    return _share(sum((m.low or 0) <= 0 <= (m.high or 0) for m in bounded), len(bounded)) if bounded else "-"


def _detectable(of: list[Judged]) -> str:
    parts = [m.detectable / m.before for one in of if (m := _cpu(one)) and m.detectable is not None and m.before]
    return f"{statistics.median(parts):.0%}" if parts else "-"


def _seen(of: list[Judged]) -> str:
    return f"{sum(one.is_right for one in of)} of {len(of)}" if of else "-"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _reasons(wrong: list[Judged]) -> list[str]:
    said = [f"- {one.kind}, {one.way}: {one.comparison.verdict}: {one.comparison.why}" for one in wrong]
    return ["", "What was said wrongly:", "", *said] if said else []


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    options.add_argument("--quick", action="store_true", help="few and short windows")
    options.add_argument("--kinds", default=",".join(KINDS), help="of programs, with commas between them")
    options.add_argument("--keep", type=Path, help="the folder to keep the windows in")
    options.add_argument("--judge", type=Path, help="judge the windows of this folder; record none")
    options.add_argument("--write", action="store_true", help=f"also write {RESULTS.relative_to(ROOT)}")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="perfdoctor-bench-") as temporary:
        folder = chosen.judge or chosen.keep or Path(temporary)
        if not chosen.judge:
            folder.mkdir(parents=True, exist_ok=True)
            anyio.run(record, chosen.kinds.split(","), QUICK if chosen.quick else FULL, folder)
        windows = recorded(folder)
    judged = list(judge(windows, chosen.kinds.split(",")))
    text = "\n".join(report(judged, windows, " --quick" if chosen.quick else "")) + "\n"
    print(text)
    if chosen.write:
        RESULTS.write_text(text)
    equal = [one for one in judged if one.change == 0]
    return int(sum(one.is_wrong for one in equal) > 0.01 * len(equal))


if __name__ == "__main__":
    sys.exit(main())
