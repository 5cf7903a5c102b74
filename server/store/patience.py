"""Waiting where SQLite does not wait itself."""

import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
SECONDS = 10
"""how long a writer waits for another one that writes"""
_PAUSE = 0.01


def patiently(do: Callable[[], T], seconds: float = SECONDS) -> T:
    """What ``do`` returns, tried again while the file is locked. SQLite waits for whoever writes, but not for the one
    who closes the file as the last and tidies up: whoever opens it then is told that it is locked."""
    until = time.monotonic() + seconds
    while True:
        try:
            return do()
        except Exception as error:
            # (SQLAlchemy, which is imported only where it is needed, has the driver's own error inside)
            locked = getattr(error, "orig", error)
            if not _says_locked(locked) or time.monotonic() >= until:
                raise
            time.sleep(_PAUSE)


def _says_locked(error: object) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
