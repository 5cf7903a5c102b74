"""Reads what a caller's program prints in bpftrace's JSON: one object a line. All of it is hostile text."""

import json
import re

from perfdoctor.collectors.lines import Lines
from perfdoctor.collectors.redact import redact
from perfdoctor.collectors.text import clean
from perfdoctor.schemas.custom import CustomBucket, CustomMap, CustomRow

MOST_TEXT = 64 << 10
"""characters of printed lines that are kept"""
MOST_LINES = 2000
MOST_ROWS = 1000
"""of each map"""
MOST_MAP_TEXT = 256 << 10
TOO_MUCH = 16 << 20
"""bytes after which the window is ended: the program says more than anybody reads, and the target pays for it"""
_LONGEST_LINE = 8 << 20
_LONGEST_SHOWN = 1000
_LONGEST_KEY = 400
_MOST_BUCKETS = 128
# bpftrace 0.17 writes a byte above 0x7f as \uffffffNN: after JSON, U+FFFF and "ffNN". It writes no other U+FFFF.
_BYTES = re.compile("(?:\uffffff[0-9a-f]{2})+")
_STACK_LINE, _STACK_END = re.compile(r"\n(?:\t| {4,})"), re.compile(r"\n(?=,|$)")
_STATS = {"count", "average", "total"}


class OutputReader:
    """Feed it chunks, then ``close``. ``mark`` is what our own probe prints: each is a tick, from the first on all is
    attached. ``attached`` probes were found. ``lost`` events were not delivered."""

    def __init__(self, mark: str) -> None:
        self.ticks = self.lost = self.not_understood = self.bytes = 0
        self.attached = 0
        self.lines: list[str] = []
        self.cut_lines = self.cut_bytes = 0
        self.maps: dict[str, CustomMap] = {}
        self._mark = mark
        self._lines, self._line = Lines(_LONGEST_LINE), ""
        self._kept = self._received = self._said = 0

    @property
    def too_much(self) -> bool:
        return self.bytes > TOO_MUCH

    @property
    def printed(self) -> int:
        return len(self.lines) + self.cut_lines

    def feed(self, chunk: bytes) -> None:
        self.bytes += len(chunk)
        for line in self._lines.of(chunk):
            self._read(line)

    def close(self) -> None:
        """The end of the output; a line without its end is read too."""
        self._read(self._lines.last())
        self.not_understood += self._lines.too_long
        if self._line:
            self._keep(self._line)
            self._line = ""
        self.lost = max(self.lost, self._said - self._received)

    def kept_maps(self) -> tuple[CustomMap, ...]:
        """By name; as many rows as fit, which the maps say."""
        left, kept = MOST_MAP_TEXT, []
        for _, one in sorted(self.maps.items()):
            rows = []
            for row in one.rows:
                left -= len(row.key) + len(str(row.value)) + 40 * len(row.buckets) + 40
                if left < 0:
                    break
                rows.append(row)
            kept.append(one.model_copy(update={"rows": tuple(rows), "omitted_rows": one.total_rows - len(rows)}))
        return tuple(kept)

    def _read(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            message = json.loads(line.decode("utf-8", "replace"), strict=False)
            self._take(message["type"], message["data"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.not_understood += 1

    def _take(self, kind: str, data: object) -> None:
        # {"type": "attached_probes", "data": {"probes": 7}}   {"type": "lost_events", "data": {"events": 3}}
        # {"type": "printf", "data": "hello\n"}   {"type": "value", "data": [1,2]}   {"type": "time", "data": "17\n"}
        if kind == "attached_probes":
            self.attached = int(data["probes"]) if isinstance(data, dict) else 0
        elif kind == "lost_events" and isinstance(data, dict):
            self.lost += max(0, int(data["events"]))
        elif kind in ("printf", "time", "join", "syscall", "value"):
            if data == self._mark:
                self.ticks += 1
                return
            self._received += kind == "printf"
            self._print(_text(data) + ("" if kind in ("printf", "time") else "\n"))
        elif kind in ("map", "hist", "lhist", "stats") and isinstance(data, dict):
            ((name, value),) = data.items()
            self._take_map(kind, str(name), value)
        else:
            raise ValueError(kind)

    def _print(self, text: str) -> None:
        *lines, rest = (self._line + text).split("\n")
        for line in lines:
            self._keep(line)
        if len(rest) > _LONGEST_SHOWN * 8:  # a line that never ends
            self._keep(rest)
            rest = ""
        self._line = rest

    def _keep(self, line: str) -> None:
        if len(self.lines) >= MOST_LINES or self._kept >= MOST_TEXT:
            self.cut_lines += 1
            self.cut_bytes += len(line) + 1
            return
        shown = clean(redact(line), _LONGEST_SHOWN)
        self.cut_bytes += max(0, len(line) - _LONGEST_SHOWN)
        self._kept += len(shown) + 1
        self.lines.append(shown)

    def _take_map(self, kind: str, name: str, value: object) -> None:
        # {"@x": 3}   {"@x": {"17460,read": 41}}   hist: {"@h": [{"min": 512, "max": 1023, "count": 40}]}
        if name.startswith("@perfdoctor"):
            self._said = value if name == "@perfdoctor_said" and isinstance(value, int) else self._said
            return
        if isinstance(value, dict) and not (kind == "stats" and set(value) == _STATS):
            rows = [_row(kind, str(key), given) for key, given in value.items()]
        else:
            rows = [_row(kind, "", value)]
        rows.sort(key=lambda row: (-row.value if isinstance(row.value, int | float) else 0, row.key))
        before = self.maps.get(name)
        self.maps[name] = CustomMap(
            name=clean(name, 80),
            kind=kind,
            rows=tuple(rows[:MOST_ROWS]),
            total_rows=len(rows),
            printed=before.printed + 1 if before else 1,
        )


def _row(kind: str, key: str, value: object) -> CustomRow:
    shown = _shown(_repaired(key), _LONGEST_KEY)
    if kind in ("hist", "lhist"):
        if not isinstance(value, list):
            raise TypeError(kind)
        buckets = tuple(
            CustomBucket(low=_bound(one.get("min")), high=_bound(one.get("max")), count=int(one["count"]))
            for one in value[:_MOST_BUCKETS]
        )
        return CustomRow(key=shown, value=sum(bucket.count for bucket in buckets), buckets=buckets)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return CustomRow(key=shown, value=value)
    if isinstance(value, dict) and set(value) == _STATS:
        return CustomRow(key=shown, value=", ".join(f"{name} {int(value[name])}" for name in sorted(value)))
    return CustomRow(key=shown, value=_shown(_text(value), _LONGEST_KEY))


def _bound(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(data: object) -> str:
    return _repaired(data if isinstance(data, str) else json.dumps(data, ensure_ascii=False))


def _shown(text: str, limit: int) -> str:
    """A stack comes as indented lines: ``\\n\\tfstatat+10 (/usr/lib/libc.so.6)\\n``."""
    text = _STACK_END.sub("", _STACK_LINE.sub(" < ", text)).removeprefix(" < ").replace(", < ", ",")
    return clean(redact(text), limit)


def _repaired(text: str) -> str:
    def decoded(found: re.Match[str]) -> str:
        return bytes(int(part, 16) for part in re.findall("\uffffff(..)", found[0])).decode("utf-8", "replace")

    return _BYTES.sub(decoded, text) if "\uffff" in text else text
