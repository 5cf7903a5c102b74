"""Reads what calls.bt prints in bpftrace's JSON: one object per line, the tables when it ends."""

import errno
import json
from collections import Counter
from collections.abc import Mapping

from perfdoctor.collectors.byte_calls import RETURNS_BYTES
from perfdoctor.collectors.lines import Lines
from perfdoctor.collectors.syscall_names import name_of
from perfdoctor.schemas.syscalls import BUCKETS, ErrnoCount, SyscallProfile, SyscallRow

_LONGEST_LINE = 32 << 20
_RESTARTS = {512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND", 516: "ERESTART_RESTARTBLOCK"}
"""Interrupted by a signal, and begun again by the kernel: no program sees these."""
_TABLES = {"@calls": 2, "@ns": 2, "@most": 2, "@empty": 2, "@returned": 2, "@errors": 3, "@began": 2, "@call": 2}
"""the tables of calls.bt, with the numbers in their keys"""

Key = tuple[int, ...]


class Reader:
    """Feed it chunks, then ``close``. ``ticks`` counts the words of progress: from the first one on, all is attached.
    ``calls`` is the latest count; ``complete`` says that the tables came, taken at ``ended_ns``; ``fullest`` is the
    size of the largest."""

    def __init__(self, tables: Mapping[str, int] = _TABLES, parts: int = 2) -> None:
        self._parts, self._histogram_parts = tables, parts
        self.ticks = self.calls = self.lost = self.not_understood = 0
        self._lines = Lines(_LONGEST_LINE)
        self.ended_ns = 0
        self._tables: dict[str, dict[Key, int]] = {name: {} for name in tables}
        self._histograms: dict[Key, tuple[int, ...]] = {}

    @property
    def complete(self) -> bool:
        return self.ended_ns > 0

    @property
    def fullest(self) -> int:
        return max(map(len, self._tables.values()))

    def feed(self, chunk: bytes) -> None:
        for line in self._lines.of(chunk):
            self._read(line)

    def close(self) -> None:
        """The end of the output; a line without its end is read too."""
        self._read(self._lines.last())
        self.not_understood += self._lines.too_long

    def _read(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            message = json.loads(line)
            self._take(message["type"], message["data"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.not_understood += 1

    def _take(self, kind: object, data: dict[str, object] | str) -> None:
        # {"type": "attached_probes", "data": {"probes": 7}}   {"type": "lost_events", "data": {"events": 3}}
        # {"type": "printf", "data": "ended 6194544621997"}
        if kind == "attached_probes":
            return
        if isinstance(data, str):
            word, number = data.split(" ")
            if (kind, word) != ("printf", "ended"):
                raise ValueError(data)
            self.ended_ns = _number(int(number))
        elif kind == "lost_events":
            self.lost += _number(data["events"])
        else:
            ((name, value),) = data.items()
            self._take_table(kind, name, value)

    def _take_table(self, kind: object, name: str, value: object) -> None:
        # {"type": "map", "data": {"@all": 268}}   {"type": "map", "data": {"@calls": {"17460,0": 41}}}
        # {"type": "hist", "data": {"@took": {"17460,0": [{"min": 512, "max": 1023, "count": 40}]}}}
        if (kind, name) == ("map", "@all"):
            self.calls = _number(value)
            self.ticks += 1
        elif not isinstance(value, dict):
            raise TypeError(name)
        elif (kind, name) == ("hist", "@took"):
            self._histograms = {_key(key, self._histogram_parts): _histogram(buckets) for key, buckets in value.items()}
        else:
            parts = self._parts[name]
            self._tables[name] = {_key(key, parts): _number(number) for key, number in value.items()}

    def profile(self) -> SyscallProfile:
        """The tables as rows: by process and system call, without objects and stacks."""
        unfinished: Counter[Key] = Counter()
        waiting: Counter[Key] = Counter()
        for thread, began in self._tables["@began"].items():
            if thread in self._tables["@call"]:
                under_way = (thread[0], self._tables["@call"][thread])
                unfinished[under_way] += 1
                waiting[under_way] += max(0, self.ended_ns - began)
        failed: Counter[Key] = Counter()
        errnos: Counter[tuple[str, str]] = Counter()
        for (pid, call, returned), calls in self._tables["@errors"].items():
            failed[pid, call] += calls
            errnos[name_of(call), _errno_name(-returned)] += calls
        rows = []
        for key in {**self._tables["@calls"], **unfinished}:
            name = name_of(key[1])
            rows.append(
                SyscallRow(
                    pid=key[0],
                    syscall=name,
                    calls=self._tables["@calls"].get(key, 0),
                    errors=failed[key],
                    empty=self._tables["@empty"].get(key, 0),
                    unfinished=unfinished[key],
                    bytes=self._tables["@returned"].get(key, 0) if name in RETURNS_BYTES else 0,
                    seconds=(self._tables["@ns"].get(key, 0) + waiting[key]) * 1e-9,
                    max_seconds=self._tables["@most"].get(key, 0) * 1e-9,
                    histogram=self._histograms.get(key, ()),
                )
            )
        rows.sort(key=lambda row: (-row.seconds, -row.calls, row.syscall, row.pid))
        return SyscallProfile(
            rows=tuple(rows),
            errnos=tuple(ErrnoCount(syscall=call, errno=name, calls=n) for (call, name), n in errnos.most_common()),
            calls=sum(row.calls for row in rows),
            seconds=sum(row.seconds for row in rows),
        )


def _key(text: str, parts: int) -> Key:
    key = tuple(map(int, text.split(",")))
    if len(key) != parts:
        raise ValueError(text)
    return key


def _number(value: object) -> int:
    # bool is an int to Python; beyond 64 bits the kernel cannot have counted
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >> 64:
        raise TypeError(value)
    return value


def _histogram(buckets: list[dict[str, int]]) -> tuple[int, ...]:
    counts = [0] * BUCKETS
    for bucket in buckets:
        counts[min(max(_number(bucket["min"]).bit_length() - 1, 0), BUCKETS - 1)] += _number(bucket["count"])
    return tuple(counts)


def _errno_name(number: int) -> str:
    return errno.errorcode.get(number) or _RESTARTS.get(number) or f"errno {number}"
