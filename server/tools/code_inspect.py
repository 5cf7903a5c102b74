"""Show me the code that costs."""

from typing import Annotated

from anyio import to_thread
from pydantic import Field

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.code import CodeAnswer, Neighbour, SourceLine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.recording import NextCall
from perfdoctor.server.formatters import code as formatter
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.tools.tool import Detail, Listing, NotBool, RecordingId, Tool

_AROUND = {Detail.BRIEF: 5, Detail.NORMAL: 12, Detail.FULL: 100}
_NEIGHBOURS = 5
_WIDEST = 240


class InspectArguments(Listing):
    recording: Annotated[RecordingId, Field(description="the measurement whose costs are shown")]
    file: Annotated[
        str | None,
        Field(max_length=4096, description="a file of a location (its end is enough); default: the costliest"),
    ] = None
    line: Annotated[int | None, Field(ge=1, description="the line to show; default: the costliest"), NotBool] = None


async def ask(call: Call, arguments: InspectArguments) -> CodeAnswer:
    evidence = await call.service.recordings.evidence(arguments.recording)
    roots = call.service.code_roots(call.caller, evidence.target)
    answer = await to_thread.run_sync(_answer, evidence, arguments, roots)
    return answer.model_copy(update={"changed": await call.service.instruments.last_change(answer.file)})


def _answer(evidence: Evidence, arguments: InspectArguments, roots: tuple[str, ...]) -> CodeAnswer:
    from perfdoctor.collectors.source import read_source
    from perfdoctor.server.answers.code import file_cost, function_at, hottest

    file = _chosen(evidence, arguments.file, roots)
    line = arguments.line or hottest(evidence, file_cost(evidence, file, None))
    source = read_source(file, roots)
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
    newer = source.modified > evidence.window.started
    return CodeAnswer(
        recording=arguments.recording,
        file=source.path,
        function=function,
        summary=_summary(source.path, line, function, cost.total, cost.unit),
        warning="The file was changed after this was measured: lines may have moved." if newer else None,
        lines=tuple(shown(number) for number in range(first, min(len(source.lines), line + around) + 1)),
        total_lines=len(source.lines),
        cost=cost.unit,
        callers=callers[:_NEIGHBOURS],
        callees=callees[:_NEIGHBOURS],
        omitted_neighbours=max(0, len(callers) - _NEIGHBOURS) + max(0, len(callees) - _NEIGHBOURS),
        changed=None,
        next=(
            NextCall(tool="diagnose", arguments={"recording": arguments.recording}, why="what is wrong at these lines"),
        ),
    )


def _chosen(evidence: Evidence, asked: str | None, roots: tuple[str, ...]) -> str:
    """The file as the stacks name it: the costliest of the user's, or that whose path ends like what was asked for."""
    from perfdoctor.collectors.source import read_source
    from perfdoctor.server.answers.code import files_seen

    seen = files_seen(evidence)
    ranked = sorted(seen, key=lambda name: -seen[name])
    if asked is not None:
        ends = "/" + asked.lstrip("/")
        return next((name for name in ranked if name == asked or name.endswith(ends)), asked)
    for name in ranked:
        try:
            read_source(name, roots)
        except ProblemError:
            continue
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
        "Touches no process. Shows source code of a recording with the cost of each line beside it (CPU, system calls, "
        "waiting, page faults), who calls the function and what it calls, and the file's last commit. Only below the "
        "folders that the operator allows; by default the process's own project."
    ),
    role=Role.TRACE,
    arguments=InspectArguments,
    answer=CodeAnswer,
    ask=ask,
    say=say,
    positional=("recording", "file", "line"),
)
