"""Where recordings are kept: a SQLite file of the state folder, or a PostgreSQL database that several servers share.

Both are used alike: one short transaction for each operation, whole or not there, also when we are killed in the middle
of it. What writes while others do waits for them; it never works on what another is about to change.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.store import migrations
from perfdoctor.server.store.folder import private_folder
from perfdoctor.server.store.patience import SECONDS, patiently

_CONNECT_SECONDS = 5
_STATEMENT_SECONDS = 30
_IDLE_SECONDS = 60
"""after which PostgreSQL ends a transaction whose server has fallen silent, so that it holds up no other one"""
_CONNECTIONS = 4, 4
"""to PostgreSQL, of one server: kept open, and besides at most"""
_WRITING, _MIGRATING = 0x70657266, 0x70657267
"""advisory locks of PostgreSQL: numbers that nothing else in the database of perfdoctor takes"""
_WRITES = "perfdoctor_writes"


class Database:
    """One place of recordings, used from any thread. ``place`` is the SQLite file, or the URL of a PostgreSQL database
    (``postgresql://user@host/name``); its password may come from the environment or ``~/.pgpass``, as libpq does it."""

    def __init__(self, place: Path | str) -> None:
        self._file = place if isinstance(place, Path) else None
        self._engine = _sqlite(place) if isinstance(place, Path) else _postgresql(place)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Everything that is read within is of one moment."""
        with self._transaction(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Kept when left without an exception. On SQLite there is no other writer meanwhile; on PostgreSQL there is
        none after ``alone``."""
        with self._transaction(**{_WRITES: True}) as connection:
            yield connection

    def ready(self) -> None:
        """ProblemError where nothing could be kept."""
        with self.reading() if self._file is not None else self.writing():
            pass

    def close(self) -> None:
        """Close what is open and unused; it is opened again when it is needed."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, **options: Any) -> Iterator[sa.Connection]:
        if self._file is not None:
            options.pop("isolation_level", None)
        try:
            for _ in range(3):  # (once more after it was brought up to date; a file may be gone again by then)
                if self._file is not None:
                    _only_ours(self._file)
                with self._engine.connect().execution_options(**options) as connection, connection.begin():
                    if self._is_current(connection):
                        yield connection
                        return
                self._bring_up_to_date()
        except (SQLAlchemyError, OSError) as error:
            raise self._unusable(error) from None
        raise self._unusable(Exception("others change it all the time"))

    def _is_current(self, connection: sa.Connection) -> bool:
        if self._file is not None:
            return patiently(lambda: migrations.version_of(connection)) == migrations.NEWEST
        # In one round trip. Within the transaction, for a proxy may give the next one another connection.
        limits = {"statement_timeout": _STATEMENT_SECONDS, "lock_timeout": SECONDS}
        limits["idle_in_transaction_session_timeout"] = _IDLE_SECONDS
        said = ", ".join(f"set_config('{name}', '{seconds}s', true)" for name, seconds in limits.items())
        said += ", current_setting('transaction_read_only'), to_regclass('alembic_version')"
        *_, read_only, there = connection.exec_driver_sql(f"SELECT {said}").one()
        if read_only == "on" and connection.get_execution_options().get(_WRITES):
            raise ProblemError(
                "The store of recordings takes nothing new.",
                f"The database {_named(self._engine.url)} is read-only: a standby, perhaps.",
                "Call again in a moment; the operator of this server gives PERFDOCTOR_DATABASE_URL the primary.",
            )
        return there is not None and migrations.version_of(connection) == migrations.NEWEST

    def _bring_up_to_date(self) -> None:
        with self._engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            if self._file is None:
                _must_be_utf8(connection)
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
            version = migrations.version_of(connection)  # (another process may have been faster)
            if version > migrations.NEWEST:
                raise ProblemError(
                    "The store of recordings was written by a newer perfdoctor.",
                    f"{self._file or 'The database'} has version {version}; this one knows {migrations.NEWEST}.",
                    "Use the newer perfdoctor, or set PERFDOCTOR_STATE to another folder."
                    if self._file
                    else "Use the newer perfdoctor on every server that shares the database.",
                )
            if version < migrations.NEWEST:
                migrations.bring_up_to_date(connection, version)

    def _unusable(self, error: Exception) -> ProblemError:
        # (the driver's own words: SQLAlchemy's have the statement and a link; neither has a password)
        words = clean(str(getattr(error, "orig", None) or error).strip().partition("\n")[0], 300)
        if self._file is not None:
            return ProblemError(
                "The store of recordings cannot be used.",
                f"{self._file}: {words}.",
                "Free some space, or set PERFDOCTOR_STATE to a folder that this user may write.",
            )
        return ProblemError(
            "The store of recordings cannot be used.",
            f"PostgreSQL at {_named(self._engine.url)}: {words}.",
            "Call again in a moment; the operator of this server sees by `perfdoctor recordings list` whether "
            "PERFDOCTOR_DATABASE_URL is right and the database answers.",
        )


def alone(connection: sa.Connection) -> None:
    """Wait until no other server is between this and the end of its transaction. (On SQLite a writer is alone.)"""
    if connection.dialect.name != "sqlite":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITING)))


def _sqlite(file: Path) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(file)),
        poolclass=sa.NullPool,
        connect_args={"timeout": SECONDS},
        hide_parameters=True,
    )

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # (transactions begin below, also before a CREATE TABLE)
        patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        patiently(lambda: connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN"))

    return engine


def _only_ours(file: Path) -> None:
    private_folder(file.parent)
    # SQLite gives the files beside it (-wal, -shm) the mode of the database.
    file.touch(mode=0o600)


def _postgresql(url: str) -> sa.Engine:
    try:
        place = sa.make_url(url).set(drivername="postgresql+psycopg")
        kept, besides = _CONNECTIONS
        return sa.create_engine(
            place,
            pool_size=kept,
            max_overflow=besides,
            pool_timeout=SECONDS,
            pool_pre_ping=True,
            hide_parameters=True,
            # (a proxy that shares connections, such as PgBouncer, knows nothing of statements prepared on one)
            connect_args={
                "connect_timeout": _CONNECT_SECONDS,
                "application_name": "perfdoctor",
                "prepare_threshold": None,
            },
        )
    except ImportError:
        raise ProblemError(
            "PERFDOCTOR_DATABASE_URL names a PostgreSQL database, and its driver is not installed.",
            "It is not needed for SQLite, and so is no part of perfdoctor alone.",
            "Install perfdoctor[postgresql].",
        ) from None
    except (SQLAlchemyError, ValueError, TypeError):
        # (their words would show the URL, which may have a password in it)
        raise ProblemError(
            "PERFDOCTOR_DATABASE_URL is not the URL of a database.",
            "It cannot be taken apart.",
            "Write postgresql://USER@HOST:PORT/DATABASE; other characters in names and passwords as %XX.",
        ) from None


def _must_be_utf8(connection: sa.Connection) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise ProblemError(
            "The store of recordings cannot be used.",
            f"The database keeps text as {encoding}; recordings hold names of files and functions in any script.",
            "Create the database with ENCODING 'UTF8' TEMPLATE template0.",
        )


def _named(url: sa.URL) -> str:
    """Where it is, without user and password."""
    return f"{url.host or 'the local socket'}{f':{url.port}' if url.port else ''}/{url.database or ''}"
