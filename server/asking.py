"""May I? The user is asked, where the client can ask (elicitation).

Up to 2025-11-25 the server asks the client while a call runs; since 2026-07-28 the call is answered with the question,
and the client calls again with its user's answer.
"""

import hashlib
from typing import Any

from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import is_version_at_least

from perfdoctor.server.consent import Ask, Consent

_ASKED_BY_ANSWER = "2026-07-28"
_QUESTION = "agree"
_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {"agree": {"type": "boolean", "title": "Do this", "description": "Change the file as shown"}},
    "required": ["agree"],
}


class QuestionFirst(Exception):  # noqa: N818 - not an error: the call is answered with a question
    """The client shall ask its user, and call again with the answer."""

    def __init__(self, question: InputRequiredResult) -> None:
        super().__init__("a question comes first")
        self.question = question


def through(context: Context[Any, Any] | None) -> Ask:
    """How the user of a client is asked. Whatever is not a plain yes is a no."""

    async def ask(message: str) -> Consent:
        capabilities = context.client_capabilities if context is not None else None
        elicitation = capabilities.elicitation if capabilities is not None else None
        if context is None or elicitation is None or (elicitation.form is None and elicitation.url is not None):
            return Consent.UNASKED
        if context.protocol_version and is_version_at_least(context.protocol_version, _ASKED_BY_ANSWER):
            return _answered(context, message)
        try:
            told = await context.session.elicit_form(message, _FORM, context.request_id)
        except MCPError:
            return Consent.UNASKED
        return _consent(told)

    return ask


def _answered(context: Context[Any, Any], message: str) -> Consent:
    # The SDK seals what is handed to the client as state: an answer counts only for the question that was asked.
    asked = hashlib.sha256(message.encode()).hexdigest()
    told = (context.input_responses or {}).get(_QUESTION)
    if told is None or context.request_state != asked:
        params = ElicitRequestFormParams(message=message, requested_schema=_FORM)
        raise QuestionFirst(
            InputRequiredResult(input_requests={_QUESTION: ElicitRequest(params=params)}, request_state=asked)
        )
    return _consent(told)


def _consent(told: object) -> Consent:
    agreed = isinstance(told, ElicitResult) and told.action == "accept" and (told.content or {}).get("agree") is True
    return Consent.AGREED if agreed else Consent.DECLINED
