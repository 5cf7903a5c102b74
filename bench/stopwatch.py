"""How many units of work does a program do a second? Counted from outside, by who gives it its work, or in a file that
it writes anyway: nothing of perfdoctor takes part.

A program without customers gets a customer: it takes a job from its standard input, a socket, at every so many turns
(targets/turnstile), and there is always a next one.
"""

import fcntl
import os
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import exp, log, sqrt
from pathlib import Path
from struct import unpack

ROOT = Path(__file__).resolve().parents[1]
TURNSTILE = ROOT / "bench" / "targets" / "turnstile"
_JOB = b"a job".ljust(16)
_JOB_HELD = 768
"""bytes of a socket's buffer that the kernel charges for a job"""
_OFTEN, _ADAPTS = 20, 0.5
"""Having to wait so often in the first so many seconds, it gives twice as many jobs at once."""
_LEAST_ROOM, _MOST_ROOM = 4 << 10, 64 << 10
"""bytes of the socket's buffer"""
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

    def __str__(self) -> str:
        return f"{self.factor:.3g} ({self.low:.3g} to {self.high:.3g})"


def change(before: Sequence[float], after: Sequence[float]) -> Interval:
    """Of rates or costs of restarted runs, at least two on each side: Welch's interval on their logarithms."""
    logs = [[log(value) for value in values] for values in (before, after)]
    parts = [statistics.variance(side) / len(side) for side in logs]
    moved = statistics.mean(logs[1]) - statistics.mean(logs[0])
    if not sum(parts):
        return Interval(exp(moved), exp(moved), exp(moved))
    freedom = sum(parts) ** 2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, logs, strict=True))
    spread = _T[min(len(_T), max(1, int(freedom))) - 1] * sqrt(sum(parts))
    return Interval(exp(moved), exp(moved - spread), exp(moved + spread))


@dataclass(frozen=True, slots=True)
class Reading:
    """``units`` done and ``cpu`` seconds used until ``at`` (the monotonic clock's seconds)."""

    units: float
    at: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Timed:
    """What one run did under the stopwatch: units a second, and CPU seconds of the process for each."""

    rate: float
    cost: float


def cpu_clock(pid: int) -> float:
    """The CPU time of all threads of a process so far: its own clock (clock_getcpuclockid(3)), in nanoseconds."""
    return time.clock_gettime((~pid << 3) | 2)


def _family(pid: int) -> list[int]:
    """A process and its descendants: a program that has its clients and its store beside it is all of them."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


class Customer(threading.Thread):
    """Gives jobs: there is always one waiting, so the program never does. ``last`` is how it stood when it last had to
    wait for room: all jobs given but those in the socket are done. A program that is fast gets more of them at once, so
    that the one that gives them takes little of the machine."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._mine, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # (the kernel's least: six jobs)
        self._mine.setblocking(False)
        self.pid = 0
        self.last: Reading | None = None

    def serve(self, pid: int) -> None:
        self.pid = pid
        self.start()

    def run(self) -> None:
        given, began, lately, room = 0, time.monotonic(), 0, 1
        with suppress(OSError):
            while True:
                try:
                    self._mine.send(_JOB)
                    given += 1
                except BlockingIOError:
                    now = time.monotonic()
                    self.last = Reading(given - self._waiting(), now, cpu_clock(self.pid))
                    lately += 1
                    if lately >= _OFTEN and now - began < _ADAPTS and room < _MOST_ROOM:
                        room, lately = 2 * max(room, _LEAST_ROOM), 0
                        self._mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
                    select.select([], [self._mine], [])

    def _waiting(self) -> int:
        held: int = unpack("i", fcntl.ioctl(self._mine.fileno(), termios.TIOCOUTQ, bytes(4)))[0]
        return held // _JOB_HELD

    def close(self) -> None:
        with suppress(OSError):
            self._mine.shutdown(socket.SHUT_RDWR)
        self._mine.close()
        self.theirs.close()


@dataclass(frozen=True, slots=True)
class Running:
    """``read`` tells how far it is."""

    pid: int
    read: Callable[[], Reading | None]

    def timed(self, seconds: float) -> Timed:
        first = self.read()
        time.sleep(seconds)
        last = self.read()
        assert first and last and last.units > first.units, "it did not do a unit of work while the stopwatch ran"
        units = last.units - first.units
        return Timed(units / (last.at - first.at), (last.cpu - first.cpu) / units)


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
    command = built(folder, source)
    customer = Customer()
    process = subprocess.Popen(
        command, cwd=folder, stdin=customer.theirs.fileno(), stdout=subprocess.PIPE, text=True, start_new_session=True
    )

    try:
        assert process.stdout is not None
        word, pid = process.stdout.readline().split()
        assert word == "ready"
        customer.serve(int(pid))

        def written() -> Reading:
            units = (folder / counted_file).stat().st_size / unit_bytes
            return Reading(units, time.monotonic(), sum(map(cpu_clock, _family(int(pid)))))

        yield Running(int(pid), written if counted_file else lambda: customer.last)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        customer.close()
        if counted_file:
            (folder / counted_file).unlink(missing_ok=True)


def built(folder: Path, source: str) -> list[str]:
    """The command that runs it, compiled where its source is newer than what was made of it."""
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
