"""What was measured, kept under an id: one SQLite file in WAL mode, evidence beside it as compressed JSON.

Every write is one transaction, so that a process killed in the middle of it leaves the store as it was before.
Connections live for one operation and in a worker thread: nothing blocks the event loop, nothing is shared.
"""

import gzip
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from anyio import to_thread

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.process import WatchAnswer
from perfdoctor.schemas.recording import Window
from perfdoctor.schemas.target import Target
from perfdoctor.server.store import exchange
from perfdoctor.server.store.database import opened
from perfdoctor.server.store.recording import Expired, Kind, Recording

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""without 0, o, 1, i and l, that people mistake for each other"""
_ID_LENGTH = 8
_STEPS = (
    (
        """CREATE TABLE IF NOT EXISTS recordings (
          id TEXT PRIMARY KEY, created REAL NOT NULL, kind TEXT NOT NULL, caller TEXT NOT NULL,
          target TEXT NOT NULL, window TEXT NOT NULL, state TEXT NOT NULL, summary TEXT NOT NULL,
          bytes INTEGER NOT NULL, artefact BLOB NOT NULL
        ) STRICT""",
        "CREATE INDEX IF NOT EXISTS recordings_by_age ON recordings (created)",
    ),
    (
        "ALTER TABLE recordings ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE recordings ADD COLUMN label TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE recordings ADD COLUMN imported REAL",
        "CREATE TABLE expired (number INTEGER PRIMARY KEY, id TEXT NOT NULL, at REAL NOT NULL) STRICT",
        "CREATE INDEX expired_by_id ON expired (id)",
    ),
)
_EXPIRED_KEPT = 10_000
"""ids of expired recordings that are remembered, so that asking for one says what became of it"""
_PINNED_SHARE = 0.5
"""of the quota that pinned recordings may hold: there must be room for what is measured next"""
_COLUMNS = "id, created, kind, caller, target, window, state, summary, bytes, pinned, label, imported"
_Row = tuple[str, float, str, str, str, str, str, str, int, int, str, float | None]
_T = TypeVar("_T")


def new_id() -> str:
    """A recording's id, such as ``r-7f3k2amq``: 39 random bits, short enough to read out."""
    return "r-" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


class Recordings:
    """The recordings of one state folder. At most ``keep`` of them and ``keep_bytes`` of evidence: the oldest that are
    not pinned go first."""

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
            made = Recording(
                id=identity,
                created=time.time(),
                kind=kind,
                caller=caller,
                target=target,
                window=window,
                state=state,
                summary=summary,
                bytes=len(packed),
            )
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                _insert(connection, made, packed)
                self._forget_oldest(connection, but=(identity,))

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

    async def expired(self) -> Expired:
        """How many made room for newer ones, since the store was made."""

        def read(connection: sqlite3.Connection) -> Expired:
            total, last = connection.execute("SELECT max(number), max(at) FROM expired").fetchone()
            return Expired(total=total or 0, last=last)

        return await self._in_thread(read)

    async def find(self, identity: str) -> Recording:
        return await self._in_thread(lambda connection: _find(connection, identity))

    async def labelled(self, label: str) -> tuple[Recording, ...]:
        """Those with exactly this label, oldest first."""

        def read(connection: sqlite3.Connection) -> tuple[Recording, ...]:
            query = f"SELECT {_COLUMNS} FROM recordings WHERE label = ? ORDER BY created, id"  # noqa: S608
            return tuple(_recording(row) for row in connection.execute(query, (label,)))

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
                found = _find(connection, identity)
                connection.execute("DELETE FROM recordings WHERE id = ?", (identity,))
            return found

        return await self._in_thread(write)

    async def pin(self, identity: str, *, pinned: bool) -> Recording:
        """Keep it from expiring, or no longer. ProblemError when pinned ones would hold more than half of the quota."""

        def write(connection: sqlite3.Connection) -> Recording:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                found = _find(connection, identity)
                if pinned and not found.pinned:
                    self._check_pins(connection, found)
                connection.execute("UPDATE recordings SET pinned = ? WHERE id = ?", (int(pinned), identity))
                return _find(connection, identity)

        return await self._in_thread(write)

    async def tag(self, identity: str, label: str) -> Recording:
        """Give it a label (empty: none). It takes the place of the one it had."""

        def write(connection: sqlite3.Connection) -> Recording:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                _find(connection, identity)
                connection.execute("UPDATE recordings SET label = ? WHERE id = ?", (label, identity))
                return _find(connection, identity)

        return await self._in_thread(write)

    async def export(self, identities: Sequence[str], path: Path, *, replace: bool = False) -> tuple[Recording, ...]:
        """Write these recordings into one file (see ``exchange``): whole, or not at all. Never over another file unless
        ``replace``."""

        def read(connection: sqlite3.Connection) -> tuple[Recording, ...]:
            packed = [(_find(connection, one), _packed(connection, one)) for one in dict.fromkeys(identities)]
            exchange.write(path, packed, replace=replace)
            return tuple(recording for recording, _ in packed)

        return await self._in_thread(read)

    async def take_in(self, path: Path, caller: str) -> tuple[tuple[Recording, ...], int]:
        """Import what ``export`` wrote, here or elsewhere: the new recordings, and how many were here already. All or
        none. ProblemError for a file that is anything else, and where an id means another recording here."""
        entries = await to_thread.run_sync(exchange.read, path)

        def write(connection: sqlite3.Connection) -> tuple[tuple[Recording, ...], int]:
            new: list[Recording] = []
            now = time.time()
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                for entry in entries:
                    known = connection.execute(
                        "SELECT artefact FROM recordings WHERE id = ?", (entry.recording.id,)
                    ).fetchone()
                    if known is not None:
                        if gzip.decompress(known[0]) not in (entry.original, entry.artefact):
                            raise _another(entry.recording.id)
                        continue
                    packed = gzip.compress(entry.artefact, compresslevel=4)
                    made = entry.recording.model_copy(
                        update={"caller": caller, "imported": now, "bytes": len(packed), "pinned": False}
                    )
                    _insert(connection, made, packed)
                    new.append(made)
                self._forget_oldest(connection, but=tuple(one.id for one in new))
            return tuple(new), len(entries) - len(new)

        return await self._in_thread(write)

    async def _artefact(self, identity: str) -> tuple[Recording, bytes]:
        def read(connection: sqlite3.Connection) -> tuple[Recording, bytes]:
            return _find(connection, identity), gzip.decompress(_packed(connection, identity))

        return await self._in_thread(read)

    async def _in_thread(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        def run() -> _T:
            with opened(self._path, _STEPS, "store of recordings") as connection:
                return work(connection)

        return await to_thread.run_sync(run)

    def _check_pins(self, connection: sqlite3.Connection, more: Recording) -> None:
        number, size = connection.execute("SELECT count(*), total(bytes) FROM recordings WHERE pinned").fetchone()
        if number + 1 > self._keep * _PINNED_SHARE or size + more.bytes > self._keep_bytes * _PINNED_SHARE:
            raise ProblemError(
                f"{more.id} cannot be pinned too.",
                f"{number} pinned recordings hold {size:.0f} bytes; pinned ones may take half of the quota "
                f"({self._keep} recordings, {self._keep_bytes} bytes), so that new ones find room.",
                "Unpin or export another, or ask the operator to raise PERFDOCTOR_KEEP_BYTES or "
                "PERFDOCTOR_KEEP_RECORDINGS.",
            )

    def _forget_oldest(self, connection: sqlite3.Connection, *, but: Sequence[str]) -> None:
        """Delete the oldest until both limits hold, and note which. ``but`` are the newest: they stay even when they
        are too large alone; pinned ones stay too. What was imported is as old as its import."""
        rows = connection.execute(
            "SELECT id, bytes, pinned FROM recordings ORDER BY coalesce(imported, created), rowid"
        ).fetchall()
        kept, size = len(rows), sum(length for _, length, _ in rows)
        now = time.time()
        for identity, length, pinned in rows:
            if kept <= self._keep and size <= self._keep_bytes:
                break
            if not pinned and identity not in but:
                connection.execute("DELETE FROM recordings WHERE id = ?", (identity,))
                connection.execute("INSERT INTO expired (id, at) VALUES (?, ?)", (identity, now))
                kept, size = kept - 1, size - length
        connection.execute(
            "DELETE FROM expired WHERE number <= (SELECT max(number) FROM expired) - ?", (_EXPIRED_KEPT,)
        )


def _insert(connection: sqlite3.Connection, made: Recording, packed: bytes) -> None:
    row = (
        made.id,
        made.created,
        made.kind,
        made.caller,
        made.target.model_dump_json(),
        made.window.model_dump_json(),
        made.state,
        made.summary,
        made.bytes,
        int(made.pinned),
        made.label,
        made.imported,
    )
    connection.execute(
        f"INSERT INTO recordings ({_COLUMNS}, artefact) VALUES ({'?, ' * len(row)}?)",  # noqa: S608
        (*row, packed),
    )


def _find(connection: sqlite3.Connection, identity: str) -> Recording:
    row = connection.execute(f"SELECT {_COLUMNS} FROM recordings WHERE id = ?", (identity,)).fetchone()  # noqa: S608
    if row is None:
        raise _unknown(identity, connection)
    return _recording(row)


def _packed(connection: sqlite3.Connection, identity: str) -> bytes:
    packed: bytes = connection.execute("SELECT artefact FROM recordings WHERE id = ?", (identity,)).fetchone()[0]
    return packed


def _recording(row: _Row) -> Recording:
    identity, created, kind, caller, target, window, state, summary, size, pinned, label, imported = row
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
        pinned=bool(pinned),
        label=label,
        imported=imported,
    )


def _unknown(identity: str, connection: sqlite3.Connection) -> ProblemError:
    newest = connection.execute("SELECT id FROM recordings ORDER BY created DESC LIMIT 3").fetchall()
    known = f"The newest are {', '.join(row[0] for row in newest)}." if newest else "Nothing has been recorded yet."
    if connection.execute("SELECT 1 FROM expired WHERE id = ?", (identity,)).fetchone():
        why = "It made room for newer ones: the quota was full."
    else:
        why = "It was never made here, or was deleted."
    return ProblemError(
        f"There is no recording {identity[:40]!r}.",
        f"{why} {known}",
        "Call recordings with action list to see all." if newest else "Call diagnose with the pid of a process.",
    )


def _another(identity: str) -> ProblemError:
    return ProblemError(
        f"The file holds a recording {identity}, and another one is called so here.",
        "Their contents differ; which of them an id means must be certain. Nothing was imported.",
        f"Look at the one here with recordings show {identity}; export and delete it to import the other.",
    )
