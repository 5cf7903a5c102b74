"""What reaches the disk, and how long does it take?"""

from typing import Annotated, Literal

from pydantic import Field

from perfdoctor.schemas.disk_answer import DiskAnswer
from perfdoctor.server.formatters import disk
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.tool import Detail, OfProcess, Tool
from perfdoctor.server.tools.traced import traced


class DiskArguments(OfProcess):
    backend: Annotated[
        Literal["auto", "bpf", "proc"],
        Field(description="auto: the best here; proc has the bytes of the whole process only"),
    ] = "auto"


async def ask(call: Call, arguments: DiskArguments) -> DiskAnswer:
    from perfdoctor.server.answers.disk import disk_answer

    return await traced(
        call,
        TOOL.name,
        Kind.DISK,
        arguments,
        lambda identity, kept: disk_answer(identity, kept, rows=arguments.rows, frames=arguments.frames),
        backend=arguments.backend,
    )


def say(answer: DiskAnswer, detail: Detail) -> str:
    return disk.say(answer, stacks=detail is Detail.FULL)


TOOL = Tool(
    name="trace-io",
    title="Trace disk I/O",
    description=(
        "Costs the process about a microsecond per system call by the in-kernel engine. Shows what reaches the disk: "
        "bytes asked for against bytes fetched, the page cache's share of hits, block requests with their latency and "
        "queue, and syncs, by file and source line. Use it when a process waits for storage."
    ),
    role=Role.TRACE,
    arguments=DiskArguments,
    answer=DiskAnswer,
    ask=ask,
    say=say,
    positional=("pid",),
)
