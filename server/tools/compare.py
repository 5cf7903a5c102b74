"""Did it help?"""

from typing import Annotated

from anyio import to_thread
from pydantic import BeforeValidator, Field, WithJsonSchema

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.comparison import CompareAnswer
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.formatters import comparison
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.tools.tool import Detail, Listing, RecordingId, Tool

MOST = 50
"""recordings of one side"""


def _split(value: object) -> object:
    """One id, or several with commas between them as at the shell."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple):
        raise ValueError("must be the id of a recording, or a list of ids")
    return value


Side = Annotated[
    tuple[RecordingId, ...],
    BeforeValidator(_split),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]


class CompareArguments(Listing):
    before: Annotated[Side, Field(min_length=1, max_length=MOST, description="recordings made before the change")]
    after: Annotated[Side, Field(min_length=1, max_length=MOST, description="recordings made after it")]


async def ask(call: Call, arguments: CompareArguments) -> CompareAnswer:
    from perfdoctor.server.answers.comparison import compare_answer
    from perfdoctor.server.undoing import judged_change

    _must_count_once(arguments)
    sides = []
    for side in (arguments.before, arguments.after):
        sides.append([await call.recordings.evidence(identity) for identity in side])
    before, after = sides
    change = await to_thread.run_sync(call.service.instruments.compare, before, after)
    return compare_answer(
        arguments.before,
        arguments.after,
        (before, after),
        change,
        rows=arguments.rows,
        frames=arguments.frames,
        undo=await judged_change(call, before, after),
    )


def _must_count_once(arguments: CompareArguments) -> None:
    """Of sets each recording is one observation; one held against itself, alone, is a fair question."""
    given = (*arguments.before, *arguments.after)
    if len(given) > 2 and len(set(given)) < len(given):
        twice = next(identity for identity in given if given.count(identity) > 1)
        raise ProblemError(
            f"The recording {clean(twice, 40)} is given twice.",
            "Each counts as one observation; twice the same would pass for two that agree.",
            "Give every recording once, on one side.",
        )


def say(answer: CompareAnswer, _detail: Detail) -> str:
    return comparison.say(answer)


TOOL = Tool(
    name="compare",
    title="Compare two recordings",
    description=(
        "Touches no process. Judges whether a change helped: verdict improved, regressed, unchanged or inconclusive, "
        "figures with intervals, findings gone, kept and new, side effects. Give recordings of one tool, length and "
        "load: one each shows changes by a third, five runs each (restarted) small ones."
    ),
    role=Role.OBSERVE,
    arguments=CompareArguments,
    answer=CompareAnswer,
    ask=ask,
    say=say,
    positional=("before", "after"),
)
