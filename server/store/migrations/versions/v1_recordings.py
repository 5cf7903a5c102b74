"""Recordings, with their evidence beside them."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None

_SECONDS: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
_LARGE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "recordings",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("created", _SECONDS, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("window", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("bytes", _LARGE, nullable=False),
        sa.Column("artefact", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("recordings_by_age", "recordings", ["created"])
