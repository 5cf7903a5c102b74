"""Where a statement's text stands, or what builds it, is found where it does so once."""

import pytest

from perfdoctor.collectors.source_text.asking.statement_lines import said_in
from perfdoctor.collectors.source_text.sources import Source

READINGS = "SELECT density, depth FROM reading WHERE pond = ? ORDER BY slot DESC LIMIT ?"
TUNINGS = "select gong_id, pitch from tunings where gong_id = ? order by taken_on desc limit ?"
FOUND = {
    "Python, over two lines": (
        ".py",
        READINGS,
        "class Ponds:\n  def last(self, pond):\n    return self.db.rows(  # <-\n"
        '      "SELECT density, depth FROM reading "\n      "WHERE pond = %s ORDER BY slot DESC LIMIT 1", pond)',
    ),
    "Python, by a name": (
        ".py",
        READINGS,
        'LAST = """\nSELECT density, depth FROM reading\nWHERE pond = :pond ORDER BY slot DESC LIMIT 1"""\n'
        "def last(db, pond):\n  return db.rows(LAST, pond=pond)  # <-",
    ),
    "Java": (
        ".java",
        READINGS,
        'class Ponds { Row last(int pond) {\n  return one("SELECT density, depth FROM reading WHERE pond = ?" // <-\n'
        '    + " ORDER BY slot DESC LIMIT 1", pond);\n} }',
    ),
    "Go": (
        ".go",
        READINGS,
        "package a\nfunc (p *ponds) last(pond int) {\n"
        "\tp.db.QueryRow(`SELECT density, depth FROM reading WHERE pond = $1 // <-\n"
        "\t\tORDER BY slot DESC LIMIT 1`, pond)\n}",
    ),
    "knex": (
        ".js",
        TUNINGS,
        "class A {\n last(gongId) {\n  return this.knex('tunings').where('gong_id', gongId).first(); // <-\n }\n"
        " add(row) {\n  return this.knex('tunings').insert(row);\n }\n}",
    ),
}
FOUND["by the name that it was prepared under"] = (
    ".js",
    "EXECUTE armiger",
    "class A {\n async one(id) {\n  const { rows } = await this.pool.query({ // <-\n"
    "    name: 'armiger', text: ARMIGER, values: [id],\n  });\n  return rows[0];\n }\n}",
)
FOUND["a command of Redis, by the method of its name"] = (
    ".js",
    "HGET bush:?:line:?",
    "class A {\n async reading(line) {\n  return this.redis.hget(this.key(line), 'flow'); // <-\n }\n}",
)
NOT_FOUND = {
    "a method of that name, of something else": (".js", "HGET bush:?", "function a(book) {\n  return book.hget(1);\n}"),
    "it stands there twice": (
        ".py",
        READINGS,
        'def a(db):\n  db.rows("SELECT density, depth FROM reading WHERE pond = 1 ORDER BY slot DESC LIMIT 1")\n'
        'def b(db):\n  db.rows("SELECT density, depth FROM reading WHERE pond = 2 ORDER BY slot DESC LIMIT 1")',
    ),
    "of another table": (".js", TUNINGS, "function a(knex) {\n  return knex('gongs').where('gong_id', 1);\n}"),
    "asked by another column": (".js", TUNINGS, "function a(knex) {\n  return knex('tunings').where('tuner', 1);\n}"),
    "a table's name that is no text": (".js", TUNINGS, "function a(tunings) {\n  return tunings.first('gong_id');\n}"),
    "a driver's own name": (".java", "EXECUTE S_?", 'class A { void a() { b("S_"); } }'),
    "too short to tell": (".py", "SELECT ?", 'def a(db):\n  db.rows("SELECT 1")'),
}


@pytest.mark.parametrize("name", FOUND)
def test_it_is_found(name: str) -> None:
    suffix, shape, text = FOUND[name]
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "<-" in each)
    assert [place.line for place in said_in(Source(f"/srv/program{suffix}", text.encode()), shape)] == [line]


@pytest.mark.parametrize("name", NOT_FOUND)
def test_it_is_not_found(name: str) -> None:
    suffix, shape, text = NOT_FOUND[name]
    assert len(said_in(Source(f"/srv/program{suffix}", text.encode()), shape)) != 1
