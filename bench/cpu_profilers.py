"""The CPU profilers that are compared: ours, py-spy, perf, and the runtimes' own."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shares import Known
from tracers import HERE, LONGEST, SETTLE_SECONDS

Frame = tuple[str, str]
"""(function, binary)"""
Stacks = Counter[tuple[Frame, ...]]
"""samples by stack, innermost frame first"""


@dataclass
class Profiler:
    """``looking`` at a program while its context is; then ``stacks`` are there. One whose samples are not all alike
    keeps in ``weights`` what they stand for. RuntimeError when it does not run."""

    name: str
    hz: int
    languages: tuple[str, ...]
    folder: Path
    attached_ms: list[float] = field(default_factory=list)
    answered_ms: list[float] = field(default_factory=list)

    @property
    def there(self) -> bool:
        return True

    @contextmanager
    def looking(self, program: Known, seconds: float) -> Iterator[None]:
        raise NotImplementedError

    def stacks(self) -> Stacks:
        raise NotImplementedError

    def weights(self) -> dict[tuple[Frame, ...], float]:
        return {}


class Outside(Profiler):
    """A program that is interrupted when it is enough."""

    def command(self, pid: int) -> list[str]:
        raise NotImplementedError

    @contextmanager
    def looking(self, program: Known, seconds: float) -> Iterator[None]:
        process = subprocess.Popen(
            self.command(program.pid), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            time.sleep(SETTLE_SECONDS)
            if process.poll() is not None:
                assert process.stdout is not None
                raise RuntimeError(f"{self.name} ended: {process.stdout.read()[-400:].decode()}")
            yield
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=LONGEST)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


class Ours(Profiler):
    said = ""

    @contextmanager
    def looking(self, program: Known, seconds: float) -> Iterator[None]:
        command = [sys.executable, str(HERE / "profile_run.py"), str(program.pid), str(seconds), str(self.hz)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            words = process.stdout.readline().split()
            if words[:1] != ["attached"]:
                raise RuntimeError(f"{self.name} did not attach: {words}")
            yield
            answered, _, self.said = process.stdout.read().partition("\n")
            if not answered.startswith("answered"):
                raise RuntimeError(f"{self.name} gave no answer")
            self.attached_ms.append(float(words[1]))
            self.answered_ms.append(float(answered.split()[1]))
        finally:
            process.communicate(timeout=LONGEST)

    def _rows(self) -> list[tuple[tuple[Frame, ...], int, float]]:
        rows = json.loads(self.said.partition(" ")[2])
        return [(tuple((f, m) for f, m in frames), samples, seconds) for frames, samples, seconds in rows]

    def stacks(self) -> Stacks:
        found: Stacks = Counter()
        for frames, samples, _ in self._rows():
            found[frames] += samples
        return found

    def weights(self) -> dict[tuple[Frame, ...], float]:
        found: Counter[tuple[Frame, ...]] = Counter()
        for frames, _, seconds in self._rows():
            found[frames] += seconds  # type: ignore[assignment]
        return dict(found)


PYSPY = str(Path(sys.executable).with_name("py-spy"))


@dataclass
class PySpy(Outside):
    more: tuple[str, ...] = ()

    @property
    def there(self) -> bool:
        return shutil.which(PYSPY) is not None

    def command(self, pid: int) -> list[str]:
        words = [PYSPY, "record", "-r", str(self.hz), "-d", str(LONGEST), "-f", "raw", "-o", str(self._file)]
        return [*words, "-p", str(pid), *self.more]

    @property
    def _file(self) -> Path:
        return self.folder / "pyspy"

    def stacks(self) -> Stacks:
        found: Stacks = Counter()
        for line in self._file.read_text().splitlines():
            # <module> (shares.py:90);mixed (shares.py:62);deflate (libz.so.1.2.13) 12
            frames, _, taken = line.rpartition(" ")
            names = [re.fullmatch(r"(.*) \((.*)\)", frame) for frame in reversed(frames.split(";"))]
            found[tuple((name[1], name[2]) for name in names if name)] += int(taken)
        return found


@dataclass
class Perf(Outside):
    graph: str = "fp"

    @property
    def there(self) -> bool:
        return shutil.which("perf") is not None

    def command(self, pid: int) -> list[str]:
        words = ["perf", "record", "-e", "cpu-clock", "-F", str(self.hz), "--call-graph", self.graph, "-p", str(pid)]
        return [*words, "-o", str(self._file), "--no-buildid-cache"]

    @property
    def _file(self) -> Path:
        return self.folder / "perf.data"

    def stacks(self) -> Stacks:
        command = ["perf", "script", "-i", str(self._file), "-F", "tid,ip,sym,dso", "--no-inline"]
        found: Stacks = Counter()
        frames: list[Frame] = []
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for line in [*told.splitlines(), ""]:
            # 	    7f2 __qsort_r (/usr/lib/x86_64-linux-gnu/libc.so.6)
            frame = re.fullmatch(r"\s+[0-9a-f]+ (.*) \((.*)\)", line)
            if frame:
                frames.append((frame[1].partition("+0x")[0], Path(frame[2]).name))
            elif not line and frames:
                found[tuple(frames)] += 1
                frames = []
        return found


class OwnOfNode(Profiler):
    """V8's profiler, which the program starts by itself: what node --cpu-prof does, for a window."""

    @property
    def _file(self) -> Path:
        return self.folder / "own.cpuprofile"

    @contextmanager
    def looking(self, program: Known, seconds: float) -> Iterator[None]:
        program.tell(f"profile {1_000_000 // self.hz}", "profiling")
        yield
        program.tell(f"stop {self._file}", "stopped")

    def stacks(self) -> Stacks:
        nodes = {node["id"]: node for node in json.loads(self._file.read_text())["nodes"]}
        above = {child: at for at, node in nodes.items() for child in node.get("children", ())}
        found: Stacks = Counter()
        for node in nodes.values():
            frames, at = [], node["id"]
            while at is not None:
                frames.append((nodes[at]["callFrame"]["functionName"], ""))
                at = above.get(at)
            if frames[0][0] != "(idle)" and node.get("hitCount"):
                found[tuple(frames)] += node["hitCount"]
        return found


EVENTS = ("jdk.ExecutionSample", "jdk.NativeMethodSample")


class OwnOfJava(Profiler):
    """Flight Recorder, asked by jcmd for its two kinds of samples, or as its own settings "profile" have it."""

    settings = ""

    @property
    def there(self) -> bool:
        return shutil.which("jcmd") is not None

    @property
    def _file(self) -> Path:
        return self.folder / "own.jfr"

    def _chosen(self) -> str:
        if self.settings:
            return self.settings
        chosen = self.folder / "own.jfc"
        events = [
            f'<event name="{name}"><setting name="enabled">true</setting><setting name="period">10 ms</setting></event>'
            for name in EVENTS
        ]
        chosen.write_text(f'<?xml version="1.0"?><configuration version="2.0">{"".join(events)}</configuration>')
        return str(chosen)

    @contextmanager
    def looking(self, program: Known, seconds: float) -> Iterator[None]:
        self._ask(program.pid, "JFR.start", "name=own", f"settings={self._chosen()}")
        try:
            yield
        finally:
            self._ask(program.pid, "JFR.stop", "name=own", f"filename={self._file}")

    def _ask(self, pid: int, *words: str) -> None:
        told = subprocess.run(["jcmd", str(pid), *words], capture_output=True, text=True, check=False)
        if told.returncode or "own" not in told.stdout:
            raise RuntimeError(f"{self.name}: {told.stdout[-300:]} {told.stderr[-300:]}")

    def stacks(self) -> Stacks:
        command = ["jfr", "print", "--json", "--stack-depth", "64", "--events", ",".join(EVENTS), str(self._file)]
        told: Any = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        found: Stacks = Counter()
        for event in told["recording"]["events"]:
            frames = (event["values"].get("stackTrace") or {}).get("frames", ())
            found[tuple((frame["method"]["name"], "") for frame in frames)] += 1
        return found


class Profile(OwnOfJava):
    settings = "profile"


def profilers(folder: Path, rates: tuple[int, ...]) -> list[Profiler]:
    """Those that are there, at each of the rates; Flight Recorder has one of its own."""
    python, c, node, java = "Python", "C", "Node.js", "Java"
    found: list[Profiler] = []
    for hz in rates:
        found += [
            Ours("perfdoctor", hz, (python, c, node), folder),
            PySpy("py-spy", hz, (python,), folder),
            PySpy("py-spy --nonblocking", hz, (python,), folder, more=("--nonblocking",)),
            PySpy("py-spy --native", hz, (python,), folder, more=("--native",)),
            Perf("perf, frame pointers", hz, (python, c), folder),
            Perf("perf, DWARF", hz, (python, c), folder, graph="dwarf"),
            OwnOfNode("V8's own", hz, (node,), folder),
        ]
    found += [
        Ours("perfdoctor", 100, (java,), folder),
        OwnOfJava("Flight Recorder, samples only", 100, (java,), folder),
        Profile('Flight Recorder, "profile"', 100, (java,), folder),
    ]
    return [one for one in found if one.there]
