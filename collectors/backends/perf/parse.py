"""How perf's words are read: machines that are fed bytes, do no I/O, and count what they do not understand."""

import re
from collections import Counter
from typing import NamedTuple

from perfdoctor.collectors.lines import Lines

_LONGEST_LINE = 64 << 10


class Place(NamedTuple):
    """One frame. ``address`` counts from the start of the file (of the kernel: it is the address itself)."""

    address: int
    symbol: str
    binary: str


class Sample(NamedTuple):
    """``frames`` innermost first, those of the kernel before those of the program."""

    thread: str
    pid: int
    tid: int
    frames: tuple[Place, ...]


class ScriptReader:
    """Reads ``perf script -F comm,pid,tid,ip,sym,dso``; ``samples`` counts equal ones together."""

    # storm 18533/18533
    _HEADER = re.compile(r"(.*?)\s+(-?\d{1,10})/(-?\d{1,10})\s*")
    # <tab>          f63d3 __libc_pread (/usr/lib/x86_64-linux-gnu/libc.so.6)
    _FRAME = re.compile(r"\s+([0-9a-f]{1,16}) (?:(.*) \(([^()]*(?: \(deleted\))?)\)|(.*?) \((.*)\))\s*")
    # storm 18533/18533  PERF_RECORD_LOST lost 12
    _LOST = re.compile(r".*PERF_RECORD_LOST(?:_SAMPLES)? .*?lost (\d{1,15})")

    def __init__(self) -> None:
        self._lines = Lines(_LONGEST_LINE)
        self.not_understood = 0
        self.samples: Counter[Sample] = Counter()
        self.lost = 0
        self._of: tuple[str, int, int] | None = None
        self._frames: list[Place] = []

    def feed(self, chunk: bytes) -> None:
        for line in self._lines.of(chunk):
            self._read(line.decode("utf-8", "replace"))

    def close(self) -> None:
        if last := self._lines.last():
            self._read(last.decode("utf-8", "replace"))
        self.not_understood += self._lines.too_long
        self._finish()

    def _read(self, line: str) -> None:
        if not line.strip():
            self._finish()
        elif self._of and (frame := self._FRAME.fullmatch(line)):
            address, symbol, binary, shorter_symbol, longer_binary = frame.groups()
            self._frames.append(Place(int(address, 16), symbol or shorter_symbol or "", binary or longer_binary or ""))
        elif lost := self._LOST.match(line):
            self._finish()
            self.lost += int(lost[1])
        elif header := self._HEADER.fullmatch(line):
            self._finish()
            self._of = header[1].strip(), int(header[2]), int(header[3])
        else:
            self.not_understood += 1

    def _finish(self) -> None:
        if self._of:
            self.samples[Sample(*self._of, tuple(self._frames))] += 1
        self._of = None
        self._frames = []


class ThreadCalls(NamedTuple):
    """One system call of one thread; times in seconds."""

    tid: int
    syscall: str
    calls: int
    errors: int
    seconds: float
    max_seconds: float


class SummaryReader:
    """Reads what ``perf trace --summary --errno-summary`` says when it ends. ``complete``: it said something."""

    #  python (20384), 3863 events, 99.4%
    _THREAD = re.compile(r".*\((-?\d{1,10})\), \d+ events, \S+%\s*")
    #    newfstatat           820    103    12.489     0.011     0.015     0.059      1.01%
    _CALL = re.compile(
        r"\s+([a-z_]\w{0,40})\s+(\d{1,15})\s+(?:(\d{1,15})\s+)?"  # before perf 5.5 there was no column of errors
        r"(\d{1,15}\.\d+)\s+\d+\.\d+\s+\d+\.\d+\s+(\d{1,15}\.\d+)\s+\S+%\s*"
    )
    # <tab><tab><tab><tab>ENOENT: 103
    _ERROR = re.compile(r"\s+(E[A-Z0-9]{1,30}): (\d{1,15})\s*")
    # LOST 12 events!
    _LOST = re.compile(r"LOST (\d{1,15}) events!\s*")
    _HEADING = re.compile(r" *(?:syscall +calls .*|\(msec\).*|[- ]+) *")

    def __init__(self) -> None:
        self._lines = Lines(_LONGEST_LINE)
        self.not_understood = 0
        self.calls: list[ThreadCalls] = []
        self.errors: Counter[tuple[str, str]] = Counter()
        """by (system call, error)"""
        self.lost = 0
        self.complete = False
        self._tid: int | None = None

    def feed(self, chunk: bytes) -> None:
        for line in self._lines.of(chunk):
            self._read(line.decode("utf-8", "replace"))

    def close(self) -> None:
        if last := self._lines.last():
            self._read(last.decode("utf-8", "replace"))
        self.not_understood += self._lines.too_long

    def _read(self, line: str) -> None:
        if not line.strip() or self._HEADING.fullmatch(line):
            return
        if line.strip() == "Summary of events:":
            self.complete = True
        elif thread := self._THREAD.fullmatch(line):
            self._tid = int(thread[1])
        elif (call := self._CALL.fullmatch(line)) and self._tid is not None:
            name, calls, errors, total, longest = call.groups()
            milliseconds = float(total) * 1e-3, float(longest) * 1e-3
            self.calls.append(ThreadCalls(self._tid, name, int(calls), int(errors or 0), *milliseconds))
        elif (error := self._ERROR.fullmatch(line)) and self.calls:
            self.errors[self.calls[-1].syscall, error[1]] += int(error[2])
        elif lost := self._LOST.fullmatch(line):
            self.lost += int(lost[1])
        else:
            self.not_understood += 1
