"""What reached the disk, by line and file."""

from collections import defaultdict
from dataclasses import dataclass, field

from perfdoctor.schemas.disk import DiskRow, DiskUse, Moved
from perfdoctor.schemas.disk_answer import DiskAnswer, DiskLine, MissLine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.file_use import FileAct, FileRow, FileUse
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.recording import Collection, NextCall
from perfdoctor.server.answers.place import Cut, Places
from perfdoctor.server.answers.syscalls import percentile
from perfdoctor.server.formatters.words import count, percent, place, quantity

_SYNC = "sync"


@dataclass(slots=True)
class _Sum:
    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    device: str = ""
    histogram: list[int] = field(default_factory=lambda: [0] * 32)
    files: defaultdict[str | None, int] = field(default_factory=lambda: defaultdict(int))
    stacks: defaultdict[Stack, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, file: str | None, number: int, row: DiskRow | FileRow) -> None:
        self.requests += number
        self.bytes += row.bytes
        self.seconds += row.seconds
        self.longest = max(self.longest, row.max_seconds)
        self.files[file] += number
        self.stacks[row.stack] += row.seconds
        for bucket, here in enumerate(row.histogram):
            self.histogram[bucket] += here


def disk_answer(recording: str, evidence: Evidence, *, rows: int, frames: int) -> DiskAnswer:
    """The ``rows`` lines that waited longest for the disk, and those that missed the page cache most."""
    use, files = evidence.disk or DiskUse(), evidence.file_use or FileUse()
    at = Places(evidence.user_roots).of
    cut = Cut(frames, evidence.user_roots)
    sums: defaultdict[tuple[Location | None, str], _Sum] = defaultdict(_Sum)
    for row in use.rows:
        total = sums[at(row.stack), row.operation]
        total.add(row.file, row.requests, row)
        total.device = total.device or row.device
    for sync in files.rows:
        if sync.act is FileAct.SYNC:
            sums[at(sync.stack), _SYNC].add(sync.path, sync.calls, sync)
    missed: defaultdict[tuple[Location | None, str | None], int] = defaultdict(int)
    for miss in use.cache:
        missed[at(miss.stack), miss.file] += miss.misses
    lines = [
        _line(where, what, total, cut)
        for (where, what), total in sorted(sums.items(), key=lambda item: (-item[1].seconds, str(item[0])))
    ]
    misses = [
        MissLine(location=where, file=file, misses=number)
        for (where, file), number in sorted(missed.items(), key=lambda item: (-item[1], str(item[0])))
    ]
    return DiskAnswer(
        recording=recording,
        target=evidence.target,
        window=evidence.window,
        collection=evidence.collections.get("disk", Collection(backend="none", exact=False)),
        summary=_summary(use, lines),
        moved=use.moved,
        file_read=use.file_read,
        hit_share=use.hit_share,
        requests=sum(row.requests for row in use.rows),
        mean_depth=use.mean_depth,
        deepest=use.deepest,
        io_wait=use.io_wait,
        lines=tuple(lines[:rows]),
        total_lines=len(lines),
        omitted_lines=max(0, len(lines) - rows),
        misses=tuple(misses[: max(1, rows // 2)]),
        total_misses=len(misses),
        omitted_misses=max(0, len(misses) - max(1, rows // 2)),
        next=_next(evidence, recording),
    )


def _line(where: Location | None, what: str, total: _Sum, cut: Cut) -> DiskLine:
    dearest = max(total.stacks, key=lambda stack: (total.stacks[stack], str(stack)))
    return DiskLine(
        location=where,
        operation=what,
        device=total.device,
        file=max(total.files, key=lambda file: (total.files[file], str(file))),
        files=len(total.files),
        requests=total.requests,
        bytes=total.bytes,
        seconds=total.seconds,
        p50_seconds=percentile(total.histogram, 0.5, total.longest),
        p99_seconds=percentile(total.histogram, 0.99, total.longest),
        max_seconds=total.longest,
        stack=cut.of(dearest),
    )


def _summary(use: DiskUse, lines: list[DiskLine]) -> str:
    moved = use.moved or Moved()
    said = [
        f"{quantity(moved.asked_read, 'B')} asked for and {quantity(moved.fetched, 'B')} fetched from storage; "
        f"{quantity(moved.asked_written, 'B')} written by calls and {quantity(moved.dirtied, 'B')} meant for storage."
    ]
    if use.hit_share is not None:
        said.append(f"The page cache had {percent(use.hit_share)} of what was read from files.")
    if lines:
        top = lines[0]
        what = "syncs" if top.operation == _SYNC else f"{top.operation} requests"
        said.append(f"Longest: {count(top.requests)} {what} at {place(top.location)}, {quantity(top.seconds, 's')}.")
    elif use.mean_depth is not None:
        said.append("It waited for no disk.")
    return " ".join(said)


def _next(evidence: Evidence, recording: str) -> tuple[NextCall, ...]:
    who = evidence.target.argument
    return (
        NextCall(tool="trace-files", arguments=who, why="see every use of each file, in the cache or not"),
        NextCall(tool="diagnose", arguments=who, why="judge all causes in one window, ranked by cost"),
        NextCall(
            tool="compare", arguments={"before": recording}, why="after a change, with a new recording as `after`"
        ),
    )
