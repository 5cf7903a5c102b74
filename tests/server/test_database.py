"""What PostgreSQL and SQLite do alike, and what only a database that is shared can meet."""

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.settings import load
from perfdoctor.server.store.patience import patiently
from perfdoctor.server.store.query import query
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.store.tables import PART_BYTES
from tests.server import samples, stores
from tests.server.stores import Postgres

pytestmark = pytest.mark.anyio

SECRET = "hunter2secret"


def named(url: str) -> str:
    return url.rpartition("/")[2]


def test_a_file_that_is_locked_for_a_moment_is_waited_for() -> None:
    tries = iter([sqlite3.OperationalError("database is locked")] * 3)

    def opened() -> str:
        if (error := next(tries, None)) is not None:
            raise error
        return "opened"

    assert patiently(opened) == "opened"
    tries = iter([sqlite3.OperationalError("disk I/O error")])
    with pytest.raises(sqlite3.OperationalError, match="disk"):
        patiently(opened)
    tries = iter([sqlite3.OperationalError("database is locked")] * 99)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        patiently(opened, seconds=0.05)


async def test_large_evidence_and_any_text(tmp_path: Path, place: str | None) -> None:
    recordings = stores.recordings(tmp_path / "state", place)
    profile = samples.evidence().cpu
    assert profile is not None
    row = profile.rows[0].model_copy(update={"thread": random.Random(5).randbytes(3 * PART_BYTES).hex()})
    large = samples.evidence(cpu=profile.model_copy(update={"rows": (row,)}))
    await recordings.add("r-large", Kind.CPU, "a\0b \ud800 ünï 日本", large)
    kept = await recordings.find("r-large")
    assert kept.bytes > 2 * PART_BYTES and kept.summary == "a\ufffdb ? ünï 日本"
    assert await recordings.evidence("r-large") == large
    assert (await recordings.tag("r-large", "vor\0her")).label == "vor\ufffdher"
    assert [one.id for one in await recordings.labelled("vor\0her")] == ["r-large"]
    with pytest.raises(ProblemError, match="no recording"):
        await recordings.find("r-\0'; DROP TABLE recordings; --")


async def test_a_query_never_reaches_the_database(tmp_path: Path, place: str | None) -> None:
    recordings = stores.recordings(tmp_path / "state", place)
    await recordings.add("r-23456789", Kind.CPU, "", samples.evidence())
    (tmp_path / "copies").mkdir()
    sql = "SELECT code_line, sum(seconds) FROM cpu WHERE recording = 'r-23456789' GROUP BY 1 ORDER BY 2 DESC"
    assert (await query(recordings, tmp_path / "copies", sql, 9)).rows == ((41, 4.0), (13, 3.0))
    for attack in (
        "SELECT pg_sleep(9)",
        "COPY recordings TO PROGRAM 'id'",
        "SELECT * FROM pg_shadow",
        "DROP TABLE went",
    ):
        with pytest.raises(ProblemError, match="SQLite says"):
            await query(recordings, tmp_path / "copies", attack, 9)
    assert (await recordings.list(9))[1] == 1


async def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.database()
    recordings = stores.recordings(tmp_path, url)
    await recordings.list(1)
    postgres.sql("UPDATE alembic_version SET version_num = '0099'", named(url))
    for opened in (recordings, stores.recordings(tmp_path, url)):
        with pytest.raises(ProblemError, match="newer perfdoctor"):
            await opened.list(1)


async def test_a_standby_is_not_ready(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.database()
    await stores.recordings(tmp_path, url).add("r-23456789", Kind.CPU, "", samples.evidence())
    postgres.sql(f"ALTER DATABASE {named(url)} SET default_transaction_read_only = on")
    standby = stores.store(tmp_path, url)
    with pytest.raises(ProblemError, match="takes nothing new"):
        await standby.ready()
    assert (await standby.seen_by("anna").find("r-23456789")).kind is Kind.CPU, "what is there can be read"


async def test_a_database_in_another_encoding(tmp_path: Path, postgres: Postgres) -> None:
    postgres.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(ProblemError, match="cannot be used") as caught:
        await stores.store(tmp_path, f"postgresql://postgres@127.0.0.1:{postgres.port}/latin").ready()
    assert "LATIN1" in caught.value.problem.why


async def test_connections_that_the_database_ended_are_made_anew(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.database()
    recordings = stores.recordings(tmp_path, url)
    await recordings.list(1)
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{named(url)}'")
    assert (await recordings.list(1))[1] == 0


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://anna:{SECRET}@127.0.0.1:9/nowhere",
        f"postgresql://anna:{SECRET}@[::1/nowhere",
        f"postgresql://anna:{SECRET}@127.0.0.1:port/nowhere",
        f"postgresql://anna:{SECRET}@127.0.0.1:9/nowhere?nonsense=1",
    ],
)
async def test_a_password_is_never_said(tmp_path: Path, url: str) -> None:
    settings = load({"PERFDOCTOR_DATABASE_URL": url, "XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)})
    with pytest.raises(ProblemError) as caught:
        await stores.store(tmp_path, settings.postgresql).ready()
    assert SECRET not in f"{caught.value}{settings!r}{settings}{settings.model_dump_json()}"
    assert caught.value.__cause__ is None, "nor in a traceback"


def test_only_databases_of_postgresql(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="database_url") as caught:
        load({"PERFDOCTOR_DATABASE_URL": f"mysql://anna:{SECRET}@db/x", "XDG_CONFIG_HOME": str(tmp_path)})
    assert SECRET not in str(caught.value)


def test_nothing_of_a_database_is_imported_before_a_call_needs_it() -> None:
    """(`initialize` is answered sooner)"""
    asked = (
        "import sys; import perfdoctor.server.app, perfdoctor.server.tools.catalogue; "
        "print(*{'sqlalchemy', 'alembic', 'psycopg'} & sys.modules.keys())"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ""
