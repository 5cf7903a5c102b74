"""Besides tools: resources to read, prompts to start from, and completions for both."""

import json
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp_types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server import guide
from perfdoctor.server.policy import Caller
from perfdoctor.server.readable import list_readable, readable
from perfdoctor.server.rules import RECORDINGS, access
from perfdoctor.server.service import Service

_COMPLETIONS = 100
"""the most that the protocol allows in one answer"""


def offer(server: MCPServer[Any], service: Service, caller: Callable[[], Caller]) -> None:
    """Register everything that is not a tool. ``caller`` says who asks, during a request."""

    @server.resource("guide://workflow", name="workflow", title="From slow to proven fixed", mime_type="text/markdown")
    def workflow() -> str:
        """The order of work, step by step."""
        return guide.GUIDE

    @server.resource("pattern://{id}", name="pattern", title="A performance pattern", mime_type="text/markdown")
    def pattern(id: str) -> str:
        """What a pattern sees, why it costs, how to fix it, and when it is fine."""
        pages = service.instruments.patterns()
        if id not in pages:
            raise ResourceNotFoundError(f"There is no pattern {id[:40]!r}. Known are: {', '.join(pages)}.")
        return pages[id]

    @server.resource("recording://{id}", name="recording", title="A recording", mime_type="application/json")
    async def recording(id: str) -> str:
        """Everything that one window saw, as JSON."""
        try:
            may = access(service.settings.rules, caller(), RECORDINGS)
            may.must_call()
            recordings = service.recordings_of(caller())
            about = await readable(recordings, may, id)
            artefact = await recordings.json(id)
        except ProblemError as error:
            raise ResourceNotFoundError(str(error)) from error
        return f'{{"recording": {json.dumps(about.model_dump(mode="json"))}, "{_part(about.kind)}": {artefact}}}'

    @server.prompt(name="optimize", title="Find and fix what makes a process slow")
    def optimize(process: str) -> str:
        """The whole workflow for a process, by name or pid."""
        return guide.optimize(process)

    @server.prompt(name="verify-fix", title="Check whether a change helped")
    def verify_fix(recording: str, process: str) -> str:
        """Measure again like a recording from before the change, and compare."""
        return guide.verify_fix(recording, process)

    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        uri = ref.uri if isinstance(ref, ResourceTemplateReference) else ""
        if uri.startswith("pattern://"):
            known = list(service.instruments.patterns())
        elif uri.startswith("recording://") or argument.name == "recording":
            may = access(service.settings.rules, caller(), RECORDINGS)
            found, _ = await list_readable(service.recordings_of(caller()), may, _COMPLETIONS)
            known = [recording.id for recording in found]
        else:
            return None
        values = [value for value in known if value.startswith(argument.value)]
        return Completion(values=values[:_COMPLETIONS], total=len(values), has_more=len(values) > _COMPLETIONS)

    # The SDK does not say the type of this decorator.
    untyped: Any = server
    untyped.completion()(complete)


def _part(kind: str) -> str:
    return "watch" if kind == "watch" else "evidence"
