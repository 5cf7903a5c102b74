"""What a SELECT may see of recordings, what it may not, and how much of the machine it may take."""

import re
from pathlib import Path

import pytest

from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.store import query_child, views
from perfdoctor.server.store.query import Found, query
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.store.recordings import Recordings
from tests.server import samples, stores

pytestmark = pytest.mark.anyio


@pytest.fixture
async def recordings(tmp_path: Path) -> Recordings:
    made = stores.recordings(tmp_path)
    target = samples.TARGET.model_copy(update={"commit": "3f2a9c1d" * 5})
    await made.add("r-23456789", Kind.DIAGNOSIS, "a diagnosis", samples.evidence(target=target))
    await made.add("r-3456789a", Kind.CPU, "CPU", samples.evidence(syscalls=None))
    await made.add("r-456789ab", Kind.WATCH, "a watch", samples.watched())
    return made


async def select(recordings: Recordings, sql: str, rows: int = 50) -> Found:
    found = await query(recordings, recordings._store.folder, sql, rows)
    assert not list(recordings._store.folder.glob("query-*")), "nothing stays behind"
    return found


async def refused(recordings: Recordings, sql: str) -> str:
    before = (recordings._store.folder / "recordings.db").read_bytes()
    with pytest.raises(ProblemError) as caught:
        await select(recordings, sql)
    assert (recordings._store.folder / "recordings.db").read_bytes() == before
    return str(caught.value)


async def test_the_costliest_lines_of_a_recording(recordings: Recordings) -> None:
    found = await select(
        recordings,
        "SELECT code_file, code_line, sum(seconds) s FROM cpu WHERE recording = 'r-23456789' GROUP BY 1, 2 "
        "ORDER BY s DESC",
    )
    assert found.columns == ("code_file", "code_line", "s")
    assert found.rows == (("/srv/shop/search.py", 41, 4.0), ("/srv/shop/store.py", 13, 3.0))
    assert not found.more and found.read == ("r-23456789",)


async def test_only_recordings_that_are_named_have_evidence(recordings: Recordings) -> None:
    assert (await select(recordings, "SELECT count(*) FROM cpu")).rows == ((0,),)
    both = (
        "SELECT recording, count(*) FROM cpu WHERE recording IN ('r-23456789', 'r-3456789a', 'r-456789ab') GROUP BY 1"
    )
    assert (await select(recordings, both)).rows == (("r-23456789", 4), ("r-3456789a", 4))
    everything = await select(recordings, "SELECT id, process, commit_id, pinned FROM recordings ORDER BY created")
    assert everything.rows[0] == ("r-23456789", "shop", "3f2a9c1d" * 5, 0) and len(everything.rows) == 3
    assert "no recording 'r-zzz'" in await refused(recordings, "SELECT 1 FROM cpu WHERE recording = 'r-zzz'")
    ids = ", ".join(f"'r-{number}'" for number in range(11))
    assert "at most 10" in await refused(recordings, f"SELECT 1 FROM cpu WHERE recording IN ({ids})")


async def test_what_was_cut_is_said(recordings: Recordings) -> None:
    cut = await select(recordings, "SELECT id FROM recordings", rows=2)
    assert len(cut.rows) == 2 and cut.more
    assert not (await select(recordings, "SELECT id FROM recordings", rows=3)).more
    wide = "SELECT replace(hex(hex(id)), '3', '" + "a" * 60 + "') x, 9e999 FROM recordings"
    long = await select(recordings, wide)
    assert all(len(row[0]) == query_child.LONGEST_CELL and row[1] == "inf" for row in long.rows)


async def test_every_view_can_be_read(tmp_path: Path) -> None:
    """Each of the sample parts fills its views, with the columns that are documented."""
    store = stores.recordings(tmp_path)
    made: dict[str, Evidence] = {"r-all": samples.evidence()}
    made |= {f"r-{n}": samples.evidence(**{part: make()}) for n, (part, make) in enumerate(samples.PARTS.items())}
    for identity, evidence in made.items():
        await store.add(identity, Kind.CPU, "", evidence)
    ids = ", ".join(f"'{identity}'" for identity in made)
    filled = set()
    for name, columns in views.tables().items():
        where = "" if name == "recordings" else f" WHERE recording IN ({ids})"
        found = await select(store, f"SELECT * FROM {name}{where}")
        assert found.columns == tuple(column for column, _ in columns)
        filled |= {name} if found.rows else set()
    assert {"recordings", "cpu", "syscalls", "files", "disk", "peers", "talks", "locks", "allocations"} <= filled


ATTACKS = {
    "ATTACH DATABASE '/etc/passwd' AS x": "authorized",
    "PRAGMA table_info(cpu)": "authorized",
    "PRAGMA writable_schema = ON": "authorized",
    "SELECT * FROM sqlite_master": "prohibited",
    "SELECT name FROM sqlite_schema": "prohibited",
    "SELECT * FROM pragma_table_info('cpu')": "authorized",
    "SELECT count(*) FROM pragma_database_list": "authorized",
    "SELECT * FROM dbstat": "dbstat",
    "SELECT * FROM json_each('[1]')": "json_each",
    "SELECT load_extension('/tmp/x.so')": "load_extension",
    "SELECT readfile('/etc/passwd')": "readfile",
    "SELECT writefile('/tmp/x', 'y')": "writefile",
    "SELECT fts3_tokenizer('x')": "fts3_tokenizer",
    "SELECT randomblob(1000000000)": "randomblob",
    "SELECT zeroblob(1000000000)": "zeroblob",
    "INSERT INTO cpu (recording) VALUES ('x')": "authorized",
    "UPDATE recordings SET label = 'x'": "authorized",
    "DELETE FROM recordings": "authorized",
    "DROP TABLE cpu": "authorized",
    "CREATE TABLE x (a)": "authorized",
    "CREATE TEMP TABLE x AS SELECT 1": "authorized",
    "CREATE VIRTUAL TABLE x USING fts5(a)": "authorized",
    "VACUUM INTO '/tmp/copied.db'": "authoriz",
    "REINDEX": "SQLite says",
    "BEGIN": "authorized",
    "SELECT 1; SELECT 2": "one statement",
    "SELECT 1; DROP TABLE cpu": "one statement",
    "": "no SELECT",
    "-- nothing": "no SELECT",
    "EXPLAIN QUERY PLAN DELETE FROM cpu": "authorized",
    "SELECT nosuch FROM cpu": "no such column",
    "SELECT 1 FROM nosuch": "no such table",
    "SELECT ?": "variable",
    "SELECT 1\0": "NUL",
    "SELECT " + "(" * 500 + "1" + ")" * 500: "SQLite says",
    "SELECT " + "1," * 300 + "1": "too many columns",
    # Growth that each step multiplies, at compile time and at run time.
    "SELECT replace('" + "a" * 3000 + "', 'a', '" + "b" * 3000 + "')": "too big",
    "SELECT group_concat(replace(hex(hex(hex(hex(a.id)))), '3', '" + "a" * 900 + "')) FROM recordings, recordings a, "
    "recordings b, recordings c, recordings d": "too big",
}


@pytest.mark.parametrize("sql", ATTACKS, ids=lambda sql: re.sub(r"\W+", " ", sql)[:40])
async def test_what_is_not_run(recordings: Recordings, sql: str) -> None:
    said = await refused(recordings, sql)
    assert ATTACKS[sql] in said
    assert len(said) < 1500
    if "SQLite says" in said:
        assert "cpu(recording, " in said or "Columns: recordings(id, " in said, "the views and their columns are named"


BOMBS = {
    "a recursion without end": "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t",
    "names that double": "WITH a0 AS (SELECT 1 z), "
    + ", ".join(f"a{n} AS (SELECT 1 z FROM a{n - 1}, a{n - 1} y)" for n in range(1, 30))
    + " SELECT count(*) FROM a29",
    "a table that grows": "WITH RECURSIVE t(x, y) AS (SELECT 1, replace(printf('%4000d', 1), ' ', 'abcdefgh') UNION "
    "SELECT x + 1, y FROM t) SELECT max(y) FROM t",
}


@pytest.mark.parametrize("name", BOMBS)
async def test_what_is_stopped(recordings: Recordings, name: str) -> None:
    said = await refused(recordings, BOMBS[name])
    assert "The statement was stopped." in said and re.search(r"more than \d+ (?:seconds of computing|MiB)", said)


async def test_a_recursion_that_ends_is_welcome(recordings: Recordings) -> None:
    counted = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t WHERE x < 10) SELECT sum(x) FROM t"
    assert (await select(recordings, counted)).rows == ((55,),)


async def test_text_of_a_target_is_shown_as_such(tmp_path: Path) -> None:
    store = stores.recordings(tmp_path)
    profile = samples.evidence().cpu
    assert profile
    row = profile.rows[0].model_copy(update={"thread": "a`|\nNext: do this\x1b[2J"})
    await store.add("r-hostile", Kind.CPU, "", samples.evidence(cpu=profile.model_copy(update={"rows": (row,)})))
    found = await select(store, "SELECT thread FROM cpu WHERE recording = 'r-hostile'")
    assert found.rows == (("a`|\ufffdNext: do this\ufffd[2J",),)
