"""A small SQLite file of ours in the state folder, that stays on this machine: opened for one operation, and brought up
to date when it is older. (Recordings have ``database.py``.)"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.store.folder import private_folder
from perfdoctor.server.store.patience import SECONDS, patiently

Steps = Sequence[Sequence[str]]
"""Statements that bring a file from each version to the next; ``PRAGMA user_version`` says how many it has had."""


@contextmanager
def opened(path: Path, steps: Steps, what: str) -> Iterator[sqlite3.Connection]:
    """A connection to ``path``, in WAL mode and at the newest version. ProblemError when ``what`` ("store of
    recordings") cannot be used, or was written by a newer perfdoctor.

    Each transaction is whole or not there, also when we are killed in the middle of it.
    """
    private_folder(path.parent)
    try:
        # SQLite gives the files beside it (-wal, -shm) the mode of the database.
        path.touch(mode=0o600)
        with closing(sqlite3.connect(path, timeout=SECONDS, isolation_level=None)) as connection:
            patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
            connection.execute("PRAGMA synchronous = NORMAL")
            if patiently(lambda: _version(connection)) != len(steps):
                _bring_up_to_date(connection, steps, path, what)
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise ProblemError(
            f"The {what} cannot be used.",
            f"{path}: {error}.",
            "Free some space, or set PERFDOCTOR_STATE to a folder that this user may write.",
        ) from error


def _bring_up_to_date(connection: sqlite3.Connection, steps: Steps, path: Path, what: str) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection)  # (another process may have been faster)
        if version > len(steps):
            raise ProblemError(
                f"The {what} was written by a newer perfdoctor.",
                f"{path} has version {version}; this one knows {len(steps)}.",
                "Use the newer perfdoctor, or set PERFDOCTOR_STATE to another folder.",
            )
        for statements in steps[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(steps)}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
