"""How py-spy's words are read: a machine that is fed bytes, does no I/O, and counts what it does not understand."""

import re
from collections import Counter
from typing import NamedTuple

from perfdoctor.collectors.lines import Lines

_LONGEST_RECORD = 256 << 10


class Place(NamedTuple):
    function: str
    file: str
    line: int


class Sample(NamedTuple):
    """``pid`` is None for the process that was asked about; ``places`` are innermost first."""

    pid: int | None
    thread: str
    places: tuple[Place, ...]


class RawReader:
    """Reads ``py-spy record --format raw --threads [--subprocesses]``; ``samples`` counts equal stacks together.

    A command line in it may have line breaks and semicolons: a record ends with the first line that has a thread."""

    # process 19:"python a.py";process 23:"python -c …";thread (23): MainThread;<module> (/a.py:7);burn (/a.py:4) 228
    _RECORD = re.compile(r"(?:(process .*);)?thread \((?:0x[0-9A-Fa-f]+|\d+)\)(?:: )?(.*) (\d{1,12})", re.DOTALL)
    _PROCESS = re.compile(r'(?:^|;)process (\d{1,9}):"')
    # burn (/srv/a.py:4)
    _PLACE = re.compile(r"(.*) \((.*):(\d{1,9})\)", re.DOTALL)

    def __init__(self) -> None:
        self.samples: Counter[Sample] = Counter()
        self.not_understood = 0
        self._lines = Lines(_LONGEST_RECORD)
        self._record = ""

    def feed(self, chunk: bytes) -> None:
        for line in self._lines.of(chunk):
            self._read(line.decode("utf-8", "replace"))

    def close(self) -> None:
        if last := self._lines.last():
            self._read(last.decode("utf-8", "replace"))
        self._give_up()
        self.not_understood += self._lines.too_long

    def _read(self, line: str) -> None:
        if self._PROCESS.match(line) or not self._record:
            self._give_up()
            self._record = line
        else:
            self._record += f"\n{line}"
        if found := self._RECORD.fullmatch(self._record):
            self._record = ""
            processes = self._PROCESS.findall(found[1] or "")
            thread, places = self._places(found[2])
            self.samples[Sample(int(processes[-1]) if processes else None, thread, places)] += int(found[3])
        elif not self._PROCESS.match(self._record) or len(self._record) > _LONGEST_RECORD:
            self._give_up()

    def _give_up(self) -> None:
        if self._record:
            self.not_understood += 1
        self._record = ""

    def _places(self, text: str) -> tuple[str, tuple[Place, ...]]:
        """The thread's name and its stack. A name or a path with a semicolon in it is put together again."""
        name, *pieces = text.split(";")
        while pieces and not self._PLACE.fullmatch(pieces[0]):
            name += f";{pieces.pop(0)}"
        places: list[Place] = []
        waiting = ""
        for piece in pieces:
            waiting = f"{waiting};{piece}" if waiting else piece
            if found := self._PLACE.fullmatch(waiting):
                places.append(Place(found[1], found[2], int(found[3])))
                waiting = ""
        if waiting:
            self.not_understood += 1
        return name, tuple(reversed(places))
