"""Show me the code that costs."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Self

from anyio import to_thread
from pydantic import Field, model_validator

from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.code import CodeAnswer, Neighbour, SourceLine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Location
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import NextCall
from perfdoctor.server.formatters import code as formatter
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.tools.tool import Detail, Listing, NotBool, RecordingId, Tool

if TYPE_CHECKING:
    from perfdoctor.collectors.source import Sources

_AROUND = {Detail.BRIEF: 5, Detail.NORMAL: 12, Detail.FULL: 100}
_NEIGHBOURS = 5
_WIDEST = 240


class InspectArguments(Listing):
    recording: Annotated[RecordingId, Field(description="whose costs are shown")]
    file: Annotated[
        str | None,
        Field(max_length=4096, description="of a location (its end is enough); default: the costliest"),
    ] = None
    line: Annotated[int | None, Field(ge=1, description="default: the costliest"), NotBool] = None
    finding: Annotated[
        str | None,
        Field(
            max_length=60,
            description="instead of a file: a finding, by pattern or rank (1, 2 …)",
        ),
    ] = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.finding is not None and (self.file is not None or self.line is not None):
            raise ValueError("give either finding, or file and line")
        return self


async def ask(call: Call, arguments: InspectArguments) -> CodeAnswer:
    evidence = await call.recordings.evidence(arguments.recording)
    if arguments.finding is not None:
        diagnosis = await to_thread.run_sync(call.service.instruments.diagnose, evidence, "auto")
        where = _place_of(diagnosis.findings, arguments.finding)
        arguments = arguments.model_copy(update={"file": where.file, "line": where.line})
    answer = await to_thread.run_sync(_answer, evidence, arguments, call.code_roots(evidence.target))
    changed = await call.service.instruments.last_change(answer.file)
    return answer.model_copy(update={"changed": changed, "next": await _next(call, evidence, answer)})


def _place_of(findings: Sequence[Finding], asked: str) -> Location:
    """The location of the finding that is meant: by rank, or the first of a pattern."""
    known = [str(rank) for rank in range(1, len(findings) + 1)]
    found = next((one for rank, one in zip(known, findings, strict=True) if asked in (rank, one.pattern)), None)
    if found is None:
        said = ", ".join(f"{rank} ({one.pattern})" for rank, one in zip(known, findings, strict=True))
        raise ProblemError(
            f"This recording has no finding {quoted(asked, 60)}.",
            f"It has {said}." if said else "Nothing was found in it.",
            "Name one of these, or a file." if said else "Name a file, or none for the costliest.",
        )
    if found.location is None or found.location.file is None:
        raise ProblemError(
            f"The finding {found.pattern} names no line.",
            "It is of the whole process, or no stack could be read.",
            "Call code-inspect without it to see the costliest line.",
        )
    return found.location


def _answer(evidence: Evidence, arguments: InspectArguments, roots: tuple[str, ...]) -> CodeAnswer:
    from perfdoctor.collectors.source import Sources
    from perfdoctor.server.answers.code import file_cost, function_at, hottest, warning

    sources = Sources(roots)
    file = _chosen(evidence, arguments.file, roots, sources)
    line = arguments.line or hottest(evidence, file_cost(evidence, file, None))
    source = sources.find(file)
    line = min(line or 1, max(1, len(source.lines)))
    function = function_at(evidence, file, line)
    cost = file_cost(evidence, file, function)
    around = arguments.limit or _AROUND[arguments.detail]
    first = max(1, line - around)
    measured = evidence.collections

    def shown(number: int) -> SourceLine:
        here = cost.lines.get(number)
        return SourceLine(
            number=number,
            text=clean(source.lines[number - 1].expandtabs(4), _WIDEST),
            cpu_seconds=(here.cpu if here else 0.0) if "cpu" in measured else None,
            calls=(here.calls if here else 0) if "syscalls" in measured else None,
            wait_seconds=(here.wait if here else 0.0) if "syscalls" in measured else None,
            faults=(here.faults if here else 0) if "faults" in measured else None,
        )

    callers, callees = _ranked(cost.callers, cost.total), _ranked(cost.callees, cost.total)
    return CodeAnswer(
        recording=arguments.recording,
        file=source.path,
        function=function,
        summary=_summary(source.path, line, function, cost.total, cost.unit),
        warning=warning(evidence, file, source),
        lines=tuple(shown(number) for number in range(first, min(len(source.lines), line + around) + 1)),
        total_lines=len(source.lines),
        cost=cost.unit,
        callers=callers[:_NEIGHBOURS],
        callees=callees[:_NEIGHBOURS],
        omitted_neighbours=max(0, len(callers) - _NEIGHBOURS) + max(0, len(callees) - _NEIGHBOURS),
        changed=None,
        next=(),
    )


async def _next(call: Call, evidence: Evidence, answer: CodeAnswer) -> tuple[NextCall, ...]:
    """The change, where this caller may make it here, and the proof."""
    from perfdoctor.collectors.workspace_file import is_below

    recording = answer.recording
    calls = [
        NextCall(tool="diagnose", arguments={"recording": recording}, why="what is wrong there, and how to fix it")
    ]
    if call.caller.may(Role.OPERATE) and is_below(answer.file, call.service.settings.writable_roots):
        change = {"file": answer.file, "recording": recording}
        calls.append(NextCall(tool="code-edit", arguments=change, why="change it, by edits or a diff; a dry run first"))
    if (await call.recordings.find(recording)).imported is None:
        why = "once it is changed and restarted, under the same load; take its recording as `after`"
        calls.append(NextCall(tool="diagnose", arguments=evidence.target.argument, why=why))
    calls.append(NextCall(tool="compare", arguments={"before": recording}, why="prove the fix, with that `after`"))
    return tuple(calls)


def _chosen(evidence: Evidence, asked: str | None, roots: tuple[str, ...], sources: "Sources") -> str:
    """The file as the stacks name it: the costliest of the user's, or that whose path ends like what was asked for."""
    from perfdoctor.server.answers.code import files_seen, own_files

    seen = files_seen(evidence)
    ranked = sorted(seen, key=lambda name: -seen[name])
    if asked is not None:
        ends = "/" + asked.lstrip("/")
        return next((name for name in ranked if name == asked or name.endswith(ends)), asked)
    own = own_files(evidence, roots)
    for read, names in ((sources.read, ranked), (sources.find, [name for name in ranked if name in own])):
        for name in names:
            with suppress(ProblemError):
                read(name)
                return name
    raise ProblemError(
        "No source file of this recording may be shown.",
        "None of the files on its stacks lies below the folders whose code may be shown.",
        "Add the program's folder to PERFDOCTOR_USER_ROOTS, or measure with a tool that takes stacks.",
    )


def _ranked(places: dict[Location, float], total: float) -> tuple[Neighbour, ...]:
    ranked = sorted(places.items(), key=lambda item: (-item[1], str(item[0])))
    return tuple(Neighbour(location=where, share=weight / total) for where, weight in ranked)


def _summary(path: str, line: int, function: str | None, total: float, unit: str) -> str:
    from perfdoctor.server.formatters.words import place, quantity

    where = place(Location(file=path, line=line, function=function))
    if not total:
        return f"Nothing that was measured is charged to {where}."
    amount = quantity(total) if unit == "system calls" else quantity(total, "s")
    return f"{amount} {'' if unit == 'system calls' else 'of '}{unit} passed through {where}."


def say(answer: CodeAnswer, _detail: Detail) -> str:
    return formatter.say(answer)


TOOL = Tool(
    name="code-inspect",
    title="Inspect the code that costs",
    description=(
        "Touches no process. Shows the source of a recording, for a location or a finding, with the cost of each line "
        "beside it (CPU, system calls, waiting, page faults), callers and callees, the file's last commit, and whether "
        "it is newer than the process. Only below the folders that the operator allows; by default the process's own "
        "project and the client's workspace."
    ),
    role=Role.TRACE,
    arguments=InspectArguments,
    answer=CodeAnswer,
    ask=ask,
    say=say,
    positional=("recording", "file", "line"),
)
