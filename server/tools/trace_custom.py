"""What does an expert's own program see in a process?"""

from typing import Annotated

from pydantic import Field

from perfdoctor.schemas.custom_answer import CustomAnswer
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.formatters import custom
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.tool import Detail, OfProcess, Tool
from perfdoctor.server.tools.traced import traced


class CustomArguments(OfProcess):
    program: Annotated[str, Field(min_length=1, max_length=16 << 10, description="in bpftrace's language")]
    anywhere: Annotated[bool, Field(description="see other processes too, if the operator allows")] = False


async def ask(call: Call, arguments: CustomArguments) -> CustomAnswer:
    from perfdoctor.server.answers.custom import custom_answer

    settings = call.service.settings
    if not settings.allow_custom:
        raise _not_allowed("trace-custom is switched off on this server.", "allow_custom")
    if arguments.anywhere and not settings.custom_anywhere:
        raise _not_allowed("Programs may see nothing but their target on this server.", "custom_anywhere")
    return await traced(
        call,
        TOOL.name,
        Kind.CUSTOM,
        arguments,
        lambda recording, evidence: custom_answer(recording, evidence, rows=arguments.rows),
        program=arguments.program,
        anywhere=arguments.anywhere,
    )


def _not_allowed(what: str, setting: str) -> ProblemError:
    return ProblemError(
        what,
        f"The setting {setting} is false: a caller's own program runs in the kernel, which its operator must want.",
        f"Ask the operator to set PERFDOCTOR_{setting.upper()}=true, or {setting} = true in the configuration; the "
        "other tools need no program.",
    )


def say(answer: CustomAnswer, detail: Detail) -> str:
    return custom.say(answer, full=detail is Detail.FULL)


TOOL = Tool(
    name="trace-custom",
    title="Run a bpftrace program",
    description=(
        "Costs the process about a microsecond per event that the program watches, more than 5 % where there are many. "
        "Runs an expert's own bpftrace program, confined to the process (tracepoint, uprobe, usdt, profile, software, "
        "interval), without shell, files or writing; off unless its operator allows it. Use it when no other tool asks "
        "the question."
    ),
    role=Role.OPERATE,
    arguments=CustomArguments,
    answer=CustomAnswer,
    ask=ask,
    say=say,
    positional=("pid", "program"),
)
