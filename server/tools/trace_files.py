"""Which files, how often, how well?"""

from typing import Annotated, Literal

from pydantic import Field

from perfdoctor.schemas.file_use_answer import FilesAnswer
from perfdoctor.server.formatters import file_use
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.tool import Detail, OfProcess, Tool
from perfdoctor.server.tools.traced import traced


class FilesArguments(OfProcess):
    backend: Annotated[
        Literal["auto", "bpf", "strace", "proc"],
        Field(description="auto: the cheapest; strace stops the process twice per call; proc sees open files only"),
    ] = "auto"


async def ask(call: Call, arguments: FilesArguments) -> FilesAnswer:
    from perfdoctor.server.answers.file_use import files_answer

    return await traced(
        call,
        TOOL.name,
        Kind.FILE_USE,
        arguments,
        lambda identity, kept: files_answer(identity, kept, rows=arguments.rows, frames=arguments.frames),
        backend=arguments.backend,
    )


def say(answer: FilesAnswer, detail: Detail) -> str:
    return file_use.say(answer, stacks=detail is Detail.FULL)


TOOL = Tool(
    name="trace-files",
    title="Trace files",
    description=(
        "Costs the process about a microsecond per system call by the in-kernel engine. Per file and source line: "
        "opens, looks (stat), what is not there, reads, writes, how often it was read over, in order or not, syncs and "
        "how long they took. Use it when time goes to files, or to find needless file work."
    ),
    role=Role.TRACE,
    arguments=FilesArguments,
    answer=FilesAnswer,
    ask=ask,
    say=say,
    positional=("pid",),
)
