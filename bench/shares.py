"""Programs with functions whose shares of the CPU time are known, in Python, C, JavaScript and Java.

Each counts in a file that it was given, in 8-byte slots: 0 its turns; from 8 on, eight for each thread, nanoseconds of
CPU time by function (``mixed``: by the thread's own clock; ``short``: turns times the measured cost of one call); from
64 on how often a turn took longer than a tenth of a millisecond, the waiting for a core left out: at least 0.1 ms times
2^(k/4) in slot 64 + k.
"""

import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from overhead import Target
from tracers import HERE

SLOTS, TIMES, GAPS = 128, 8, 64
MIXED = ("computes", "digests", "squeezes", "calls", "reads")
SHORT = ("first", "second", "third", "fourth")
TARGETS = HERE / "targets"


@dataclass
class Known(Target):
    """``functions`` are those whose shares are known; ``tid`` is the thread that counts turns."""

    tid: int
    language: str
    functions: tuple[str, ...]
    process: subprocess.Popen[str]

    def slots(self) -> tuple[int, ...]:
        return struct.unpack(f"<{SLOTS}Q", self.counter.read_bytes())

    def times(self) -> tuple[int, ...]:
        """Nanoseconds of CPU time that each function has used, all threads together."""
        slots = self.slots()
        return tuple(sum(slots[TIMES + n : GAPS : 8]) for n in range(len(self.functions)))

    def tell(self, words: str, answer: str) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{words}\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline().strip()
        if said != answer:
            raise RuntimeError(f"{self.name} said {said!r} to {words!r}")

    def cpu_seconds(self) -> float:
        return int(Path(f"/proc/{self.pid}/task/{self.tid}/schedstat").read_text().split()[0]) * 1e-9

    def turns(self) -> int:
        return self.slots()[0]


def longest_gap_ms(before: tuple[int, ...], after: tuple[int, ...]) -> float:
    """The longest turn between two readings of the slots, at least; 0 when none was above a tenth of a millisecond."""
    for number in range(SLOTS - 1, GAPS - 1, -1):
        if after[number] > before[number]:
            return float(0.1 * 2 ** ((number - GAPS) / 4))
    return 0.0


@dataclass(frozen=True)
class Program:
    """``command`` of a program; ``flags`` is what it was compiled with, where that matters."""

    name: str
    language: str
    mode: str
    threads: int = 1
    flags: tuple[str, ...] = ()

    @property
    def functions(self) -> tuple[str, ...]:
        if self.mode == "short":
            return SHORT
        return ("computes", "sorts", "prints", "calls", "reads") if self.language == "C" else MIXED

    def command(self, folder: Path) -> list[str]:
        if self.language == "Python":
            return [sys.executable, str(TARGETS / "shares.py")]
        if self.language == "Node.js":
            # (a port of its own, for when its inspector is opened: others may use the usual one)
            return ["node", "--inspect-port=0", str(TARGETS / "shares.js")]
        if self.language == "Java":
            subprocess.run(["javac", "-g", "-d", str(folder), str(TARGETS / "Shares.java")], check=True)
            return ["java", "-Xmx128m", "-cp", str(folder), "Shares"]
        program = folder / "shares"
        source = [str(TARGETS / "shares.c"), "-o", str(program), "-lm"]
        subprocess.run(["cc", "-O2", "-g", "-pthread", *self.flags, *source], check=True)
        return [str(program)]

    @property
    def there(self) -> bool:
        needed = {"Python": (), "C": ("cc",), "Node.js": ("node",), "Java": ("java", "javac")}
        return all(shutil.which(program) for program in needed[self.language])

    @contextmanager
    def running(self, folder: Path) -> Iterator[Known]:
        counter = folder / "counter"
        counter.write_bytes(bytes(8 * SLOTS))
        words = [*self.command(folder), self.mode, str(self.threads), str(counter)]
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder, text=True
        )
        assert process.stdout is not None
        try:
            ready = process.stdout.readline().split()
            pid, tid = int(ready[1]), int(ready[2])
            yield Known(self.name, pid, counter, self.language == "Python", tid, self.language, self.functions, process)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            Path(f"/tmp/.java_pid{process.pid}").unlink(missing_ok=True)  # (a machine that is killed leaves its socket)
