"""Did it help?"""

from typing import Annotated

from anyio import to_thread
from pydantic import Field

from perfdoctor.schemas.comparison import CompareAnswer
from perfdoctor.server.formatters import comparison
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.tools.tool import Detail, Listing, RecordingId, Tool


class CompareArguments(Listing):
    before: Annotated[RecordingId, Field(description="recording made before the change")]
    after: Annotated[RecordingId, Field(description="recording made after it, by the same tool")]


async def ask(call: Call, arguments: CompareArguments) -> CompareAnswer:
    from perfdoctor.server.answers.comparison import compare_answer

    before = await call.service.recordings.evidence(arguments.before)
    after = await call.service.recordings.evidence(arguments.after)
    change = await to_thread.run_sync(call.service.instruments.compare, before, after)
    return compare_answer(
        arguments.before,
        arguments.after,
        after.target,
        change,
        roots=after.user_roots,
        rows=arguments.rows,
        frames=arguments.frames,
    )


def say(answer: CompareAnswer, _detail: Detail) -> str:
    return comparison.say(answer)


TOOL = Tool(
    name="compare",
    title="Compare two recordings",
    description=(
        "Touches no process. Judges whether the second recording is better than the first: verdict improved, "
        "regressed, unchanged or inconclusive, each figure with its interval, findings gone, kept and new. Use it "
        "after a change, with recordings of the same tool, the same length and the same load."
    ),
    role=Role.OBSERVE,
    arguments=CompareArguments,
    answer=CompareAnswer,
    ask=ask,
    say=say,
    positional=("before", "after"),
)
