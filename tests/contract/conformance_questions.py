"""What the conformance suite prescribes for calls that are answered with a question (2026-07-28)."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context, MCPServer, Resolve, Sample, UserMessage
from mcp_types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)

PREFIX = "test_input_required_result_"
Asked = Context[Any, Any]


def user(message: str, field: str, kind: str = "string") -> ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def model(message: str, tokens: int) -> CreateMessageRequest:
    said = SamplingMessage(role="user", content=TextContent(type="text", text=message))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[said], max_tokens=tokens))


def question(state: str | None = None, **requests: Any) -> InputRequiredResult:
    return InputRequiredResult(input_requests=requests, request_state=state)


def greeting() -> Sample:
    asked = model("Generate a greeting", 50).params
    return Sample(asked.messages, max_tokens=asked.max_tokens)


def told(ctx: Asked, name: str) -> Any:
    return (ctx.input_responses or {}).get(name)


def offer(server: MCPServer[Any]) -> None:
    @server.tool(name=PREFIX + "elicitation", structured_output=False)
    async def elicitation(ctx: Asked) -> str | InputRequiredResult:
        """Asks the user."""
        answer = told(ctx, "user_name")
        if not isinstance(answer, ElicitResult) or not isinstance((answer.content or {}).get("name"), str):
            return question(user_name=user("What is your name?", "name"))
        return f"Hello, {(answer.content or {})['name']}!"

    @server.tool(name=PREFIX + "sampling", structured_output=False)
    async def sampling(ctx: Asked) -> str | InputRequiredResult:
        """Asks the model."""
        answer = told(ctx, "capital_question")
        return (
            answer.content.text if answer else question(capital_question=model("What is the capital of France?", 100))
        )

    @server.tool(name=PREFIX + "list_roots", structured_output=False)
    async def list_roots(ctx: Asked) -> str | InputRequiredResult:
        """Asks for roots."""
        answer = told(ctx, "client_roots")
        return str(answer.roots[0].uri) if answer else question(client_roots=ListRootsRequest())

    @server.tool(name=PREFIX + "request_state", structured_output=False)
    async def request_state(ctx: Asked) -> str | InputRequiredResult:
        """Hands out a state, and wants it back."""
        if told(ctx, "confirm") is None or ctx.request_state != "asked":
            return question("asked", confirm=user("Please confirm", "ok", "boolean"))
        return "state-ok"

    @server.tool(name=PREFIX + "tampered_state", structured_output=False)
    async def tampered_state(ctx: Asked) -> str | InputRequiredResult:
        """The same: that nobody can change the state is the SDK's seal."""
        return await request_state(ctx)

    @server.tool(name=PREFIX + "multiple_inputs", structured_output=False)
    async def multiple_inputs(ctx: Asked) -> str | InputRequiredResult:
        """Asks everybody at once."""
        if ctx.input_responses and ctx.request_state == "asked":
            return "everybody answered"
        return question(
            "asked",
            user_name=user("What is your name?", "name"),
            greeting=model("Generate a greeting", 50),
            client_roots=ListRootsRequest(),
        )

    @server.tool(name=PREFIX + "multi_round", structured_output=False)
    async def multi_round(ctx: Asked) -> str | InputRequiredResult:
        """Asks twice."""
        if told(ctx, "step2") is not None and ctx.request_state == "second":
            return "both steps are done"
        if told(ctx, "step1") is not None and ctx.request_state == "first":
            return question("second", step2=user("Step 2: What is your favorite color?", "color"))
        return question("first", step1=user("Step 1: What is your name?", "name"))

    @server.tool(name=PREFIX + "capabilities", structured_output=False)
    async def capabilities(ctx: Asked) -> str | InputRequiredResult:
        """Asks only whom the client can ask."""
        able = ctx.client_capabilities
        requests: dict[str, Any] = {}
        if able is not None and able.sampling is not None:
            requests["greeting"] = model("Generate a greeting", 50)
        if able is not None and able.elicitation is not None:
            requests["user_name"] = user("What is your name?", "name")
        return question(**requests) if requests and not ctx.input_responses else "nobody is asked"

    @server.tool(structured_output=False)
    async def test_missing_capability(answer: Annotated[CreateMessageResult, Resolve(greeting)]) -> str:
        """Needs the client's model: the SDK refuses the call of a client that declared none."""
        return "The model answered."

    @server.tool(structured_output=False)
    async def test_streaming_elicitation(ctx: Asked) -> str | InputRequiredResult:
        """Asks the user: with its answer, not with a request of its own on the stream."""
        return "The user answered." if told(ctx, "word") else question(word=user("Which word?", "word"))

    @server.prompt(name=PREFIX + "prompt")
    async def prompt(ctx: Asked) -> Any:
        """A prompt that asks first."""
        answer = told(ctx, "user_context")
        if answer is None:
            return question(user_context=user("What context should the prompt use?", "context"))
        return [UserMessage(content=f"In this context: {(answer.content or {}).get('context')}")]
