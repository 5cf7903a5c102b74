"""Where does a process spend its CPU time, by source line?"""

from typing import Annotated, Literal

from pydantic import Field

from perfdoctor.schemas.answers import CpuAnswer
from perfdoctor.server.formatters import cpu
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.keep import keep
from perfdoctor.server.tools.tool import Detail, NotBool, OfProcess, Tool


class CpuArguments(OfProcess):
    hz: Annotated[int, Field(ge=1, le=999, description="samples per second of CPU time"), NotBool] = 99
    backend: Annotated[
        Literal["auto", "bpf", "jvm", "node", "py-spy", "perf"], Field(description="auto: the cheapest")
    ] = "auto"
    native: Annotated[bool, Field(description="CPython: show C frames between the Python lines, dearer")] = False


async def ask(call: Call, arguments: CpuArguments) -> CpuAnswer:
    from perfdoctor.server.answers.cpu import cpu_answer

    # (with the native frames between them twice as many are needed to reach the same Python lines)
    frames = arguments.frames * (2 if arguments.native else 1)
    async with call.window(arguments.who, arguments.seconds, children=arguments.children) as target:
        evidence = await call.instruments.trace_cpu(
            target,
            seconds=arguments.seconds,
            hz=arguments.hz,
            backend=arguments.backend,
            native=arguments.native,
            progress=call.progress,
        )
        return await keep(
            call,
            Kind.CPU,
            evidence,
            lambda identity, kept: cpu_answer(identity, kept, rows=arguments.rows, frames=frames),
        )


def say(answer: CpuAnswer, detail: Detail) -> str:
    return cpu.say(answer, stacks=detail is not Detail.BRIEF)


TOOL = Tool(
    name="trace-cpu",
    title="Trace CPU time",
    description=(
        "Costs the process well below 1 % at the default 99 samples a second; it is neither stopped nor changed. Shows "
        "which source lines hold the CPU time, user and kernel. Use it when a process is busy; when it is slow but "
        "idle, use trace-syscalls."
    ),
    role=Role.TRACE,
    arguments=CpuArguments,
    answer=CpuAnswer,
    ask=ask,
    say=say,
    positional=("pid",),
)
