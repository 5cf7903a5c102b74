"""Is what a CPU profiler says true? Ours beside py-spy, perf, V8's and the Java machine's own, on the same programs.

    python bench/accuracy.py [--windows 3] [--window 3.0] [--hz 999] [--only NAME] [--by NAME] [--write]

The programs know the CPU time of each of their functions (bench/shares.py). Each profiler in turn looks at the same
process for a window, and is held against what the functions used in that very window; its windows are added up. A
sample belongs to the innermost of the known functions in its stack. ``--write`` keeps the tables in
bench/results/accuracy.md. Needs root.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from cpu_profilers import Frame, Perf, Profiler, profilers
from machine import machine
from shares import Known, Program
from tracers import HERE

RESULTS = HERE / "results" / "accuracy.md"
NOTES = HERE / "results" / "accuracy_notes.md"
"""which of those that disagree is right, and why: what was found out by hand"""
PROGRAMS = (
    Program("Python, functions of a millisecond", "Python", "mixed"),
    Program("Python, two threads", "Python", "mixed", threads=2),
    Program("Python, functions of microseconds", "Python", "short"),
    Program("C, functions of a millisecond, without frame pointers", "C", "mixed"),
    Program("C, two threads, with frame pointers", "C", "mixed", threads=2, flags=("-fno-omit-frame-pointer",)),
    Program("C, functions of microseconds", "C", "short"),
    Program("Node.js, functions of a millisecond", "Node.js", "mixed"),
    Program("Node.js, functions of microseconds", "Node.js", "short"),
    Program("Java, functions of a millisecond", "Java", "mixed"),
    Program("Java, two threads", "Java", "mixed", threads=2),
    Program("Java, functions of microseconds", "Java", "short"),
)
BY_BINARY = {"digests": ("libcrypto", "_hashlib", "_sha"), "squeezes": ("libz", "zlib")}
"""perf does not see functions of Python: what it can tell is in which binary the time goes"""
INTERPRETED = {"computes", "calls"}
INTERPRETER = "computes and calls"
SETTLES = 2.0
"""seconds after which the compilers of Java and JavaScript have done their work"""


@dataclass
class Tally:
    """Of all windows: ``truth`` nanoseconds, ``said`` what the profiler gave, ``taken`` its samples, by function."""

    truth: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    elsewhere: float = 0.0
    windows: int = 0

    def add(self, truth: dict[str, int], said: Counter[str], taken: Counter[str], elsewhere: float) -> None:
        self.truth.update(truth)
        self.said.update(said)
        self.taken.update(taken)
        self.elsewhere += elsewhere
        self.windows += 1

    @property
    def samples(self) -> int:
        return self.taken.total()

    def share(self, name: str) -> float:
        return self.said[name] / (self.said.total() or 1)

    def true_share(self, name: str) -> float:
        return self.truth[name] / (self.truth.total() or 1)

    def expected(self, name: str) -> float:
        """One standard deviation of a share, of so many independent samples."""
        share = self.true_share(name)
        return math.sqrt(share * (1 - share) / max(1, self.samples))

    @property
    def worst(self) -> str:
        return max(self.truth, key=lambda name: abs(self.share(name) - self.true_share(name)))

    @property
    def deviations(self) -> float:
        """The greatest error, in standard deviations."""
        return max(abs(self.share(n) - self.true_share(n)) / (self.expected(n) or 1) for n in self.truth)


def by_function(frames: tuple[Frame, ...], functions: tuple[str, ...]) -> str | None:
    for function, _ in frames:
        if (name := function.rpartition(".")[2]) in functions:
            return name
    return None


def by_binary(frames: tuple[Frame, ...], _functions: tuple[str, ...]) -> str | None:
    if any("pread" in function for function, _ in frames):
        return "reads"
    for _, binary in frames:
        for name, binaries in BY_BINARY.items():
            if binary.startswith(binaries):
                return name
    return INTERPRETER


def look(profiler: Profiler, program: Known, seconds: float, tally: Tally) -> None:
    """One window, added to the tally."""
    with profiler.looking(program, seconds):
        before = program.times()
        time.sleep(seconds)
        after = program.times()
    truth = dict(zip(program.functions, (a - b for a, b in zip(after, before, strict=True)), strict=True))
    native_only = program.python and isinstance(profiler, Perf)
    if native_only:
        truth[INTERPRETER] = sum(truth.pop(name) for name in INTERPRETED)
    belongs = by_binary if native_only else by_function
    stacks = profiler.stacks()
    weights = profiler.weights() or dict(stacks)
    said: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    elsewhere = 0.0
    for frames, weight in weights.items():
        name = belongs(frames, program.functions)
        if name is None:
            elsewhere += weight
            continue
        said[name] += weight  # type: ignore[assignment]
        taken[name] += stacks[frames]
    tally.add(truth, said, taken, elsewhere / (sum(weights.values()) or 1.0))


def compare(program: Known, able: list[Profiler], windows: int, window: float) -> dict[str, Tally]:
    """By profiler. One that fails is left out, and said so on standard error."""
    tallies = {profiler.name: Tally() for profiler in able}
    for number in range(windows):
        for profiler in able:
            try:
                look(profiler, program, window, tallies[profiler.name])
            except (RuntimeError, OSError, ValueError, subprocess.CalledProcessError) as error:
                print(f"  {profiler.name}: {error}", file=sys.stderr)
                continue
            tally = tallies[profiler.name]
            print(f"  {number + 1}/{windows} {profiler.name}: {tally.deviations:.1f} deviations", file=sys.stderr)
    return tallies


def table(title: str, functions: tuple[str, ...], tallies: dict[str, Tally]) -> list[str]:
    columns = ["profiler", *functions, "elsewhere", "samples", "greatest error", "expected", "in deviations"]
    lines = ["", f"### {title}", "", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    truth: Counter[str] = Counter()
    for tally in tallies.values():
        if INTERPRETER not in tally.truth:
            truth += tally.truth
    shares = [f"{truth[name] / (truth.total() or 1):.1%}" for name in functions]
    lines.append(f"| the truth | {' | '.join(shares)} | | | | | |")
    for name, tally in tallies.items():
        if not tally.windows:
            lines.append(f"| {name} | {' | '.join('' for _ in functions)} | did not run | | | | |")
            continue
        said = [f"{tally.share(each):.1%}" if each in tally.truth else merged(each, tally) for each in functions]
        error = abs(tally.share(tally.worst) - tally.true_share(tally.worst))
        rest = [f"{tally.elsewhere / tally.windows:.1%}", str(tally.samples)]
        if tally.samples:
            rest += [f"{100 * error:.1f} ({tally.worst})", f"{100 * tally.expected(tally.worst):.1f}"]
            rest += [f"{tally.deviations:.1f}"]
        else:
            rest += ["names none of them", "", ""]
        lines.append(f"| {name} | {' | '.join([*said, *rest])} |")
    return lines


def merged(name: str, tally: Tally) -> str:
    return f"{tally.share(INTERPRETER):.1%} with calls" if name == "computes" else ""


def measure(windows: int, window: float, hz: int, only: str, by: str) -> list[str]:
    load = os.getloadavg()[0]
    lines = [
        "# Is what CPU profilers say true?",
        "",
        f"{machine()} (load at the beginning: {load:.1f}); made by",
        f"`python bench/accuracy.py --windows {windows} --window {window:g} --hz {hz}`.",
        "",
        "Shares of the CPU time by function, against what the program itself measured in the same windows (the truth",
        "shown is that of all windows together; each profiler is held against that of its own). Elsewhere: samples in",
        "none of these functions. The greatest error is in percentage points, and so is what is expected of it: one",
        "standard deviation of a share, of so many samples. Up to three of them are chance.",
    ]
    for program in PROGRAMS:
        if only not in program.name or not program.there:
            continue
        print(program.name, file=sys.stderr)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            able = [one for one in profilers(folder, (hz,)) if program.language in one.languages and by in one.name]
            if program.language == "Python" and program.mode == "short":
                able = [one for one in able if not isinstance(one, Perf)]  # all of it is the interpreter to perf
            with program.running(folder) as known:
                time.sleep(SETTLES)
                tallies = compare(known, able, windows, window)
        lines += table(program.name, program.functions, tallies)
    notes = NOTES.read_text().splitlines() if NOTES.exists() else []
    return [*lines, "", *notes]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--windows", type=int, default=3)
    options.add_argument("--window", type=float, default=3.0, help="seconds of each")
    options.add_argument("--hz", type=int, default=999)
    options.add_argument("--only", default="", help="only programs with this in their name")
    options.add_argument("--by", default="", help="only profilers with this in their name")
    options.add_argument("--write", action="store_true", help=f"also write {RESULTS.relative_to(HERE.parent)}")
    chosen = options.parse_args()
    text = "\n".join(measure(chosen.windows, chosen.window, chosen.hz, chosen.only, chosen.by)).rstrip() + "\n"
    print(text)
    if chosen.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
