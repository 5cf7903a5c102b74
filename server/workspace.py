"""On which folders does the client work? As the protocol has it: roots/list, of clients that offer it.

Up to 2025-11-25 the server asks the client while a call runs; since 2026-07-28 the call is answered with the question,
and the client calls again with its answer.
"""

from contextlib import suppress
from typing import Any

import anyio
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp_types import InputRequiredResult, ListRootsRequest, ListRootsResult
from mcp_types.version import is_version_at_least

_ASKED_BY_ANSWER = "2026-07-28"
_PATIENCE = 2.0
"""seconds that a client has to say it: a measurement must not wait for one that does not"""
_QUESTION = "workspace"


async def workspace(context: Context[Any, Any]) -> tuple[str, ...] | InputRequiredResult:
    """Its folders that are projects, () where it offers none or does not answer; or the question that it must be
    answered with."""
    capabilities = context.client_capabilities
    if capabilities is None or capabilities.roots is None:
        return ()
    told: object = None
    if context.protocol_version and is_version_at_least(context.protocol_version, _ASKED_BY_ANSWER):
        if context.input_responses is None:
            return InputRequiredResult(input_requests={_QUESTION: ListRootsRequest()})
        told = context.input_responses.get(_QUESTION)
    else:
        with anyio.move_on_after(_PATIENCE), suppress(MCPError):
            told = await context.session.send_request(ListRootsRequest(), ListRootsResult)
    if not isinstance(told, ListRootsResult):
        return ()
    from perfdoctor.collectors.source import roots_of_uris

    return roots_of_uris([str(root.uri) for root in told.roots])
