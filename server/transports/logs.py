"""What clients make us say to standard error: bounded, on one line each, and nothing of theirs unchanged."""

import logging
import time

import anyio
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from perfdoctor.collectors.text import clean

RATE = 10.0
"""lines a second that are logged for long"""
BURST = 100.0
LONGEST = 500
"""characters of a message"""
_OF_CLIENTS = (ValidationError, ClientDisconnect, anyio.ClosedResourceError, anyio.BrokenResourceError)
"""what a client does by sending nonsense, or by leaving in the middle; the SDK logs it as a fault"""
_ANSWERED = "Request validation failed"
"""what the SDK raises at /sse after it has refused a Host or an Origin"""


class Bounded(logging.Filter):
    """On the handlers: no client can fill the log's disk, nor write lines of its own into it. What is left out is
    counted, and said with the next line that is not. Faults of ours keep their traceback, what clients do loses it."""

    def __init__(self) -> None:
        super().__init__()
        self._left = BURST
        self._at = time.monotonic()
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        self._left = min(BURST, self._left + (now - self._at) * RATE)
        self._at = now
        if self._left < 1:
            self._left_out += 1
            return False
        self._left -= 1
        said = clean(record.getMessage(), LONGEST)
        if self._left_out:
            said += f" ({self._left_out} lines before this one were left out: too many at once)"
            self._left_out = 0
        record.msg, record.args = said, ()
        if record.exc_info and _of_a_client(record.exc_info[1]):
            record.exc_info = None
        return True


def _of_a_client(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_of_a_client(inner) for inner in error.exceptions)
    return isinstance(error, _OF_CLIENTS) or (isinstance(error, ValueError) and str(error) == _ANSWERED)


def bound() -> None:
    """All handlers that there are now share one measure."""
    bounded = Bounded()
    loggers = (logging.getLogger(), *(logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "mcp")))
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        handler.addFilter(bounded)
