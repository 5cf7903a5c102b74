"""A client that goes where answers lead, and notes where they lead nowhere."""

from dataclasses import dataclass, field
from typing import Any

import anyio
from asking import RefusedError
from loop_outcome import Answer
from mcp import Client

PATIENCE = 120.0
"""seconds for one answer"""
BASE = "base"
"""the folder beside the changed program in which the code stays as it was"""


@dataclass
class Walk:
    """One way through the loop: what it asked, and where it was left alone."""

    client: Client
    calls: int = 0
    dead_ends: list[str] = field(default_factory=list)

    async def ask(self, tool: str, arguments: dict[str, Any]) -> Answer:
        self.calls += 1
        with anyio.fail_after(PATIENCE):
            result = await self.client.call_tool(tool, arguments)
        if result.is_error or result.structured_content is None:
            text = "".join(part.text for part in result.content if part.type == "text")
            raise RefusedError(f"{tool}: {text}")
        answer: Answer = result.structured_content
        return answer

    async def follow(self, answer: Answer, tool: str, own: Answer, else_: Answer | None = None) -> Answer:
        """The call of ``tool`` that an answer suggests, with what only the caller can know (``own``). Where it suggests
        none, that is a dead end, and ``else_`` is asked too."""
        suggested = [call["arguments"] for call in answer["next"] if call["tool"] == tool]
        if not suggested:
            self.dead_ends.append(f"no {tool} after {answer.get('summary', '')[:80]!r}")
        arguments = suggested[0] if suggested else else_ or {}
        return await self.ask(tool, {**arguments, **own})
