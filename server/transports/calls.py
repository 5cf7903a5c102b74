"""Around each call of a tool over the network: counted, so many at once and no more, and none while the server ends."""

import time
from collections import Counter
from typing import Any

import anyio
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel

from perfdoctor.schemas.problem import Problem
from perfdoctor.server.transports.limits import of_token
from perfdoctor.server.transports.metrics import OTHER, Metrics, Outcome, Reason

_ENDING = Problem(
    what="The server is ending, and takes no more calls.",
    why="It was told to stop.",
    next_step="Call again when it has been started again.",
)

_TOLD = {"is_error", "structured_content"}


class Calls:
    """A middleware of the SDK. At most ``each`` calls of one identity run at once, and ``most`` over all."""

    def __init__(self, metrics: Metrics, *, each: int, most: int) -> None:
        self._metrics = metrics
        self._each = each
        self._most = most
        self._running: Counter[str] = Counter()
        self.ending = False

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method != "tools/call":
            return await call_next(ctx)
        token = get_access_token()
        identity = of_token(token) if token is not None else ""
        problem = self._refusal(identity)
        if problem is not None:
            return problem
        tool = _known((ctx.params or {}).get("name"))
        began, outcome = time.monotonic(), Outcome.FAILED
        self._running[identity] += 1
        self._metrics.call_began()
        try:
            result = await call_next(ctx)
            outcome = _outcome(result)
            return result
        except anyio.get_cancelled_exc_class():
            outcome = Outcome.CANCELLED
            raise
        finally:
            self._metrics.call_ended(tool, outcome, time.monotonic() - began)
            self._running[identity] -= 1
            if not self._running[identity]:
                del self._running[identity]

    def _refusal(self, identity: str) -> CallToolResult | None:
        if self.ending:
            self._metrics.refused(Reason.STOPPING)
            return _said(_ENDING)
        if self._running[identity] < self._each and self._running.total() < self._most:
            return None
        self._metrics.refused(Reason.CONCURRENT)
        yours = self._running[identity] >= self._each
        return _said(
            Problem(
                what=f"{self._each if yours else self._most} calls are running, and no more may run at once.",
                why="So many " + ("of one identity." if yours else "over all identities."),
                next_step="Wait until one ends and call again.",
            )
        )


def _known(name: object) -> str:
    from perfdoctor.server.tools.catalogue import find

    tool = find(name) if isinstance(name, str) else None
    return tool.name if tool else OTHER


def _outcome(result: HandlerResult) -> Outcome:
    told = result.model_dump(by_alias=True, include=_TOLD) if isinstance(result, BaseModel) else result or {}
    if not told.get("isError"):
        return Outcome.ANSWERED
    return Outcome.REFUSED if "problem" in (told.get("structuredContent") or {}) else Outcome.FAILED


def _said(problem: Problem) -> CallToolResult:
    from perfdoctor.server.tools.outcome import problem_outcome

    said = problem_outcome(problem)
    text = TextContent(type="text", text=said.text)
    return CallToolResult(content=[text], structured_content=said.structured, is_error=True)
