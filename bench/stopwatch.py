"""How many units of work does a program do a second? Counted from outside, by who gives it its work, or in a file that
it writes anyway: nothing of perfdoctor takes part.

A program without customers gets a customer: it takes a job from its standard input, a socket, at every so many turns
(targets/turnstile), and there is always a next one.
"""

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import exp, log, sqrt
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TURNSTILE = ROOT / "bench" / "targets" / "turnstile"
_JOB = b"a job".ljust(16)
_C = ("-O1", "-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-pthread")
_GO = {"GOFLAGS": "-mod=mod", "GO111MODULE": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
_HELPERS = {
    ".py": "turnstile.py",
    ".js": "turnstile.js",
    ".c": "turnstile.h",
    ".cpp": "turnstile.h",
    ".go": "turnstile.go",
    ".java": "Turnstile.java",
}
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""two-sided 95 % of Student's distribution, from one degree of freedom on"""


@dataclass(frozen=True, slots=True)
class Interval:
    """What the figure after is of that before (1: the same), with 95 % bounds."""

    factor: float
    low: float
    high: float

    def overlaps(self, other: "Interval") -> bool:
        return self.low <= other.high and other.low <= self.high

    def holds(self, factor: float) -> bool:
        return self.low <= factor <= self.high

    @property
    def inverse(self) -> "Interval":
        return Interval(1 / self.factor, 1 / self.high, 1 / self.low)

    def __str__(self) -> str:
        return f"{self.factor:.3g} ({self.low:.3g} to {self.high:.3g})"


def change(before: Sequence[float], after: Sequence[float]) -> Interval:
    """Of rates of restarted runs, at least two on each side: Welch's interval on their logarithms."""
    logs = [[log(rate) for rate in rates] for rates in (before, after)]
    parts = [statistics.variance(side) / len(side) for side in logs]
    moved = statistics.mean(logs[1]) - statistics.mean(logs[0])
    if not sum(parts):
        return Interval(exp(moved), exp(moved), exp(moved))
    freedom = sum(parts) ** 2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, logs, strict=True))
    spread = _T[min(len(_T), max(1, int(freedom))) - 1] * sqrt(sum(parts))
    return Interval(exp(moved), exp(moved - spread), exp(moved + spread))


class Customer(threading.Thread):
    """Gives jobs, one as soon as there is room for it: a few wait, so the program never does. ``given`` is how many,
    and when the last was taken."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._mine, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # (the kernel's least)
        self.given = (0, time.monotonic())

    def run(self) -> None:
        count = 0
        with suppress(OSError):
            while True:
                self._mine.send(_JOB)
                count += 1
                self.given = (count, time.monotonic())

    def close(self) -> None:
        self._mine.shutdown(socket.SHUT_RDWR)
        self._mine.close()
        self.theirs.close()


@dataclass(frozen=True, slots=True)
class Running:
    """``count`` tells how many units were done so far, and at which moment."""

    pid: int
    count: Callable[[], tuple[float, float]]

    def rate(self, seconds: float) -> float:
        first, began = self.count()
        time.sleep(seconds)
        last, ended = self.count()
        return (last - first) / (ended - began) if ended > began else 0.0


def prepare(folder: Path, source: str, text: str) -> None:
    """The program's own folder, with its source and what it needs beside it."""
    folder.mkdir(parents=True)
    (folder / source).write_text(text)
    helper = _HELPERS[Path(source).suffix]
    shutil.copy(TURNSTILE / helper, folder)


@contextmanager
def running(folder: Path, source: str, counted_file: str = "", unit_bytes: int = 1) -> Iterator[Running]:
    """The program as its source is now, built where that is newer. It works in its folder. ``counted_file`` grows by
    ``unit_bytes`` with each unit; without one the customer counts."""
    command = _built(folder, source)
    customer = Customer()
    process = subprocess.Popen(
        command, cwd=folder, stdin=customer.theirs.fileno(), stdout=subprocess.PIPE, text=True, start_new_session=True
    )

    def written() -> tuple[float, float]:
        with suppress(FileNotFoundError):
            return (folder / counted_file).stat().st_size / unit_bytes, time.monotonic()
        return 0, time.monotonic()

    try:
        assert process.stdout is not None
        word, pid = process.stdout.readline().split()
        assert word == "ready"
        customer.start()
        yield Running(int(pid), written if counted_file else lambda: customer.given)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        customer.close()
        if counted_file:
            (folder / counted_file).unlink(missing_ok=True)


def _built(folder: Path, source: str) -> list[str]:
    path = folder / source
    kind, program = path.suffix, folder / "program"
    build: list[str | Path] = []
    if kind == ".py":
        return [sys.executable, str(path)]
    if kind == ".js":
        # (an inspector's port of its own: two programs on one machine would take the same one)
        return ["node", "--inspect-port=0", str(path)]
    if kind == ".java":
        build = ["javac", "-g", "-d", folder, path, folder / "Turnstile.java"]
        started = ["java", "-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp", str(folder), path.stem]
    else:
        started = [str(program)]
        if kind == ".go":
            build = ["go", "build", "-o", program, path, folder / "turnstile.go"]
        else:
            build = ["c++" if kind == ".cpp" else "cc", *_C, "-o", program, path, "-lm"]
    built = program if program in build else path.with_suffix(".class")
    if not built.exists() or built.stat().st_mtime_ns < path.stat().st_mtime_ns:
        subprocess.run(build, check=True, cwd=folder, env={**os.environ, **_GO})
    return started
