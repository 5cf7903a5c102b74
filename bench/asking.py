"""Diagnoses over the whole way, as an assistant gets them: a real client, the server of mcp.json over stdio."""

import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

ROOT = Path(__file__).resolve().parents[1]
WORDY = 1500
"""tokens that an answer of diagnose may have by default"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What ``diagnose`` said. ``seconds`` from question to answer; ``text`` is what an assistant reads."""

    told: dict[str, Any]
    text: str
    seconds: float

    @property
    def findings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.told["findings"]
        return found

    @property
    def alarms(self) -> list[dict[str, Any]]:
        return [finding for finding in self.findings if finding["severity"] != "info"]


class RefusedError(Exception):
    """The server answered with an error."""


@dataclass(frozen=True, slots=True)
class Doctor:
    """A client that asks for diagnoses."""

    client: Client

    async def diagnose(self, **arguments: object) -> Answer:
        began = time.monotonic()
        result = await self.client.call_tool("diagnose", arguments)
        text = "".join(part.text for part in result.content if part.type == "text")
        if result.is_error or result.structured_content is None:
            raise RefusedError(text)
        return Answer(result.structured_content, text, time.monotonic() - began)

    async def is_the_same_offline(self, answer: Answer) -> bool:
        """Whether the recording alone, its target gone, says the same again, to the letter."""
        again = await self.diagnose(recording=answer.told["recording"])
        return again.told == answer.told and again.text == answer.text


@asynccontextmanager
async def doctor(state: Path) -> AsyncIterator[Doctor]:
    """The server, started as clients start it, with its recordings in ``state``."""
    entry = json.loads((ROOT / "mcp.json").read_text())["mcpServers"]["perfdoctor"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, **entry.get("env", {}), "PATH": path, "PERFDOCTOR_STATE": str(state)}
    parameters = StdioServerParameters(command=entry["command"], args=entry["args"], env=environment)
    async with Client(parameters) as client:
        yield Doctor(client)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def token_counter() -> tuple[Callable[[str], int], str]:
    """What counts tokens, and its name. A fourth of the characters where the tokenizer is not installed."""
    try:
        from bpe_openai import get_encoding
    except ImportError:
        return lambda text: -(-len(text) // 4), "characters / 4 (pip install --group bench counts them)"
    encoding = get_encoding("o200k_base")
    return lambda text: len(encoding.encode_ordinary(text)), "o200k_base"
