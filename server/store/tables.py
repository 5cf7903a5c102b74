"""The tables of a store of recordings, alike in SQLite and PostgreSQL. How they came to be: ``migrations``.

Evidence is kept in parts of ``PART_BYTES``, so that neither database has to move a large value at once.
"""

import sqlalchemy as sa

PART_BYTES = 1 << 20
"""bytes of compressed evidence in one row of ``evidence``; the last one of a recording is smaller"""

# (a table of SQLite's kind STRICT knows neither DOUBLE PRECISION nor BIGINT: there REAL and INTEGER have 64 bits)
SECONDS: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
LARGE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_ALL = sa.MetaData()

RECORDINGS = sa.Table(
    "recordings",
    _ALL,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created", SECONDS, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("caller", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("window", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("bytes", LARGE, nullable=False),
    sa.Column("pinned", sa.Integer, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("imported", SECONDS),
    sa.Column("shared", sa.Integer, nullable=False),
    sa.Column("target_user", sa.Text, nullable=False),
    sa.Column("target_name", sa.Text, nullable=False),
    sa.Column("target_others", sa.Integer, nullable=False),
)
"""``caller`` owns it. ``target`` and ``window`` are JSON; what rules look at of the target (``recording.About``) stands
beside it, with an index."""

EVIDENCE = sa.Table(
    "evidence",
    _ALL,
    sa.Column("recording", sa.Text, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
"""gzip of the JSON of a recording's evidence, parts numbered from 0; gone with the recording"""

EXPIRED = sa.Table(
    "expired",
    _ALL,
    sa.Column("number", LARGE, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("at", SECONDS, nullable=False),
    sa.Column("caller", sa.Text, nullable=False),
    sa.Column("shared", sa.Integer, nullable=False),
)
"""what made room for newer ones"""

WENT = sa.Table(
    "went",
    _ALL,
    sa.Column("caller", sa.Text, primary_key=True),
    sa.Column("total", LARGE, nullable=False),
    sa.Column("last", SECONDS, nullable=False),
)
"""how many of each caller's made room, ever, and when the last one did"""
