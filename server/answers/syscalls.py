"""What was asked of the kernel: by call, and by the source line that asked."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from perfdoctor.schemas.answers import SyscallAnswer, SyscallLine, SyscallTotal
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.recording import Collection, NextCall
from perfdoctor.schemas.syscalls import SyscallProfile, SyscallRow
from perfdoctor.server.answers.place import Cut, Places
from perfdoctor.server.formatters.words import count, percent, place, quantity

K = TypeVar("K")


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    errors: int = 0
    empty: int = 0
    bytes: int = 0
    seconds: float = 0.0
    blocked_seconds: float = 0.0
    max_seconds: float = 0.0
    histogram: list[int] = field(default_factory=list)
    rows: list[SyscallRow] = field(default_factory=list)

    def add(self, row: SyscallRow) -> None:
        self.calls += row.calls
        self.errors += row.errors
        self.empty += row.empty
        self.bytes += row.bytes
        self.seconds += row.seconds
        self.blocked_seconds += row.blocked_seconds
        self.max_seconds = max(self.max_seconds, row.max_seconds)
        if len(row.histogram) > len(self.histogram):
            self.histogram += [0] * (len(row.histogram) - len(self.histogram))
        for bucket, calls in enumerate(row.histogram):
            self.histogram[bucket] += calls
        self.rows.append(row)


def syscall_answer(recording: str, evidence: Evidence, *, rows: int, frames: int) -> SyscallAnswer:
    """``rows`` system calls and ``rows`` lines: those that are first by time or by number of calls, whichever is the
    larger share. By time alone a thread that waits for work would hide everything else."""
    profile = evidence.syscalls or SyscallProfile()
    seconds = evidence.window.seconds
    by_call: defaultdict[str, _Sum] = defaultdict(_Sum)
    by_line: defaultdict[tuple[Location | None, str], _Sum] = defaultdict(_Sum)
    places = Places(evidence.user_roots)
    cut = Cut(frames, evidence.user_roots)
    for row in profile.rows:
        by_call[row.syscall].add(row)
        by_line[places.of(row.stack), row.syscall].add(row)
    totals = [_total(name, total) for name, total in _ranked(by_call, profile)]
    lines = [_line(where, name, total, cut) for (where, name), total in _ranked(by_line, profile)]
    errnos = sorted(profile.errnos, key=lambda e: (-e.calls, e.syscall, e.errno))
    return SyscallAnswer(
        recording=recording,
        target=evidence.target,
        window=evidence.window,
        collection=evidence.collections.get("syscalls", Collection(backend="none", exact=False)),
        summary=_summary(profile, seconds, lines),
        calls=profile.calls,
        calls_per_second=profile.calls / seconds if seconds else 0.0,
        seconds=profile.seconds,
        totals=tuple(totals[:rows]),
        total_syscalls=len(totals),
        omitted_syscalls=max(0, len(totals) - rows),
        lines=tuple(lines[:rows]),
        total_lines=len(lines),
        omitted_lines=max(0, len(lines) - rows),
        errnos=tuple(errnos[:rows]),
        next=_next(evidence, recording, profile),
    )


def percentile(histogram: Sequence[int], share: float, longest: float) -> float | None:
    """An upper bound, in seconds, of the latency that ``share`` of the calls did not exceed; None without a histogram.

    Bucket i holds calls of up to 2**(i+1) - 1 ns. ``longest`` (0: not known) bounds the answer too.
    """
    calls = sum(histogram)
    if not calls:
        return None
    wanted = share * calls
    seen = 0
    for bucket, here in enumerate(histogram):
        seen += here
        if here and seen >= wanted:
            bound: float = (2 ** (bucket + 1) - 1) / 1e9
            return min(bound, longest) if longest else bound
    return longest or None


def _ranked(sums: dict[K, _Sum], profile: SyscallProfile) -> list[tuple[K, _Sum]]:
    def weight(total: _Sum) -> float:
        by_time = total.seconds / profile.seconds if profile.seconds else 0.0
        by_number = total.calls / profile.calls if profile.calls else 0.0
        return max(by_time, by_number)

    return sorted(sums.items(), key=lambda item: (-weight(item[1]), str(item[0])))


def _total(name: str, total: _Sum) -> SyscallTotal:
    return SyscallTotal(
        syscall=name,
        calls=total.calls,
        errors=total.errors,
        bytes=total.bytes,
        seconds=total.seconds,
        blocked_seconds=total.blocked_seconds,
        mean_seconds=total.seconds / total.calls if total.calls else 0.0,
        p50_seconds=percentile(total.histogram, 0.5, total.max_seconds),
        p99_seconds=percentile(total.histogram, 0.99, total.max_seconds),
        max_seconds=total.max_seconds,
    )


def _line(where: Location | None, name: str, total: _Sum, cut: Cut) -> SyscallLine:
    objects: defaultdict[str, int] = defaultdict(int)
    stacks: defaultdict[Stack, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for row in total.rows:
        if row.object is not None:
            objects[row.object] += row.calls
        seconds, calls = stacks[row.stack]
        stacks[row.stack] = (seconds + row.seconds, calls + row.calls)
    most_used = max(objects, key=lambda name: (objects[name], name), default=None)
    dearest = max(stacks, key=lambda stack: (*stacks[stack], str(stack)))
    return SyscallLine(
        location=where,
        syscall=name,
        object=most_used,
        objects=len(objects),
        calls=total.calls,
        errors=total.errors,
        empty=total.empty,
        bytes=total.bytes,
        seconds=total.seconds,
        stack=cut.of(dearest),
        omitted_frames=cut.callers_left_out(dearest),
    )


def _summary(profile: SyscallProfile, seconds: float, lines: list[SyscallLine]) -> str:
    if not profile.rows:
        return "It made no system call in this window: it computes, or it is stopped."
    rate = profile.calls / seconds if seconds else 0.0
    made = f"{count(profile.calls)} system calls ({quantity(rate)}/s), {quantity(profile.seconds, 's')} inside them."
    top = lines[0]
    if top.location is None:
        return f"{made} {top.syscall} is first, with {count(top.calls)} calls and {quantity(top.seconds, 's')}."
    by_number = percent(top.calls / profile.calls if profile.calls else 0.0)
    by_time = percent(top.seconds / profile.seconds if profile.seconds else 0.0)
    return f"{made} {top.syscall} at {place(top.location)} is {by_number} of the calls and {by_time} of the time."


def _next(evidence: Evidence, recording: str, profile: SyscallProfile) -> tuple[NextCall, ...]:
    who = evidence.target.argument
    calls = []
    if not profile.calls:
        calls.append(NextCall(tool="trace-cpu", arguments=who, why="it computes: see at which line"))
    calls.append(NextCall(tool="diagnose", arguments=who, why="judge all causes in one window, ranked by cost"))
    calls.append(
        NextCall(tool="compare", arguments={"before": recording}, why="after a change, with a new recording as `after`")
    )
    return tuple(calls)
