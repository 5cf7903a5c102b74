"""The real server with the tools, resources and prompts of the protocol's conformance suite beside its own.

``python -m tests.contract.conformance_server STATE``: no token, a free port of the loopback. What these offer, the
suite prescribes (github.com/modelcontextprotocol/conformance).
"""

import base64
import json
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
import mcp_types as types
from mcp import MCPDeprecationWarning
from mcp.server.mcpserver import Audio, Context, Image, MCPServer, UserMessage
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from perfdoctor.server import app
from perfdoctor.server.service import Service
from perfdoctor.server.settings import Settings
from perfdoctor.server.transports import http
from tests.contract import conformance_questions
from tests.server.fakes import FakeInstruments

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
WAV = base64.b64decode("UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=")


class Fixtures(app.PerfdoctorServer):
    """Ours, and what is registered with the SDK beside it."""

    async def list_tools(self) -> list[types.Tool]:
        return [*await super().list_tools(), *await MCPServer.list_tools(self)]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> types.CallToolResult | types.InputRequiredResult:
        if self._tool_manager.get_tool(name) is not None:
            return await MCPServer.call_tool(self, name, arguments, context)
        return await super().call_tool(name, arguments, context)


class User(BaseModel):
    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


class Defaults(BaseModel):
    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Literal["active", "inactive", "pending"] = "active"
    verified: bool = True


CHOICES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
        "titledSingle": {
            "type": "string",
            "oneOf": [
                {"const": "value1", "title": "First Option"},
                {"const": "value2", "title": "Second Option"},
                {"const": "value3", "title": "Third Option"},
            ],
        },
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
        "titledMulti": {
            "type": "array",
            "items": {
                "anyOf": [
                    {"const": "value1", "title": "First Choice"},
                    {"const": "value2", "title": "Second Choice"},
                    {"const": "value3", "title": "Third Choice"},
                ]
            },
        },
    },
    "required": [],
}
COMPOSED: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def made(service: Service, **options: Any) -> app.PerfdoctorServer:
    server = app.build(service, kind=Fixtures, **options)
    tools(server)
    tools_that_ask(server)
    tools_told_by_the_request(server)
    resources_and_prompts(server)
    conformance_questions.offer(server)
    return server


def tools(server: MCPServer[Any]) -> None:
    @server.tool()
    def test_simple_text() -> types.TextContent:
        """Text."""
        return types.TextContent(type="text", text="This is a simple text response for testing.")

    @server.tool()
    def test_image_content() -> Image:
        """An image."""
        return Image(data=PNG, format="png")

    @server.tool()
    def test_audio_content() -> Audio:
        """Audio."""
        return Audio(data=WAV, format="wav")

    def resource(uri: str, kind: str, text: str) -> types.EmbeddedResource:
        contents = types.TextResourceContents(uri=uri, mime_type=kind, text=text)
        return types.EmbeddedResource(type="resource", resource=contents)

    @server.tool()
    def test_embedded_resource() -> types.EmbeddedResource:
        """A resource within the answer."""
        return resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")

    @server.tool()
    def test_multiple_content_types() -> list:  # type: ignore[type-arg]  # (of something, it would have a schema)
        """Several kinds of content."""
        text = types.TextContent(type="text", text="Multiple content types test:")
        mixed = resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
        return [text, Image(data=PNG, format="png"), mixed]

    @server.tool()
    async def test_tool_with_logging(ctx: Context[Any, Any]) -> str:
        """Log messages."""
        for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(message)
            await anyio.sleep(0.05)
        return "ok"

    @server.tool()
    def test_error_handling() -> str:
        """An error."""
        raise ToolError("This tool intentionally returns an error for testing")

    @server.tool()
    async def test_tool_with_progress(ctx: Context[Any, Any]) -> str:
        """Progress."""
        for step in (0, 50, 100):
            await ctx.report_progress(step, 100, f"step {step}")
            await anyio.sleep(0.05)
        return "ok"


def tools_that_ask(server: MCPServer[Any]) -> None:
    @server.tool()
    async def test_sampling(prompt: str, ctx: Context[Any, Any]) -> str:
        """Asks the client's model."""
        message = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=prompt))
        answer = await ctx.session.create_message([message], max_tokens=100, related_request_id=ctx.request_id)
        return f"LLM response: {answer.content.text}"

    @server.tool()
    async def test_elicitation(message: str, ctx: Context[Any, Any]) -> str:
        """Asks the user."""
        answer = await ctx.elicit(message, User)
        return f"User response: {answer.action} {getattr(answer, 'data', None)}"

    @server.tool()
    async def test_elicitation_sep1034_defaults(ctx: Context[Any, Any]) -> str:
        """Asks the user, with defaults."""
        answer = await ctx.elicit("Please review", Defaults)
        return f"Elicitation completed: action={answer.action}"

    @server.tool()
    async def test_elicitation_sep1330_enums(ctx: Context[Any, Any]) -> str:
        """Asks the user to choose."""
        answer = await ctx.session.elicit_form("pick", CHOICES, ctx.request_id)
        return f"Elicitation completed: action={answer.action}"


def tools_told_by_the_request(server: MCPServer[Any]) -> None:
    """What depends on a request's headers and metadata, and a schema that shall arrive as it is (2026-07-28)."""

    @server.tool()
    def test_x_mcp_header(
        region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})] = "nowhere",
    ) -> str:
        """Its argument is also told by the header Mcp-Param-Region: the SDK compares the two."""
        return f"The region is {region}."

    @server.tool()
    async def test_logging_tool(ctx: Context[Any, Any]) -> str:
        """A log message, which only a request with a log level may get."""
        await ctx.info("This is for who asked for it.")
        return "ok"

    @server.tool()
    def json_schema_2020_12_tool(
        name: str = "", address: dict[str, str] | None = None, contactMethod: str = "", phone: str = "", email: str = ""
    ) -> str:
        """Tool with JSON Schema 2020-12 features"""
        return "ok"

    written_by_hand = server._tool_manager.get_tool("json_schema_2020_12_tool")
    assert written_by_hand is not None
    written_by_hand.parameters = COMPOSED


def resources_and_prompts(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        """Text."""
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        """Bytes."""
        return PNG

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:
        """By a template."""
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})

    @server.prompt()
    def test_simple_prompt() -> str:
        """A prompt."""
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(
        arg1: Annotated[str, Field(description="the first")], arg2: Annotated[str, Field(description="the second")]
    ) -> str:
        """A prompt with arguments."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[Any]:
        """A prompt with a resource."""
        contents = types.TextResourceContents(
            uri=resourceUri, mime_type="text/plain", text="Embedded resource content for testing."
        )
        return [
            UserMessage(content=types.EmbeddedResource(type="resource", resource=contents)),
            UserMessage(content="Please process the embedded resource above."),
        ]

    @server.prompt()
    def test_prompt_with_image() -> list[Any]:
        """A prompt with an image."""
        image = types.ImageContent(type="image", data=base64.b64encode(PNG).decode(), mime_type="image/png")
        return [UserMessage(content=image), UserMessage(content="Please analyze the image above.")]


def main() -> int:
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    settings = Settings(state=Path(sys.argv[1]), max_requests_per_second=1000)
    return http.serve(Service(settings, FakeInstruments()), http.Tcp("127.0.0.1", 0, no_token=True), make=made)


if __name__ == "__main__":
    sys.exit(main())
