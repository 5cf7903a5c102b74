"""Reads what ``strace -f -T -y -s0 -o`` prints, adding up while it arrives: nothing is stored line by line."""

import re
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import NamedTuple

from perfdoctor.collectors.byte_calls import RETURNS_BYTES
from perfdoctor.collectors.lines import Lines
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.syscalls import BUCKETS, ErrnoCount, SyscallProfile, SyscallRow

_LONGEST_LINE = 64 << 10
"""bytes of one line that are kept; a call's paths are at most 4 KiB each, written as octal 16 KiB"""
_MOST_ROWS = 20_000
"""rows kept apart by object; beyond, a call is counted without its object"""
_MOST_THREADS = 65_536

# 21257 openat(AT_FDCWD</tmp>, "/tmp/a<b>c) = 3 \303\251", O_RDONLY) = 3</tmp/a\74b\76c) = 3 \303\251> <0.000093>
_LINE = re.compile(r"(\d+) +(.*)", re.DOTALL)
# openat(   clone3(   syscall_0x1f4(   ?read( (a call whose entry strace did not see)
_NAME = re.compile(r"\??(\w+)\(")
# Arguments end at the first ") = " outside quotes and outside the <> of a descriptor; 21<<MAP_HUGE_SHIFT is the only
# other "<". Possessive, so that it is linear in any input, but for the groups: Python 3.11.2, which Debian 12 has, gets
# those wrong.
_ARGUMENTS = re.compile(r'(?:[^"<)]++|"(?:[^"\\]++|\\.)*"|<(?:[^<>"\\]++|\\.)*>|<<|\)(?! *= ))*', re.DOTALL)
# ) = 3</tmp/x> <0.000093>   )   = -1 ENOENT (No such file or directory) <0.000279>   ) = ? ERESTARTSYS (To be …) <0.1>
_RESULT = re.compile(
    r"\) *= (?P<value>-?\d+|0x[0-9a-f]+|\?)(?:<[^<>]*>(?:\(deleted\))?)?(?: (?P<errno>E[A-Z0-9_]+))?(?:[ (].*)?\Z",
    re.DOTALL,
)
_TIME = re.compile(r" <(\d+)\.(\d{6})>\Z")
# <... read resumed>"", 50000)      = 0 <0.000058>
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>")
_UNFINISHED = " <unfinished ...>"
_DETACHED = " <detached ...>"
# restart_syscall(<... resuming interrupted clock_nanosleep ...>) = 0 <0.5>
_RESTARTED = re.compile(r"restart_syscall\(<\.\.\. resuming interrupted (\w+) \.\.\.>")
# --- SIGCHLD {si_signo=SIGCHLD, …} ---     +++ exited with 0 +++     +++ superseded by execve in pid 7 +++
_ENDED = re.compile(r"\+\+\+ (?:exited with|killed by|superseded by) ")
# 3</tmp/x>(deleted)   3<socket:[102411]>
_DESCRIPTOR = re.compile(r"(-?\d+)<([^<>]*)>(?:\(deleted\))?")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_AT = re.compile(r'(?:AT_FDCWD|-?\d+)(?:<([^<>]*)>)?(?:\(deleted\))?, "((?:[^"\\]|\\.)*)"', re.DOTALL)
_AT_NAMES = ("at", "at2", "statx", "inotify_add_watch")
_ADDRESS = re.compile(r"0x[0-9a-f]+")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}
_CLONES = frozenset({"clone", "clone3"})
_NEVER_RETURN = frozenset({"exit", "exit_group"})


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    errors: int = 0
    empty: int = 0
    unfinished: int = 0
    bytes: int = 0
    ns: int = 0
    most_ns: int = 0
    histogram: list[int] = field(default_factory=lambda: [0] * BUCKETS)


class Ended(NamedTuple):
    """One call that has ended: ``text`` is the whole of it, ``value`` what it returned."""

    name: str
    text: str
    ns: int
    value: str
    errno: str | None


class Reader:
    """Feed it chunks, then ``close``. ``process_of`` tells the process of a thread, None when it is not known.

    ``calls`` have ended so far; ``not_understood`` lines fit none of the known forms; ``ended`` are the threads that
    are gone; ``without_object`` calls are counted without their object, because there were too many objects."""

    def __init__(self, process_of: Callable[[int], int | None]) -> None:
        self.calls = self.lines = self.not_understood = self.without_object = 0
        self.ended: set[int] = set()
        self.by_name: Counter[str] = Counter()
        self._process_of = process_of
        self._lines = Lines(_LONGEST_LINE)
        self._begun: dict[int, str] = {}
        self._processes: dict[int, int] = {}
        self._rows: dict[tuple[int, str, str | None], _Sum] = {}
        self._errnos: Counter[tuple[int, str, str]] = Counter()

    def feed(self, chunk: bytes) -> None:
        for line in self._lines.of(chunk):
            self._read(line)

    def close(self) -> None:
        """The end of the output: a line without its end was cut while it was written."""
        self.not_understood += self._lines.too_long + bool(self._lines.last())

    def _read(self, line: bytes) -> None:
        self.lines += 1
        found = _LINE.match(line.decode("utf-8", "replace"))
        if not found or len(found[1]) > 10:
            self.not_understood += 1
            return
        tid, text = int(found[1]), found[2]
        if text.startswith("+++ "):
            if _ENDED.match(text):
                self._thread_ended(tid)
            else:
                self.not_understood += 1
        elif not text.startswith("--- "):
            self._read_call(tid, text)

    def _thread_ended(self, tid: int) -> None:
        self._begun.pop(tid, None)
        self.ended.add(tid)
        if len(self.ended) > _MOST_THREADS:
            self.ended.clear()

    def _read_call(self, tid: int, text: str) -> None:
        resumed = _RESUMED.match(text)
        if resumed:
            begun = self._begun.pop(tid, None)
            if begun is None:  # strace came when the call was under way: its arguments are not known
                begun = f"{resumed[1]}("
            text = begun + text[resumed.end() :]
        if text.endswith(_UNFINISHED):
            self._begun[tid] = text.removesuffix(_UNFINISHED)
            if len(self._begun) > _MOST_THREADS:
                self._begun.clear()
                self.not_understood += 1
            return
        if text.endswith(_DETACHED):
            self._unfinished(tid, text.removesuffix(_DETACHED))
            return
        self._finished(tid, text)

    def _unfinished(self, tid: int, text: str) -> None:
        name = _name(text)
        if name is None:
            self.not_understood += 1
            return
        self._count_unfinished(tid, name, text)

    def _count_unfinished(self, tid: int, name: str, text: str) -> None:
        self._row(tid, name, text).unfinished += 1

    def _finished(self, tid: int, text: str) -> None:
        timed = _TIME.search(text)
        ns = int(timed[1] + timed[2]) * 1000 if timed else 0
        name = _name(text)
        arguments = _ARGUMENTS.match(text, text.index("(") + 1) if name else None
        result = _RESULT.match(text[: timed.start()] if timed else text, arguments.end()) if arguments else None
        if name is None or result is None:
            self.not_understood += 1
            return
        value, errno = result["value"], result["errno"]
        if value == "?" and errno is None and name not in _NEVER_RETURN:
            return  # the thread was ended inside the call
        self.calls += 1
        self.by_name[name] += 1
        self._count(tid, Ended(name, text, ns, value, errno))

    def _count(self, tid: int, call: Ended) -> None:
        name, text, ns, value, errno = call
        row = self._row(tid, name, text)
        row.calls += 1
        row.ns += ns
        row.most_ns = max(row.most_ns, ns)
        row.histogram[min(max(ns.bit_length() - 1, 0), BUCKETS - 1)] += 1
        if errno:
            row.errors += 1
            self._errnos[self._process(tid), name, errno] += 1
        elif value in ("0", "0x0"):
            row.empty += 1
        elif name in RETURNS_BYTES:
            row.bytes += max(0, int(value, 0))
        elif name in _CLONES and "CLONE_THREAD" in text and value.isdecimal():
            self._processes.setdefault(int(value), self._process(tid))

    def _process(self, tid: int) -> int:
        if tid not in self._processes:
            if len(self._processes) > _MOST_THREADS:
                self._processes.clear()
            self._processes[tid] = self._process_of(tid) or tid
        return self._processes[tid]

    def _row(self, tid: int, name: str, text: str) -> _Sum:
        thing = object_of(name, text[text.index("(") + 1 :])
        key = (self._process(tid), name, thing)
        row = self._rows.get(key)
        if row is None:
            if thing is not None and len(self._rows) >= _MOST_ROWS:
                self.without_object += 1
                key = (*key[:2], None)
            row = self._rows.setdefault(key, _Sum())
        return row

    def profile(self, only: Container[int] | None = None) -> SyscallProfile:
        """What was seen, of every process or ``only`` of some."""
        rows = [
            SyscallRow(
                pid=pid,
                syscall=name,
                object=thing,
                calls=row.calls,
                errors=row.errors,
                empty=row.empty,
                unfinished=row.unfinished,
                bytes=row.bytes,
                seconds=row.ns * 1e-9,
                max_seconds=row.most_ns * 1e-9,
                histogram=tuple(row.histogram) if row.calls else (),
            )
            for (pid, name, thing), row in self._rows.items()
            if only is None or pid in only
        ]
        rows.sort(key=lambda row: (-row.seconds, -row.calls, row.syscall, row.pid))
        errnos: Counter[tuple[str, str]] = Counter()
        for (pid, name, errno), calls in self._errnos.items():
            if only is None or pid in only:
                errnos[name, errno] += calls
        return SyscallProfile(
            rows=tuple(rows),
            errnos=tuple(
                ErrnoCount(syscall=name, errno=errno, calls=calls) for (name, errno), calls in errnos.most_common()
            ),
            calls=sum(row.calls for row in rows),
            seconds=sum(row.seconds for row in rows),
        )


def _name(text: str) -> str | None:
    restarted = _RESTARTED.match(text)
    if restarted:
        return restarted[1][:64]
    found = _NAME.match(text)
    return found[1][:64] if found else None


def object_of(name: str, arguments: str) -> str | None:
    """What the call was made upon: ``/etc/hosts``, ``fd:3 (socket:[7])``, ``futex:0x…``; None when it has none."""
    if name.startswith("futex"):
        address = _ADDRESS.match(arguments)
        return f"futex:{address[0]}" if address else None
    at = _AT.match(arguments) if name.endswith(_AT_NAMES) else None
    if at and at[2]:  # an empty name means the descriptor itself (AT_EMPTY_PATH)
        folder, path = at[1], _plain(at[2])
        return clean(f"{_plain(folder)}/{path}" if folder and not path.startswith("/") else path)
    descriptor = _DESCRIPTOR.match(arguments)
    if descriptor:
        behind = _plain(descriptor[2])
        return clean(behind) if behind.startswith("/") else f"fd:{descriptor[1]} ({clean(behind, 64)})"
    path_first = _STRING.match(arguments)
    return clean(_plain(path_first[1])) if path_first and path_first[1] else None


def _plain(quoted: str) -> str:
    r"""The text that strace wrote with escapes: \303\251 is é."""
    if "\\" not in quoted:
        return quoted

    def unescape(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return bytes([int(found[1], 8) & 0xFF])
        if found[2]:
            return bytes([int(found[2], 16)])
        return _LETTERS.get(found[3], found[3])

    return _ESCAPE.sub(unescape, quoted.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
