"""What does a declared workload cost, and is one variant better than another?"""

from typing import Annotated, Literal

from anyio import to_thread
from pydantic import Field

from perfdoctor.schemas.runs import WorkloadAnswer
from perfdoctor.server.formatters import workload
from perfdoctor.server.gate import never
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.tools.tool import ROWS, Arguments, Detail, NotBool, Tool


class WorkloadArguments(Arguments):
    name: Annotated[str, Field(description="declared name; an unknown one is answered with all")]
    variant: Annotated[str | None, Field(description="a declared one")] = None
    against: Annotated[
        str | None, Field(description="variant or workload run in turns (A B B A): name is before, this after")
    ] = None
    repeats: Annotated[int, Field(ge=1, le=100, description="of each; 6 show a difference"), NotBool] = 6
    warm_up: Annotated[int, Field(ge=0, le=20, description="runs not counted"), NotBool] = 1
    seconds: Annotated[float | None, Field(ge=0.1, le=45, description="if it does not end by itself"), NotBool] = None
    trace: Annotated[
        Literal["none", "counts", "syscalls", "cpu", "diagnose"],
        Field(description="what is recorded of each run"),
    ] = "counts"


async def ask(call: Call, arguments: WorkloadArguments) -> WorkloadAnswer:
    from perfdoctor.schemas.workload import Trace
    from perfdoctor.server import workloads
    from perfdoctor.server.answers.workload import workload_answer
    from perfdoctor.server.series import Series

    service = call.service
    sides = await to_thread.run_sync(
        lambda: workloads.pair(
            service.settings, arguments.name, arguments.variant, arguments.against, allowed=call.access.runs
        )
    )
    await service.recordings.ready()
    trace = Trace(arguments.trace)
    async with service.workload(sides[0].title), service.gate.enter((), never, call.share):
        kept = await Series(call, sides, arguments.repeats, arguments.warm_up, arguments.seconds, trace).run()
    return await to_thread.run_sync(lambda: workload_answer(sides, kept, rows=ROWS[arguments.detail]))


def say(answer: WorkloadAnswer, detail: Detail) -> str:
    return workload.say(answer, runs=detail is not Detail.BRIEF)


TOOL = Tool(
    name="workload-run",
    title="Run a declared workload, measured",
    description=(
        "Costs a run under a microsecond per system call (trace=none: nothing). Runs a command that the operator "
        "declared, from its first instruction on or under its load, and ends all that it started: time, CPU, peak "
        "memory, system calls, its own figures; with `against` a verdict. Each run is a recording."
    ),
    role=Role.OPERATE,
    arguments=WorkloadArguments,
    answer=WorkloadAnswer,
    ask=ask,
    say=say,
    positional=("name",),
    only_measures=False,
)
