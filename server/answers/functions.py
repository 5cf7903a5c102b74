"""Functions by their time, and the lines that call them."""

from collections import defaultdict

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.functions import FunctionKind, FunctionProfile, FunctionRow
from perfdoctor.schemas.functions_answer import CallerLine, FunctionsAnswer, FunctionTotal
from perfdoctor.schemas.recording import Collection, NextCall
from perfdoctor.server.answers.place import Cut, Places
from perfdoctor.server.answers.syscalls import percentile
from perfdoctor.server.formatters.words import code, count, place, quantity


def functions_answer(recording: str, evidence: Evidence, *, rows: int, frames: int) -> FunctionsAnswer:
    """The ``rows`` functions and callers with most time, or most calls where no time is known."""
    profile = evidence.functions or FunctionProfile(kind=FunctionKind.NATIVE, asked="")
    by_function: defaultdict[tuple[str, str], list[FunctionRow]] = defaultdict(list)
    by_line: defaultdict[tuple[Location | None, str], list[FunctionRow]] = defaultdict(list)
    places = Places(evidence.user_roots)
    cut = Cut(frames, evidence.user_roots)
    for row in profile.rows:
        by_function[row.function, row.module].append(row)
        by_line[places.of(row.stack), row.function].append(row)
    totals = sorted(
        (_total(name, module, group, evidence.window.seconds) for (name, module), group in by_function.items()),
        key=lambda total: (-total.seconds, -(total.calls or 0), total.function),
    )
    every = sum(_seconds(row) for row in profile.rows)
    lines = sorted(
        (_line(where, name, group, every, cut) for (where, name), group in by_line.items()),
        key=lambda line: (-line.seconds, -(line.calls or 0), str(line.location)),
    )
    return FunctionsAnswer(
        recording=recording,
        target=evidence.target,
        window=evidence.window,
        collection=evidence.collections.get("functions", Collection(backend="none", exact=False)),
        summary=_summary(profile, totals, lines),
        kind=profile.kind,
        functions=tuple(totals[:rows]),
        total_functions=len(totals),
        omitted_functions=max(0, len(totals) - rows),
        lines=tuple(lines[:rows]),
        total_lines=len(lines),
        omitted_lines=max(0, len(lines) - rows),
        next=_next(evidence, recording),
    )


def _seconds(row: FunctionRow) -> float:
    return row.seconds + row.cpu_seconds + row.wait_seconds


def _calls(rows: list[FunctionRow]) -> int | None:
    return None if any(row.calls is None for row in rows) else sum(row.calls or 0 for row in rows)


def _total(name: str, module: str, rows: list[FunctionRow], window: float) -> FunctionTotal:
    calls, longest = _calls(rows), max(row.max_seconds for row in rows)
    histogram = [sum(buckets) for buckets in zip(*(row.histogram for row in rows if row.histogram), strict=False)]
    timed = sum(row.returns - row.nested for row in rows)
    seconds = sum(_seconds(row) for row in rows)
    values = [row.value for row in rows if row.value]
    number = sum(value.values for value in values)
    return FunctionTotal(
        function=name,
        module=module,
        calls=calls,
        calls_per_second=calls / window if calls is not None and window else None,
        seconds=seconds,
        mean_seconds=seconds / timed if calls is not None and timed else None,
        p50_seconds=percentile(histogram, 0.5, longest),
        p99_seconds=percentile(histogram, 0.99, longest),
        max_seconds=longest or None,
        cpu_seconds=None if calls is not None else sum(row.cpu_seconds for row in rows),
        negative=sum(value.negative for value in values),
        values=(
            (
                float(min(value.least for value in values)),
                sum(value.sum for value in values) / number,
                float(max(value.most for value in values)),
            )
            if number
            else ()
        ),
    )


def _line(where: Location | None, name: str, rows: list[FunctionRow], every: float, cut: Cut) -> CallerLine:
    stacks: defaultdict[Stack, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for row in rows:
        seconds, calls = stacks[row.stack]
        stacks[row.stack] = (seconds + _seconds(row), calls + (row.calls or 0))
    total = sum(_seconds(row) for row in rows)
    return CallerLine(
        location=where,
        function=name,
        calls=_calls(rows),
        seconds=total,
        share=total / every if every else 0.0,
        stack=cut.of(max(stacks, key=lambda stack: (*stacks[stack], str(stack)))),
    )


def _summary(profile: FunctionProfile, totals: list[FunctionTotal], lines: list[CallerLine]) -> str:
    if not totals:
        names = ", ".join(code(name, 60) for name in profile.functions[:3])
        return f"Not called in this window: {names}."
    top = totals[0]
    name = code(top.function, 80)
    if top.calls is None:
        said = f"{name} (Python, sampled) took about {quantity(top.cpu_seconds or 0.0, 's')} of CPU time and waited "
        said += f"{quantity(top.seconds - (top.cpu_seconds or 0.0), 's')}."
    else:
        said = f"{name} was called {count(top.calls)} times ({quantity(top.calls_per_second or 0.0)}/s)"
        said += f", {quantity(top.seconds, 's')} in all." if top.seconds else "."
    line = lines[0]
    if line.location is not None:
        said += f" Most from {place(line.location)}."
    return said


def _next(evidence: Evidence, recording: str) -> tuple[NextCall, ...]:
    who = evidence.target.argument
    return (
        NextCall(tool="code-inspect", arguments={"recording": recording}, why="read the lines that call it"),
        NextCall(tool="diagnose", arguments=who, why="judge all causes in one window, ranked by cost"),
    )
