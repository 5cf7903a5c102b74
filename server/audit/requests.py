"""Middleware of the SDK: what is not a tool, but says something of what was measured, has its line in the audit too."""

from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.identity import current
from perfdoctor.server.policy import Denied
from perfdoctor.server.service import Service

_NAMES = {"resources/read": "uri", "prompts/get": "name", "completion/complete": "ref"}
_INVALID = -32602


reached: ContextVar[list[str] | None] = ContextVar("reached", default=None)
"""of the call that is being answered: which tool it has reached"""


class Requests:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method == "tools/call":
            return await self._tool(ctx, call_next)
        if ctx.method not in _NAMES:
            return await call_next(ctx)
        asked = _plain(ctx.params)
        what = asked.pop(_NAMES[ctx.method], "")
        via, peer = came_by(ctx.request)
        try:
            doing = f"{ctx.method} {_short(what)}"
            async with self._service.audit.call(current(), via, doing, asked, peer=peer) as entry:
                try:
                    result = await call_next(ctx)
                except MCPError as error:
                    entry.outcome, entry.why = "refused", str(error)
                    entry.decision = "denied" if _came_of_policy(error) else "allowed"
                    raise
                entry.outcome = "answered"
            return result
        except ProblemError as error:
            raise MCPError(_INVALID, str(error)) from error

    async def _tool(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """The server itself keeps the lines of a call that reaches it (it knows what was touched); those that something
        in between refuses have theirs here."""
        marks: list[str] = []
        token = reached.set(marks)
        why = "it was refused before it reached its tool"
        try:
            result = await call_next(ctx)
        except (MCPError, ValidationError) as error:
            why = str(error)
            raise
        finally:
            reached.reset(token)
            if not marks:
                await self._refused(ctx, why)
        return result

    async def _refused(self, ctx: ServerRequestContext[Any, Any], why: str) -> None:
        asked, (via, peer) = _plain(ctx.params), came_by(ctx.request)
        doing = f"tools/call {_short(asked.get('name', ''))}"
        with suppress(ProblemError):  # there is no answer to be withheld
            async with self._service.audit.call(
                current(), via, doing, {"arguments": asked.get("arguments")}, peer=peer
            ) as entry:
                entry.outcome, entry.why = "refused", why


def _came_of_policy(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, Denied):
        error = error.__cause__ or error.__context__
    return error is not None


def came_by(request: Any) -> tuple[str, str]:
    """How a caller came, and from where: by the HTTP request that the SDK hands on, or there is none."""
    if request is None:
        return "stdio", ""
    client = getattr(request, "client", None)
    return "http", client.host if client else "unix"


def _plain(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if name != "_meta"}


def _short(what: object) -> str:
    if isinstance(what, Mapping):
        return str(what.get("uri") or what.get("name") or "")[:200]
    return str(what)[:200]
