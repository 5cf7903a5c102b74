"""What is wrong, where, and what would it gain to fix it?"""

from typing import Annotated, Literal, Self

from anyio import to_thread
from pydantic import Field, model_validator

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import DiagnoseAnswer
from perfdoctor.server.formatters import diagnosis
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.keep import keep
from perfdoctor.server.tools.tool import Detail, OfProcess, RecordingId, Seconds, Tool


class DiagnoseArguments(OfProcess):
    recording: Annotated[RecordingId | None, Field(description="judge this recording again, instead of a pid")] = None
    seconds: Seconds = 10.0
    focus: Annotated[
        Literal["auto", "cpu", "io", "memory", "network", "concurrency"], Field(description="rank this kind first")
    ] = "auto"
    host: Annotated[Literal["local"], Field(description="machine of the process")] = "local"

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(given is not None for given in (self.pid, self.name, self.recording)) != 1:
            raise ValueError("give one of pid, name (measure now) and recording (judge what was measured)")
        return self


async def ask(call: Call, arguments: DiagnoseArguments) -> DiagnoseAnswer:
    def judge(identity: str, evidence: Evidence) -> DiagnoseAnswer:
        from perfdoctor.server.answers.diagnosis import diagnose_answer

        found = call.service.instruments.diagnose(evidence, arguments.focus)
        return diagnose_answer(identity, evidence, found, rows=arguments.rows, frames=arguments.frames)

    if arguments.recording is not None:
        evidence = await call.recordings.evidence(arguments.recording)
        answer = await to_thread.run_sync(judge, arguments.recording, evidence)
        if (await call.recordings.find(arguments.recording)).imported is not None:
            # Its process is one of another machine: here another one may have that pid.
            here = tuple(one for one in answer.next if not one.arguments.keys() & {"pid", "name"})
            answer = answer.model_copy(update={"next": here})
        return answer
    stops = call.service.stops("trace-syscalls", "auto")
    async with call.window(arguments.who, arguments.seconds, children=arguments.children, stops=stops) as target:
        evidence = await call.instruments.observe(target, seconds=arguments.seconds, progress=call.progress)
        return await keep(call, Kind.DIAGNOSIS, evidence, judge)


def say(answer: DiagnoseAnswer, detail: Detail) -> str:
    facts = {Detail.BRIEF: 0, Detail.NORMAL: 4, Detail.FULL: 20}[detail]
    return diagnosis.say(answer, facts=facts, stacks=detail is Detail.FULL)


TOOL = Tool(
    name="diagnose",
    title="Diagnose a process",
    description=(
        "Costs the process what trace-cpu and trace-syscalls cost (trace-locks at its end, where threads wait for "
        "locks), within `seconds`. Names what is wrong, the source line, the share of busy time it holds, how to fix "
        "it and how to verify; no finding means checked and clear, "
        "`not_checked` says what was not. The main tool: use it once proc-find gave a pid and the process is under "
        "load."
    ),
    role=Role.TRACE,
    arguments=DiagnoseArguments,
    answer=DiagnoseAnswer,
    ask=ask,
    say=say,
    positional=("pid",),
)
