"""What does tracing cost? The engine beside the tools that one would use instead, interleaved in one run.

    python bench/overhead.py [--repeats 5] [--window 1.0] [--write]

A target counts its operations in shared memory. Its rate is read over a window without a tracer, with the first one,
without, with the second, and so on: the slow-down is the mean of the two windows around over the traced one, and the
median over the repeats is shown (with the least and the most). Absolute rates of a shared machine mean little, so none
but the targets' own are printed. ``--write`` keeps the tables in bench/results/overhead.md. Needs root.
"""

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from machine import machine
from tracers import HERE, Tracer, all_tracers, tracefs

RESULTS = HERE / "results" / "overhead.md"
MARGIN = 0.3
"""seconds that a tracer outlasts the window on each side"""


@dataclass
class Target:
    name: str
    pid: int
    counter: Path
    python: bool

    def read(self) -> tuple[int, float, float]:
        """Operations, wall clock, CPU seconds of the target (/proc/PID/schedstat)."""
        cpu = int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[0]) * 1e-9
        return int.from_bytes(self.counter.read_bytes(), "little"), time.monotonic(), cpu

    def rates(self, seconds: float) -> tuple[float, float]:
        """Operations per second of wall clock, and of the target's own CPU time, over the next ``seconds``."""
        operations, wall, cpu = self.read()
        time.sleep(seconds)
        more, later, spent = self.read()
        done = more - operations
        return done / (later - wall), done / max(spent - cpu, 1e-6)


@contextmanager
def started(name: str, command: list[str], folder: Path) -> Iterator[Target]:
    counter = folder / f"counter-of-{name}"
    counter.write_bytes(bytes(8))
    process = subprocess.Popen(
        [*command, str(counter)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder, text=True
    )
    assert process.stdout is not None
    try:
        ready = process.stdout.readline().split()
        yield Target(name, int(ready[1]), counter, command[0] == sys.executable)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def compiled(source: Path, folder: Path) -> str:
    program = folder / source.stem
    flags = ["-O1", "-g", "-fno-omit-frame-pointer", "-pthread"]
    subprocess.run(["cc", *flags, str(source), "-o", str(program)], check=True)
    return str(program)


Slowdowns = dict[str, list[tuple[float, float]]]
"""by tracer: (by wall clock, by CPU time) of each repeat"""


def compare(measured: Target, traced: int, tracers: list[Tracer], repeats: int, window: float) -> Slowdowns:
    """The rates of ``measured`` while each tracer in turn looks at process ``traced``. One that fails is left out."""
    tracers = list(tracers)
    slow: Slowdowns = {tracer.name: [] for tracer in tracers}
    for repeat in range(repeats):
        before = measured.rates(window)
        for tracer in list(tracers):
            try:
                with tracer.tracing(traced, window + 2 * MARGIN):
                    time.sleep(MARGIN)
                    during = measured.rates(window)
            except RuntimeError as error:
                print(f"  {error}", file=sys.stderr)
                tracers.remove(tracer)
                continue
            after = measured.rates(window)
            by_wall, by_cpu = ((b + a) / 2 / max(d, 1e-9) for b, a, d in zip(before, after, during, strict=True))
            slow[tracer.name].append((by_wall, by_cpu))
            before = after
            print(f"  {repeat + 1}/{repeats} {tracer.name}: {slow[tracer.name][-1][0]:.2f}", file=sys.stderr)
    return slow


def times(values: list[float]) -> str:
    if not values:
        return "did not run"
    middle, low, high = statistics.median(values), min(values), max(values)
    digits = 0 if middle >= 10 else 2 if middle >= 1.5 else 3
    return f"{middle:.{digits}f}x ({low:.{digits}f}-{high:.{digits}f})"


def table(title: str, slow: Slowdowns) -> list[str]:
    """By wall clock counts what the target waited for its tracer too; by CPU time leaves out what others took of the
    machine meanwhile."""
    lines = ["", f"### {title}", "", "| tracer | slow-down (least-most) | by the target's CPU time |", "|---|---|---|"]
    for name, values in slow.items():
        wall, cpu = times([wall for wall, _ in values]), times([cpu for _, cpu in values])
        lines.append(f"| {name} | {wall} | {cpu} |")
    return lines


def promptness(tracers: list[Tracer]) -> list[str]:
    lines = [
        "",
        "### How soon",
        "",
        "| tracer | attached after, ms (median, most) | answer after the window, ms | lost |",
    ]
    lines.append("|---|---|---|---|")
    for tracer in tracers:
        if tracer.attached_ms:
            told = [f"{statistics.median(v):.0f}, {max(v):.0f}" for v in (tracer.attached_ms, tracer.answered_ms)]
            lines.append(f"| {tracer.name} | {told[0]} | {told[1]} | {tracer.lost} |")
    return lines


def measure(repeats: int, window: float, only: str) -> list[str]:
    lines = [
        "# What tracing costs",
        "",
        f"{machine()}; made by",
        f"`python bench/overhead.py --repeats {repeats} --window {window:g}`. 1.00x is no slow-down.",
    ]
    tracers = [tracer for tracer in all_tracers() if only in tracer.name]
    python = sys.executable
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        storm = [compiled(HERE.parent / "tests" / "workloads" / "call_storm.c", folder), "1e9"]
        handovers = [compiled(HERE / "targets" / "handovers.c", folder)]
        targets = [
            ("C, nothing but system calls", storm),
            ("C, nothing but turns on a socket", [compiled(HERE / "targets" / "turns.c", folder)]),
            ("Python, nothing but os.stat", [python, str(HERE / "targets" / "stat_loop.py")]),
            ("C, two threads that hand over to each other by futex", handovers),
            ("an ordinary Python program, about 20,000 calls/s", [python, str(HERE / "targets" / "ordinary.py")]),
        ]
        for title, command in targets:
            print(title, file=sys.stderr)
            with started("target", command, folder) as target:
                rate = target.rates(window)[0]
                able = [t for t in tracers if target.python or not t.python_only]
                slow = compare(target, target.pid, able, repeats, window)
            lines += table(f"{title} ({rate:,.0f} calls/s untraced)", slow)
        print("another process", file=sys.stderr)
        idle = [python, str(HERE / "targets" / "idle.py")]
        with started("storm", storm, folder) as target, started("idle", idle, folder) as traced:
            able = [t for t in tracers if not t.python_only]
            slow = compare(target, traced.pid, able, repeats, window)
        lines += table("Another process: the C program, while an idle one is traced", slow)
    return lines + promptness(tracers)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--window", type=float, default=1.0, help="seconds of each reading")
    options.add_argument("--only", default="", help="only tracers with this in their name")
    options.add_argument("--write", action="store_true", help=f"also write {RESULTS.relative_to(HERE.parent)}")
    chosen = options.parse_args()
    with tracefs():
        text = "\n".join(measure(chosen.repeats, chosen.window, chosen.only)) + "\n"
    print(text)
    if chosen.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
