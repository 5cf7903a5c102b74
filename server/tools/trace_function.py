"""How often is this function called, how long does it take, with what sizes?"""

from typing import Annotated, Literal

from pydantic import Field

from perfdoctor.schemas.functions_answer import FunctionsAnswer
from perfdoctor.server.formatters import functions
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.tool import Detail, OfProcess, Tool
from perfdoctor.server.tools.traced import traced


class FunctionArguments(OfProcess):
    function: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="`deflate`, `libz.so.1:deflate`, `ns::Class::method`, Python `Class.method`; * for any part",
        ),
    ]
    value: Annotated[
        Literal["arg0", "arg1", "arg2", "arg3", "return"] | None, Field(description="also the spread of this number")
    ] = None
    backend: Annotated[
        Literal["auto", "bpf", "ltrace"],
        Field(description="auto: the best here; ltrace stops the process at each call"),
    ] = "auto"


async def ask(call: Call, arguments: FunctionArguments) -> FunctionsAnswer:
    from perfdoctor.server.answers.functions import functions_answer

    return await traced(
        call,
        TOOL.name,
        Kind.FUNCTIONS,
        arguments,
        lambda identity, kept: functions_answer(identity, kept, rows=arguments.rows, frames=arguments.frames),
        backend=arguments.backend,
        function=arguments.function,
        value=arguments.value,
    )


def say(answer: FunctionsAnswer, detail: Detail) -> str:
    return functions.say(answer, stacks=detail is Detail.FULL)


TOOL = Tool(
    name="trace-function",
    title="Trace a function",
    description=(
        "Costs about 9 µs per call of the function, and ends early by a budget. Counts every call of a native function "
        "or library call exactly: latency, sizes, and the source line that called it. A Python function's time is "
        "estimated from samples. Use it when you know which function to doubt."
    ),
    role=Role.TRACE,
    arguments=FunctionArguments,
    answer=FunctionsAnswer,
    ask=ask,
    say=say,
    positional=("pid", "function"),
)
