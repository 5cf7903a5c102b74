"""What code is at an address that a runtime compiled while it ran, as the runtime itself wrote down for perf.

Virtual machines that were started so (node --perf-basic-prof, java -XX:+DumpPerfMapAtExit or jcmd Compiler.perfmap,
python -X perf, erl +JPperf true, and others: see ``own_lines.py``) write /tmp/perf-PID.map, PID as they know it
themselves: one range a line (tools/perf/Documentation/jit-interface.txt in the kernel). The file lies where everybody
may write: only the target's own is taken, a piece of it that fits, and its text is hostile.
"""

import contextlib
import os
import re
import stat
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from pathlib import Path

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.host.permission import status_field
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError

LARGEST = 64 << 20
"""bytes that are read of one file: of a larger one the end, which says what was compiled last"""
_MOST_RANGES = 1_000_000
_HIGHEST = 1 << 64
# JS:*total /srv/shop.js:3:19  |  LazyCompile:~get size /srv/a b.js:3:19  |  Eval:~ /srv/shop.js:1:1
_SCRIPT = re.compile(r"(?:JS|LazyCompile|Function|Eval|Script|Callback):(?P<tier>[~*^+]?)(?P<rest>.*)$")
_PLACE = re.compile(r"(?P<file>.+?)(?::(?P<line>\d{1,9}))(?::(?P<column>\d{1,9}))?$")
# Where a script's address begins after the function's name: a path, or a scheme
_FILE = re.compile(r" (?=/|[A-Za-z][\w+.-]*:|[^ ]*$)")
# py::total:/srv/shop.py
_PYTHON = re.compile(r"py::(?P<function>.+?):(?P<file>.+)$")
# $lists:map/2  |  $'Elixir.Shop':total/1
_ERLANG = re.compile(r"\$(?P<function>.+:.+/\d{1,3})$")
TIERS = {"~": "interpreted", "^": "baseline", "+": "optimized", "*": "optimized"}
"""V8's marks, by what runs the function"""


@dataclass(frozen=True, slots=True)
class Code:
    """A function that was compiled. ``line`` is where it begins, not where it stands: the file says no more.
    ``tier`` is what compiled it, where the name says so (a value of TIERS)."""

    function: str
    file: str | None = None
    line: int | None = None
    tier: str = ""


class PerfMap:
    """The ranges of one file; of those that overlap, the later: code is freed, and its place used again."""

    def __init__(self) -> None:
        self._lows: list[int] = []
        self._highs: list[int] = []
        self._names: list[str] = []
        self._known: dict[str, Code] = {}
        self.not_understood = 0
        """lines that are no range"""
        self.cut = False
        """whether the beginning of the file was left out"""

    def __len__(self) -> int:
        return len(self._lows)

    def feed(self, data: bytes) -> None:
        """All the lines of a file, or of its end."""
        for line in data.split(b"\n"):
            # 7f341a7c61c0 254 JS:*hot /srv/shop.js:2:13
            parts = line.split(b" ", 2)
            try:
                low, size = int(parts[0], 16), int(parts[1], 16)
                name = parts[2]
            except (ValueError, IndexError):
                self.not_understood += bool(line.strip())
                continue
            if 0 <= low < low + size <= _HIGHEST and len(self) < _MOST_RANGES:
                self._put(low, low + size, name[:1024].decode("utf-8", "replace"))

    def _put(self, low: int, high: int, name: str) -> None:
        first = bisect_right(self._highs, low)
        last = bisect_left(self._lows, high)
        self._lows[first:last] = [low]
        self._highs[first:last] = [high]
        self._names[first:last] = [name]

    def find(self, address: int) -> Code | None:
        """The code at an address; None when the file names none there."""
        i = bisect_right(self._lows, address) - 1
        if i < 0 or address >= self._highs[i]:
            return None
        name = self._names[i]
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = parse_name(name)
        return known


def parse_name(name: str) -> Code:
    """The function, and where it begins, of a name as V8 or CPython writes it; any other name is the function."""
    if script := _SCRIPT.match(name):
        tier = TIERS.get(script["tier"], "")
        function, rest = "", script["rest"]
        if split := _FILE.search(rest):
            function, rest = rest[: split.start()], rest[split.end() :]
        place = _PLACE.match(rest)
        if place:
            return Code(clean(function) or "(anonymous)", clean(place["file"]), int(place["line"]) or None, tier)
        return Code(clean(script["rest"]) or "(anonymous)", tier=tier)
    if python := _PYTHON.match(name):
        return Code(clean(python["function"]), clean(python["file"]))
    if erlang := _ERLANG.match(name):
        return Code(clean(erlang["function"]))
    return Code(clean(name) or "[unknown]")


def path_of(host: Host, pid: int) -> str:
    """The path of ours that leads to a process's file: its own number, in its own file system."""
    inner = (status_field(host, pid, "NSpid") or [str(pid)])[-1]
    return f"/proc/{pid}/root/tmp/perf-{inner}.map"


def is_there(host: Host, pid: int) -> bool:
    """Whether a process has written such a file, and it is its own. OSError when that cannot be seen."""
    found = Path(path_of(host, pid)).lstat()
    return stat.S_ISREG(found.st_mode) and found.st_uid == _owner(host, pid)


def read_perf_map(host: Host, pid: int) -> PerfMap:
    """What a process wrote. ProblemError when there is no such file, or it is not the process's own."""
    what = f"The functions that process {pid} compiled while it ran cannot be named."
    path = ""
    try:
        path = path_of(host, pid)
        data, cut = _read(path, _owner(host, pid))
    except _NotItsOwnError as error:
        raise ProblemError(what, str(error), "Remove that file, and start the program again.") from error
    except OSError as error:
        inside = path.rpartition("/root")[2] or "its perf map"
        raise ProblemError(
            what,
            f"{inside}: {error.strerror}. A runtime writes it only when it was started so.",
            "Start it with: node --perf-basic-prof, java -XX:+PreserveFramePointer and jcmd PID "
            "Compiler.perfmap, python -X perf, erl +JPperf true, or DOTNET_PerfMapEnabled=1 for .NET.",
        ) from error
    found = PerfMap()
    found.cut = cut
    found.feed(data)
    return found


def _owner(host: Host, pid: int) -> int:
    """The effective user of a process; -1 when it has ended."""
    words = status_field(host, pid, "Uid")
    return int(words[1]) if len(words) > 1 else -1


class _NotItsOwnError(Exception):
    pass


def _read(path: str, uid: int) -> tuple[bytes, bool]:
    # NOFOLLOW: a link there could lead us to any file of ours. NONBLOCK: or be a pipe that nobody writes to.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _NotItsOwnError("What lies in the place of its perf map is no file.")
        if found.st_uid != uid:
            raise _NotItsOwnError(f"Its perf map belongs to user {found.st_uid}, and the process runs as {uid}.")
        start = max(0, found.st_size - LARGEST)
        pieces = bytearray()
        with contextlib.suppress(BlockingIOError):
            while len(pieces) < LARGEST and (piece := os.pread(descriptor, 1 << 20, start + len(pieces))):
                pieces += piece
        data = bytes(pieces[:LARGEST])
        return (data.partition(b"\n")[2] if start else data), start > 0
    finally:
        os.close(descriptor)
