"""From readings to tables: by kind, by mapping, by process. Computes only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from perfdoctor.collectors.backends.proc.smaps import Mapping
from perfdoctor.collectors.mappings.changes import Change, changes_of, held
from perfdoctor.collectors.mappings.reading import Process, Reading
from perfdoctor.collectors.text import clean
from perfdoctor.collectors.trend import slope
from perfdoctor.schemas.memory_map import Amounts, KindUse, MappingUse, MemoryKind, MemoryMap, ProcessMemory

KEPT = 512
"""rows of mappings that are kept"""
_FEWEST = 4
_MOVES = 10
"""times its growth counts, against what it holds, for a mapping's place in the order"""
_AMOUNTS = ("rss", "pss", "private_dirty", "swap", "referenced", "anonymous", "huge", "locked")


@dataclass(slots=True)
class _Row:
    amounts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("size", *_AMOUNTS), 0))
    mappings: int = 0
    grown: int = 0
    pids: set[int] = field(default_factory=set)
    fresh: bool = True
    first: Mapping | None = None

    def add(self, pid: int, change: Change) -> None:
        self.add_amounts(change.now)
        self.mappings += 1
        self.grown += change.grown
        self.pids.add(pid)
        self.fresh &= change.fresh
        self.first = self.first or change.now

    def add_amounts(self, mapping: Mapping) -> None:
        for name in _AMOUNTS:
            self.amounts[name] += getattr(mapping, name)
        self.amounts["size"] += mapping.size if mapping.high > 1 else 0
        pages = mapping.private_hugetlb + mapping.shared_hugetlb
        if pages:  # Rss and Pss leave them out (Documentation/filesystems/proc.rst)
            for name in ("rss", "pss", "huge"):
                self.amounts[name] += pages

    @property
    def held(self) -> int:
        return self.amounts["pss"] + self.amounts["swap"]


def memory_map(first: Reading, last: Reading, between: Sequence[Reading]) -> MemoryMap:
    """What ``last`` holds, with what has changed since ``first``. ``between`` are all readings, for slopes by kind."""
    total, kinds = _Row(), defaultdict[MemoryKind, _Row](_Row)
    rows: defaultdict[tuple[object, ...], _Row] = defaultdict(_Row)
    processes = []
    gone = 0
    for key, process in last.processes.items():
        before = first.processes.get(key)
        known = before is not None and before.source == process.source
        changes, left = changes_of(before.mappings if before and known else (), process.mappings)
        gone += left
        own = _Row()
        for change in changes:
            kind = process.kind(change.now)
            for row in (total, own, kinds[kind], rows[_row_key(kind, process, change.now)]):
                row.add(process.pid, change)
        processes.append(ProcessMemory(pid=process.pid, name=process.name, grown=own.grown - left, **own.amounts))
    for key, ended in first.processes.items():
        if key not in last.processes:
            gone += sum(held(mapping) for mapping in ended.mappings)
    _lose(first, kinds)
    ranked = sorted(rows.items(), key=lambda item: (-item[1].held - _MOVES * abs(item[1].grown), str(item[0])))
    ranked = [item for item in ranked if item[1].held or item[1].grown or item[1].amounts["rss"]]
    series = _series(between)
    return MemoryMap(
        total=Amounts(**total.amounts),
        grown=total.grown - gone,
        gone=gone,
        total_mappings=total.mappings,
        kinds=tuple(
            _kind_use(kind, row, series.get(kind, []))
            for kind, row in sorted(kinds.items(), key=lambda item: (-item[1].held, -item[1].amounts["size"]))
        ),
        mappings=tuple(_mapping_use(kind[0], row) for kind, row in ranked[:KEPT]),
        rows=len(ranked),
        omitted_mappings=len(ranked) - min(len(ranked), KEPT),
        processes=tuple(sorted(processes, key=lambda process: (-process.pss, process.pid))),
        read_seconds=last.seconds,
    )


def _lose(first: Reading, kinds: dict[MemoryKind, _Row]) -> None:
    """A kind has grown by what it holds now, less what it held then: also in mappings and processes that are gone."""
    then: defaultdict[MemoryKind, int] = defaultdict(int)
    for process in first.processes.values():
        for mapping in process.mappings:
            then[process.kind(mapping)] += held(mapping)
    for kind in {*then, *kinds}:
        kinds[kind].grown = kinds[kind].held - then[kind]


def _row_key(kind: MemoryKind, process: Process, mapping: Mapping) -> tuple[object, ...]:
    if mapping.inode or mapping.name.startswith("[anon:") or kind is MemoryKind.KERNEL:
        return kind, mapping.name
    return kind, mapping.name, process.pid, mapping.low


def _mapping_use(kind: object, row: _Row) -> MappingUse:
    assert isinstance(kind, MemoryKind) and row.first is not None
    return MappingUse(
        kind=kind,
        name=clean(row.first.name, 256),
        pid=min(row.pids),
        processes=len(row.pids),
        mappings=row.mappings,
        start=None if row.first.name else row.first.low,
        grown=row.grown,
        fresh=row.fresh,
        **row.amounts,
    )


def _series(readings: Sequence[Reading]) -> dict[MemoryKind, list[tuple[float, float]]]:
    series: defaultdict[MemoryKind, list[tuple[float, float]]] = defaultdict(list)
    for reading in readings:
        sums: defaultdict[MemoryKind, int] = defaultdict(int)
        for process in reading.processes.values():
            for mapping in process.mappings:
                sums[process.kind(mapping)] += held(mapping)
        for kind in MemoryKind:
            series[kind].append((reading.at, float(sums[kind])))
    return series


def _kind_use(kind: MemoryKind, row: _Row, readings: Sequence[tuple[float, float]]) -> KindUse:
    per_second = confidence = None
    if len(readings) >= _FEWEST:
        moved = slope([at for at, _ in readings], [value for _, value in readings])
        per_second, confidence = moved.per_second, moved.confidence
    return KindUse(
        kind=kind,
        mappings=row.mappings,
        grown=row.grown,
        per_second=per_second,
        confidence=confidence,
        **row.amounts,
    )
