"""Files by what they cost, and the lines that used them."""

from collections import defaultdict
from collections.abc import Iterable

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.file_use import FileAct, FileRow, FileUse
from perfdoctor.schemas.file_use_answer import FileLine, FilesAnswer, FileUseLine
from perfdoctor.schemas.files import FileFact
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.recording import Collection, NextCall
from perfdoctor.server.answers.place import Cut, Places
from perfdoctor.server.answers.syscalls import percentile
from perfdoctor.server.formatters.words import code, count, place, quantity

_AGAIN = 2.0
"""times a file was read whole, from which it is said"""


def files_answer(recording: str, evidence: Evidence, *, rows: int, frames: int) -> FilesAnswer:
    """The ``rows`` dearest files and lines, by time, or by number of calls where that is the larger share."""
    use = evidence.file_use or FileUse()
    facts = {fact.path: fact for fact in evidence.files}
    by_file: defaultdict[str, list[FileRow]] = defaultdict(list)
    by_line: defaultdict[tuple[Location | None, FileAct], list[FileRow]] = defaultdict(list)
    places = Places(evidence.user_roots)
    cut = Cut(frames, evidence.user_roots)
    for row in use.rows:
        by_file[row.path].append(row)
        by_line[places.of(row.stack), row.act].append(row)
    weight = _weight(use.rows)
    files = [
        _file(path, group, facts.get(path))
        for path, group in sorted(by_file.items(), key=lambda item: (-weight(item[1]), item[0]))
    ]
    lines = [
        _line(where, act, group, cut)
        for (where, act), group in sorted(by_line.items(), key=lambda item: (-weight(item[1]), str(item[0])))
    ]
    return FilesAnswer(
        recording=recording,
        target=evidence.target,
        window=evidence.window,
        collection=evidence.collections.get("file_use", Collection(backend="none", exact=False)),
        summary=_summary(files, lines),
        opens=sum(file.opens for file in files),
        missing=sum(file.missing for file in files),
        read_bytes=sum(file.read_bytes for file in files),
        written_bytes=sum(file.written_bytes for file in files),
        syncs=sum(file.syncs for file in files),
        unnamed=use.unnamed,
        files=tuple(files[:rows]),
        total_files=len(files),
        omitted_files=max(0, len(files) - rows),
        lines=tuple(lines[:rows]),
        total_lines=len(lines),
        omitted_lines=max(0, len(lines) - rows),
        next=_next(evidence, recording, files),
    )


def _weight(every: Iterable[FileRow]) -> "_Weight":
    rows = tuple(every)
    return _Weight(sum(row.seconds for row in rows), sum(row.calls for row in rows), sum(row.bytes for row in rows))


class _Weight:
    """The larger of a group's shares of all time and of all calls; of bytes where neither is known."""

    def __init__(self, seconds: float, calls: int, size: int) -> None:
        self._all = seconds, calls, size

    def __call__(self, rows: list[FileRow]) -> float:
        seconds, calls, size = self._all
        shares = [
            sum(row.seconds for row in rows) / seconds if seconds else 0.0,
            sum(row.calls for row in rows) / calls if calls else 0.0,
        ]
        if not any(row.seconds for row in rows) and size:
            shares.append(sum(row.bytes for row in rows) / size)
        return max(shares)


def _file(path: str, rows: list[FileRow], fact: FileFact | None) -> FileLine:
    def total(act: FileAct, what: str = "calls") -> int:
        return sum(getattr(row, what) for row in rows if row.act is act)

    size, read = (fact.size if fact else 0), total(FileAct.READ, "bytes")
    changes = fact is None or fact.kind != "file" or fact.changed_in_window
    ordered, unordered = sum(row.sequential for row in rows), sum(row.random for row in rows)
    return FileLine(
        path=path,
        kind=fact.kind if fact else "unknown",
        size=size,
        opens=total(FileAct.OPEN),
        looks=total(FileAct.LOOK),
        missing=total(FileAct.OPEN, "errors") + total(FileAct.LOOK, "errors"),
        reads=total(FileAct.READ),
        read_bytes=read,
        times_read=None if changes or not size else read / size,
        writes=total(FileAct.WRITE),
        written_bytes=total(FileAct.WRITE, "bytes"),
        syncs=total(FileAct.SYNC),
        sync_seconds=sum(row.seconds for row in rows if row.act is FileAct.SYNC),
        sequential=ordered / (ordered + unordered) if ordered + unordered else None,
        seconds=sum(row.seconds for row in rows),
    )


def _line(where: Location | None, act: FileAct, rows: list[FileRow], cut: Cut) -> FileUseLine:
    paths: defaultdict[str, int] = defaultdict(int)
    stacks: defaultdict[Stack, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    histogram = [0] * 32
    for row in rows:
        paths[row.path] += row.calls
        seconds, calls = stacks[row.stack]
        stacks[row.stack] = (seconds + row.seconds, calls + row.calls)
        for bucket, number in enumerate(row.histogram):
            histogram[bucket] += number
    return FileUseLine(
        location=where,
        act=act,
        path=max(paths, key=lambda path: (paths[path], path)),
        files=len(paths),
        calls=sum(row.calls for row in rows),
        errors=sum(row.errors for row in rows),
        bytes=sum(row.bytes for row in rows),
        seconds=sum(row.seconds for row in rows),
        p99_seconds=percentile(histogram, 0.99, max(row.max_seconds for row in rows)),
        stack=cut.of(max(stacks, key=lambda stack: (*stacks[stack], str(stack)))),
    )


def _summary(files: list[FileLine], lines: list[FileUseLine]) -> str:
    if not files:
        return "It used no file in this window."
    opens, looks, missing = (sum(getattr(file, name) for file in files) for name in ("opens", "looks", "missing"))
    read, written = sum(file.read_bytes for file in files), sum(file.written_bytes for file in files)
    said = [
        f"{count(len(files))} files: {count(opens)} opens, {count(looks)} looks ({count(missing)} for what is not "
        f"there), {quantity(read, 'B')} read, {quantity(written, 'B')} written."
    ]
    again = max(files, key=lambda file: file.times_read or 0.0)
    if (again.times_read or 0) >= _AGAIN and again.opens > 1:
        said.append(f"{code(again.path, 80)} was read {again.times_read:.1f} times over in {count(again.opens)} opens.")
    syncs, waited = sum(file.syncs for file in files), sum(file.sync_seconds for file in files)
    if syncs:
        said.append(f"{count(syncs)} syncs took {quantity(waited, 's')}.")
    top = lines[0]
    if top.location is not None:
        said.append(f"Most by {top.act} at {place(top.location)}: {count(top.calls)} calls.")
    return " ".join(said)


def _next(evidence: Evidence, recording: str, files: list[FileLine]) -> tuple[NextCall, ...]:
    who = evidence.target.argument
    calls = [NextCall(tool="diagnose", arguments=who, why="judge all causes in one window, ranked by cost")]
    if any(file.syncs for file in files):
        calls.insert(
            0, NextCall(tool="trace-io", arguments=who, why="see what reaches the disk, and how long it takes")
        )
    calls.append(
        NextCall(tool="compare", arguments={"before": recording}, why="after a change, with a new recording as `after`")
    )
    return tuple(calls)
