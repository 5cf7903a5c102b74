"""Which process is it?"""

from typing import Annotated

from pydantic import Field

from perfdoctor.schemas.process import FindAnswer
from perfdoctor.server.formatters import process
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.tools.tool import Detail, Listing, NotBool, Tool


class FindArguments(Listing):
    query: Annotated[str | None, Field(max_length=200, description="part of its name or command line, or its pid")] = (
        None
    )
    user: Annotated[str | None, Field(max_length=64, description="owner, by name or uid")] = None
    port: Annotated[int | None, Field(ge=1, le=65535, description="TCP port that it listens on"), NotBool] = None
    container: Annotated[str | None, Field(max_length=80, description="part of its container's id or name")] = None
    runtime: Annotated[str | None, Field(max_length=20, description="such as python, node, java, native")] = None
    cwd: Annotated[str | None, Field(max_length=400, description="folder at or above its working directory")] = None


async def ask(call: Call, arguments: FindArguments) -> FindAnswer:
    return await call.instruments.find_processes(
        query=arguments.query,
        user=arguments.user,
        port=arguments.port,
        container=arguments.container,
        runtime=arguments.runtime,
        cwd=arguments.cwd,
        limit=arguments.rows,
    )


def say(answer: FindAnswer, _detail: Detail) -> str:
    return process.say_found(answer)


TOOL = Tool(
    name="proc-find",
    title="Find a process",
    description=(
        "Costs processes nothing: reads /proc for a moment. Finds processes by name, command line, user, port, "
        "container, runtime or working directory, busiest first; without arguments the busiest of all. Start here to "
        "get a pid."
    ),
    role=Role.OBSERVE,
    arguments=FindArguments,
    answer=FindAnswer,
    ask=ask,
    say=say,
    positional=("query",),
)
