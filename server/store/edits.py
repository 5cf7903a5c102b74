"""What was changed, and what it was before: so that each change can be taken back.

It is noted before a file is changed. Whoever is killed in between leaves a note of a change that was not made, and the
content of the file tells.
"""

import gzip
import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from anyio import to_thread

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.store.local_file import opened

_STEPS = (
    (
        """CREATE TABLE edits (
          number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created REAL NOT NULL, caller TEXT NOT NULL,
          path TEXT NOT NULL, before BLOB NOT NULL, after_digest TEXT NOT NULL
        ) STRICT""",
    ),
)
_KEPT, _KEPT_BYTES = 500, 64 << 20
"""changes that can be taken back, and what their former contents may take, compressed; the oldest go first"""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Edit:
    id: str
    created: float
    caller: str
    path: str
    before: bytes
    after_digest: str


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Edits:
    """The changes of one state folder."""

    def __init__(self, state: Path) -> None:
        self._path = state / "edits.db"

    async def note(self, caller: str, path: str, before: bytes, after: bytes) -> str:
        """Keep what a file was, before it is changed. Returns the id of the change. On disk when this returns."""
        identity = "e-" + secrets.token_hex(4)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("PRAGMA synchronous = FULL")
            row = (identity, time.time(), caller, path, gzip.compress(before, 4), digest(after))
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(
                    "INSERT INTO edits (id, created, caller, path, before, after_digest) VALUES (?, ?, ?, ?, ?, ?)", row
                )
                size = 0
                rows = connection.execute("SELECT number, length(before) FROM edits ORDER BY number DESC").fetchall()
                for kept, (number, length) in enumerate(rows, 1):
                    size += length
                    if kept > 1 and (kept > _KEPT or size > _KEPT_BYTES):
                        connection.execute("DELETE FROM edits WHERE number = ?", (number,))

        await self._in_thread(write)
        return identity

    async def forget(self, identity: str) -> None:
        """A change that was noted, and not made."""
        await self._in_thread(lambda connection: connection.execute("DELETE FROM edits WHERE id = ?", (identity,)))

    async def find(self, identity: str) -> Edit:
        def read(connection: sqlite3.Connection) -> Edit:
            row = connection.execute(
                "SELECT id, created, caller, path, before, after_digest FROM edits WHERE id = ?", (identity,)
            ).fetchone()
            if row is None:
                newest = connection.execute("SELECT id, path FROM edits ORDER BY number DESC LIMIT 3").fetchall()
                known = ", ".join(f"{one} ({path})" for one, path in newest)
                raise ProblemError(
                    f"There is no change {identity[:40]!r}.",
                    f"The newest are {known}." if known else "Nothing was changed by code-edit so far.",
                    "Give the id (e-…) that code-edit answered when it applied the change.",
                )
            one, created, caller, path, before, after = row
            return Edit(one, created, caller, path, gzip.decompress(before), after)

        return await self._in_thread(read)

    async def newest(self, caller: str) -> Edit | None:
        """The last change that this caller made, be it one that takes another back; None where there is none."""

        def read(connection: sqlite3.Connection) -> Edit | None:
            row = connection.execute(
                "SELECT id, created, caller, path, before, after_digest FROM edits WHERE caller = ? "
                "ORDER BY number DESC LIMIT 1",
                (caller,),
            ).fetchone()
            if row is None:
                return None
            one, created, name, path, before, after = row
            return Edit(one, created, name, path, gzip.decompress(before), after)

        return await self._in_thread(read)

    async def _in_thread(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        def run() -> _T:
            with opened(self._path, _STEPS, "store of changes") as connection:
                return work(connection)

        return await to_thread.run_sync(run)
