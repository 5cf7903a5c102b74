"""May I? What became of a question to the user. How it is put depends on the client: see ``asking``."""

from collections.abc import Awaitable, Callable
from enum import StrEnum


class Consent(StrEnum):
    AGREED = "the user agreed"
    DECLINED = "the user declined"
    UNASKED = "not asked: the client has no way to ask its user (elicitation)"
    AT_SHELL = "not asked: the user typed the command"


Ask = Callable[[str], Awaitable[Consent]]
"""Puts a question to the user."""


async def nobody(_message: str) -> Consent:
    return Consent.UNASKED


async def at_shell(_message: str) -> Consent:
    return Consent.AT_SHELL
