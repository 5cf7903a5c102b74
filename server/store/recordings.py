"""What was measured, kept under an id: one SQLite file in WAL mode, evidence beside it as compressed JSON.

Every write is one transaction, so that a process killed in the middle of it leaves the store as it was before.
Connections live for one operation and in a worker thread: nothing blocks the event loop, nothing is shared.
"""

import gzip
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from anyio import to_thread

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.process import WatchAnswer
from perfdoctor.schemas.recording import Window
from perfdoctor.schemas.target import Target
from perfdoctor.server.store.folder import private_folder
from perfdoctor.server.store.recording import Kind, Recording

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""without 0, o, 1, i and l, that people mistake for each other"""
_ID_LENGTH = 8
_BUSY_SECONDS = 10.0
"""how long a writer waits for another process that writes"""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS recordings (
  id TEXT PRIMARY KEY, created REAL NOT NULL, kind TEXT NOT NULL, caller TEXT NOT NULL,
  target TEXT NOT NULL, window TEXT NOT NULL, state TEXT NOT NULL, summary TEXT NOT NULL,
  bytes INTEGER NOT NULL, artefact BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS recordings_by_age ON recordings (created);
"""
_COLUMNS = "id, created, kind, caller, target, window, state, summary, bytes"
_Row = tuple[str, float, str, str, str, str, str, str, int]
_T = TypeVar("_T")


def new_id() -> str:
    """A recording's id, such as ``r-7f3k2amq``: 39 random bits, short enough to read out."""
    return "r-" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


class Recordings:
    """The recordings of one state folder. At most ``keep`` of them and ``keep_bytes`` of evidence: oldest go first."""

    def __init__(self, state: Path, *, keep: int, keep_bytes: int) -> None:
        self._path = state / "recordings.db"
        self._keep = keep
        self._keep_bytes = keep_bytes

    async def ready(self) -> None:
        """ProblemError when nothing could be kept here: asked before a window, not after it."""
        await self._in_thread(lambda connection: None)

    async def add(self, identity: str, kind: Kind, caller: str, summary: str, artefact: Evidence | WatchAnswer) -> None:
        """Keep ``artefact`` under ``identity`` (of ``new_id``), and forget the oldest when there are too many."""

        def write(connection: sqlite3.Connection) -> None:
            packed = gzip.compress(artefact.model_dump_json().encode(), compresslevel=4)
            target, window = artefact.target, artefact.window
            state = "partial" if window.partial else "complete"
            row = (identity, time.time(), kind, caller, target.model_dump_json(), window.model_dump_json(), state)
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(
                    f"INSERT INTO recordings ({_COLUMNS}, artefact) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                    (*row, summary, len(packed), packed),
                )
                self._forget_oldest(connection, but=identity)

        await self._in_thread(write)

    async def list(self, limit: int) -> tuple[tuple[Recording, ...], int]:
        """The newest ``limit`` recordings, newest first, and how many there are."""

        def read(connection: sqlite3.Connection) -> tuple[tuple[Recording, ...], int]:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM recordings ORDER BY created DESC, id LIMIT ?",  # noqa: S608
                (limit,),
            ).fetchall()
            total = connection.execute("SELECT count(*) FROM recordings").fetchone()[0]
            return tuple(_recording(row) for row in rows), int(total)

        return await self._in_thread(read)

    async def find(self, identity: str) -> Recording:
        def read(connection: sqlite3.Connection) -> Recording:
            row = connection.execute(f"SELECT {_COLUMNS} FROM recordings WHERE id = ?", (identity,)).fetchone()  # noqa: S608
            if row is None:
                raise _unknown(identity, connection)
            return _recording(row)

        return await self._in_thread(read)

    async def evidence(self, identity: str) -> Evidence:
        """What the window saw. ProblemError for an unknown id, and for a recording that holds no evidence."""
        recording, artefact = await self._artefact(identity)
        if recording.kind is Kind.WATCH:
            raise ProblemError(
                f"{identity} cannot be diagnosed or compared.",
                "It was made by proc-watch, which reads /proc and does not look inside.",
                "Use the recording of a diagnose, trace-cpu or trace-syscalls call.",
            )
        return await to_thread.run_sync(Evidence.model_validate_json, artefact)

    async def json(self, identity: str) -> str:
        """The artefact as it was kept."""
        return (await self._artefact(identity))[1].decode()

    async def delete(self, identity: str) -> Recording:
        def write(connection: sqlite3.Connection) -> Recording:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                row = connection.execute(f"SELECT {_COLUMNS} FROM recordings WHERE id = ?", (identity,)).fetchone()  # noqa: S608
                if row is None:
                    raise _unknown(identity, connection)
                connection.execute("DELETE FROM recordings WHERE id = ?", (identity,))
            return _recording(row)

        return await self._in_thread(write)

    async def _artefact(self, identity: str) -> tuple[Recording, bytes]:
        def read(connection: sqlite3.Connection) -> tuple[Recording, bytes]:
            query = f"SELECT {_COLUMNS}, artefact FROM recordings WHERE id = ?"  # noqa: S608
            row = connection.execute(query, (identity,)).fetchone()
            if row is None:
                raise _unknown(identity, connection)
            return _recording(row[:-1]), gzip.decompress(row[-1])

        return await self._in_thread(read)

    async def _in_thread(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        def run() -> _T:
            with self._open() as connection:
                return work(connection)

        return await to_thread.run_sync(run)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        private_folder(self._path.parent)
        try:
            # SQLite gives the files beside it (-wal, -shm) the mode of the database.
            self._path.touch(mode=0o600)
            with closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.executescript(_SCHEMA)
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise ProblemError(
                "The store of recordings cannot be used.",
                f"{self._path}: {error}.",
                "Free some space, or set PERFDOCTOR_STATE to a folder that this user may write.",
            ) from error

    def _forget_oldest(self, connection: sqlite3.Connection, *, but: str) -> None:
        """Delete the oldest until both limits hold. ``but`` is the newest: it stays even when it is too big alone."""
        rows = connection.execute("SELECT id, bytes FROM recordings ORDER BY created DESC, rowid DESC").fetchall()
        size = 0
        for kept, (identity, length) in enumerate(rows, 1):
            size += length
            if identity != but and (kept > self._keep or size > self._keep_bytes):
                connection.execute("DELETE FROM recordings WHERE id = ?", (identity,))


def _recording(row: _Row) -> Recording:
    identity, created, kind, caller, target, window, state, summary, size = row
    return Recording(
        id=identity,
        created=created,
        kind=Kind(kind),
        caller=caller,
        target=Target.model_validate_json(target),
        window=Window.model_validate_json(window),
        state=state,
        summary=summary,
        bytes=size,
    )


def _unknown(identity: str, connection: sqlite3.Connection) -> ProblemError:
    newest = connection.execute("SELECT id FROM recordings ORDER BY created DESC LIMIT 3").fetchall()
    known = f"The newest are {', '.join(row[0] for row in newest)}." if newest else "Nothing has been recorded yet."
    return ProblemError(
        f"There is no recording {identity[:40]!r}.",
        f"It was never made here, was deleted, or made room for newer ones. {known}",
        "Call recordings with action list to see all." if newest else "Call diagnose with the pid of a process.",
    )
