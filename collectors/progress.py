"""How a running measurement says what it sees: latest value wins, and nobody waits for a reader."""

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""(seconds of the window that have passed, what is being seen so far). Returns at once and never raises."""


def silent(_elapsed: float, _message: str) -> None:
    """For callers that do not listen."""
