"""Whom does a process talk to, how often, and how well?"""

from typing import Annotated, Literal

from pydantic import Field

from perfdoctor.schemas.network_answer import NetworkAnswer
from perfdoctor.server.formatters import network
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.tools.tool import Detail, OfProcess, Tool
from perfdoctor.server.tools.traced import traced

_OTHERS = 5


class NetworkArguments(OfProcess):
    backend: Annotated[
        Literal["auto", "bpf", "strace", "sockets"],
        Field(description="auto: the cheapest; strace stops the process twice per call; sockets sees no requests"),
    ] = "auto"


async def ask(call: Call, arguments: NetworkArguments) -> NetworkAnswer:
    from perfdoctor.server.answers.network import network_answer

    # Four tables: at the usual detail the peers have the usual rows, and the others fewer.
    others = _OTHERS if arguments.limit is None and arguments.detail is Detail.NORMAL else arguments.rows
    return await traced(
        call,
        TOOL.name,
        Kind.NETWORK,
        arguments,
        lambda identity, evidence: network_answer(identity, evidence, rows=arguments.rows, others=others),
        backend=arguments.backend,
    )


def say(answer: NetworkAnswer, _detail: Detail) -> str:
    return network.say(answer)


TOOL = Tool(
    name="trace-network",
    title="Trace network",
    description=(
        "Costs the process about 2 µs per socket call by the in-kernel engine, else see `collection`. Per peer and "
        "line: connections, reuse, requests, answer times, bytes, small sends, errors, round trips, name look-ups; "
        "what is asked (HTTP, SQL, Redis, SMTP) without its values. Use it when a process waits for "
        "others, or others for it."
    ),
    role=Role.TRACE,
    arguments=NetworkArguments,
    answer=NetworkAnswer,
    ask=ask,
    say=say,
    positional=("pid",),
)
