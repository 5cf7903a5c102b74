"""Who allocates, who grows, who never frees?"""

from typing import Annotated, Literal

from pydantic import Field

from perfdoctor.schemas.allocations_answer import MemoryAnswer
from perfdoctor.server.formatters import allocations
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.tool import Detail, OfProcess, Tool
from perfdoctor.server.tools.traced import traced


class MemoryArguments(OfProcess):
    mode: Annotated[
        Literal["growth", "allocations", "objects"],
        Field(description="growth: page faults; allocations: malloc and free; objects: of Python, Java, Node.js too"),
    ] = "growth"
    backend: Annotated[
        Literal["auto", "bpf", "jvm", "node", "perf", "proc"],
        Field(description="auto: the best; perf, proc: growth only"),
    ] = "auto"


async def ask(call: Call, arguments: MemoryArguments) -> MemoryAnswer:
    from perfdoctor.server.answers.allocations import memory_answer

    return await traced(
        call,
        TOOL.name,
        Kind.ALLOCATIONS,
        arguments,
        lambda identity, kept: memory_answer(identity, kept, rows=arguments.rows, frames=arguments.frames),
        backend=arguments.backend,
        mode=arguments.mode,
    )


def say(answer: MemoryAnswer, detail: Detail) -> str:
    return allocations.say(answer, stacks=detail is Detail.FULL)


TOOL = Tool(
    name="trace-memory",
    title="Trace memory",
    description=(
        "Costs under a microsecond per page fault in mode growth: which line touches new memory, and does it grow. The "
        "other modes cost about 14 µs per malloc and free, and end early by a budget: what each line allocated and did "
        "not free, and whether that grows, levels off or passes."
    ),
    role=Role.TRACE,
    arguments=MemoryArguments,
    answer=MemoryAnswer,
    ask=ask,
    say=say,
    positional=("pid",),
)
