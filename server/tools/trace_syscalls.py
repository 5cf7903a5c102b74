"""What does a process ask of the kernel, from which line, and how long does it wait?"""

from typing import Annotated, Literal

from pydantic import Field

from perfdoctor.schemas.answers import SyscallAnswer
from perfdoctor.server.formatters import syscalls
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.keep import keep
from perfdoctor.server.tools.tool import Detail, OfProcess, Tool


class SyscallArguments(OfProcess):
    backend: Annotated[
        Literal["auto", "bpf", "bpftrace", "perf", "strace"],
        Field(description="auto: the cheapest; strace stops the process twice per call"),
    ] = "auto"


async def ask(call: Call, arguments: SyscallArguments) -> SyscallAnswer:
    from perfdoctor.server.answers.syscalls import syscall_answer

    stops = call.service.stops(TOOL.name, arguments.backend)
    async with call.window(arguments.who, arguments.seconds, children=arguments.children, stops=stops) as target:
        evidence = await call.instruments.trace_syscalls(
            target, seconds=arguments.seconds, backend=arguments.backend, progress=call.progress
        )
        return await keep(
            call,
            Kind.SYSCALLS,
            evidence,
            lambda identity, kept: syscall_answer(identity, kept, rows=arguments.rows, frames=arguments.frames),
        )


def say(answer: SyscallAnswer, detail: Detail) -> str:
    return syscalls.say(answer, stacks=detail is Detail.FULL)


TOOL = Tool(
    name="trace-syscalls",
    title="Trace system calls",
    description=(
        "Costs the process under a microsecond per system call by the in-kernel engine; without it `collection` names "
        "the backend and what it cost. Counts every call exactly: errors, bytes, latency, and the source line that "
        "made it. Use it when a process waits, or when its time goes to the kernel."
    ),
    role=Role.TRACE,
    arguments=SyscallArguments,
    answer=SyscallAnswer,
    ask=ask,
    say=say,
    positional=("pid",),
)
