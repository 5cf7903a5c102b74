"""functions.bpf.c's other half: where its probes go, when they have cost enough, and what its tables say."""

import struct
import time
from collections import defaultdict

from perfdoctor.collectors.backends.bpf.engine import Engine, Row, Seen
from perfdoctor.collectors.backends.bpf.part import Part
from perfdoctor.collectors.backends.bpf.programs import Programs, Table
from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.functions import Place, find_functions
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.functions import FunctionKind, FunctionProfile, FunctionRow, Value

FUNCTION_KEY = struct.Struct("<QII")
FUNCTION_VALUE = struct.Struct("<7Q3q32I64I")
VALUES = ("arg0", "arg1", "arg2", "arg3", "return")
"""what of a call is looked at, by the number that the programs know it by; anything else: nothing"""
_NOTHING = 5
_BEGINS, _ENDS = "function_begins", "function_ends"
NS_PER_EVENT = 4500
"""What one entry or return adds to the target's time (bench/memory.py): nine tenths of it is the trap."""
MOST_EVENTS = 2_000_000
MOST_SHARE = 0.5
_JUDGED_AFTER = 0.5
_SETTLED_NS = 20_000_000
"""A forked process is probed when it has lived this long."""
_MOST_PROCESSES = 64
_TALLIES = ("events", "deep")


class FunctionsPart(Part):
    """Probes every place that ``asked`` means, in each process of the target; ``most_events`` traps, or more than
    ``most_share`` of a core's time spent in them, end the window early."""

    source = "functions"
    unattached = (_BEGINS, _ENDS)

    def __init__(
        self,
        host: Host,
        asked: str,
        value: str | None,
        *,
        most_events: int = MOST_EVENTS,
        most_share: float = MOST_SHARE,
    ) -> None:
        self._host, self._asked, self._value = host, asked, value
        self._most_events, self._most_share = most_events, most_share
        self._made: Programs | None = None
        self._maps: dict[str, Table] = {}
        self._cpus = 1
        self._numbers: dict[tuple[str, str], int] = {}
        self._probed: dict[int, set[tuple[tuple[int, int], int]]] = defaultdict(set)
        self._rows: list[Row] = []
        self.places: list[Place] = []
        """each function once, in the order of the kernel's numbers"""
        self.without: dict[int, str] = {}
        self.tallies = dict.fromkeys(_TALLIES, 0)
        self.missed = 0

    def configure(self, made: Programs) -> None:
        made.probe_at_once(self.unattached)
        number = VALUES.index(self._value) if self._value in VALUES else _NOTHING
        struct.pack_into("<II", made.initial_section(".rodata.functions"), 0, number, 0)

    def start(self, engine: Engine, made: Programs) -> None:
        self._made, self._cpus = made, engine.cpus
        self._maps["functions"] = made.map("functions", FUNCTION_KEY.size, FUNCTION_VALUE.size)
        self._maps["tallies"] = made.map("tallies", 4, 8)
        for pid in list(engine.lives.names):
            self._probe(pid)

    def introduce(self, engine: Engine, made: Programs, pid: int) -> None:
        self._probed.pop(pid, None)
        self._probe(pid)

    def _probe(self, pid: int) -> None:
        if len(self._probed) >= _MOST_PROCESSES and pid not in self._probed:
            self.without[pid] = f"{_MOST_PROCESSES} processes are probed already"
            return
        try:
            self._attach(pid, find_functions(self._host, pid, self._asked))
        except OSError as error:
            self.without[pid] = str(error)[:200]

    def _attach(self, pid: int, places: tuple[Place, ...]) -> None:
        """The returns before the entries: an entry that was seen is then always seen to return."""
        assert self._made is not None
        files: defaultdict[str, list[tuple[Place, int]]] = defaultdict(list)
        for place in places:
            if (place.file, place.offset) in self._probed[pid]:
                continue
            self._probed[pid].add((place.file, place.offset))
            key = (place.name, place.module)
            if key not in self._numbers:
                self._numbers[key] = len(self.places)
                self.places.append(place)
            files[place.path].append((place, self._numbers[key]))
        for path, here in files.items():
            returning = [(place.offset, number) for place, number in here if place.returns]
            if returning:
                self._made.attach_uprobes(_ENDS, path, returning, pid=pid, returns=True)
            self._made.attach_uprobes(_BEGINS, path, [(place.offset, number) for place, number in here], pid=pid)

    def tick(self, engine: Engine) -> None:
        now = time.monotonic_ns()
        for pid, life in list(engine.lives.children.items()):  # (drain adds to them in its thread)
            new = pid not in self._probed and pid not in self.without
            if new and not life.ended and not life.program and now - life.began > _SETTLED_NS:
                self._probe(pid)
        self._read_tallies()
        events, seconds = self.tallies["events"], (now - engine.began_ns) * 1e-9
        share = events * NS_PER_EVENT * 1e-9 / seconds if seconds > 0 else 0.0
        if events >= self._most_events:
            self.enough = f"the budget of {self._most_events:,} probed calls was used up"
        elif seconds > _JUDGED_AFTER and share > self._most_share:
            self.enough = f"the probes took about {share:.0%} of a core, more than the {self._most_share:.0%} allowed"

    def so_far(self) -> str:
        return f"{self.tallies['events']:,} entries and returns of {len(self.places)} functions"

    def _read_tallies(self) -> None:
        for i, name in enumerate(_TALLIES):
            raw = self._maps["tallies"].get(i.to_bytes(4, "little"), 8 * self._cpus) or b""
            self.tallies[name] = sum(int.from_bytes(raw[j : j + 8], "little") for j in range(0, len(raw), 8))

    def finish(self, engine: Engine, seen: Seen) -> None:
        assert self._made is not None
        self._read_tallies()
        self._rows = [
            (FUNCTION_KEY.unpack(key), FUNCTION_VALUE.unpack(value)) for key, value in self._maps["functions"].items()
        ]
        self.missed = sum(self._made.missed(name) for name in self.unattached)

    def evidence(self, engine: Engine, seen: Seen) -> dict[str, object]:
        merged: dict[tuple[int, int, Stack], list[int]] = {}
        for (stack, pid, number), value in self._rows:
            key = (pid, number, _callers(engine.stacks.of(stack), self.places[number]))
            row = merged.get(key)
            if row is None:
                merged[key] = list(value)
            else:
                extremes = max(row[4], value[4]), min(row[8], value[8]), max(row[9], value[9])
                merged[key] = [a + b for a, b in zip(row, value, strict=True)]
                merged[key][4], merged[key][8], merged[key][9] = extremes
        rows = [_row(self.places[number], pid, stack, v) for (pid, number, stack), v in merged.items()]
        rows.sort(key=lambda row: (-row.seconds, -(row.calls or 0), row.function, row.pid))
        profile = FunctionProfile(
            kind=FunctionKind.NATIVE,
            asked=self._asked,
            functions=tuple(f"{place.name} of {place.module}" for place in self.places),
            rows=tuple(rows),
            deep=self.tallies["deep"],
        )
        return {"functions": profile}


def _callers(stack: Stack, place: Place) -> Stack:
    """Without the function's own frame, which a native stack begins with."""
    if stack and stack[0].module == place.module and stack[0].function in (place.name, place.symbol):
        return stack[1:]
    return stack


def _row(place: Place, pid: int, stack: Stack, v: list[int]) -> FunctionRow:
    calls, returns, nested, ns, longest, negative, values, total, least, most, *buckets = v
    value = None
    if values:
        value = Value(values=values, negative=negative, sum=total, least=least, most=most, sizes=tuple(buckets[32:]))
    return FunctionRow(
        pid=pid,
        function=place.name,
        module=place.module,
        stack=stack,
        calls=calls,
        returns=returns,
        nested=nested,
        seconds=ns * 1e-9,
        max_seconds=longest * 1e-9,
        histogram=tuple(buckets[:32]),
        value=value,
    )
