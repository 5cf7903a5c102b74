"""What does a CPU profile cost, and does the program stand still for it? Ours beside py-spy, perf, V8's and the Java
machine's own, at the same rates, interleaved in one run.

    python bench/profilers.py [--repeats 5] [--window 1.0] [--only NAME] [--by NAME] [--write]

As in bench/overhead.py: the program's rate without a profiler before and after, over the rate with it. Beside that the
longest time that one turn of the program's loop (some twenty microseconds) took while the profiler began, looked and
ended, the waiting for a core left out. ``--write`` keeps the tables in bench/results/profilers.md. Needs root.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from cpu_profilers import Profiler, profilers
from machine import machine
from overhead import MARGIN, times
from shares import Known, Program, longest_gap_ms
from tracers import HERE

RESULTS = HERE / "results" / "profilers.md"
RATES = (99, 999)
NOBODY = "nobody"
PROGRAMS = tuple(Program(language, language, "short") for language in ("Python", "C", "Node.js", "Java"))


@dataclass
class Seen:
    """Of each repeat: slow-down by wall clock and by CPU time, longest turn in milliseconds."""

    slow: list[tuple[float, float]] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)


def rates(program: Known, seconds: float) -> tuple[float, float]:
    """Turns per second of wall clock, and of the thread's own CPU time."""
    turns, wall, cpu = program.turns(), time.monotonic(), program.cpu_seconds()
    time.sleep(seconds)
    done, later, spent = program.turns() - turns, time.monotonic(), program.cpu_seconds()
    return done / (later - wall), done / max(spent - cpu, 1e-6)


def compare(program: Known, able: list[Profiler], repeats: int, window: float) -> dict[str, Seen]:
    """By name and rate. One that fails is left out. ``nobody`` is an empty window as long as the others."""
    able = list(able)
    seen = {NOBODY: Seen()} | {title(one): Seen() for one in able}
    for repeat in range(repeats):
        slots = program.slots()
        time.sleep(window + 2 * MARGIN)
        before = rates(program, window)
        seen[NOBODY].gaps.append(longest_gap_ms(slots, program.slots()))
        for one in list(able):
            slots = program.slots()
            try:
                with one.looking(program, window + 2 * MARGIN):
                    time.sleep(MARGIN)
                    during = rates(program, window)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                print(f"  {title(one)}: {error}", file=sys.stderr)
                able.remove(one)
                continue
            mine = seen[title(one)]
            mine.gaps.append(longest_gap_ms(slots, program.slots()))
            after = rates(program, window)
            wall, cpu = ((b + a) / 2 / max(d, 1e-9) for b, a, d in zip(before, after, during, strict=True))
            mine.slow.append((wall, cpu))
            before = after
            print(f"  {repeat + 1}/{repeats} {title(one)}: {wall:.3f} {cpu:.3f} {mine.gaps[-1]:.1f}", file=sys.stderr)
    return seen


def title(profiler: Profiler) -> str:
    return f"{profiler.name}, {profiler.hz} Hz"


def table(name: str, seen: dict[str, Seen]) -> list[str]:
    columns = "| profiler | slow-down (least-most) | by the program's CPU time | longest turn, ms (least-most) |"
    lines = ["", f"### {name}", "", columns, "|---|---|---|---|"]
    for each, found in seen.items():
        wall, cpu = times([wall for wall, _ in found.slow]), times([cpu for _, cpu in found.slow])
        if each == NOBODY:
            wall = cpu = ""
        gaps = found.gaps
        longest = f"{statistics.median(gaps):.1f} ({min(gaps):.1f}-{max(gaps):.1f})" if gaps else ""
        lines.append(f"| {each} | {wall} | {cpu} | {longest} |")
    return lines


def measure(repeats: int, window: float, only: str, by: str) -> list[str]:
    load = os.getloadavg()[0]
    lines = [
        "# What CPU profilers cost",
        "",
        f"{machine()} (load at the beginning: {load:.1f}); made by",
        f"`python bench/profilers.py --repeats {repeats} --window {window:g}`.",
        "",
        "1.00x is no slow-down. The longest turn is that of a loop whose turns take some twenty microseconds, from",
        "before the profiler begins until after it has ended; what the loop waited for a core is not counted, and 0.0",
        "is less than 0.1 ms.",
    ]
    for program in PROGRAMS:
        if only not in program.name or not program.there:
            continue
        print(program.name, file=sys.stderr)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            able = [one for one in profilers(folder, RATES) if program.language in one.languages and by in one.name]
            with program.running(folder) as known:
                time.sleep(2 * MARGIN)
                lines += table(program.name, compare(known, able, repeats, window))
    return lines


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--window", type=float, default=1.0, help="seconds of each reading")
    options.add_argument("--only", default="", help="only programs in this language")
    options.add_argument("--by", default="", help="only profilers with this in their name")
    options.add_argument("--write", action="store_true", help=f"also write {RESULTS.relative_to(HERE.parent)}")
    chosen = options.parse_args()
    text = "\n".join(measure(chosen.repeats, chosen.window, chosen.only, chosen.by)).rstrip() + "\n"
    print(text)
    if chosen.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
