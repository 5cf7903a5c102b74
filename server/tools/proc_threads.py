"""What is every thread doing, and who waits for whom?"""

from typing import Annotated, Literal

from pydantic import Field

from perfdoctor.schemas.thread_stacks_answer import ThreadsAnswer
from perfdoctor.server.formatters import thread_stacks
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.tool import Detail, OfProcess, Seconds, Tool
from perfdoctor.server.tools.traced import traced


class ThreadsArguments(OfProcess):
    seconds: Seconds = 2.0
    backend: Annotated[
        Literal["auto", "proc", "jvm", "py-spy"],
        Field(description="auto: proc; py-spy where it cannot walk Python's frames"),
    ] = "auto"


async def ask(call: Call, arguments: ThreadsArguments) -> ThreadsAnswer:
    from perfdoctor.server.answers.thread_stacks import threads_answer

    return await traced(
        call,
        TOOL.name,
        Kind.THREAD_STACKS,
        arguments,
        lambda identity, kept: threads_answer(identity, kept, rows=arguments.rows, frames=arguments.frames),
        backend=arguments.backend,
    )


def say(answer: ThreadsAnswer, detail: Detail) -> str:
    return thread_stacks.say(answer, full=detail is Detail.FULL)


TOOL = Tool(
    name="proc-threads",
    title="Look at threads",
    description=(
        "Costs the process nothing measurable: reads /proc and its memory, stops nobody. For every thread: running, "
        "queued for a core or asleep, what it waits in, its stack now; pools, who waits for whom, deadlocks and "
        "holders that sleep; asyncio tasks, goroutines. Use it when a process hangs, or is slow without being "
        "busy."
    ),
    role=Role.TRACE,
    arguments=ThreadsArguments,
    answer=ThreadsAnswer,
    ask=ask,
    say=say,
    positional=("pid",),
)
