"""What was measured?"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from perfdoctor.schemas.recording import NextCall
from perfdoctor.server.formatters import recordings
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.store.recording import Kind, Recording, RecordingsAnswer
from perfdoctor.server.tools.tool import Detail, Listing, RecordingId, Tool


class RecordingsArguments(Listing):
    action: Annotated[Literal["list", "show", "delete"], Field(description="what to do")] = "list"
    id: Annotated[RecordingId | None, Field(description="which one, for show and delete")] = None

    @model_validator(mode="after")
    def _id_where_needed(self) -> Self:
        if (self.id is None) != (self.action == "list"):
            raise ValueError(f"action {self.action} {'needs' if self.id is None else 'takes no'} id")
        return self


async def ask(call: Call, arguments: RecordingsArguments) -> RecordingsAnswer:
    store = call.service.recordings
    if arguments.action == "list":
        found, total = await store.list(arguments.rows)
        summary = f"{total} recordings, newest first." if total else "Nothing has been recorded yet."
        return RecordingsAnswer(
            summary=summary, recordings=found, total=total, omitted=total - len(found), next=_after_list(found)
        )
    assert arguments.id is not None
    if arguments.action == "delete":
        call.caller.must(Role.OPERATE, "delete a recording")
        one = await store.delete(arguments.id)
        return RecordingsAnswer(summary=f"Deleted {one.id}.", recordings=(one,), total=1, omitted=0, next=())
    one = await store.find(arguments.id)
    return RecordingsAnswer(
        summary=f"{one.id}: {one.summary} The full evidence is the resource recording://{one.id}.",
        recordings=(one,),
        total=1,
        omitted=0,
        next=_after_show(one),
    )


def _after_show(one: Recording) -> tuple[NextCall, ...]:
    if one.kind is Kind.WATCH:
        return (NextCall(tool="diagnose", arguments=one.target.argument, why="look inside what was watched"),)
    return (NextCall(tool="diagnose", arguments={"recording": one.id}, why="judge it again"),)


def _after_list(found: tuple[Recording, ...]) -> tuple[NextCall, ...]:
    judged = [recording for recording in found if recording.kind is Kind.DIAGNOSIS]
    if len(judged) < 2 or judged[0].target.name != judged[1].target.name:
        return ()
    pair = {"before": judged[1].id, "after": judged[0].id}
    return (NextCall(tool="compare", arguments=pair, why="the two newest diagnoses of one program"),)


def say(answer: RecordingsAnswer, _detail: Detail) -> str:
    return recordings.say(answer)


TOOL = Tool(
    name="recordings",
    title="List, show or delete recordings",
    description="Touches no process. Lists what was measured here with the ids that compare and diagnose take; shows "
    "or deletes one.",
    role=Role.OBSERVE,
    arguments=RecordingsArguments,
    answer=RecordingsAnswer,
    ask=ask,
    say=say,
    positional=("action", "id"),
    only_measures=False,
)
