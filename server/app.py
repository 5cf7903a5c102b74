"""The assembly: one MCP server from the tools, the resources and the prompts.

``mcp`` is the server for the local user, which ``mcp run server/app.py`` and ``mcp dev server/app.py`` look for.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.context import ServerMiddleware
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp_types import CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from mcp_types import Tool as ListedTool

import perfdoctor
from perfdoctor.schemas.problem import Problem, ProblemError
from perfdoctor.server import asking, guide, settings
from perfdoctor.server.audit.requests import Requests, came_by, reached
from perfdoctor.server.identity import current
from perfdoctor.server.offers import offer
from perfdoctor.server.policy import LOCAL, Role
from perfdoctor.server.reporter import Reporter
from perfdoctor.server.rules import access
from perfdoctor.server.service import Call, Service
from perfdoctor.server.workspace import workspace

if TYPE_CHECKING:
    from perfdoctor.server.audit.log import Entry
    from perfdoctor.server.tools.outcome import Outcome
    from perfdoctor.server.tools.tool import Tool

_STOPPING = Problem(
    what="The measurement was stopped.",
    why="The server is ending.",
    next_step="Call again when it has been started again.",
)


class PerfdoctorServer(MCPServer[Any]):
    """MCPServer whose tools are ours: strict about arguments, and with answers in our words.

    The tools are imported when a client first asks for them, after ``initialize`` was answered.
    """

    service: Service

    async def list_tools(self) -> list[ListedTool]:
        """The tools that this caller may call, always in the same order."""
        from perfdoctor.server.tools.catalogue import TOOLS
        from perfdoctor.server.tools.schema import input_schema, output_schema

        caller = current()
        rules = self.service.settings.rules
        return [
            ListedTool(
                name=tool.name,
                title=tool.title,
                description=tool.description,
                input_schema=input_schema(tool.arguments),
                output_schema=output_schema(tool.answer),
                annotations=ToolAnnotations(
                    read_only_hint=tool.only_measures,
                    # What is so by default, or means nothing where nothing is changed, is left unsaid.
                    destructive_hint=None if tool.only_measures else True,
                    idempotent_hint=None if tool.only_measures else False,
                    open_world_hint=False,
                ),
            )
            for tool in TOOLS
            if caller.may(tool.role) and access(rules, caller, tool.name).may_call
        ]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Run one tool, with its lines in the audit. Refusals are answers (``is_error``) in three parts; cancellation
        passes through."""
        from perfdoctor.server.tools.catalogue import find
        from perfdoctor.server.tools.outcome import problem_outcome

        tool = find(name)
        marks = reached.get()
        if marks is not None:
            marks.append(name)
        via, peer = came_by(context.request_context.request if context is not None else None)
        acts = tool is not None and (tool.role is not Role.OBSERVE or not tool.only_measures)
        what = f"tools/call {tool.name if tool is not None else name}"
        audited = self.service.audit.call(current(), via, what, arguments, peer=peer, acts=acts)
        try:
            async with audited as entry:
                return await self._call_tool(tool, name, arguments, context, entry)
        except ProblemError as error:
            return _result(problem_outcome(error.problem))

    async def _call_tool(
        self,
        tool: "Tool[Any, Any] | None",
        name: str,
        arguments: dict[str, Any],
        context: Context[Any, Any] | None,
        entry: "Entry",
    ) -> CallToolResult | InputRequiredResult:
        """A local client that has a workspace is asked for it first, where it matters whose code is whose."""
        from perfdoctor.server.audit.log import settle
        from perfdoctor.server.tools.catalogue import TOOLS
        from perfdoctor.server.tools.outcome import problem_outcome, run

        if tool is None:
            entry.outcome = "refused"
            known = ", ".join(tool.name for tool in TOOLS)
            raise ToolError(f"There is no tool {name[:60]!r}.\nWhy: The tools are {known}.\nNext: Call one of these.")

        async def send(elapsed: float, message: str) -> None:
            if context is not None:
                await context.report_progress(elapsed, None, message)

        caller, offered = current(), tuple[str, ...]()
        if context is not None and caller == LOCAL and tool.role in (Role.TRACE, Role.OPERATE):
            answered = await workspace(context)
            if isinstance(answered, InputRequiredResult):
                entry.outcome = "asked"
                return answered
            offered = answered
        reporter = Reporter(send, self.service.meters, lambda: self.service.calls_running)
        call = Call(self.service, caller, reporter.see, offered, asking.through(context), trail=entry.trail)
        outcome, question = problem_outcome(_STOPPING), None
        try:
            with self.service.running():
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(reporter.run)
                    try:
                        outcome = await run(tool, call, arguments)
                    except asking.QuestionFirst as first:
                        question = first.question
                    tasks.cancel_scope.cancel()
        except Exception as crash:
            # The SDK logs the cause with its traceback; the caller learns that it is our fault and what to do.
            raise UnexpectedToolError(
                f"{tool.name} failed.\nWhy: perfdoctor has a fault; the server's log (stderr) has the details.\n"
                "Next: Call tools-check; if it happens again, report the log to the maintainers of perfdoctor."
            ) from crash
        if question is not None:
            entry.outcome = "asked"
            return question
        settle(entry, outcome)
        return _result(outcome)


def _result(outcome: "Outcome") -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=outcome.text)],
        structured_content=outcome.structured,
        is_error=outcome.refused,
    )


def build(
    service: Service,
    *,
    verifier: TokenVerifier | None = None,
    auth: AuthSettings | None = None,
    middleware: Sequence[ServerMiddleware[Any]] = (),
    kind: type[PerfdoctorServer] = PerfdoctorServer,
) -> PerfdoctorServer:
    """A server on ``service``; with ``verifier`` and ``auth`` every request over HTTP needs a token. ``middleware``
    stands around each request."""
    server = kind(
        "perfdoctor",
        title="perfdoctor",
        version=perfdoctor.__version__,
        instructions=guide.INSTRUCTIONS,
        log_level="WARNING",
        token_verifier=verifier,
        auth=auth,
        middleware=[Requests(service), *middleware],
        subscriptions=False,
    )
    server.service = service
    offer(server, service, current)
    return server


mcp = build(Service(settings.load()))
