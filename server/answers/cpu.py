"""Where the CPU time went: a profile by source line and by stack."""

from collections import defaultdict
from dataclasses import dataclass, field

from perfdoctor.diagnosis.user_code import charged, is_user_code
from perfdoctor.schemas.answers import CpuAnswer, CpuLine, CpuStack
from perfdoctor.schemas.cpu import CpuProfile, CpuRow
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Frame, Stack
from perfdoctor.schemas.recording import Collection, NextCall
from perfdoctor.server.answers.place import Cut, below, location
from perfdoctor.server.formatters.words import percent, place, quantity

IDLE_CORES = 0.02
"""below this the process hardly ran: what it waits for is the better question"""
KERNEL_SHARE = 0.3
"""from here on the time goes to the kernel's work for the process: ask which calls"""


@dataclass(slots=True)
class _Line:
    self_seconds: float = 0.0
    total_seconds: float = 0.0
    doing: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


def cpu_answer(recording: str, evidence: Evidence, *, rows: int, frames: int) -> CpuAnswer:
    """``rows`` lines and about a third as many stacks, those that hold most time first.

    A sample is charged (``self``) to the innermost line of the user's own code, and counted (``total``) once for each
    such line on its stack: what a library does is charged to the line that called it, and named in ``doing``.
    """
    profile = evidence.cpu or CpuProfile()
    lines = _by_line(profile, evidence.user_roots)
    stacks = _by_stack(profile)
    cut = Cut(frames, evidence.user_roots)
    total = sum(row.seconds for row in profile.rows)
    in_kernel = sum(row.seconds for row in profile.rows if row.kernel)
    shown = [_line(where, line, total) for where, line in lines[:rows]]
    most = max(1, rows // 3)
    cores = profile.cpu_seconds / evidence.window.seconds if evidence.window.seconds else 0.0
    kernel_share = in_kernel / total if total else 0.0
    return CpuAnswer(
        recording=recording,
        target=evidence.target,
        window=evidence.window,
        collection=evidence.collections.get("cpu", Collection(backend="none", exact=False)),
        summary=_summary(profile, cores, kernel_share, shown),
        cpu_seconds=profile.cpu_seconds,
        cores_used=cores,
        kernel_share=kernel_share,
        events={event.event: event.count for event in profile.events},
        lines=tuple(shown),
        total_lines=len(lines),
        omitted_lines=max(0, len(lines) - len(shown)),
        stacks=tuple(
            CpuStack(
                stack=cut.of(stack),
                omitted_frames=cut.callers_left_out(stack),
                seconds=seconds,
                share=seconds / total if total else 0.0,
            )
            for stack, seconds in stacks[:most]
        ),
        total_stacks=len(stacks),
        omitted_stacks=max(0, len(stacks) - most),
        next=_next(evidence, recording, cores, kernel_share),
    )


def _by_line(profile: CpuProfile, roots: tuple[str, ...]) -> list[tuple[Location, _Line]]:
    lines: defaultdict[Location, _Line] = defaultdict(_Line)
    places: dict[Frame, Location] = {}
    for row in profile.rows:
        stack = _code(row)
        own = charged(stack, roots)
        for frame in stack:
            if frame not in places and (frame == own or is_user_code(frame, roots)):
                places[frame] = location(frame, roots)
        for where in {places[frame] for frame in stack if frame in places}:
            lines[where].total_seconds += row.seconds
        if own is not None:
            line = lines[places[own]]
            line.self_seconds += row.seconds
            # Beside a Python stack the native one says what the interpreter was doing for that line.
            line.doing[below(row.kernel or row.native or stack, own)] += row.seconds
    return sorted(lines.items(), key=lambda item: (-item[1].self_seconds, -item[1].total_seconds, str(item[0])))


def _by_stack(profile: CpuProfile) -> list[tuple[Stack, float]]:
    stacks: defaultdict[Stack, float] = defaultdict(float)
    for row in profile.rows:
        stacks[_code(row)] += row.seconds
    return sorted(stacks.items(), key=lambda item: (-item[1], str(item[0])))


def _code(row: CpuRow) -> Stack:
    return row.stack or row.native or row.kernel


def _line(where: Location, line: _Line, total: float) -> CpuLine:
    doing = max(line.doing.items(), key=lambda item: (item[1], item[0]), default=("", 0.0))[0]
    return CpuLine(
        location=where,
        self_seconds=line.self_seconds,
        self_share=line.self_seconds / total if total else 0.0,
        total_seconds=line.total_seconds,
        total_share=line.total_seconds / total if total else 0.0,
        doing=doing,
    )


def _summary(profile: CpuProfile, cores: float, kernel_share: float, lines: list[CpuLine]) -> str:
    if not profile.rows:
        return (
            f"Not one sample fell on it: it used {quantity(profile.cpu_seconds, 's')} of CPU time, and waits instead."
        )
    cpu_time = f"{quantity(profile.cpu_seconds, 's')} of CPU time, {percent(kernel_share)} in the kernel"
    used = f"Used {cores:.2f} cores ({cpu_time})."
    if not lines or not lines[0].self_seconds:
        return f"{used} No stack could be read."
    top = lines[0]
    doing = f", doing {top.doing}" if top.doing else ""
    return f"{used} {percent(top.self_share)} at {place(top.location)}{doing}."


def _next(evidence: Evidence, recording: str, cores: float, kernel_share: float) -> tuple[NextCall, ...]:
    who = evidence.target.argument
    calls = []
    if cores < IDLE_CORES or kernel_share > KERNEL_SHARE:
        idle = cores < IDLE_CORES
        why = "it hardly runs: see what it waits for" if idle else "the kernel works for it: see which calls"
        calls.append(NextCall(tool="trace-syscalls", arguments=who, why=why))
    calls.append(NextCall(tool="diagnose", arguments=who, why="judge all causes in one window, ranked by cost"))
    calls.append(
        NextCall(tool="compare", arguments={"before": recording}, why="after a change, with a new recording as `after`")
    )
    return tuple(calls)
