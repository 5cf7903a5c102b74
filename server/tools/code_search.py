"""Where else?"""

from typing import Annotated

from anyio import to_thread
from pydantic import Field

from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.code import Match, SearchAnswer
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.recording import NextCall
from perfdoctor.server.formatters import code as formatter
from perfdoctor.server.policy import Role
from perfdoctor.server.service import Call
from perfdoctor.server.tools.tool import Detail, Listing, RecordingId, Tool


class SearchArguments(Listing):
    text: Annotated[str, Field(min_length=2, max_length=200, description="what to look for, as it stands in the code")]
    recording: Annotated[RecordingId, Field(description="whose program's code is searched")]
    word: Annotated[bool, Field(description="whole words only: a symbol")] = False


async def ask(call: Call, arguments: SearchArguments) -> SearchAnswer:
    evidence = await call.recordings.evidence(arguments.recording)
    roots = call.code_roots(evidence.target)
    return await to_thread.run_sync(_search, evidence, arguments, roots)


def _search(evidence: Evidence, arguments: SearchArguments, roots: tuple[str, ...]) -> SearchAnswer:
    from perfdoctor.collectors.source import search_source
    from perfdoctor.server.answers.code import changed_since

    found = search_source(arguments.text, roots, word=arguments.word)
    shown = found.places[: arguments.rows]
    number = len(found.places)
    wanted = quoted(arguments.text, 60)
    return SearchAnswer(
        summary=f"{number} line{'' if number == 1 else 's'} with {wanted} in {found.files} files.",
        matches=tuple(Match(file=clean(file, 400), line=line, text=clean(text, 200)) for file, line, text in shown),
        total=number,
        omitted=number - len(shown),
        warning=changed_since(evidence, [file for file, _, _ in shown], roots),
        files=found.files,
        skipped=found.skipped,
        next=tuple(
            NextCall(
                tool="code-inspect",
                arguments={"recording": arguments.recording, "file": clean(file, 400), "line": line},
                why="see it with its costs",
            )
            for file, line, _ in shown[:1]
        )
        or (
            NextCall(
                tool="code-inspect", arguments={"recording": arguments.recording}, why="see the costliest line instead"
            ),
        ),
    )


def say(answer: SearchAnswer, _detail: Detail) -> str:
    return formatter.say_found(answer)


TOOL = Tool(
    name="code-search",
    title="Search the code",
    description=(
        "Touches no process. Finds text or a symbol in the source of a recorded program: where else a costly call is "
        "made, who uses a function. Only where code-inspect may look."
    ),
    role=Role.TRACE,
    arguments=SearchArguments,
    answer=SearchAnswer,
    ask=ask,
    say=say,
    positional=("recording", "text"),
)
