"""What is a process's memory made of, and what of it grows?"""

from typing import Annotated

from pydantic import Field

from perfdoctor.schemas.memory_map_answer import MemoryAnswer
from perfdoctor.server.formatters import memory_map
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.tool import Detail, OfProcess, Seconds, Tool
from perfdoctor.server.tools.traced import traced


class MemoryArguments(OfProcess):
    seconds: Seconds = 2.0
    working_set: Annotated[
        bool, Field(description="what the window uses: resets the kernel's marks, which costs the process page walks")
    ] = False


async def ask(call: Call, arguments: MemoryArguments) -> MemoryAnswer:
    from perfdoctor.server.answers.memory_map import memory_answer

    return await traced(
        call,
        TOOL.name,
        Kind.MEMORY_MAP,
        arguments,
        lambda identity, evidence: memory_answer(identity, evidence, rows=arguments.rows),
        working_set=arguments.working_set,
    )


def say(answer: MemoryAnswer, detail: Detail) -> str:
    return memory_map.say(answer, full=detail is Detail.FULL)


TOOL = Tool(
    name="proc-memory",
    title="Look into memory",
    description=(
        "Costs the process a walk through its page tables at both ends of the window, 20 to 50 ms for each GiB. Shows "
        "what memory is made of, by kind and mapping, what grew, what malloc holds in used blocks and in holes, the "
        "runtime's heap and the container's limits. Use it when memory is large or grows."
    ),
    role=Role.TRACE,
    arguments=MemoryArguments,
    answer=MemoryAnswer,
    ask=ask,
    say=say,
    positional=("pid",),
)
