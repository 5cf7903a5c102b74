"""Who waits for which lock, at which line, and who holds it?"""

from typing import Annotated, Literal

from pydantic import Field

from perfdoctor.schemas.locks_answer import LocksAnswer
from perfdoctor.server.formatters import locks
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.tool import Detail, OfProcess, Tool
from perfdoctor.server.tools.traced import traced


class LockArguments(OfProcess):
    backend: Annotated[
        Literal["auto", "bpf", "jvm", "bpftrace", "strace", "perf", "py-spy"],
        Field(description="auto: the cheapest; strace stops the process twice per call; py-spy knows the GIL only"),
    ] = "auto"


async def ask(call: Call, arguments: LockArguments) -> LocksAnswer:
    from perfdoctor.server.answers.locks import locks_answer

    return await traced(
        call,
        TOOL.name,
        Kind.LOCKS,
        arguments,
        lambda identity, kept: locks_answer(identity, kept, rows=arguments.rows),
        backend=arguments.backend,
    )


def say(answer: LocksAnswer, detail: Detail) -> str:
    return locks.say(answer)


TOOL = Tool(
    name="trace-locks",
    title="Trace waits for locks",
    description=(
        "Costs the process about 1 µs per system call by the in-kernel engine, nothing per lock that is free. Counts "
        "every wait for a mutex, rwlock, semaphore, file lock or Python's GIL: which lock, where it is waited for, "
        "which line let go, how long. Tells waits for work apart. Use it when threads do not scale."
    ),
    role=Role.TRACE,
    arguments=LockArguments,
    answer=LocksAnswer,
    ask=ask,
    say=say,
    positional=("pid",),
)
